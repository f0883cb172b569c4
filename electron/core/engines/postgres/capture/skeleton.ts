import { open } from 'node:fs/promises';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { AppError, systemCode } from '../../../base/errors.ts';
import type { CaptureSink, EngineContext, GroupEnd } from '../../engine.ts';
import type { Hold } from './hold.ts';
import type { PostgresLocation } from '../location.ts';
import type { ChosenPart } from './part.ts';
import { runTool } from '../tools/pg-tool.ts';
import type { Tools } from '../tools/tools.ts';
import { removeEarly } from '../temporary.ts';

const bufferBytes = 1 << 20;

/**
 * Everything but rows, by pg_dump on the held snapshot: definitions, owners, grants, comments, large objects. Its date is set to the
 * first of January 2000, so that equal content gives equal bytes. The file's path. Throws `tool.failed`, and leaves no file, where the archive is
 * not whole, whatever pg_dump ended with.
 */
export async function dumpSkeleton(hold: Hold, location: PostgresLocation, tools: Tools, context: EngineContext): Promise<string> {
  const file = join(context.temporaryFolder, `skeleton-${Buffer.from(context.random.bytes(6)).toString('hex')}.dump`);
  try {
    await dumpInto(file, hold, location, tools, context);
    await settleDate(file);
    // Its list alone says nothing of what follows it: only reading everything does.
    const nowhere = tools.place.kind === 'local' ? devNull : '/dev/null';
    await runTool({ tools, program: 'pg_restore', args: ['--exit-on-error', '-f', nowhere], archive: file }, context);
    return file;
  } catch (error) {
    await removeEarly(file, context);
    throw error;
  }
}

async function dumpInto(file: string, hold: Hold, location: PostgresLocation, tools: Tools, context: EngineContext): Promise<void> {
  await runTool(
    {
      tools,
      program: 'pg_dump',
      // `*.*`, not `*`: a pattern without a schema means what the search_path shows, which is nothing.
      // It sets `lock_timeout` to none by itself: without a limit it would wait for ever for whoever waits for us.
      args: ['-Fc', '-Z0', '--no-sync', '--lock-wait-timeout=5s', `--snapshot=${hold.snapshot}`, '--exclude-table-data=*.*', ...without(hold.part)],
      output: file,
      place: { location, database: location.database, restoring: false, options: hold.session.options },
    },
    context,
  );
}

/** Exact names, which no pattern's letter is read in: what is excluded is not even locked. */
function without(part: ChosenPart | undefined): readonly string[] {
  if (part === undefined) return [];
  const exact = (name: string): string => `"${name.replaceAll('"', '""')}"`;
  return [
    ...part.excluded.map(({ schema, name }) => `--exclude-table=${exact(schema)}.${exact(name)}`),
    ...(part.onlySome ? ['--no-blobs'] : []),
    ...(part.excluded.length > 0 ? ['--no-publications', '--no-subscriptions'] : []),
  ];
}

/** `PGDMP`, three bytes of version, sizes of integers and offsets, format, compression, then seven integers: the date as of `localtime`. */
async function settleDate(file: string): Promise<void> {
  const handle = await openWritten(file);
  try {
    const head = Buffer.alloc(64);
    await handle.read(head, 0, head.length, 0);
    const [major, minor, size] = [head[5] ?? 0, head[6] ?? 0, head[8] ?? 0];
    if (head.toString('latin1', 0, 5) !== 'PGDMP' || major !== 1 || size !== 4) throw noArchive();
    // An integer is a byte of sign and then its bytes, the lowest first. Compression is one byte since 1.15.
    const from = 11 + (minor >= 15 ? 1 : 1 + size);
    for (const [i, value] of [0, 0, 0, 1, 0, 100, 0].entries()) {
      const at = from + i * (1 + size);
      head[at] = 0;
      head.writeUInt32LE(value, at + 1);
    }
    await handle.write(head, 0, head.length, 0);
  } finally {
    await handle.close();
  }
}

async function openWritten(file: string): ReturnType<typeof open> {
  try {
    return await open(file, 'r+');
  } catch (error) {
    throw systemCode(error) === 'ENOENT' ? noArchive(error) : error;
  }
}

function noArchive(cause?: unknown): AppError {
  return new AppError('tool.failed', 'What pg_dump wrote is not an archive that Belay knows.', {
    hint: 'Use the tools of PostgreSQL 13 to 18.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The file as one stream of the snapshot. */
export async function streamFile(file: string, group: string, sink: CaptureSink): Promise<GroupEnd> {
  const stream = await sink.group(group, 'none');
  const handle = await open(file, 'r');
  try {
    for (;;) {
      const buffer = new Uint8Array(bufferBytes);
      const { bytesRead } = await handle.read(buffer, 0, bufferBytes);
      if (bytesRead === 0) return await stream.end();
      await stream.write(bytesRead < bufferBytes / 2 ? buffer.slice(0, bytesRead) : buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/** Refuses what no server but the one that was dumped could take: attributes of columns that other minors do not know. */
export async function refuseUnknownAttributes(file: string, tools: Tools, context: EngineContext): Promise<void> {
  const { stdout } = await runTool(
    { tools, program: 'pg_restore', args: ['-f', '-', '--section=pre-data', '--schema-only'], archive: file, keepOutput: 256 << 20 },
    context,
  );
  if (!/^ALTER .* SET \(.*\bpg_attver=/m.test(stdout)) return;
  throw new AppError('tool.missing', `pg_dump ${tools.version} writes what this server keeps for itself (pg_attver): no other server would take it.`, {
    hint: 'Install the client tools of the same version as the server.',
  });
}
