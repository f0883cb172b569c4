import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readArchive } from './archive-file.ts';
import { writtenEntries, type ArchiveEntry } from './archive-format.ts';

/**
 * Changes entries of the table of contents of an archive in custom format, which must be nobody else's file; what lies behind it (large objects) moves as a
 * whole. On failure the file is as it was.
 */
export async function rewriteArchive(file: string, change: (entry: ArchiveEntry) => ArchiveEntry, signal: AbortSignal): Promise<void> {
  const { head, headBytes, entries, dataAt } = await readArchive(file, 'custom');
  const changed = entries.map(change);
  // As long whatever the places are.
  const moved = BigInt(headBytes.length + writtenEntries(changed, head).length - dataAt);
  const placed = changed.map((entry) => (entry.placeKnown === 2 ? { ...entry, place: entry.place + moved } : entry));
  const next = `${file}.next`;
  const parts = async function* (): AsyncGenerator<Uint8Array> {
    yield headBytes;
    yield writtenEntries(placed, head);
    for await (const piece of createReadStream(file, { start: dataAt, highWaterMark: 1 << 20 })) if (piece instanceof Uint8Array) yield piece;
  };
  try {
    await pipeline(Readable.from(parts()), createWriteStream(next, { flags: 'wx', mode: 0o600 }), { signal });
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}
