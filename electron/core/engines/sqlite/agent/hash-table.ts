import { createHash, type Hash } from 'node:crypto';
import { AppError } from '../../../base/errors.ts';
import { isStatementError, sqliteCode, type Connection } from './connection.ts';
import { cutterOf, type Cut } from './cuts.ts';
import { quoteName } from './identifiers.ts';
import { expectedLanes, lanesOf, storedColumns, type LanedColumn } from './lanes.ts';
import { jsonOfRow, plainColumns } from './plain.ts';
import { tableSql, type Table } from './schema.ts';
import { headBytes, writeHead } from './values.ts';

export interface TableHash {
  readonly rows: number;
  readonly hash: string;
}

/** Called between pieces of work; may wait. */
export type Turn = (rows: number) => Promise<void> | void;

/** The lanes that were expected do not fit the values. */
class LanesDoNotFit extends Error {}

const mostRows = 256;
const firstRows = 64;
/** Bytes of one answer of SQLite's to aim at. */
const wantedBytes = 256 << 10;

/**
 * Hash of a table's rows in key order: every stored value with its type, exactly; the rowid where it is content of its own.
 * The definition, version 1: sha256 over a JSON line that names lanes and columns, then the sha256 of the plain lane and of each
 * other column in their order; of a column of bytes two, of its lengths and of its bytes. Nothing of it depends on where runs end.
 */
export async function hashTable(db: Connection, table: Table, wide: boolean, turn: Turn): Promise<TableHash> {
  const columns = storedColumns(table);
  const from = `${tableSql(table.name)} NOT INDEXED`;
  if (table.key.kind === 'scan') return scan(db, table, lanesOf(db, columns, wide, from), wide, turn);
  try {
    return await walk(db, table, expectedLanes(columns, wide), wide, true, turn);
  } catch (error) {
    // What the guards saw, blobs where JSON has none, sums beyond 64 bits: all come down to asking what kinds there are.
    if (!(error instanceof LanesDoNotFit) && !isStatementError(error) && sqliteCode(error) !== 'SQLITE_TOOBIG') throw error;
  }
  return walk(db, table, lanesOf(db, columns, wide, from), wide, false, turn);
}

interface LaneHashes {
  readonly plain: Hash;
  /** `bytes`: of a column of bytes, whose lengths are in `hash`. */
  readonly others: readonly { readonly column: LanedColumn; readonly hash: Hash; readonly bytes: Hash | undefined }[];
}

function startHashes(lanes: readonly LanedColumn[]): LaneHashes {
  return {
    plain: createHash('sha256'),
    others: lanes
      .filter((column) => column.lane !== 'plain')
      .map((column) => ({
        column,
        hash: createHash('sha256'),
        bytes: column.lane === 'bytes' ? createHash('sha256') : undefined,
      })),
  };
}

function finish(table: Table, lanes: readonly LanedColumn[], hashes: LaneHashes, rows: number): TableHash {
  const rowid = table.key.kind === 'rowid' && table.key.kept;
  const total = createHash('sha256').update(JSON.stringify({ version: 1, rowid, columns: lanes.map(({ name, lane }) => [name, lane]) }));
  total.update(hashes.plain.digest());
  for (const { hash, bytes } of hashes.others) {
    total.update(hash.digest());
    if (bytes !== undefined) total.update(bytes.digest());
  }
  return { rows, hash: total.digest('hex') };
}

/** Run by run. With `guarded`, stops as soon as a value is seen that its column's lane cannot carry exactly. */
async function walk(db: Connection, table: Table, lanes: readonly LanedColumn[], wide: boolean, guarded: boolean, turn: Turn): Promise<TableHash> {
  const cutter = cutterOf(db, table);
  if (cutter === undefined) throw new AppError('bug', `no way through ${table.name}`);
  const hashes = startHashes(lanes);
  const reader = runReader(db, table, lanes, wide, guarded);
  let rows = 0;
  let seen = 0;
  let want = firstRows;
  for (let cut = cutter.next(want, 0); cut !== undefined; cut = cutter.next(want, seen)) {
    const run = reader(cut, hashes);
    seen = run.rows;
    rows += run.rows;
    if (run.bytes > wantedBytes * 2) want = Math.max(1, want >> 1);
    else if (run.bytes < wantedBytes && want < mostRows) want *= 2;
    await turn(run.rows);
  }
  return finish(table, lanes, hashes, rows);
}

/** Hash of the rows of one run, by lanes that are known to fit. */
export function runHasher(db: Connection, table: Table, lanes: readonly LanedColumn[], wide: boolean): (cut: Cut) => TableHash {
  const reader = runReader(db, table, lanes, wide, false);
  return (cut) => {
    const hashes = startHashes(lanes);
    const { rows } = reader(cut, hashes);
    return finish(table, lanes, hashes, rows);
  };
}

type RunReader = (cut: Cut, hashes: LaneHashes) => { readonly rows: number; readonly bytes: number };

function runReader(db: Connection, table: Table, lanes: readonly LanedColumn[], wide: boolean, guarded: boolean): RunReader {
  const prepared = new Map<string, ReturnType<typeof prepare>>();
  const prepare = (sql: string) => db.prepare<unknown[], unknown[]>(sql).safeIntegers();
  const statement = (sql: string, single = false): ReturnType<typeof prepare> => {
    const known = prepared.get(sql) ?? (single ? prepare(sql).pluck() : prepare(sql).raw());
    prepared.set(sql, known);
    return known;
  };
  const plain = plainColumns(table, lanes, wide, guarded);
  const byBytes = lanes.filter((column) => column.lane === 'bytes');
  return (cut, hashes) => {
    const aggregates = [...plain.aggregates(cut.order), ...byBytes.flatMap((column) => bytesAggregates(column, cut.order))];
    const row = statement(`SELECT ${aggregates.join()} FROM ${cut.from}`).get(...cut.params) ?? [];
    const rows = Number(row[0]);
    let bytes = updateWith(hashes.plain, row[1]);
    if (guarded && plain.guards(row).some((kind) => kind !== 'integer' && kind !== 'null')) throw new LanesDoNotFit();
    let at = plain.width;
    for (const { column, hash, bytes: ofBytes } of hashes.others) {
      if (ofBytes !== undefined) {
        const smallest = row[at + 2];
        if (guarded && smallest !== 'null' && smallest !== 'blob') throw new LanesDoNotFit();
        bytes += updateWith(hash, row[at]) + updateWith(ofBytes, row[at + 1]);
        at += 3;
      } else if (column.lane === 'number') {
        bytes += hashNumbers(statement(`SELECT ${quoteName(column.name)} FROM ${cut.from}${cut.order}`, true).all(...cut.params), hash);
      } else {
        for (const value of statement(`SELECT ${exactValue(column)} FROM ${cut.from}${cut.order}`).iterate(...cut.params)) bytes += hashValue(value, hash);
      }
    }
    return { rows, bytes };
  };
}

/** Lengths, bytes, and the type of the smallest value: NULL sorts below numbers, text and blobs. */
function bytesAggregates(column: LanedColumn, order: string): readonly string[] {
  const name = quoteName(column.name);
  const joined = (value: string): string => `CAST(group_concat(${value},''${order}) AS BLOB)`;
  return [joined(`ifnull(octet_length(${name}),'')||','`), joined(name), `typeof(min(${name} COLLATE BINARY))`];
}

function updateWith(hash: Hash, value: unknown): number {
  if (!Buffer.isBuffer(value)) return 0;
  hash.update(value);
  return value.length;
}

/** The value, text as its bytes, and whether it was text. */
function exactValue(column: LanedColumn): string {
  const name = quoteName(column.name);
  return `iif(typeof(${name})='text',CAST(${name} AS BLOB),${name}),typeof(${name})='text'`;
}

const head = Buffer.alloc(headBytes);

function hashValue(row: unknown, hash: Hash): number {
  if (!Array.isArray(row)) return 0;
  const cells: readonly unknown[] = row;
  const [value, isText] = cells;
  writeHead(head, 0, value, isText === 1n);
  hash.update(head);
  return headBytes + updateWith(hash, value);
}

function hashNumbers(values: readonly unknown[], hash: Hash): number {
  const bytes = Buffer.allocUnsafe(values.length * headBytes);
  let at = 0;
  for (const value of values) {
    if (typeof value === 'string' || Buffer.isBuffer(value)) throw new LanesDoNotFit();
    writeHead(bytes, at, value, false);
    at += headBytes;
  }
  hash.update(bytes);
  return bytes.length;
}

/** End to end, row by row: for the few tables whose rows cannot be reached by key. */
async function scan(db: Connection, table: Table, lanes: readonly LanedColumn[], wide: boolean, turn: Turn): Promise<TableHash> {
  const hashes = startHashes(lanes);
  const from = `${tableSql(table.name)} NOT INDEXED`;
  let rows = 0;
  const json = jsonOfRow(table, lanes, wide);
  for (const bytes of db.prepare<[], Buffer>(`SELECT CAST(${json} AS BLOB) FROM ${from}`).pluck().iterate()) {
    hashes.plain.update(bytes);
    rows += 1;
  }
  for (const { column, hash } of hashes.others) {
    for (const row of db
      .prepare<[], unknown[]>(`SELECT ${exactValue(column)} FROM ${from}`)
      .raw()
      .safeIntegers()
      .iterate()) {
      hashValue(row, hash);
    }
  }
  // No turn within: nobody else may use the connection while a statement of it is being read.
  await turn(rows);
  return finish(table, lanes, hashes, rows);
}
