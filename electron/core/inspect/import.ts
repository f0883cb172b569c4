import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
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

/** `failed`: something is there that could not be looked at. */
export interface Skipped {
  readonly path: string;
  readonly reason: string;
  readonly failed?: true;
}

const deepest = 6;
const mostFiles = 100_000;

/**
 * What of a file, or of a folder of existing backups, can be taken in. A single file that is not recognised is an error; in a
 * folder it is listed as skipped with the reason. Links are not followed. Writes nothing.
 */
export async function findNativeFiles(path: string, engines: readonly Engine[], context: EngineContext): Promise<NativeFiles> {
  const single = (await statOf(path)).isFile();
  const found: FoundNative[] = [];
  const skipped: Skipped[] = [];
  for (const file of single ? [path] : await filesBelow(path, skipped, context.signal)) {
    throwIfCancelled(context.signal);
    context.progress({ stage: `reading ${basename(file)}` });
    try {
      const recognised = await recognise(file, engines, context);
      if (recognised === undefined) skipped.push({ path: file, reason: 'not a native file of a known engine' });
      else found.push(recognised);
    } catch (error) {
      if (single || !(error instanceof AppError)) throw error;
      skipped.push({ path: file, reason: error.message });
    }
  }
  const [only] = skipped;
  if (single && only !== undefined) {
    throw new AppError('source.not-a-database', `${path} is not a native file that Belay knows.`, { hint: 'SQLite files can be taken in at present.' });
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

async function statOf(path: string): Promise<{ isFile(): boolean }> {
  try {
    return await stat(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new AppError('source.missing', `There is no file or folder ${path}.`, { hint: 'Check the path.', cause: error });
    throw new AppError('source.denied', `${path} cannot be read.`, { hint: 'Check who may read it.', cause: error });
  }
}

async function entriesOf(at: string, folder: string, skipped: Skipped[]): Promise<readonly Dirent[]> {
  try {
    return (await readdir(at, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    if (at === folder) throw new AppError('source.denied', `${at} cannot be read.`, { hint: 'Check who may read it.', cause: error });
    skipped.push({ path: at, reason: 'the folder cannot be read', failed: true });
    return [];
  }
}

/** Folders below that cannot be read are told in `skipped`. */
async function filesBelow(folder: string, skipped: Skipped[], signal: AbortSignal): Promise<readonly string[]> {
  const files: string[] = [];
  const walk = async (at: string, depth: number): Promise<void> => {
    throwIfCancelled(signal);
    for (const entry of await entriesOf(at, folder, skipped)) {
      if (files.length >= mostFiles) throw new AppError('input.invalid', `More than ${mostFiles} files below ${folder}.`, { hint: 'Name a smaller folder.' });
      const full = join(at, entry.name);
      if (entry.isFile()) files.push(full);
      else if (entry.isDirectory() && depth < deepest) await walk(full, depth + 1);
    }
  };
  await walk(folder, 0);
  return files;
}
