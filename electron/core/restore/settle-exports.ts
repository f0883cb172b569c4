import type { BigIntStats } from 'node:fs';
import { lstat, readdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, unlinkIfThere } from '../base/durable-file.ts';
import { AppError, systemCode } from '../base/errors.ts';
import { onTarget } from '../base/target-error.ts';
import type { EngineContext } from '../engines/engine.ts';
import type { ExportRecords, ExportRow } from './export-records.ts';

/** How long a disk that is away may come back with what an export left on it. */
const waitsMs = 90 * 24 * 60 * 60 * 1000;
/** FAT keeps times of every other second. */
const coarsestMs = 2000;

type File = ExportRow['files'][number];

/** Where the files of an export are made: their names begin with its id, so that nothing else is ever removed under them. */
export function hiddenFolder({ folder, id }: Pick<ExportRow, 'folder' | 'id'>): string {
  return join(folder, `.belay-export-${id}`);
}

/** What is at a path, links not followed; undefined where nothing is. */
export async function found(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/**
 * Settles the exports that a crash left, at start. What is on a disk that is away waits for it, quietly, for ninety days; what cannot be reached else says so
 * in its note. Never throws for the sake of one of them.
 */
export async function settleExports(records: ExportRecords, context: Pick<EngineContext, 'clock' | 'log'>): Promise<readonly string[]> {
  const notes: string[] = [];
  for (const row of records.all()) {
    const called = `an unfinished export to ${row.to}`;
    try {
      if (!(await isAway(row))) {
        await settleExport(row.id, records);
        notes.push(`what is left of ${called} was removed`);
      } else if (context.clock.now() - row.at > waitsMs) await records.remove(row.id);
    } catch (error) {
      context.log.warn('an unfinished export could not be settled', { folder: hiddenFolder(row), error });
      notes.push(`${called} could not be settled yet${error instanceof AppError ? `: ${error.message}` : ''}`);
    }
  }
  return notes;
}

async function isAway(row: ExportRow): Promise<boolean> {
  return onTarget(row.to, async () => {
    if ((await found(hiddenFolder(row))) !== undefined) return false;
    const folder = await found(row.folder);
    return folder === undefined || String(folder.dev) !== row.device;
  });
}

/**
 * Brings an export to one of its ends, whether it came there by itself, failed, or was cut off: it is done where the last of its files has its name, and the others get theirs; else
 * those that have theirs lose them. Its folder and its record go. Nothing where it is not on record. Throws codes of a target where that cannot be reached; then it stays on record.
 */
export async function settleExport(id: string, records: ExportRecords): Promise<void> {
  const row = records.all().find((one) => one.id === id);
  if (row === undefined) return;
  await onTarget(row.to, async () => {
    if (await isDone(row)) await nameOthers(row);
    else await takeBack(row);
    await clear(row);
  });
  await records.remove(id);
}

/** Files lose their names in the hidden folder in their order, so the last one is there as long as it has no name. */
async function isDone(row: ExportRow): Promise<boolean> {
  const last = row.files.at(-1);
  return last !== undefined && ((await found(join(hiddenFolder(row), last.from))) === undefined || (await isOurs(row, last)));
}

/** After a power cut that left the last name and not the others. */
async function nameOthers(row: ExportRow): Promise<void> {
  for (const file of row.files) {
    const [from, to] = [join(hiddenFolder(row), file.from), join(row.folder, file.to)];
    if ((await found(from)) !== undefined && (await found(to)) === undefined) await rename(from, to);
  }
  if (row.files.length > 1) await syncFolder(row.folder);
}

async function takeBack(row: ExportRow): Promise<void> {
  for (const file of row.files.slice(0, -1)) if (await isOurs(row, file)) await unlinkIfThere(join(row.folder, file.to));
  if (row.claimed === undefined) return;
  const claimed = join(row.folder, row.claimed);
  if ((await found(claimed))?.size === 0n) await unlinkIfThere(claimed);
}

/** Whether what has the file's name is this file: the same one as in the hidden folder, or, moved from there for want of hard links, one of its size and time. */
async function isOurs(row: ExportRow, file: File): Promise<boolean> {
  const there = await found(join(row.folder, file.to));
  if (there === undefined) return false;
  const made = await found(join(hiddenFolder(row), file.from));
  // Some file systems of Windows have no numbers for files.
  if (made !== undefined) return there.ino !== 0n && there.ino === made.ino && there.dev === made.dev;
  return Number(there.size) === file.bytes && Math.abs(Number(there.mtimeMs) - file.mtimeMs) <= coarsestMs;
}

/** Removes what is the export's own in its folder, and that where it is empty then. Not recursively: in a folder of others' anything may have got its name. */
async function clear(row: ExportRow): Promise<void> {
  const folder = hiddenFolder(row);
  if ((await found(folder))?.isDirectory() !== true) return;
  const last = row.files.at(-1)?.from;
  const own = (await readdir(folder)).filter((name) => name.startsWith(row.id));
  for (const name of [...own.filter((one) => one !== last), ...own.filter((one) => one === last)]) await unlinkIfThere(join(folder, name));
  try {
    await rmdir(folder);
  } catch (error) {
    if (systemCode(error) !== 'ENOTEMPTY') throw error;
  }
  await syncFolder(row.folder);
}
