import { constants, lstatSync, unlinkSync } from 'node:fs';
import { lstat, mkdir, open, rename, rmdir, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from './errors.ts';
import type { Random } from './ports.ts';

/**
 * The one place that knows how a file becomes durable. Everything here throws the system's own errors; callers give
 * them their words. Files are 0600 and folders 0700 whatever the umask says, where the file system keeps modes at all.
 */

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
/** A FIFO planted under a name of ours must not hold a thread for ever. */
const NON_BLOCKING = constants.O_NONBLOCK ?? 0;
/** What systems answer that keep no modes (FAT), or do not offer fsync of a folder (some network file systems). */
const NOT_OFFERED = new Set(['EPERM', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);
const PARTS_A_CALL = 64;

/** Flags for reading a file that must be a file: links are not followed, pipes do not block. */
export const READ_FLAGS = constants.O_RDONLY | NO_FOLLOW | NON_BLOCKING;

/** fsync of a folder: names created, renamed or removed in it are durable afterwards. Windows has no such call and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY | NO_FOLLOW | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } catch (error) {
    if (!NOT_OFFERED.has(systemCode(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

/**
 * Makes `folder` and what is missing above it, each durable in its parent. A link or a file in the place of a folder
 * throws ENOTDIR. Returns the folders that were made, outermost first.
 */
export async function makeFolders(folder: string): Promise<readonly string[]> {
  const missing: string[] = [];
  let at = path.resolve(folder);
  while (!(await isFolder(at, at === path.resolve(folder)))) {
    missing.unshift(at);
    const parent = path.dirname(at);
    if (parent === at) break;
    at = parent;
  }
  for (const one of missing) {
    try {
      await mkdir(one, { mode: FOLDER_MODE });
    } catch (error) {
      if (systemCode(error) !== 'EEXIST' || !(await isFolder(one, true))) throw error;
    }
    try {
      await setMode(one, FOLDER_MODE);
      await syncFolder(path.dirname(one));
    } catch (error) {
      // The next try must not find a folder whose name may never have reached the medium.
      await rmdir(one);
      throw error;
    }
  }
  return missing;
}

/** True for a folder, false where nothing is; ENOTDIR for anything else. Links count as folders only above the last part. */
async function isFolder(at: string, last: boolean): Promise<boolean> {
  try {
    const found = await lstat(at);
    if (found.isDirectory() || (!last && found.isSymbolicLink())) return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
  throw Object.assign(new Error(`${at} is not a folder`), { code: 'ENOTDIR' });
}

/**
 * Makes a new file that did not exist (a planted link or file of that name is an error), writes `parts` and forces them to the
 * medium. After any error, a failed fsync above all, the file is removed: what it holds is not known.
 */
export async function writeNewFile(file: string, parts: readonly Uint8Array[]): Promise<void> {
  const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, FILE_MODE);
  try {
    try {
      await ownMode(handle);
      await writeAll(handle, parts);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await unlinkIfThere(file);
    throw error;
  }
}

async function writeAll(handle: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  let waiting = parts.filter((part) => part.length > 0);
  while (waiting.length > 0) {
    const batch = waiting.slice(0, PARTS_A_CALL);
    let { bytesWritten } = await handle.writev(batch);
    if (bytesWritten === 0) throw Object.assign(new Error('the system took no bytes'), { code: 'EIO' });
    let whole = 0;
    while (whole < batch.length && bytesWritten >= (batch[whole]?.length ?? 0)) {
      bytesWritten -= batch[whole]?.length ?? 0;
      whole += 1;
    }
    const torn = waiting[whole];
    waiting = waiting.slice(bytesWritten > 0 ? whole + 1 : whole);
    if (bytesWritten > 0 && torn !== undefined) waiting.unshift(torn.subarray(bytesWritten));
  }
}

async function ownMode(handle: FileHandle): Promise<void> {
  if (process.platform === 'win32') return;
  if (((await handle.stat()).mode & 0o777) === FILE_MODE) return;
  try {
    await handle.chmod(FILE_MODE);
  } catch (error) {
    if (!NOT_OFFERED.has(systemCode(error) ?? '')) throw error;
  }
}

async function setMode(folder: string, mode: number): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY | NO_FOLLOW | constants.O_DIRECTORY);
  try {
    if (((await handle.stat()).mode & 0o777) !== mode) await handle.chmod(mode);
  } catch (error) {
    if (!NOT_OFFERED.has(systemCode(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

/** Unlinks; a file that is not there is success. */
export async function unlinkIfThere(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/** The same, synchronous. Not `rmSync`: what the disk refuses it throws without a code (Node 24). */
export function unlinkIfThereSync(file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) unlinkSync(file);
}

/**
 * Replaces or makes `file` whole: temporary neighbour, write, fsync, rename, fsync of the folder. Readers see the old content
 * or the new; nothing is left behind on failure. For files outside a repository: sources, settings, host state.
 */
export async function replaceFile(file: string, content: Uint8Array, ports: { readonly random: Random }): Promise<void> {
  await makeFolders(path.dirname(file));
  const temporary = `${file}.${Buffer.from(ports.random.bytes(8)).toString('hex')}.tmp`;
  await writeNewFile(temporary, [content]);
  try {
    await rename(temporary, file);
  } catch (error) {
    await unlinkIfThere(temporary);
    throw error;
  }
  await syncFolder(path.dirname(file));
}

/** Whether a file of that name is what `replaceFile` writes before it has its name: left behind by a process that was killed. */
export function isReplacement(name: string): boolean {
  return /\.[0-9a-f]{16}\.tmp$/.test(name);
}
