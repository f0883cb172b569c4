import { mkdir, readdir, stat, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder, unlinkIfThere, writeNewFile } from '../base/durable-file.ts';
import { systemCode } from '../base/errors.ts';
import type { Log, Random } from '../base/ports.ts';

/**
 * Room that a data directory keeps for the day on which its disk is full: a file of no meaning, and empty files for a disk that takes no
 * file more, given up so that a host can take its lock, open journal and catalog, and run what makes room. Why files: docs/decisions/0009-a-reserve-for-a-full-disk.md.
 */
const NAME = 'reserve';
const WHOLE = 4 * 2 ** 20;
/** With less free than this a host may fail to open. */
const TIGHT = 2 * 2 ** 20;
/** Left to others where the reserve takes the last of a disk. */
const LEFT = 64 * 1024;
const LEAST = 64 * 1024;
const FILES = 'reserve-files';
const WHOLE_FILES = 64;
const TIGHT_FILES = 32;
const LEFT_FILES = 16;

/** Gives the reserve up where the disk is all but full, or `full` is known from elsewhere (a quota). True where there was one. */
export async function releaseReserve(home: string, full = false): Promise<boolean> {
  const held = { bytes: await sizeOf(path.join(home, NAME)), files: (await filesOf(home)) ?? [] };
  if (held.bytes === 0 && held.files.length === 0) return false;
  const free = await freeOf(home);
  if (!full && free.bytes >= TIGHT && free.files >= TIGHT_FILES) return false;
  await unlinkIfThere(path.join(home, NAME));
  for (const file of held.files) await unlinkIfThere(path.join(home, FILES, file));
  await syncFolder(home);
  return true;
}

/** Makes the reserve, or makes it larger, as far as there is room. What stands in the way is logged: nothing depends on it today. */
export async function keepReserve(home: string, ports: { readonly random: Random; readonly log: Log }): Promise<void> {
  try {
    await keepBytes(home, ports.random);
    await keepFiles(home);
  } catch (error) {
    ports.log.warn('the data directory has no whole reserve for a full disk', { error });
  }
}

/**
 * Lends the reserve to one work after another, for a host that was open before its disk filled up: given up where there is need, taken
 * back as far as there is room when the last that has it ends, so that whoever fills the disk does not have it before the next one.
 */
export function reserveLender(home: string, ports: { readonly random: Random; readonly log: Log }): <T>(work: () => Promise<T>) => Promise<T> {
  let borrowers = 0;
  let lent = false;
  return async (work) => {
    borrowers += 1;
    try {
      if (await releaseReserve(home)) {
        lent = true;
        ports.log.warn('the disk is full: the data directory gave up its reserve');
      }
      return await work();
    } finally {
      borrowers -= 1;
      if (borrowers === 0 && lent) {
        lent = false;
        await keepReserve(home, ports);
      }
    }
  };
}

async function keepBytes(home: string, random: Random): Promise<void> {
  const reserve = path.join(home, NAME);
  const have = await sizeOf(reserve);
  if (have >= WHOLE) return;
  const size = Math.min(WHOLE, have + (await freeOf(home)).bytes - LEFT);
  if (size < have + LEAST) return;
  await unlinkIfThere(reserve);
  // Random bytes: a file system that compresses would keep nothing free for zeros.
  await writeNewFile(reserve, [random.bytes(size)]);
  await syncFolder(home);
}

async function keepFiles(home: string): Promise<void> {
  const made = await filesOf(home);
  const have = new Set(made);
  if (have.size >= WHOLE_FILES) return;
  const lacking = Array.from({ length: WHOLE_FILES }, (_none, number) => String(number).padStart(2, '0')).filter((name) => !have.has(name));
  // What was given up is taken back whole: else each command on a disk that takes no file would end with a smaller reserve than the one before.
  const room = (await freeOf(home)).files - (made === undefined ? LEFT_FILES : 0);
  if (room < 1) return;
  const folder = path.join(home, FILES);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of lacking.slice(0, room)) await writeFile(path.join(folder, name), '', { mode: 0o600 });
}

/** What the disk has free; without an end where the file system makes files as it needs them, and tells of none. */
async function freeOf(home: string): Promise<{ readonly bytes: number; readonly files: number }> {
  const { bavail, bsize, files, ffree } = await statfs(home);
  return { bytes: bavail * bsize, files: files === 0 ? Number.POSITIVE_INFINITY : ffree };
}

/** Undefined where there never were any. */
async function filesOf(home: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(path.join(home, FILES));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 0;
    throw error;
  }
}
