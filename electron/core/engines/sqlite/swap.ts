import { constants } from 'node:fs';
import { access, link, mkdir, readdir, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, systemCode } from '../../base/errors.ts';
import { syncFolder } from '../../base/durable-file.ts';
import { hasNoHardLinks } from '../../base/hard-links.ts';
import { sidecars } from './busy.ts';
import { exists, stampOf } from './stamp.ts';
import { replacedFolder, type UndoData, type UndoFile } from './undo-record.ts';

/**
 * Swapping files, so that a crash after any step can be brought to one of the two ends by looking at what stands where.
 *
 * Forwards: the old file gets a second name in the kept folder, what lay beside it (log, journal, index) moves there, and the new
 * file takes the name of the old by one rename. Backwards: the same with the roles changed, and what belongs beside the old file
 * follows it. Every step can be repeated. Which file stands at the target is told by device and inode, which renames keep.
 */

/** What an old file needs beside it to be whole. The index is made anew by SQLite. */
const meaningful = ['-wal', '-journal'] as const;

/** Steps up to the rename for each file, then the renames: the shortest possible time with some files new and others old. */
export async function swapIn(data: UndoData): Promise<void> {
  for (const file of data.files) await setOldAside(file);
  for (const file of data.files) await putNew(file, file.copy);
  await removeFolders(data);
}

async function setOldAside(file: UndoFile): Promise<void> {
  const folder = dirname(file.target);
  if (file.old === undefined && (await exists(file.target)))
    throw new AppError('target.exists', `${file.target} was made meanwhile.`, { hint: 'Name a path that does not exist.' });
  await makeFolder(file.kept);
  const name = join(file.kept, basename(file.target));
  if (file.old !== undefined && !(await exists(name))) await secondName(file.target, name);
  for (const suffix of sidecars) await moveIfThere(file.target + suffix, name + suffix);
  await syncFolder(file.kept);
  await syncFolder(folder);
}

async function putNew(file: UndoFile, from: string): Promise<void> {
  if (file.old === undefined) await moveWithoutReplacing(from, file.target);
  else await rename(from, file.target);
  await syncFolder(dirname(file.target));
}

/** A second name for the same file; where the file system has no such thing the file moves, and the target is missing for a moment. */
async function secondName(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!hasNoHardLinks(error)) throw error;
    await rename(from, to);
  }
}

async function moveWithoutReplacing(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!hasNoHardLinks(error)) throw error;
    if (await exists(to)) throw new AppError('target.exists', `${to} exists already.`, { hint: 'Name a path that does not exist.' });
    await rename(from, to);
    return;
  }
  await unlink(from);
}

/**
 * The old files back, what stood there since into the kept folder meanwhile, which is then removed.
 * Throws `undo.nothing` where the old file is not there any more.
 */
export async function swapBack(data: UndoData): Promise<void> {
  for (const file of data.files) await assertKept(file);
  for (const file of data.files) await setNewAside(file);
  for (const file of data.files) await putOld(file);
  await removeKept(data);
}

async function assertKept(file: UndoFile): Promise<void> {
  if (file.old === undefined || (await exists(join(file.kept, basename(file.target))))) return;
  throw new AppError('undo.nothing', `The old copy of ${file.target} is not in ${file.kept} any more.`, { hint: 'Restore a snapshot instead.' });
}

async function setNewAside(file: UndoFile): Promise<void> {
  const aside = replacedFolder(file);
  await makeFolder(aside);
  const name = join(aside, basename(file.target));
  for (const suffix of sidecars) await moveIfThere(file.target + suffix, name + suffix);
  if ((await exists(file.target)) && !(await exists(name))) await secondName(file.target, name);
  await syncFolder(aside);
  await syncFolder(file.kept);
  await syncFolder(dirname(file.target));
}

async function putOld(file: UndoFile): Promise<void> {
  const name = join(file.kept, basename(file.target));
  if (file.old === undefined) await unlinkIfThere(file.target);
  else await rename(name, file.target);
  // Only now: the log of one file beside another is the one thing that must never be.
  for (const suffix of meaningful) await moveIfThere(name + suffix, file.target + suffix);
  await syncFolder(dirname(file.target));
}

/** Where a crash left things, and the nearer of the two ends. Repeatable, and safe on a swap that was complete. */
export async function settleSwap(data: UndoData): Promise<'promoted' | 'rolled-back'> {
  const places = await Promise.all(data.files.map((file) => placeOf(file)));
  if (places.includes('new')) {
    for (const [i, file] of data.files.entries()) await completeSwap(file, places[i] ?? 'other');
    await removeFolders(data);
    return 'promoted';
  }
  if (places.every((place) => place === 'other') && (await allKept(data))) return 'promoted';
  let whole = true;
  for (const [i, file] of data.files.entries()) if (places[i] !== 'other') whole = (await putOldBack(file)) && whole;
  if (whole) await removeKept(data);
  return 'rolled-back';
}

/** What stands at the target: the new file, the old one, nothing, or one that somebody else put there since. */
type Place = 'new' | 'old' | 'nothing' | 'other';

async function placeOf(file: UndoFile): Promise<Place> {
  const found = await stampOf(file.target);
  if (found === undefined) return 'nothing';
  if (found.file === file.fresh.file) return 'new';
  return found.file === file.old?.file ? 'old' : 'other';
}

async function allKept(data: UndoData): Promise<boolean> {
  for (const file of data.files) if (file.old !== undefined && !(await exists(join(file.kept, basename(file.target))))) return false;
  return data.files.some((file) => file.old !== undefined);
}

/** Forwards from wherever a swap or an undo was. */
async function completeSwap(file: UndoFile, place: Place): Promise<void> {
  const aside = join(replacedFolder(file), basename(file.target));
  if (place === 'new') {
    // An undo had begun: what lay beside the new file belongs there.
    for (const suffix of meaningful) await moveIfThere(aside + suffix, file.target + suffix);
    if (await exists(file.copy)) await unlink(file.copy);
  } else if (place !== 'other') {
    await setOldAside(file);
    await putNew(file, (await exists(file.copy)) ? file.copy : aside);
  }
  await rm(replacedFolder(file), { recursive: true, force: true });
  await syncFolder(dirname(file.target));
}

/** Backwards: the old file with what belongs beside it, nothing where nothing was. False where something had to stay in the kept folder. */
async function putOldBack(file: UndoFile): Promise<boolean> {
  if (!(await exists(file.kept))) return true;
  const name = join(file.kept, basename(file.target));
  if (file.old !== undefined && !(await exists(file.target))) await rename(name, file.target);
  const now = await stampOf(file.target);
  // A log goes back only beside the very file that it was taken from, and never over another log.
  const untouched = now === undefined ? file.old === undefined : now.size === file.old?.size && now.written === file.old.written;
  let whole = true;
  for (const suffix of meaningful) {
    if (!(await exists(name + suffix))) continue;
    if (untouched && !(await exists(file.target + suffix))) await moveIfThere(name + suffix, file.target + suffix);
    else whole = false;
  }
  await syncFolder(dirname(file.target));
  return whole;
}

/** The new file as the swap left it, as far as the file system tells; else somebody wrote since, or Belay did and put it back. */
export async function isAsLeft(file: UndoFile): Promise<boolean> {
  const found = await stampOf(file.target);
  if (found?.file !== file.fresh.file || found.size !== file.fresh.size || found.written !== file.fresh.written) return false;
  for (const suffix of meaningful) {
    const beside = await stampOf(file.target + suffix);
    if (beside !== undefined && beside.size !== '0') return false;
  }
  return true;
}

/** Bytes of everything in the kept folders. */
export async function keptBytes(data: UndoData): Promise<number> {
  let bytes = 0;
  for (const { kept } of data.files) {
    if (!(await exists(kept))) continue;
    for (const entry of await readdir(kept, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) bytes += Number((await stampOf(join(entry.parentPath, entry.name)))?.size ?? 0);
    }
  }
  return bytes;
}

export async function removeKept(data: UndoData): Promise<void> {
  for (const file of data.files) {
    await rm(file.kept, { recursive: true, force: true });
    if (await exists(dirname(file.target))) await syncFolder(dirname(file.target));
  }
}

/** Removes what the copies were built in, once they are in their targets. */
export async function removeFolders(data: UndoData): Promise<void> {
  for (const folder of data.folders) await rm(folder, { recursive: true, force: true });
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    await access(folder, constants.W_OK);
  }
}

async function moveIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'ENOENT' && code !== 'ENAMETOOLONG') throw error;
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
