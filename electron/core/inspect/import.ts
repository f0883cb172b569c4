import type { Dirent, Stats } from 'node:fs';
import { createHash } from 'node:crypto';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AppError, systemCode, throwIfCancelled } from '../base/errors.ts';
import type { Engine, EngineContext, NativeFile } from '../engines/engine.ts';

export interface FoundNative {
  readonly file: NativeFile;
  readonly engine: Engine;
}

export interface NativeFiles {
  /** In order of when they were made, oldest first, so that each is stored against the one before. */
  readonly found: readonly FoundNative[];
  readonly skipped: readonly Skipped[];
}

/** What was left out, and why; `failed` where it is a backup that could not be taken, not something else. */
export interface Skipped {
  readonly path: string;
  readonly reason: string;
  readonly failed?: boolean;
}

const deepest = 6;
const mostFiles = 100_000;
/** Clocks of other machines, and names whose time has no zone, may be this far ahead. */
const clockSlack = 86_400_000;

/**
 * What of a file, or of a folder of existing backups, can be taken in. A single file that is not recognised is an error; in a
 * folder it is listed as skipped with the reason, and so is whatever else lies there. Links are not followed, and nothing but a plain
 * file is opened. Writes nothing.
 */
export async function findNativeFiles(path: string, engines: readonly Engine[], context: EngineContext): Promise<NativeFiles> {
  const kind = await statOf(path);
  const single = kind.isFile();
  if (!single && !kind.isDirectory())
    throw new AppError('source.not-a-database', `${path} is ${kindOf(kind)}, neither a file nor a folder.`, {
      hint: 'Name a native file, or a folder of them.',
    });
  const found: FoundNative[] = [];
  const skipped: Skipped[] = [];
  const dumped = (folder: string): Promise<boolean> => isNativeFolder(folder, engines, context);
  for (const file of single ? [path] : await filesBelow(path, dumped, context.signal, skipped)) {
    throwIfCancelled(context.signal);
    context.progress({ stage: `reading ${basename(file)}` });
    try {
      const recognised = await recognise(file, engines, context);
      if (recognised === undefined) skipped.push({ path: file, reason: 'not a native file of a known engine' });
      else {
        refuseFuture(recognised.file, context.clock.now());
        found.push(recognised);
      }
    } catch (error) {
      if (single || !(error instanceof AppError)) throw error;
      skipped.push({ path: file, reason: error.message, failed: true });
    }
  }
  const [only] = skipped;
  if (single && only !== undefined) {
    throw new AppError('source.not-a-database', `${path} is not a native file that Belay knows.`, {
      hint: `Those of ${engines.map((engine) => engine.title).join(' and ')} can be taken in.`,
    });
  }
  return { found: found.toSorted((a, b) => a.file.madeAt - b.file.madeAt || (a.file.path < b.file.path ? -1 : 1)), skipped };
}

/** The engine that knows the file, and what it says of it; undefined where none does. */
export async function recognise(path: string, engines: readonly Engine[], context: EngineContext): Promise<FoundNative | undefined> {
  for (const engine of engines) {
    const file = await engine.recogniseNative(path, context);
    if (file !== undefined) return { file, engine };
  }
  return undefined;
}

/** A time to come is no time of a capture: taken as one it would be the newest for as long as it takes to arrive. */
function refuseFuture({ path, madeAt, madeAtFrom }: NativeFile, now: number): void {
  if (madeAt <= now + clockSlack) return;
  const said = new Date(madeAt).toISOString().replace(/\.\d+Z$/, 'Z');
  throw new AppError('input.invalid', `${path} would be from the future: its ${madeAtFrom === 'name' ? 'name' : 'file time'} says ${said}.`, {
    hint:
      madeAtFrom === 'name'
        ? 'Rename it to when it was made, or so that it says no time.'
        : 'Set its file time to when it was made, or the clock of this machine.',
    details: { path, madeAt },
  });
}

const pieceBytes = 1 << 20;

/** SHA-256 of everything that a native file is made of, read piece by piece: the same for the same content under any name. */
export async function contentHash(file: NativeFile, context: EngineContext): Promise<string> {
  const hash = createHash('sha256');
  // A folder is what is in it.
  const paths = (await statOf(file.path)).isDirectory() ? file.beside : [file.path, ...file.beside];
  for (const path of paths) {
    const handle = await openForReading(path);
    try {
      const piece = Buffer.allocUnsafe(pieceBytes);
      let at = 0;
      for (;;) {
        throwIfCancelled(context.signal);
        const { bytesRead } = await handle.read(piece, 0, pieceBytes, at);
        if (bytesRead === 0) break;
        hash.update(piece.subarray(0, bytesRead));
        at += bytesRead;
        context.progress({ stage: `reading ${basename(path)}`, bytesDone: at });
      }
      hash.update(`\0${at}\0`);
    } finally {
      await handle.close();
    }
  }
  return hash.digest('hex');
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw new AppError('source.denied', `${path} cannot be read.`, { hint: 'Check who may read it.', cause: error });
  }
}

async function statOf(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new AppError('source.missing', `There is no file or folder ${path}.`, { hint: 'Check the path.', details: { system: code }, cause: error });
    throw new AppError('source.denied', `${path} cannot be read.`, { hint: 'Check who may read it.', cause: error });
  }
}

/** What an engine takes as one, and what it cannot take though it is one: either way its files are none by themselves. */
async function isNativeFolder(folder: string, engines: readonly Engine[], context: EngineContext): Promise<boolean> {
  try {
    return (await recognise(folder, engines, context)) !== undefined;
  } catch (error) {
    if (error instanceof AppError) return error.code !== 'source.denied';
    throw error;
  }
}

async function filesBelow(folder: string, isNative: (folder: string) => Promise<boolean>, signal: AbortSignal, skipped: Skipped[]): Promise<readonly string[]> {
  const files: string[] = [];
  const walk = async (at: string, depth: number): Promise<void> => {
    throwIfCancelled(signal);
    if (await isNative(at)) {
      files.push(at);
      return;
    }
    for (const entry of await entriesOf(at, depth === 0, skipped)) {
      if (files.length + skipped.length >= mostFiles)
        throw new AppError('input.invalid', `More than ${mostFiles} files below ${folder}.`, { hint: 'Name a smaller folder.' });
      const full = join(at, entry.name);
      if (entry.name.startsWith('.belay-')) {
        skipped.push({ path: full, reason: "it is Belay's own" });
        continue;
      }
      if (entry.isFile()) files.push(full);
      else if (!entry.isDirectory()) skipped.push({ path: full, reason: `it is ${kindOf(entry)}` });
      else if (depth < deepest) await walk(full, depth + 1);
      else skipped.push({ path: full, reason: `it lies more than ${deepest} folders deep` });
    }
  };
  await walk(folder, 0);
  return files;
}

/** The entries of a folder in the order of their names. One below that cannot be read is listed as skipped: it may hold backups. */
async function entriesOf(folder: string, top: boolean, skipped: Skipped[]): Promise<readonly Dirent[]> {
  try {
    return (await readdir(folder, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    if (top) throw new AppError('source.denied', `${folder} cannot be read.`, { hint: 'Check who may read it.', cause: error });
    skipped.push({ path: folder, reason: `the folder cannot be read (${code})`, failed: true });
    return [];
  }
}

/** What it is that is neither a file nor a folder. */
function kindOf(entry: Pick<Stats, 'isSymbolicLink' | 'isFIFO' | 'isSocket' | 'isBlockDevice' | 'isCharacterDevice'>): string {
  if (entry.isSymbolicLink()) return 'a link, which is not followed';
  if (entry.isFIFO()) return 'a pipe';
  if (entry.isSocket()) return 'a socket';
  return entry.isBlockDevice() || entry.isCharacterDevice() ? 'a device' : 'no plain file';
}
