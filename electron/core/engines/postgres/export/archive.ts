import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type AppError, throwIfCancelled } from '../../../base/errors.ts';
import type { EngineContext, SnapshotContent } from '../../engine.ts';
import { readArchive, type ArchiveContents } from '../archive/archive-file.ts';
import { writtenEntries, writtenInt, type ArchiveEntry, type ArchiveHead } from '../archive/archive-format.ts';
import { notWhole, type Facts, type Stored, type StoredTable } from '../restore/objects.ts';
import type { SkeletonFile } from '../restore/post-data.ts';
import { qualified } from '../sql.ts';
import { textReader } from '../stored/text-encoding.ts';
import { copyStatement, setSequence } from './plain-sql.ts';

const chunkBytes = 256 << 10;
/** What ends the rows of a table in an archive. */
const rowsEnd = Buffer.from('\\.\n\n\n');
const sections = { data: 3, after: 4 } as const;

/**
 * An archive for pg_restore, without a server: the skeleton with the stored rows, the values of sequences and the refreshes of materialized views in their places. It has
 * the version of the tool that made the skeleton, is not compressed, and knows where each table's rows lie, so that pg_restore reads it in parallel.
 */
export async function* archive(
  snapshot: SnapshotContent,
  stored: Stored,
  facts: Facts,
  { file, leftOut }: SkeletonFile,
  madeAt: number,
  context: EngineContext,
): AsyncGenerator<Uint8Array> {
  const read = await readArchive(file, 'custom');
  const skeleton = { ...read, entries: read.entries.filter((entry) => !leftOut.has(entry.id)) };
  const { head } = skeleton;
  const tables = stored.tables.map((table, i) => ({ table, id: nextId(skeleton.entries) + i }));
  const listed = withRows(skeleton, tables, facts);
  const dataAt = head.end + writtenEntries(listed, head).length;
  // What the skeleton holds of data, large objects, comes first and moves as a whole.
  const moved = BigInt(dataAt - skeleton.dataAt);
  const size = (await stat(file)).size - skeleton.dataAt;
  const places = new Map<number, bigint>();
  let at = BigInt(dataAt + size);
  for (const { table, id } of tables) {
    places.set(id, at);
    at += blockBytes(table, head);
  }
  const entries = listed.map((entry) => {
    const place = places.get(entry.id);
    if (place !== undefined) return { ...entry, placeKnown: 2, place };
    return entry.placeKnown === 2 ? { ...entry, place: entry.place + moved } : entry;
  });
  yield datedHead(skeleton, madeAt);
  yield writtenEntries(entries, head);
  if (size > 0)
    for await (const piece of createReadStream(file, { start: skeleton.dataAt, highWaterMark: 1 << 20 })) if (piece instanceof Uint8Array) yield piece;
  const bytesTotal = stored.tables.reduce((sum, table) => sum + table.bytes, 0);
  let bytesDone = 0;
  for (const { table, id } of tables) {
    yield Buffer.concat([Buffer.from([1]), writtenInt(id, head.intSize)]);
    for await (const piece of chunksOf(snapshot, table, context)) {
      yield Buffer.concat([writtenInt(piece.length, head.intSize), piece]);
      bytesDone += piece.length;
      context.progress({ stage: `writing ${table.object}`, bytesDone, bytesTotal });
    }
    yield Buffer.concat([writtenInt(rowsEnd.length, head.intSize), rowsEnd, writtenInt(0, head.intSize)]);
  }
}

/** Pieces of one length, so that it is known beforehand where each table begins. */
async function* chunksOf(snapshot: SnapshotContent, table: StoredTable, context: EngineContext): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0);
  let bytes = 0;
  for await (const part of snapshot.read(table.object, context.signal)) {
    throwIfCancelled(context.signal);
    bytes += part.length;
    held = Buffer.concat([held, part]);
    let at = 0;
    for (; held.length - at >= chunkBytes; at += chunkBytes) yield held.subarray(at, at + chunkBytes);
    held = held.subarray(at);
  }
  if (bytes !== table.bytes) throw notWhole(table.object);
  if (held.length > 0) yield held;
}

function blockBytes({ bytes }: StoredTable, { intSize }: ArchiveHead): bigint {
  const int = 1 + intSize;
  return BigInt(1 + int + bytes + Math.ceil(bytes / chunkBytes) * int + int + rowsEnd.length + int);
}

function nextId(entries: readonly ArchiveEntry[]): number {
  return entries.reduce((most, entry) => Math.max(most, entry.id), 0) + 1;
}

/** The skeleton's date is none; pg_restore shows it in local time, as pg_dump writes it. */
function datedHead({ head, headBytes }: ArchiveContents, madeAt: number): Buffer {
  const date = new Date(madeAt);
  const values = [date.getSeconds(), date.getMinutes(), date.getHours(), date.getDate(), date.getMonth(), date.getFullYear() - 1900, 0];
  const out = Buffer.from(headBytes);
  values.forEach((value, i) => writtenInt(value, head.intSize).copy(out, head.dateAt + i * (1 + head.intSize)));
  return out;
}

interface RowsEntry {
  readonly table: StoredTable;
  readonly id: number;
}

function withRows({ entries }: ArchiveContents, tables: readonly RowsEntry[], facts: Facts): readonly ArchiveEntry[] {
  const read = textReader(facts.database.encoding);
  const find = (what: string, schema: string, name: string): ArchiveEntry | undefined => byName.get(JSON.stringify([what, schema, name]));
  const named = (entry: ArchiveEntry): string => JSON.stringify([entry.what, read(entry.schema ?? Buffer.alloc(0)), read(entry.tag ?? Buffer.alloc(0))]);
  const byName = new Map(entries.map((entry) => [named(entry), entry]));
  const extensions = entries.filter((entry) => entry.what === 'EXTENSION').map((entry) => entry.id);
  let id = nextId(entries) + tables.length - 1;

  const rows = tables.map(({ table, id: own }): ArchiveEntry => {
    const { meta } = table;
    const of = find('TABLE', meta.schema, meta.table);
    if (of === undefined && !meta.extension) throw unknownTable(table.object);
    const needs = of === undefined ? extensions : [of.id];
    return { ...added(own, 'TABLE DATA', sections.data, meta.schema, meta.table, of), hasData: true, copy: Buffer.from(`${copyStatement(table)}\n`), needs };
  });
  const sequences = facts.sequences.map((sequence): ArchiveEntry => {
    const of = find('SEQUENCE', sequence.schema, sequence.name);
    const needs = of === undefined ? extensions : [of.id];
    const definition = Buffer.from(setSequence(sequence));
    return { ...added((id += 1), 'SEQUENCE SET', sections.data, sequence.schema, sequence.name, of), definition, needs };
  });
  let before: number | undefined;
  const views = facts.materializedViews.map(({ schema, name }): ArchiveEntry => {
    const of = find('MATERIALIZED VIEW', schema, name);
    const needs = [...(of === undefined ? [] : [of.id]), ...(before === undefined ? [] : [before])];
    before = id += 1;
    const definition = Buffer.from(`REFRESH MATERIALIZED VIEW ${qualified(schema, name)};\n\n\n`);
    return { ...added(id, 'MATERIALIZED VIEW DATA', sections.after, schema, name, of), definition, needs };
  });

  const dataFrom = indexOr(entries, (entry) => entry.section === sections.data || entry.section === sections.after);
  const viewsFrom = Math.max(
    dataFrom,
    indexOr(entries, (entry) => entry.what === 'EVENT TRIGGER'),
  );
  const lastView = views.at(-1)?.id;
  // Parallel jobs would make them before the refreshes, which they may veto.
  const last = entries
    .slice(viewsFrom)
    .map((entry) => (entry.what === 'EVENT TRIGGER' && lastView !== undefined ? { ...entry, needs: [...entry.needs, lastView] } : entry));
  return [...entries.slice(0, dataFrom), ...rows, ...sequences, ...entries.slice(dataFrom, viewsFrom), ...views, ...last];
}

function indexOr<T>(list: readonly T[], is: (one: T) => boolean): number {
  const found = list.findIndex(is);
  return found === -1 ? list.length : found;
}

/** An entry without a place, called and owned as what it belongs to. */
function added(id: number, what: string, section: number, schema: string, name: string, of: ArchiveEntry | undefined): ArchiveEntry {
  const empty = Buffer.alloc(0);
  return {
    ...{ id, what, section, hasData: false, tableNumber: Buffer.from('0'), number: of?.number ?? Buffer.from('0') },
    ...{ tag: of?.tag ?? Buffer.from(name), schema: of?.schema ?? Buffer.from(schema), owner: of?.owner ?? empty },
    ...{ definition: empty, drop: empty, copy: null, tablespace: null, accessMethod: null, relationKind: 0, needs: [], placeKnown: 3, place: 0n, file: null },
  };
}

function unknownTable(object: string): AppError {
  return notWhole('skeleton', new Error(`${object} is not in its table of contents`));
}
