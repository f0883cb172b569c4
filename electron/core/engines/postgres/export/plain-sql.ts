import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../../../base/errors.ts';
import type { EngineContext, SnapshotContent } from '../../engine.ts';
import { readArchive } from '../archive/archive.ts';
import { newId } from '../names.ts';
import { notWhole, type Facts, type Stored, type StoredTable } from '../restore/objects.ts';
import { runTool } from '../tools/pg-tool.ts';
import { listOf, type SkeletonFile } from '../restore/post-data.ts';
import { qualified, quoteName, quoteText } from '../sql.ts';
import { removeEarly } from '../temporary.ts';

/**
 * A script for psql, without a server: what pg_restore makes of the skeleton, and between its parts the stored rows as they are, in the database's own
 * encoding. Sequences, materialized views and event triggers stand where a dump has them.
 */
export async function* plainSql(
  snapshot: SnapshotContent,
  stored: Stored,
  facts: Facts,
  skeleton: SkeletonFile,
  context: EngineContext,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(
    `--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version ${facts.server.name}\n-- Dumped by Belay, with pg_dump ${facts.tool.version}\n\n`,
  );
  const entries = await readArchive(createReadStream(skeleton.file));
  const listed = async function* (section: 'pre-data' | 'post-data', lines: readonly string[]): AsyncGenerator<Uint8Array> {
    if (lines.length > 0) yield* part(skeleton, [`--section=${section}`], lines);
  };
  yield* listed('pre-data', listOf(skeleton, entries, 'pre-data'));
  yield Buffer.from(settings(facts));
  const bytesTotal = stored.tables.reduce((sum, table) => sum + table.bytes, 0);
  let bytesDone = 0;
  for (const table of stored.tables) {
    yield Buffer.from(`--\n-- Data\n--\n\n${copyStatement(table)}\n`);
    let bytes = 0;
    for await (const piece of snapshot.read(table.object, context.signal)) {
      throwIfCancelled(context.signal);
      bytes += piece.length;
      bytesDone += piece.length;
      yield piece;
      context.progress({ stage: `writing ${table.object}`, bytesDone, bytesTotal });
    }
    if (bytes !== table.bytes) throw notWhole(table.object);
    yield Buffer.from('\\.\n\n');
  }
  context.progress({ stage: 'writing definitions' });
  for (const sequence of facts.sequences) yield Buffer.from(setSequence(sequence));
  yield* part(skeleton, ['--section=data']);
  yield* listed('post-data', listOf(skeleton, entries, 'post-data', ['constraint', 'view', 'index', 'rest']));
  if (facts.materializedViews.length > 0) yield Buffer.from(refreshes(facts));
  yield* listed('post-data', listOf(skeleton, entries, 'post-data', ['event trigger']));
  yield Buffer.from('--\n-- PostgreSQL database dump complete\n--\n\n');
}

/** As COPY wrote them, whatever the reader's defaults are. */
function settings({ database }: Facts): string {
  const values: readonly (readonly [string, string])[] = [
    ['client_encoding', database.encoding],
    ['standard_conforming_strings', 'on'],
    ['search_path', ''],
    ['TimeZone', 'UTC'],
    ['DateStyle', 'ISO, YMD'],
    ['IntervalStyle', 'postgres'],
    ['array_nulls', 'on'],
    ['xmloption', 'content'],
    ['row_security', 'off'],
  ];
  return `${values.map(([name, value]) => `SET ${name} = ${quoteText(value)};`).join('\n')}\n\n`;
}

/** Rows whose partition depends on a hash go through the topmost parent: the hash of an enum differs from database to database. */
export function copyStatement({ meta }: StoredTable): string {
  const into = meta.hashed && meta.root !== null ? meta.root : { schema: meta.schema, name: meta.table };
  const columns = meta.columns.length === 0 ? '' : ` (${meta.columns.map(quoteName).join(', ')})`;
  return `COPY ${qualified(into.schema, into.name)}${columns} FROM stdin;`;
}

export function setSequence({ schema, name, last, called }: Facts['sequences'][number]): string {
  return `SELECT pg_catalog.setval(${quoteText(qualified(schema, name))}, ${quoteText(last)}, ${String(called)});\n\n`;
}

function refreshes({ database, materializedViews }: Facts): string {
  const each = materializedViews.map(({ schema, name }) => `REFRESH MATERIALIZED VIEW ${qualified(schema, name)};\n`);
  return [
    `SELECT pg_catalog.set_config('search_path', ${quoteText(database.searchPath)}, false);\n`,
    ...each,
    `SELECT pg_catalog.set_config('search_path', '', false);\n\n`,
  ].join('');
}

const ending = '--\n-- PostgreSQL database dump complete\n--\n';

/** One part of the skeleton as pg_restore writes it, but for the words that say that here is the end of all. */
async function* part({ file, tools, context }: SkeletonFile, args: readonly string[], list?: readonly string[]): AsyncGenerator<Uint8Array> {
  const path = join(context.temporaryFolder, `part-${newId(context)}.sql`);
  try {
    await runTool({ tools, program: 'pg_restore', args, archive: file, output: path, ...(list === undefined ? {} : { list }) }, context);
    const { size } = await stat(path);
    const tail = Buffer.alloc(Math.min(size, 1024));
    const handle = await open(path, 'r');
    try {
      await handle.read(tail, 0, tail.length, size - tail.length);
    } finally {
      await handle.close();
    }
    if (size > tail.length)
      for await (const piece of createReadStream(path, { end: size - tail.length - 1, highWaterMark: 1 << 20 })) if (piece instanceof Uint8Array) yield piece;
    const at = tail.lastIndexOf(ending);
    yield at === -1 ? tail : Buffer.concat([tail.subarray(0, at), tail.subarray(at + ending.length)]);
  } finally {
    await removeEarly(path, context);
  }
}
