import type { Difference, EngineContext, FingerprintTarget } from '../../engine.ts';
import { shownText } from '../copy/cells.ts';
import { looking } from './look.ts';
import { pairedRows } from './row-diff.ts';
import type { Session } from '../session/session.ts';

/** The differences with, after each table whose rows differ, the rows themselves: at most `limit` of them in all. */
export async function explain(
  expected: FingerprintTarget,
  found: FingerprintTarget,
  differences: readonly Difference[],
  limit: number,
  context: EngineContext,
): Promise<readonly Difference[]> {
  const tables = differences.filter((one) => one.kind === 'table' && (one.what === 'content' || one.what === 'row-count'));
  if (tables.length === 0 || limit <= 0) return differences;
  return looking(expected, context, (wanted) =>
    looking(found, context, async (have) => {
      const rows = new Map<string, readonly Difference[]>();
      let left = limit;
      for (const { name } of tables) {
        if (left <= 0) break;
        context.progress({ stage: `looking for the rows of ${name} that differ` });
        const told = await explainTable(name, wanted, have, left);
        rows.set(name, told);
        left -= told.length;
      }
      return differences.flatMap((one) => [one, ...(one.kind === 'table' ? (rows.get(one.name) ?? []) : [])]);
    }),
  );
}

/** Both sides side by side: the first `limit` rows that differ. */
async function explainTable(object: string, wanted: Session, have: Session, limit: number): Promise<readonly Difference[]> {
  const { key, columns, rows } = await pairedRows(object, wanted, have);
  const told: Difference[] = [];
  const base = { name: object, kind: 'row' };
  const tell = (values: Values): string => labelOf(values, key, columns);
  for await (const { what, before = [], after = [] } of rows) {
    if (what === 'removed') told.push({ ...base, what: 'missing', statement: `row ${tell(before)} of ${JSON.stringify(object)} is missing` });
    else if (what === 'added')
      told.push({ ...base, what: 'unexpected', statement: `row ${tell(after)} of ${JSON.stringify(object)} was not there at capture` });
    else told.push(changedRow(object, tell(before), changedColumns(before, after, columns)));
    if (told.length >= limit) break;
  }
  return told;
}

type Values = readonly (string | null)[];

interface Changed {
  readonly column: string;
  readonly was: string;
  readonly is: string;
}

function changedColumns(was: Values, is: Values, columns: readonly string[]): readonly Changed[] {
  return columns.flatMap((column, i) => {
    const [before, after] = [was[i] ?? null, is[i] ?? null];
    return before === after ? [] : [{ column, was: shownText(before), is: shownText(after) }];
  });
}

function changedRow(object: string, label: string, changed: readonly Changed[]): Difference {
  return {
    name: object,
    kind: 'row',
    what: 'content',
    expected: changed.map((one) => `${one.column} = ${one.was}`).join(', '),
    found: changed.map((one) => `${one.column} = ${one.is}`).join(', '),
    statement: `row ${label} of ${JSON.stringify(object)}: column ${changed.map(({ column, was, is }) => `${JSON.stringify(column)} is ${is}, expected ${was}`).join('; ')}`,
  };
}

/** `id = 42`; the whole row where there is no key. */
function labelOf(values: Values, key: readonly string[], columns: readonly string[]): string {
  const named = key.length > 0 ? key : columns;
  const parts = named.map((column) => {
    const value = values[columns.indexOf(column)] ?? null;
    return `${column} = ${value !== null && /^-?\d{1,30}$/.test(value) ? value : shownText(value)}`;
  });
  return parts.join(', ').slice(0, 300);
}
