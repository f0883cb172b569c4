import type { Difference } from '../../engine.ts';
import type { DifferingRow } from '../../row-diff.ts';
import { shownCell } from './cells.ts';
import type { Turn } from './hash-table.ts';
import type { OpenFile } from './hold.ts';
import { pairedRows, sideOf } from './row-diff.ts';

/** The rows of `objects` (tables in both) that are not equal, by their keys, with the columns that differ. At most `limit`. */
export async function explainTables(
  expected: readonly OpenFile[],
  found: readonly OpenFile[],
  objects: readonly string[],
  limit: number,
  turn: Turn,
): Promise<readonly Difference[]> {
  const differences: Difference[] = [];
  for (const object of objects) {
    if (differences.length >= limit) break;
    const paired = pairedRows(sideOf(expected, object), sideOf(found, object), turn);
    if (paired === undefined) continue;
    for await (const row of paired.rows()) {
      differences.push(statementOf(object, paired.key, row));
      if (differences.length >= limit) break;
    }
  }
  return differences;
}

function statementOf(object: string, keys: readonly string[], { what, key, cells }: DifferingRow): Difference {
  const label = keys.map((name, i) => `${name} = ${shownCell(key[i] ?? null)}`).join(', ');
  const base = { name: object, kind: 'row' };
  const row = `row ${label} of ${JSON.stringify(object)}`;
  if (what === 'added') return { ...base, what: 'unexpected', statement: `${row} was not there at capture` };
  if (what === 'removed') return { ...base, what: 'missing', statement: `${row} is missing` };
  const changed = cells.map(({ column, before = null, after = null }) => ({ column, was: shownCell(before), is: shownCell(after) }));
  return {
    ...base,
    what: 'content',
    expected: changed.map((one) => `${one.column} = ${one.was}`).join(', '),
    found: changed.map((one) => `${one.column} = ${one.is}`).join(', '),
    statement: `${row}: column ${changed.map(({ column, was, is }) => `${JSON.stringify(column)} is ${is}, expected ${was}`).join('; ')}`,
  };
}
