import { constants } from 'node:fs';
import { copyFile, open, unlink, type FileHandle } from 'node:fs/promises';
import { systemCode, throwIfCancelled } from '../../base/errors.ts';
import { release } from '../../base/memory.ts';

const pieceBytes = 4 << 20;

export type CopyMethod = 'reflink' | 'copy';

export interface CopyOptions {
  readonly signal: AbortSignal;
  /** Called between two pieces, while nothing is being read. */
  readonly between?: () => Promise<void>;
  readonly onBytes?: (bytes: number) => void;
}

/** What file systems answer that cannot share blocks between files, or not between these two. */
const noReflink = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EINVAL', 'ENOTTY', 'EPERM']);

/** Shares the blocks of `from` with a new file in an instant; false where the file system cannot, and nothing is left then. */
export async function reflink(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (!noReflink.has(systemCode(error) ?? '')) throw error;
    await unlinkQuietly(to);
    return false;
  }
}

/** Copies a file into a new one of mode 0600, by reflink where that is possible. Not synced. What was begun is removed on failure. */
export async function copyNew(from: string, to: string, options: CopyOptions): Promise<CopyMethod> {
  throwIfCancelled(options.signal);
  if (await reflink(from, to)) return 'reflink';
  const source = await open(from, constants.O_RDONLY);
  try {
    const target = await open(to, 'wx', 0o600);
    try {
      await copyBytes(source, target, options);
    } catch (error) {
      await unlinkQuietly(to);
      throw error;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
  return 'copy';
}

async function copyBytes(source: FileHandle, target: FileHandle, options: CopyOptions): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(pieceBytes);
  for (let at = 0; ;) {
    throwIfCancelled(options.signal);
    await options.between?.();
    const { bytesRead } = await source.read(buffer, 0, pieceBytes, at);
    if (bytesRead === 0) return;
    await writeAll(target, buffer.subarray(0, bytesRead), at);
    at += bytesRead;
    options.onBytes?.(at);
  }
}

/** Writes every byte at `at`, however many calls that takes. */
export async function writeAll(target: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await target.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

/** Bytes after which the disk is told to go on with what it has, so that the sync at the end is short. */
const flushEvery = 96 << 20;

/**
 * Writes a stream of parts one after the other, the next one being made while one is written, and gives the memory of each back.
 * `onBytes` is told how many are written so far. Resolves with the bytes written, on the disk where `durable`. When it settles no
 * call is under way.
 */
export async function writeParts(target: FileHandle, parts: AsyncIterable<Uint8Array>, durable: boolean, onBytes: (bytes: number) => void): Promise<number> {
  let at = 0;
  let writing = Promise.resolve();
  let flushing = Promise.resolve();
  let flushed = 0;
  const write = async (part: Uint8Array, from: number): Promise<void> => {
    await writeAll(target, part, from);
    const end = from + part.length;
    release(part);
    onBytes(end);
  };
  try {
    for await (const part of parts) {
      await writing;
      writing = write(part, at);
      at += part.length;
      if (durable && at - flushed >= flushEvery) {
        await flushing;
        flushing = target.datasync();
        flushed = at;
      }
      // Awaited before the next of their kind; until then their failures wait.
      writing.catch(() => undefined);
      flushing.catch(() => undefined);
    }
    await writing;
    await flushing;
    if (durable) await target.sync();
    return at;
  } catch (error) {
    await Promise.allSettled([writing, flushing]);
    throw error;
  }
}

export async function unlinkQuietly(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/** fsync of a file that is not open. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDWR);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
