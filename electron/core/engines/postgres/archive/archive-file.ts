import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../../base/errors.ts';
import { Malformed, NotEnough, readEntries, readHead, type ArchiveEntry, type ArchiveHead } from './archive-format.ts';

export interface ArchiveContents {
  readonly head: ArchiveHead;
  readonly headBytes: Buffer;
  readonly entries: readonly ArchiveEntry[];
  /** Where what comes after the table of contents begins. */
  readonly dataAt: number;
}

/** In a tar the table of contents is the first file. */
const tarHeader = 512;

/** That of a database of a hundred thousand tables is half as long. What claims to be longer wants memory. */
const mostBytes = 128 << 20;

/**
 * The whole table of contents of an archive. Throws `source.damaged` where it ends too early or is none, `source.unsupported` where it is longer than 128 MiB.
 */
export async function readArchive(path: string, form: 'custom' | 'directory' | 'tar'): Promise<ArchiveContents> {
  const at = form === 'tar' ? tarHeader : 0;
  const handle = await open(form === 'directory' ? join(path, 'toc.dat') : path, 'r');
  try {
    const size = (await handle.stat()).size - at;
    const most = Math.min(size, mostBytes);
    for (let length = Math.min(most, 1 << 20); ; length = Math.min(most, length * 2)) {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(Math.max(length, 0)), 0, Math.max(length, 0), at);
      const bytes = buffer.subarray(0, bytesRead);
      try {
        const head = readHead(bytes);
        if (head === undefined) throw cut(path);
        const { entries, end } = readEntries(bytes, head);
        return { head, headBytes: bytes.subarray(0, head.end), entries, dataAt: end };
      } catch (error) {
        if (error instanceof Malformed) throw cut(path, error);
        if (!(error instanceof NotEnough)) throw error;
        if (length >= size) throw cut(path, error);
        if (length >= most) throw tooLong(path);
      }
    }
  } finally {
    await handle.close();
  }
}

function tooLong(path: string): AppError {
  return new AppError('source.unsupported', `The table of contents of ${path} is longer than ${mostBytes >> 20} MiB, if it is one.`, {
    hint: 'Dump the schemas of the database one by one.',
  });
}

function cut(path: string, cause?: unknown): AppError {
  return new AppError('source.damaged', `${path} ends too early to be an archive of pg_dump, or is none.`, {
    hint: 'Copy it again from where it was made.',
    ...(cause === undefined ? {} : { cause }),
  });
}
