import type { Connection } from './connection.ts';
import type { Table } from './schema.ts';
import { tableSql } from './schema.ts';
import { quoteName } from './identifiers.ts';

/** A value of a key column as it is bound back into SQL without loss. */
export type KeyValue = bigint | number | string | Buffer;

/** A run of neighbouring rows: the text after `FROM`, its parameters, and the order that aggregates must name. */
export interface Cut {
  readonly from: string;
  readonly params: readonly KeyValue[];
  /** ` ORDER BY …` for the inside of an aggregate, empty where the walk itself is in order. */
  readonly order: string;
}

export interface Cutter {
  /** The next run of about `rows` rows; undefined at the end. `seen` tells how many rows the last run had. */
  next(rows: number, seen: number): Cut | undefined;
}

/** Every key that a table can have lies between these. */
const [lowest, highest] = [-(2n ** 63n), 2n ** 63n - 1n];

/**
 * The table's rows in key order, run by run, each reachable by its own statement. Undefined where it can only be scanned.
 * With `whole`, the runs together cover every key that there could be, so that they can be asked of another table too.
 */
export function cutterOf(db: Connection, table: Table, whole = false): Cutter | undefined {
  const { key } = table;
  if (key.kind === 'rowid') return rowidCutter(db, table.name, key.name, whole);
  if (key.kind === 'primary-key') return keyCutter(db, table.name, key.columns);
  return undefined;
}

/** After a thin run the next ones are measured by counting rows instead of by stepping over numbers. */
const measuredRuns = 16;

function rowidCutter(db: Connection, table: string, name: string, whole: boolean): Cutter {
  const source = `${tableSql(table)} NOT INDEXED`;
  const rowid = quoteName(name);
  // Asked apart, each is one step into the tree; together they would be a walk through all of it.
  const ends = db
    .prepare<[], { readonly first: bigint | null; readonly last: bigint | null }>(
      `SELECT (SELECT min(${rowid}) FROM ${source}) AS first, (SELECT max(${rowid}) FROM ${source}) AS last`,
    )
    .safeIntegers()
    .get();
  const boundary = db
    .prepare<[bigint, number], bigint>(`SELECT ${rowid} FROM ${source} WHERE ${rowid} >= ? ORDER BY ${rowid} LIMIT 1 OFFSET ?`)
    .pluck()
    .safeIntegers();
  const last = whole ? highest : (ends?.last ?? null);
  let from = whole ? lowest : (ends?.first ?? null);
  let asked = 0;
  let measured = 0;
  const cut = `${source} WHERE ${rowid} BETWEEN ? AND ?`;
  return {
    next: (rows, seen) => {
      if (from === null || last === null) return undefined;
      if (whole || (asked > 0 && seen * 2 < asked)) measured = measuredRuns;
      let to = from + BigInt(rows - 1);
      asked = rows;
      if (measured > 0) {
        measured -= 1;
        asked = 0;
        to = boundary.get(from, rows - 1) ?? last;
      }
      if (to > last) to = last;
      const params = [from, to];
      from = to < last ? to + 1n : null;
      return { from: cut, params, order: '' };
    },
  };
}

function keyCutter(db: Connection, table: string, columns: readonly string[]): Cutter {
  const source = tableSql(table);
  const list = columns.map(quoteName).join();
  const marks = columns.map(() => '?').join();
  const order = ` ORDER BY ${list}`;
  // Text goes out as bytes and back in by CAST, so that what is not valid Unicode keeps its place.
  const exact = columns
    .map((column) => `iif(typeof(${quoteName(column)})='text',CAST(${quoteName(column)} AS BLOB),${quoteName(column)}),typeof(${quoteName(column)})='text'`)
    .join();
  const after = (texts: readonly boolean[]): string => `(${list}) > (${boundMarks(texts)})`;
  const upTo = (texts: readonly boolean[]): string => `(${list}) <= (${boundMarks(texts)})`;
  let last: { readonly values: readonly KeyValue[]; readonly texts: readonly boolean[] } | undefined;
  let ended = false;
  return {
    next: (rows) => {
      if (ended) return undefined;
      const where = last === undefined ? '' : ` WHERE ${after(last.texts)}`;
      const found = db
        .prepare<KeyValue[], (KeyValue | null)[]>(`SELECT ${exact} FROM ${source}${where}${order} LIMIT 1 OFFSET ${rows - 1}`)
        .raw()
        .safeIntegers()
        .get(...(last?.values ?? []));
      const params = [...(last?.values ?? [])];
      if (found === undefined) {
        ended = true;
        return { from: `${source}${where}`, params, order };
      }
      const values = columns.map((_, i) => found[i * 2] ?? 0);
      const texts = columns.map((_, i) => found[i * 2 + 1] === 1n);
      const before = last === undefined ? '' : `${after(last.texts)} AND `;
      last = { values, texts };
      return { from: `${source} WHERE ${before}${upTo(texts)}`, params: [...params, ...values], order };
    },
  };

  function boundMarks(texts: readonly boolean[]): string {
    return texts.some(Boolean) ? texts.map((text) => (text ? 'CAST(? AS TEXT)' : '?')).join() : marks;
  }
}
