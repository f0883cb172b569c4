import { link, lstat, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder, unlinkIfThere } from '../base/durable-file.ts';
import { AppError, systemCode } from '../base/errors.ts';
import { onTarget } from '../base/target-error.ts';
import type { EngineContext, ExportResult } from '../engines/engine.ts';
import type { ExportRow, RestoreRecords } from './records.ts';

export interface ExportPlace {
  readonly to: string;
  /** Whether a file that is there is replaced; else it is an error. */
  readonly replace: boolean;
}

/** What file systems answer that know no second name of a file (FAT, some network file systems). */
const noLink = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL']);

/**
 * Has `write` make new files in a hidden folder beside `to`, which is on record before it is there, then gives them their names: the one of `to` last and in
 * one step, the others only where nothing is. Until then `to` is as it was; on failure nothing new is left, and what a crash leaves goes at the next start.
 * Throws `target.exists`, other codes of a target for what the file system answers, and what `write` throws.
 */
export async function exportTo(
  place: ExportPlace,
  write: (to: string) => Promise<ExportResult>,
  records: RestoreRecords,
  context: EngineContext,
): Promise<ExportResult> {
  const { to } = place;
  const id = Buffer.from(context.random.bytes(8)).toString('hex');
  const row: ExportRow = { id, at: context.clock.now(), to, folder: join(dirname(to), `.belay-export-${id}`), files: [] };
  await records.putExport(row);
  try {
    await onTarget(to, () => mkdir(row.folder, { mode: 0o700 }));
    const made = (await write(join(row.folder, basename(to)))).files.map((file) => ({ ...file, to: join(dirname(to), basename(file.path)) }));
    const files = [...made.filter((file) => file.to !== to), ...made.filter((file) => file.to === to)];
    if (files.length > 1) await records.putExport({ ...row, files: files.map((file) => ({ from: file.path, to: file.to })) });
    await onTarget(to, () => giveNames(files, place, context));
    return { files: made.map((file) => ({ path: file.to, bytes: file.bytes })) };
  } finally {
    await clear(row, records).catch((error: unknown) => {
      context.log.warn('what an export was made in could not be removed, or taken off the record: the next start does it', { folder: row.folder, error });
    });
  }
}

interface Made {
  readonly path: string;
  readonly to: string;
}

/** All of them, durable, or none. */
async function giveNames(files: readonly Made[], place: ExportPlace, context: Pick<EngineContext, 'log'>): Promise<void> {
  const named: Made[] = [];
  try {
    for (const file of files) {
      if (place.replace && file.to === place.to) await rename(file.path, file.to);
      else {
        await nameNew(file);
        named.push(file);
      }
    }
    await syncFolder(dirname(place.to));
  } catch (error) {
    for (const { to } of named) {
      await unlinkIfThere(to).catch((left: unknown) => {
        context.log.warn('a file of an export that failed could not be removed', { path: to, error: left });
      });
    }
    throw error;
  }
}

async function nameNew({ path, to }: Made): Promise<void> {
  try {
    await link(path, to);
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code === 'EEXIST') throw exists(to);
    if (!noLink.has(code)) throw error;
    if ((await found(to)) !== undefined) throw exists(to);
    await rename(path, to);
  }
}

function exists(path: string): AppError {
  return new AppError('target.exists', `${path} exists already.`, { hint: 'Name a path that does not exist.', details: { path } });
}

async function clear(row: ExportRow, records: RestoreRecords): Promise<void> {
  await rm(row.folder, { recursive: true, force: true });
  if ((await found(dirname(row.folder))) !== undefined) await syncFolder(dirname(row.folder));
  await records.removeExport(row.id);
}

/**
 * Brings an export that a crash interrupted to one of its ends: it is done where the last of its files has its name, else the others lose theirs. Its folder goes.
 * Throws codes of a target where that cannot be reached.
 */
export async function settleExport(row: ExportRow, records: RestoreRecords): Promise<void> {
  await onTarget(row.to, async () => {
    const last = row.files.at(-1);
    // A file that has its name is in the folder no more, or under both names.
    if (last !== undefined && (await found(last.from)) !== undefined && !(await isSame(last.from, last.to)))
      for (const { from, to } of row.files) if (await isSame(from, to)) await unlinkIfThere(to);
    await clear(row, records);
  });
}

async function isSame(one: string, other: string): Promise<boolean> {
  const [a, b] = [await found(one), await found(other)];
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

async function found(path: string): Promise<{ readonly dev: bigint; readonly ino: bigint } | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
