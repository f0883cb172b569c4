import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { READ_FLAGS } from '../base/durable-file.ts';
import { decodeLine } from './journal-line.ts';
import type { ChainedEntry } from './journal-line.ts';

/** A segment holds entries from `first` on, one a line; its name is that number. */
export interface Segment {
  readonly file: string;
  readonly first: number;
}

const NAME = /^(\d{12})\.ndjson$/;
const LARGEST_SEGMENT = 64 * 2 ** 20;
const NEWLINE = 0x0a;

export function segmentFile(folder: string, first: number): string {
  return path.join(folder, `${String(first).padStart(12, '0')}.ndjson`);
}

/** Oldest first. */
export async function listSegments(folder: string): Promise<Segment[]> {
  const names = (await readdir(folder)).toSorted();
  return names.flatMap((name) => {
    const first = NAME.exec(name)?.[1];
    return first === undefined ? [] : [{ file: path.join(folder, name), first: Number(first) }];
  });
}

/**
 * The bytes of a segment. Segments are rotated at a size that is small beside memory; one far beyond it was not written by
 * Belay and throws EFBIG rather than being loaded.
 */
export async function readSegment(file: string): Promise<Buffer> {
  const handle = await open(file, READ_FLAGS);
  try {
    const { size } = await handle.stat();
    if (size > LARGEST_SEGMENT) throw Object.assign(new Error(`${file} has ${String(size)} bytes`), { code: 'EFBIG' });
    const bytes = Buffer.alloc(size);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await handle.read(bytes, at, size - at, at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  } finally {
    await handle.close();
  }
}

export interface LastGood {
  readonly entry: ChainedEntry | undefined;
  /** Bytes up to and with the newline of that entry; what lies behind is no entry. */
  readonly bytes: number;
}

/** The last line that is an entry, sought from the end. Damage before it is left to `verify`. */
export function lastGood(bytes: Buffer): LastGood {
  for (const line of linesBackwards(bytes)) {
    const entry = decodeLine(line.text);
    if (typeof entry !== 'string') return { entry, bytes: line.end };
  }
  return { entry: undefined, bytes: 0 };
}

/** Complete lines, last first; `end` is the offset behind the line's newline. */
export function* linesBackwards(bytes: Buffer): Generator<{ readonly text: string; readonly end: number }> {
  let end = bytes.lastIndexOf(NEWLINE) + 1;
  while (end > 0) {
    const start = end < 2 ? 0 : bytes.lastIndexOf(NEWLINE, end - 2) + 1;
    yield { text: bytes.toString('utf8', start, end - 1), end };
    end = start;
  }
}

/** Lines first to last; `complete` is false for bytes behind the last newline. */
export function* linesForwards(bytes: Buffer): Generator<{ readonly text: string; readonly complete: boolean }> {
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, at);
    yield { text: bytes.toString('utf8', at, end === -1 ? bytes.length : end), complete: end !== -1 };
    at = end === -1 ? bytes.length : end + 1;
  }
}
