import { open, stat, utimes } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { AppError, throwIfCancelled } from '../../base/errors.ts';
import { syncFolder } from '../../base/durable-file.ts';
import type { EngineContext, ExportRequest, ExportResult, NativeFile, ObjectRow, SnapshotContent } from '../engine.ts';
import { agentFile, withAgent, type AgentSettings, type SqliteAgent } from './client.ts';
import { unlinkQuietly, writeParts } from './copy-file.ts';
import { headerLength, parseHeader } from './header.ts';
import { fileObjects } from './restore.ts';
import { fileError, readStart, sizeIfThere } from './source-file.ts';
import { onTarget, targetError } from '../../base/target-error.ts';
import { exists } from './stamp.ts';
import { timeInName } from '../time-in-name.ts';

export const exportFormats = ['.sqlite'] as const;
export const importFormats = ['.sqlite', '.sqlite3', '.db', '.db3', '.s3db', '.sl3'] as const;

/**
 * Writes the captured files as they were: `main` to the path asked for, attached ones beside it. Each is opened by SQLite before
 * this resolves; on failure nothing is left.
 */
export async function exportNative(settings: AgentSettings, snapshot: SnapshotContent, request: ExportRequest, context: EngineContext): Promise<ExportResult> {
  if (request.format !== '.sqlite')
    throw new AppError('engine.unsupported', `SQLite is not exported as ${request.format}.`, { hint: 'It exports .sqlite files.' });
  const chosen = chooseFiles(await fileObjects(snapshot), request.object);
  const { to, shownAs = to } = request;
  const placed = (name: string): Place =>
    chosen.length === 1 || name === 'main' ? { path: to, shownAs } : { path: besideOf(to, name), shownAs: besideOf(shownAs, name) };
  for (const [name] of chosen) {
    refuseLong(placed(name));
    if (placed(name).path !== to) await refuseTaken(placed(name));
  }
  const made: string[] = [];
  const files: { path: string; bytes: number }[] = [];
  try {
    // The process that will open the files starts while they are written.
    await withAgent(settings, context, async (agent) => {
      for (const [name, object] of chosen) {
        const place = placed(name);
        const bytes = await onTarget(place.shownAs, () => exportFile(snapshot, object, place, context, () => made.push(place.path)));
        await reopen(agent, { ...place, bytes }, context);
        files.push({ path: place.path, bytes });
      }
    });
    // Last: opening them may touch them.
    for (const { path } of files) await utimes(path, request.madeAt / 1000, request.madeAt / 1000);
    return { files };
  } catch (error) {
    for (const path of made) {
      await unlinkQuietly(path).catch((left: unknown) => {
        context.log.warn('an unfinished export could not be removed', { path, error: left });
      });
    }
    throw targetError(shownAs, error);
  }
}

function chooseFiles(objects: ReadonlyMap<string, ObjectRow>, object: string | undefined): readonly (readonly [string, ObjectRow])[] {
  const all = [...objects];
  if (object === undefined) return all;
  const found = all.filter(([name, row]) => row.name === object || name === object);
  if (found.length > 0) return found;
  throw new AppError('object.unknown', `There is no file ${JSON.stringify(object)} in the snapshot.`, {
    hint: `SQLite is exported by file: ${all.map(([name]) => name).join(', ')}.`,
  });
}

function besideOf(path: string, name: string): string {
  const extension = extname(path);
  return join(dirname(path), `${basename(path, extension)}.${name}${extension}`);
}

interface Place {
  readonly path: string;
  readonly shownAs: string;
}

/** SQLite takes names of 512 bytes (MAX_PATHNAME of its unix layer), with the ending of the journal that it may make beside. */
const longestPath = 500;

function refuseLong({ path, shownAs }: Place): void {
  if (Buffer.byteLength(path) > longestPath)
    throw new AppError('target.denied', `The path of ${shownAs} is too long: SQLite could not open what is made there.`, { hint: 'Name a shorter one.' });
}

/** Before anything is written; what is there later is the caller's to find. */
async function refuseTaken({ shownAs }: Place): Promise<void> {
  if (await onTarget(shownAs, () => exists(shownAs)))
    throw new AppError('target.exists', `${shownAs} exists already.`, { hint: 'Name a path beside which there is none.', details: { path: shownAs } });
}

async function exportFile(snapshot: SnapshotContent, object: ObjectRow, { path, shownAs }: Place, context: EngineContext, onMade: () => void): Promise<number> {
  const file = await open(path, 'wx', 0o600);
  onMade();
  try {
    const at = await writeParts(file, snapshot.read(object.name, context.signal), true, (bytes) => {
      throwIfCancelled(context.signal);
      context.progress({ stage: `exporting ${basename(shownAs)}`, bytesDone: bytes, bytesTotal: object.length ?? bytes });
    });
    await syncFolder(dirname(path));
    return at;
  } finally {
    await file.close();
  }
}

interface Written extends Place {
  readonly bytes: number;
}

/** As another program would open it; what SQLite makes beside it meanwhile it removes again. */
async function reopen(agent: SqliteAgent, { path, bytes, shownAs }: Written, context: EngineContext): Promise<void> {
  if (bytes === 0) return;
  const file = await agentFile('main', path, 'write', context);
  await agent.call('open', { set: 'export', files: [file], busyMs: 0, hold: false });
  const { files } = await agent.call('facts', { set: 'export' });
  await agent.call('close', { set: 'export' });
  const pages = (files[0]?.pages ?? 0) * (files[0]?.pageSize ?? 0);
  if (pages <= bytes) return;
  throw new AppError('source.damaged', `${shownAs} holds ${bytes} bytes, its header promises ${pages}.`, {
    hint: 'The source was damaged when it was captured.',
  });
}

async function partsBeside(path: string): Promise<readonly string[]> {
  const parts: string[] = [];
  for (const suffix of ['-wal', '-journal']) if (((await sizeIfThere(path + suffix)) ?? 0) > 0) parts.push(path + suffix);
  return parts;
}

/**
 * A database file by its first bytes. When it was made: its name says, else the file system. Nothing inside says it: SQLite keeps no time
 * of its own, and a column that looks like one is the application's.
 */
export async function recogniseNative(path: string): Promise<NativeFile | undefined> {
  try {
    const found = await stat(path);
    if (!found.isFile() || found.size < headerLength) return undefined;
    const header = parseHeader(await readStart(path, headerLength));
    if (header === undefined) return undefined;
    const { at, rest } = timeInName(basename(path));
    return {
      path,
      engine: 'sqlite',
      format: '.sqlite',
      version: header.writtenBy,
      bytes: found.size,
      beside: await partsBeside(path),
      madeAt: at ?? Math.round(found.mtimeMs),
      madeAtFrom: at === undefined ? 'file-time' : 'name',
      sourceName: rest,
    };
  } catch (error) {
    throw fileError({ name: 'main', path }, error);
  }
}
