import { AppError } from '../../../base/errors.ts';
import type { BrowsePage, BrowseRequest, CellValue, EngineContext, SnapshotContent } from '../../engine.ts';
import { mostRows, pageBytes, refuseBadPage } from '../look/browse.ts';
import { cellOfType } from '../copy/cells.ts';
import { notWhole } from '../restore/objects.ts';
import type { StoredColumn } from './columns.ts';
import { fieldsOf } from './copy-text.ts';
import { linesFrom, skipLines } from './lines.ts';
import { orderOf } from './order.ts';
import type { RowPlaces } from './row-places.ts';
import { findStored, type TablePart, type TableRows } from './stored-table.ts';
import { textReader, type TextReader } from './text-encoding.ts';

/** Rows up to the end of the page that ordering holds at most, and their bytes. */
const mostOrdered = 20_000;
const orderedBytes = 64 << 20;

interface Row {
  readonly part: TablePart;
  readonly bytes: Uint8Array;
}

/**
 * One page of a table's stored rows, without a server: in the order in which they were captured, or by a column. Generated columns are not stored.
 * A page deep inside is found from the nearest place that is known of the table; the first time, all before it is read. Ordering reads
 * the whole table, holds the rows up to the page's end and no more, and takes text by its bytes (`COLLATE "C"`), NULL last.
 * Undefined for what has no rows of its own in the snapshot (views).
 */
export async function browseStored(
  snapshot: SnapshotContent,
  request: BrowseRequest,
  places: (snapshotId: string, object: string) => RowPlaces,
  context: EngineContext,
): Promise<BrowsePage | undefined> {
  refuseBadPage(request);
  const table = await findStored(snapshot, request.object);
  if (table === undefined) return undefined;
  const by = table.columns.find((column) => column.name === request.orderBy);
  if (request.orderBy !== undefined && by === undefined)
    throw new AppError('input.invalid', `${JSON.stringify(request.object)} has no stored column ${JSON.stringify(request.orderBy)}.`, {
      hint: `It has: ${table.columns.map((column) => column.name).join(', ')}.`,
    });
  const rows = by === undefined ? await pageInPlace(snapshot, table, request, places, context) : await orderedPage(snapshot, table, by, request, context);
  return { columns: table.columns.map(({ name, type }) => ({ name, type })), rows, total: table.rows };
}

async function pageInPlace(
  snapshot: SnapshotContent,
  table: TableRows,
  { offset, limit }: BrowseRequest,
  places: (snapshotId: string, object: string) => RowPlaces,
  context: EngineContext,
): Promise<readonly (readonly CellValue[])[]> {
  const page: (readonly CellValue[])[] = [];
  let bytes = 0;
  let skip = offset;
  for (const part of table.parts) {
    if (skip >= part.rows) {
      skip -= part.rows;
      continue;
    }
    const known = places(snapshot.snapshotId, part.object);
    const near = known.before(skip);
    let row = near.row;
    context.progress({ stage: `looking for row ${offset} of ${table.called}` });
    const from = await skipLines(snapshot, part, near.at, skip - row, (at) => known.note((row += 1), at), context.signal);
    skip = 0;
    const reader = textReader(part.meta.encoding);
    for await (const line of linesFrom(snapshot, part, from, context.signal)) {
      if (page.length === limit || bytes > pageBytes) return page;
      page.push(cellsOf({ part, bytes: line.bytes }, table.columns, reader));
      bytes += line.bytes.length;
      row += 1;
      known.note(row, line.at + line.bytes.length + 1);
    }
  }
  return page;
}

interface Candidate extends Row {
  readonly key: ReturnType<ReturnType<typeof orderOf>['key']> | undefined;
}

async function orderedPage(
  snapshot: SnapshotContent,
  table: TableRows,
  by: StoredColumn,
  { offset, limit }: BrowseRequest,
  context: EngineContext,
): Promise<readonly (readonly CellValue[])[]> {
  const order = orderOf(by.base, by.name);
  const reach = offset + limit;
  if (reach > mostOrdered) throw tooDeep(`only the first ${mostOrdered} rows in an order are found`);
  // Equal ones stay in the order in which they are stored: sorting is stable.
  const compare = (a: Candidate, b: Candidate): number => {
    if (a.key === undefined || b.key === undefined) return Number(a.key === undefined) - Number(b.key === undefined);
    return order.compare(a.key, b.key);
  };
  let best: Candidate[] = [];
  let held = 0;
  const cut = (): void => {
    best = best.toSorted(compare).slice(0, reach);
    held = best.reduce((sum, one) => sum + one.bytes.length, 0);
    if (held > orderedBytes / 2) throw tooDeep('the rows up to this page are too large to be held');
  };
  let done = 0;
  for (const part of table.parts) {
    for await (const line of linesFrom(snapshot, part, 0, context.signal)) {
      const value = fieldsOf(line.bytes, part.fields.length)[by.field];
      if (value === undefined) throw notWhole(part.object);
      best.push({ part, bytes: Buffer.from(line.bytes), key: value === null ? undefined : order.key(value) });
      held += line.bytes.length;
      done += 1;
      if (best.length >= reach + mostRows || held > orderedBytes) cut();
      if (done % 10_000 === 0) context.progress({ stage: `ordering ${table.called}`, rowsDone: done, rowsTotal: table.rows });
    }
  }
  cut();
  const rows = best.slice(offset);
  const readers = new Map(table.parts.map((part) => [part, textReader(part.meta.encoding)]));
  return rows.map((row) => cellsOf(row, table.columns, readers.get(row.part) ?? textReader(row.part.meta.encoding)));
}

function tooDeep(why: string): AppError {
  return new AppError('engine.unsupported', `This page is not found without a server: ${why}.`, {
    hint: 'Take a smaller offset or limit, leave the order out, or ask by a query, which opens the snapshot on the server: --query "SELECT … ORDER BY … OFFSET …".',
  });
}

function cellsOf({ part, bytes }: Row, columns: readonly StoredColumn[], reader: TextReader): readonly CellValue[] {
  const fields = fieldsOf(bytes, part.fields.length);
  if (fields.length !== part.fields.length) throw notWhole(part.object);
  return columns.map(({ field, base }): CellValue => {
    const value = fields[field] ?? null;
    if (value === null) return null;
    const text = reader(value);
    return text === undefined ? { $: 'text', v: Buffer.from(value).toString('base64') } : cellOfType(text, base);
  });
}
