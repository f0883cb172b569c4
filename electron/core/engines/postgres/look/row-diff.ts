import type { CellValue, EngineContext, FingerprintTarget } from '../../engine.ts';
import { pageOfRows, type RowDiff, type RowDiffRequest } from '../../row-diff.ts';
import type { Session } from '../session/session.ts';
import { cellOfType } from '../copy/cells.ts';
import { qualified, quoteName } from '../sql.ts';
import { findRelation } from './browse.ts';
import { looking } from './look.ts';

/** Rows that are fetched at once from each side. */
const batch = 500;

/** One page of a table's rows that differ. */
export async function rowDiff(before: FingerprintTarget, after: FingerprintTarget, request: RowDiffRequest, context: EngineContext): Promise<RowDiff> {
  return looking(before, context, (was) =>
    looking(after, context, async (is) => {
      context.progress({ stage: `looking for the rows of ${request.object} that differ` });
      const { key, columns, types, rows } = await pairedRows(request.object, was, is);
      const cell = (text: string | null | undefined, at: number) => (text === null || text === undefined ? null : cellOfCast(text, types[at] ?? ''));
      const keyAt = (key.length > 0 ? key : columns).map((name) => columns.indexOf(name));
      async function* differing() {
        for await (const { what, before: old, after: now } of rows) {
          const values = now ?? old ?? [];
          const at = columns.map((_, i) => i).filter((i) => what !== 'changed' || old?.[i] !== now?.[i]);
          yield {
            what,
            key: keyAt.map((i) => cell(values[i], i)),
            cells: at.map((i) => ({
              column: columns[i] ?? '',
              ...(old === undefined ? {} : { before: cell(old[i], i) }),
              ...(now === undefined ? {} : { after: cell(now[i], i) }),
            })),
          };
        }
      }
      return pageOfRows(key, differing(), request);
    }),
  );
}

/** A cast writes truth values as words, COPY as letters. */
function cellOfCast(text: string, type: string): CellValue {
  return type === 'boolean' ? text === 'true' : cellOfType(text, type);
}

type Values = readonly (string | null)[];

/** A row that differs, as its values' text on the sides where it is. */
export interface PairedRow {
  readonly what: 'added' | 'removed' | 'changed';
  readonly before?: Values;
  readonly after?: Values;
}

export interface Paired {
  /** Empty where both sides have none in common: rows are told apart by all that they hold. */
  readonly key: readonly string[];
  readonly columns: readonly string[];
  /** Of the columns, as the side before has them, without modifiers. */
  readonly types: readonly string[];
  readonly rows: AsyncGenerator<PairedRow>;
}

/** The rows of a table that differ, both sides read in the order of their keys' bytes, side by side. */
export async function pairedRows(object: string, before: Session, after: Session): Promise<Paired> {
  const [a, b] = [await shapeOf(before, object), await shapeOf(after, object)];
  const columns = a.columns.filter((column) => b.columns.includes(column));
  const key = JSON.stringify(a.key) === JSON.stringify(b.key) && a.key.length > 0 ? a.key : [];
  const types = columns.map((column) => a.types[a.columns.indexOf(column)] ?? '');
  return { key, columns, types, rows: differing(rowsOf(before, a.from, key, columns), rowsOf(after, b.from, key, columns)) };
}

async function* differing(left: AsyncGenerator<Row, undefined>, right: AsyncGenerator<Row, undefined>): AsyncGenerator<PairedRow> {
  try {
    let [one, other] = [await left.next(), await right.next()];
    while (one.done !== true || other.done !== true) {
      const order = one.done === true ? 1 : other.done === true ? -1 : Buffer.compare(Buffer.from(one.value.order), Buffer.from(other.value.order));
      if (order < 0 && one.done !== true) yield { what: 'removed', before: one.value.values };
      if (order > 0 && other.done !== true) yield { what: 'added', after: other.value.values };
      if (order === 0 && one.done !== true && other.done !== true && !same(one.value.values, other.value.values))
        yield { what: 'changed', before: one.value.values, after: other.value.values };
      if (order <= 0) one = await left.next();
      if (order >= 0) other = await right.next();
    }
  } finally {
    await left.return(undefined);
    await right.return(undefined);
  }
}

function same(a: Values, b: Values): boolean {
  return a.every((value, i) => value === b[i]);
}

interface Shape {
  readonly from: string;
  readonly key: readonly string[];
  readonly columns: readonly string[];
  readonly types: readonly string[];
}

async function shapeOf(session: Session, object: string): Promise<Shape> {
  const { oid, schema, name } = await findRelation(session, object);
  const rows = await session.rows<{ name: string; type: string; key: number | null }>(
    `SELECT a.attname AS name, pg_catalog.format_type(a.atttypid, NULL) AS type, array_position(i.indkey::int2[], a.attnum) AS key FROM pg_catalog.pg_attribute a
      LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
      WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attname COLLATE "C"`,
    [oid],
  );
  const key = rows.filter((row) => row.key !== null).toSorted((a, b) => (a.key ?? 0) - (b.key ?? 0));
  return { from: qualified(schema, name), key: key.map((row) => row.name), columns: rows.map((row) => row.name), types: rows.map((row) => row.type) };
}

interface Row {
  /** What rows are ordered and paired by: the key's values, or the whole row where there is no key. */
  readonly order: string;
  readonly values: Values;
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
