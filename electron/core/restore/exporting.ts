import { link, mkdir, open, realpath, rename } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { syncFolder } from '../base/durable-file.ts';
import { AppError, systemCode } from '../base/errors.ts';
import { hasNoHardLinks } from '../base/hard-links.ts';
import { onTarget } from '../base/target-error.ts';
import type { EngineContext, ExportResult } from '../engines/engine.ts';
import type { ExportRecords, ExportRow } from './export-records.ts';
import { found, hiddenFolder, settleExport } from './settle-exports.ts';

export interface ExportPlace {
  /** An absolute path. */
  readonly to: string;
  /** Whether a file that is there is replaced; else it is an error. */
  readonly replace: boolean;
}

/**
 * Has `write` make new files in a hidden folder beside `to`, which is on record before it is there, then gives them their names: the one of `to` last and in
 * one step, the others only where nothing is. What `write` is given is another name with the ending of `to`; what it adds between the two is added to the name
 * of `to` as well. Until its last step `to` is as it was; where an earlier one fails nothing new is left, and what a crash leaves is settled by the next start.
 * Throws `target.exists`, other codes of a target for what the file system answers, and what `write` throws.
 */
export async function exportTo(
  place: ExportPlace,
  write: (to: string) => Promise<ExportResult>,
  records: ExportRecords,
  context: EngineContext,
): Promise<ExportResult> {
  const to = resolve(place.to);
  const id = Buffer.from(context.random.bytes(8)).toString('hex');
  const row: ExportRow = { id, at: context.clock.now(), to, ...(await onTarget(to, () => folderOf(to))), files: [] };
  await records.put(row);
  try {
    await onTarget(to, () => mkdir(hiddenFolder(row), { mode: 0o700 }));
    const made = await write(join(hiddenFolder(row), id + extname(to)));
    const files = await onTarget(to, () => wholeFiles(row, made));
    await records.put({ ...row, files });
    await onTarget(to, () => giveNames({ ...row, files }, place.replace, records));
    return { files: made.files.map(({ path, bytes }) => ({ path: join(dirname(to), nameOf(row, basename(path))), bytes })) };
  } finally {
    await settleExport(id, records).catch((error: unknown) => {
      context.log.warn('what an export was made in could not be settled: the next start does it', { folder: hiddenFolder(row), error });
    });
  }
}

/** Throws where names in it cannot be made durable: before anything is there. */
async function folderOf(to: string): Promise<Pick<ExportRow, 'folder' | 'device'>> {
  const folder = await realpath(dirname(to));
  const device = (await found(folder))?.dev;
  await syncFolder(folder);
  return { folder, device: String(device) };
}

function nameOf({ id, to }: ExportRow, made: string): string {
  return basename(to, extname(to)) + made.slice(id.length);
}

/** All that was made, with its times, forced to the medium. */
async function wholeFiles(row: ExportRow, { files }: ExportResult): Promise<ExportRow['files']> {
  const whole: ExportRow['files'] = [];
  for (const { path } of files) {
    const handle = await open(path, 'r+');
    try {
      await handle.sync();
      const { size, mtimeMs } = await handle.stat();
      whole.push({ from: basename(path), to: nameOf(row, basename(path)), bytes: size, mtimeMs });
    } finally {
      await handle.close();
    }
  }
  await syncFolder(hiddenFolder(row));
  const last = basename(row.to);
  return [...whole.filter((file) => file.to !== last), ...whole.filter((file) => file.to === last)];
}

async function giveNames(row: ExportRow, replace: boolean, records: ExportRecords): Promise<void> {
  for (const [at, file] of row.files.entries()) {
    const last = at === row.files.length - 1;
    // What there is of the others must not be lost by a power cut that leaves the last name.
    if (last && at > 0) await syncFolder(row.folder);
    if (last && replace) await rename(join(hiddenFolder(row), file.from), join(row.folder, file.to));
    else await nameNew(row, file, records);
  }
  try {
    await syncFolder(row.folder);
  } catch (error) {
    throw new AppError('target.denied', `${row.to} is there and whole, but could not be forced to its disk.`, {
      hint: 'Check the disk; then export it again, with --replace.',
      details: { path: row.to },
      cause: error,
    });
  }
}

/** Throws `target.exists` where something has the name. */
async function nameNew(row: ExportRow, file: ExportRow['files'][number], records: ExportRecords): Promise<void> {
  try {
    await linkOrMove(row, file, records);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    const path = join(dirname(row.to), file.to);
    throw new AppError('target.exists', `${path} exists already.`, { hint: 'Name a path that does not exist.', details: { path } });
  }
}

/** Where there are no hard links the name is taken first, with that on record. Throws EEXIST. */
async function linkOrMove(row: ExportRow, file: ExportRow['files'][number], records: ExportRecords): Promise<void> {
  const [from, to] = [join(hiddenFolder(row), file.from), join(row.folder, file.to)];
  try {
    await link(from, to);
    return;
  } catch (error) {
    if (!hasNoHardLinks(error)) throw error;
  }
  if ((await found(to)) === undefined) await records.put({ ...row, claimed: file.to });
  await takeName(to, () => records.put(row));
  await rename(from, to);
}

/** Takes a name by an empty file; where somebody has it already, `given` up is the claim on it. */
async function takeName(path: string, given: () => Promise<void>): Promise<void> {
  try {
    await (await open(path, 'wx', 0o600)).close();
  } catch (error) {
    if (systemCode(error) === 'EEXIST') await given();
    throw error;
  }
}
