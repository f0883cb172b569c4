import type { Difference, EngineContext, FingerprintTarget } from '../../engine.ts';
import { shownText } from '../copy/cells.ts';
import { findRelation } from './browse.ts';
import { looking } from './look.ts';
import type { Session } from '../session/session.ts';
import { qualified, quoteName } from '../sql.ts';

/** Rows that are fetched at once from each side. */
const batch = 500;

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

interface Shape {
  readonly from: string;
  readonly key: readonly string[];
  readonly columns: readonly string[];
}

async function shapeOf(session: Session, object: string): Promise<Shape> {
  const { oid, schema, name } = await findRelation(session, object);
  const rows = await session.rows<{ name: string; key: number | null }>(
    `SELECT a.attname AS name, array_position(i.indkey::int2[], a.attnum) AS key FROM pg_catalog.pg_attribute a
      LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
      WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attname COLLATE "C"`,
    [oid],
  );
  const key = rows.filter((row) => row.key !== null).toSorted((a, b) => (a.key ?? 0) - (b.key ?? 0));
  return { from: qualified(schema, name), key: key.map((row) => row.name), columns: rows.map((row) => row.name) };
}

interface Row {
  /** What rows are ordered and paired by: the key's values, or the whole row where there is no key. */
  readonly order: string;
  readonly values: readonly (string | null)[];
}

/** Both sides in the order of their keys' bytes, side by side. */
async function explainTable(object: string, wanted: Session, have: Session, limit: number): Promise<readonly Difference[]> {
  const [a, b] = [await shapeOf(wanted, object), await shapeOf(have, object)];
  const columns = a.columns.filter((column) => b.columns.includes(column));
  const key = JSON.stringify(a.key) === JSON.stringify(b.key) && a.key.length > 0 ? a.key : [];
  const [left, right] = [rowsOf(wanted, a.from, key, columns), rowsOf(have, b.from, key, columns)];
  const told: Difference[] = [];
  const base = { name: object, kind: 'row' };
  const tell = (row: Row): string => labelOf(row, key, columns);
  let [one, other] = [await left.next(), await right.next()];
  while ((one.done !== true || other.done !== true) && told.length < limit) {
    const order = one.done === true ? 1 : other.done === true ? -1 : Buffer.compare(Buffer.from(one.value.order), Buffer.from(other.value.order));
    if (order < 0 && one.done !== true) told.push({ ...base, what: 'missing', statement: `row ${tell(one.value)} of ${JSON.stringify(object)} is missing` });
    if (order > 0 && other.done !== true)
      told.push({ ...base, what: 'unexpected', statement: `row ${tell(other.value)} of ${JSON.stringify(object)} was not there at capture` });
    if (order === 0 && one.done !== true && other.done !== true) {
      const changed = changedColumns(one.value, other.value, columns);
      if (changed.length > 0) told.push(changedRow(object, tell(one.value), changed));
    }
    if (order <= 0) one = await left.next();
    if (order >= 0) other = await right.next();
  }
  await left.return(undefined);
  await right.return(undefined);
  return told;
}

interface Changed {
  readonly column: string;
  readonly was: string;
  readonly is: string;
}

function changedColumns(was: Row, is: Row, columns: readonly string[]): readonly Changed[] {
  return columns.flatMap((column, i) => {
    const [before, after] = [was.values[i] ?? null, is.values[i] ?? null];
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
function labelOf(row: Row, key: readonly string[], columns: readonly string[]): string {
  const named = key.length > 0 ? key : columns;
  const parts = named.map((column) => {
    const value = row.values[columns.indexOf(column)] ?? null;
    return `${column} = ${value !== null && /^-?\d{1,30}$/.test(value) ? value : shownText(value)}`;
  });
  return parts.join(', ').slice(0, 300);
}

async function* rowsOf(session: Session, from: string, key: readonly string[], columns: readonly string[]): AsyncGenerator<Row, undefined> {
  const list = (names: readonly string[]): string => `ARRAY[${names.map((name) => `${quoteName(name)}::text`).join(', ')}]::text[]`;
  const order = `${list(key.length > 0 ? key : columns)}::text COLLATE "C"`;
  await session.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await session.run(`DECLARE belay_rows NO SCROLL CURSOR FOR SELECT ${order} AS "order", ${list(columns)} AS "values" FROM ${from} ORDER BY 1`);
  try {
    for (;;) {
      const rows = await session.rows<Row>(`FETCH ${batch} FROM belay_rows`);
      yield* rows;
      if (rows.length < batch) return undefined;
    }
  } finally {
    await session.run('ROLLBACK');
  }
}
