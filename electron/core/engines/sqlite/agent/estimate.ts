import { isStatementError, type Connection } from './connection.ts';
import { quoteName } from './identifiers.ts';
import { readSchema, readTable, tableSql } from './schema.ts';

/** Rowids looked at in each place of a table, and in how many places. */
const window = 200n;
const places = 5n;
/** Where fewer of the rowids are taken than this, some places say nothing of the others. */
const leastDense = 0.05;

/**
 * About how many rows there are in all, by a look at a few places of each table; undefined where that cannot be told. For showing how
 * far something is: never for judging.
 */
export function estimateRows(dbs: readonly Connection[]): number | undefined {
  let sum = 0;
  for (const db of dbs) {
    for (const entry of readSchema(db)) {
      if (entry.type !== 'table' || entry.virtual) continue;
      const rows = estimateTable(db, entry.name);
      if (rows === undefined) return undefined;
      sum += rows;
    }
  }
  return sum;
}

function estimateTable(db: Connection, name: string): number | undefined {
  try {
    const { key } = readTable(db, name);
    if (key.kind !== 'rowid') return undefined;
    const rowid = quoteName(key.name);
    const from = `${tableSql(name)} NOT INDEXED`;
    const one = (sql: string, ...params: readonly bigint[]): bigint | null | undefined =>
      db
        .prepare<unknown[], bigint | null>(sql)
        .safeIntegers()
        .pluck()
        .get(...params);
    const [first, last] = [one(`SELECT min(${rowid}) FROM ${from}`), one(`SELECT max(${rowid}) FROM ${from}`)];
    if (typeof first !== 'bigint' || typeof last !== 'bigint') return 0;
    const span = last - first + 1n;
    const count = (at: bigint, length: bigint): number =>
      Number(one(`SELECT count(*) FROM ${from} WHERE ${rowid} BETWEEN ? AND ?`, at, at + length - 1n) ?? 0n);
    if (span <= window * places) return count(first, span);
    let taken = 0;
    for (let i = 0n; i < places; i += 1n) taken += count(first + ((span - window) * i) / (places - 1n), window);
    const density = taken / Number(window * places);
    return density < leastDense ? undefined : Math.round(Number(span) * density);
  } catch (error) {
    if (!isStatementError(error)) throw error;
    return undefined;
  }
}
