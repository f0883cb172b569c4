import { AppError } from '../../../base/errors.ts';
import type { BrowsePage, CellValue } from '../../engine.ts';
import { cellOf, textEncoding, type TextEncoding } from './cells.ts';
import { isStatementError, pragmaText, type Connection } from './connection.ts';
import type { OpenFile } from './hold.ts';
import { quoteName } from './identifiers.ts';
import { findObject } from './objects.ts';
import { readColumns, tableSql } from './schema.ts';

/** A page ends early rather than hold more than this. */
const pageBytes = 8 << 20;
const queryRows = 1000;

/** One page of a table or view, in key order or by a column. */
export function browsePage(files: readonly OpenFile[], object: string, offset: number, limit: number, orderBy: string | null): BrowsePage {
  const { file, name } = findObject(files, object);
  const columns = readColumns(file.db, name);
  if (orderBy !== null && !columns.some((column) => column.name === orderBy)) {
    throw new AppError('input.invalid', `${JSON.stringify(object)} has no column ${JSON.stringify(orderBy)}.`, {
      hint: `It has: ${columns.map((column) => column.name).join(', ')}.`,
    });
  }
  const order = orderBy === null ? '' : ` ORDER BY ${quoteName(orderBy)}`;
  const select = columns.map((column) => exactPair(column.name)).join();
  const statement = file.db
    .prepare<[number, number], unknown[]>(`SELECT ${select} FROM ${tableSql(name)}${order} LIMIT ? OFFSET ?`)
    .raw()
    .safeIntegers();
  const encoding = textEncoding(pragmaText(file.db, 'encoding'));
  const rows = collect(statement.iterate(limit, offset), columns.length, encoding);
  const total =
    file.db
      .prepare<[], number>(`SELECT count(*) FROM ${tableSql(name)}`)
      .pluck()
      .get() ?? 0;
  return { columns: columns.map((column) => ({ name: column.name, type: column.type })), rows, total };
}

/** The value, text as its bytes, and whether it was text. */
export function exactPair(column: string): string {
  const name = quoteName(column);
  return `iif(typeof(${name})='text',CAST(${name} AS BLOB),${name}),typeof(${name})='text'`;
}

/** Runs one statement that only reads and answers rows, at most 1000 of them. Anything else is refused before it runs. */
export function queryPage(files: readonly OpenFile[], sql: string): BrowsePage {
  const [file] = files;
  if (file === undefined) throw new AppError('bug', 'no file is open');
  try {
    return runQuery(file, sql);
  } catch (error) {
    // Parameters that nothing fills (RangeError), several statements (RangeError), unknown names (SQLITE_ERROR).
    if (!(error instanceof RangeError) && !isStatementError(error)) throw error;
    throw new AppError('input.invalid', 'The query is not a single statement of SQL that this database understands.', { hint: 'See the cause.', cause: error });
  }
}

function runQuery(file: OpenFile, sql: string): BrowsePage {
  const statement = prepareQuery(file.db, sql);
  const columns = statement.columns().map((column) => ({ name: column.name, type: column.type ?? '' }));
  const encoding = textEncoding(pragmaText(file.db, 'encoding'));
  // Asked through a subquery, each value comes with its type and its bytes; pragmas and the like cannot be asked so.
  const exact = prepareExact(file.db, sql, columns.length);
  const rows =
    exact === undefined
      ? collectPlain(statement.raw().safeIntegers().iterate())
      : collect(exact.raw().safeIntegers().iterate(), columns.length, encoding, queryRows);
  return { columns, rows };
}

type Statement = ReturnType<typeof prepareQuery>;

function prepareQuery(db: Connection, sql: string) {
  const statement = db.prepare<[], unknown[]>(sql);
  if (statement.reader && statement.readonly) return statement;
  throw new AppError('input.invalid', 'The query does not only read.', { hint: 'Give one SELECT.' });
}

function prepareExact(db: Connection, sql: string, width: number): Statement | undefined {
  const names = Array.from({ length: width }, (_, i) => `c${i}`);
  const body = sql.trim().replace(/;\s*$/, '');
  try {
    return db.prepare<[], unknown[]>(`WITH q(${names.join()}) AS (${body}\n) SELECT ${names.map(exactPair).join()} FROM q`);
  } catch (error) {
    if (isStatementError(error)) return undefined;
    throw error;
  }
}

function collect(rows: IterableIterator<unknown[]>, width: number, encoding: TextEncoding, most = Infinity): CellValue[][] {
  const page: CellValue[][] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += sizeOf(row);
    if (bytes > pageBytes && page.length > 0) break;
    if (bytes > pageBytes)
      throw new AppError('engine.unsupported', 'A row is too large to be shown.', {
        hint: 'Export the snapshot and open it with another tool, or query only the columns that you need.',
      });
    page.push(Array.from({ length: width }, (_, i) => cellOf(row[i * 2] ?? null, row[i * 2 + 1] === 1n, encoding)));
    if (page.length >= most) break;
  }
  return page;
}

function collectPlain(rows: IterableIterator<unknown[]>): CellValue[][] {
  const page: CellValue[][] = [];
  for (const row of rows) {
    page.push(row.map((value) => (typeof value === 'string' ? value : cellOf(value, false, 'UTF-8'))));
    if (page.length >= queryRows) break;
  }
  return page;
}

function sizeOf(row: readonly unknown[]): number {
  return row.reduce<number>((sum, value) => sum + (Buffer.isBuffer(value) ? value.length : 16), 0);
}
