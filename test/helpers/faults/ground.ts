import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../../electron/core/base/errors.ts';
import { Trial } from './trial.ts';

/** Where trials take place: a folder that is put back to the kept state before each. */
export interface Ground {
  readonly trial: Trial;
  /** Calls below this path count. */
  readonly prefix: string;
  /** Where it can lose its power: its mount point. */
  readonly mount?: string;
  keep(): void;
  putBack(): void;
  /** What the machine does before the next command can run. */
  recover(): void;
  end(): void;
}

/** A folder; in memory, syncs cost nothing. */
export function folderGround(folder: string): Ground {
  const prefix = join(folder, 'trial');
  mkdirSync(prefix, { recursive: true });
  const trial = new Trial(prefix, join(folder, 'kept'));
  return { trial, prefix: `${prefix}/`, keep: () => trial.keep(), putBack: () => trial.putBack(), recover: () => undefined, end: () => undefined };
}

const BYTES = 32 * 2 ** 20;
const run = (command: string, ...args: readonly string[]): string => execFileSync(command, args, { encoding: 'utf8' }).trim();

/**
 * A disk: ext4 on a loop device over a file, of which a copy is the kept state. Its journal is not committed by time and delayed
 * allocation is not patched over, or ext4 would hide a missing fsync. Needs root.
 */
export function diskGround(folder: string): Ground & { readonly mount: string } {
  const [image, kept, mount] = [join(folder, 'disk.img'), join(folder, 'kept.img'), join(folder, 'disk')];
  mkdirSync(mount, { recursive: true });
  writeFileSync(image, '');
  truncateSync(image, BYTES);
  run(process.env['BELAY_TEST_MKFS'] ?? 'mkfs.ext4', '-q', '-F', '-b', '4096', '-J', 'size=4', image);
  const device = run('losetup', '-f', '--show', image);
  const on = (): string => run(process.env['BELAY_TEST_MOUNT'] ?? 'mount', '-t', 'ext4', '-o', 'commit=300,noauto_da_alloc', device, mount);
  const off = (): string => run('umount', mount);
  on();
  return {
    trial: new Trial(mount, join(folder, 'kept')),
    prefix: `${mount}/`,
    mount,
    keep: () => {
      off();
      copyFileSync(image, kept);
      on();
    },
    putBack: () => {
      off();
      copyFileSync(kept, image);
      on();
    },
    recover: () => {
      off();
      on();
      // A container that is just being made has a copy of all mounts: until that is gone, what lost its power is what comes back.
      for (let tries = 0; isDead(join(mount, 'probe')); tries += 1) {
        if (tries === 500) throw new Error('the file system that lost its power is still mounted somewhere');
        off();
        on();
      }
    },
    end: () => {
      run('umount', '--lazy', mount);
      run('losetup', '-d', device);
    },
  };
}

/** True where nothing can be written any more, since the file system was shut down. */
function isDead(probe: string): boolean {
  try {
    writeFileSync(probe, '');
    rmSync(probe);
    return false;
  } catch (error) {
    if (systemCode(error) === 'EIO') return true;
    throw error;
  }
}
