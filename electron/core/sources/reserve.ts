import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder, unlinkIfThere, writeNewFile } from '../base/durable-file.ts';
import { systemCode } from '../base/errors.ts';
import type { Log, Random } from '../base/ports.ts';

/**
 * Room that a data directory keeps for the day on which its disk is full: a file of no meaning, given up so that a host can take
 * its lock, open journal and catalog, and run what makes room. Why a file: docs/decisions/0009-a-reserve-for-a-full-disk.md.
 */
const NAME = 'reserve';
const WHOLE = 4 * 2 ** 20;
/** With less free than this a host may fail to open. */
const TIGHT = 2 * 2 ** 20;
/** Left to others where the reserve takes the last of a disk. */
const LEFT = 64 * 1024;
const LEAST = 64 * 1024;

/** Gives the reserve up where the disk is all but full, or `full` is known from elsewhere (a quota). True where there was one. */
export async function releaseReserve(home: string, full = false): Promise<boolean> {
  const reserve = path.join(home, NAME);
  if ((await sizeOf(reserve)) === 0 || (!full && (await free(home)) >= TIGHT)) return false;
  await unlinkIfThere(reserve);
  await syncFolder(home);
  return true;
}

/** Makes the reserve, or makes it larger, as far as there is room. What stands in the way is logged: nothing depends on it today. */
export async function keepReserve(home: string, ports: { readonly random: Random; readonly log: Log }): Promise<void> {
  const reserve = path.join(home, NAME);
  try {
    const have = await sizeOf(reserve);
    if (have >= WHOLE) return;
    const size = Math.min(WHOLE, have + (await free(home)) - LEFT);
    if (size < have + LEAST) return;
    await unlinkIfThere(reserve);
    // Random bytes: a file system that compresses would keep nothing free for zeros.
    await writeNewFile(reserve, [ports.random.bytes(size)]);
    await syncFolder(home);
  } catch (error) {
    ports.log.warn('the data directory has no reserve for a full disk', { error });
  }
}

async function free(home: string): Promise<number> {
  const { bavail, bsize } = await statfs(home);
  return bavail * bsize;
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 0;
    throw error;
  }
}
