import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How much somebody else leaves of the disk: bytes, or no file more. */
export type Left = 0 | 4096 | 1_048_576 | 'no file';
export type FileSystem = 'tmpfs' | 'ext4';

const BYTES = 64 * 2 ** 20;
const FILES = 2048;

/** Why no disk of one's own can be had here, or undefined. */
export function diskHindrance(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it mounts small disks, which takes root on Linux';
  return spawnSync('mkfs.ext4', ['-V']).status === 0 ? undefined : 'there is no mkfs.ext4';
}

/** A disk of 64 MiB that somebody else fills. It keeps nothing back for root, so that a test as root meets what anybody meets. */
export class SmallDisk {
  readonly at: string;

  constructor(folder: string, system: FileSystem) {
    this.at = join(folder, 'disk');
    mkdirSync(this.at);
    if (system === 'tmpfs') {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${BYTES},nr_inodes=${FILES}`, 'tmpfs', this.at]);
      return;
    }
    const image = join(folder, 'image');
    writeFileSync(image, '');
    truncateSync(image, BYTES);
    execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', '-N', String(FILES), image]);
    execFileSync('mount', ['-o', 'loop', image, this.at]);
  }

  /** Takes all that is free, but for what is `left`. May be called again: somebody else is quicker than whoever makes room. */
  fill(left: Left): void {
    const folder = join(this.at, 'somebody-elses');
    mkdirSync(folder, { recursive: true });
    if (left === 'no file') {
      this.#takeFiles(folder);
      return;
    }
    const file = join(folder, 'bytes');
    // Something that holds the bytes to be left, given back at the end: a file that is truncated may keep its last block.
    const spare = join(folder, 'spare');
    rmSync(spare, { force: true });
    if (left > 0) untilFull(() => writeFileSync(spare, Buffer.alloc(left, 1)));
    for (let block = 1 << 20; block >= 1; block >>= 4) untilFull(() => appendFileSync(file, Buffer.alloc(block, 1)), true);
    const handle = openSync(file, 'r');
    fsyncSync(handle);
    closeSync(handle);
    rmSync(spare, { force: true });
  }

  /** Somebody else's files go. */
  makeRoom(): void {
    rmSync(join(this.at, 'somebody-elses'), { recursive: true, force: true });
  }

  free(): number {
    const { bavail, bsize } = statfsSync(this.at);
    return bavail * bsize;
  }

  unmount(): void {
    if (existsSync(this.at)) spawnSync('umount', ['-l', this.at]);
  }

  #takeFiles(folder: string): void {
    let number = 0;
    untilFull(() => {
      while (statSync(join(folder, `f${number}`), { throwIfNoEntry: false }) !== undefined) number += 1;
      writeFileSync(join(folder, `f${number}`), '');
    }, true);
  }
}

/** Runs `take` once, or for ever where it `repeats`, until the disk is full. */
function untilFull(take: () => void, repeats = false): void {
  try {
    do take();
    while (repeats);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOSPC') throw error;
  }
}
