import { createReadStream } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { systemCode, throwIfCancelled } from '../../../base/errors.ts';
import { readArchive } from '../archive/archive-file.ts';
import { cutOff } from './whole-file.ts';

const tailBytes = 16;

/**
 * Throws `source.damaged` where a file of a directory ends too early, or the list of large objects does: pg_restore takes what is there for all of it. What is packed
 * by gzip is read to its end. No end is known of large objects that are not packed, and of rows as INSERT.
 */
export async function refuseCutFolder(folder: string, signal: AbortSignal): Promise<void> {
  const { entries } = await readArchive(folder, 'directory');
  const copied = new Set(entries.flatMap(({ file, copy }) => (file === null || copy === null || copy.length === 0 ? [] : [file.toString('latin1')])));
  const objects: string[] = [];
  let listed = '';
  for (const name of await readdir(folder)) {
    throwIfCancelled(signal);
    const plain = name.replace(/\.gz$/, '');
    if (plain === 'toc.dat' || !/\.(?:dat|toc)$/.test(plain)) continue;
    const path = join(folder, name);
    const isList = /^blobs.*\.toc$/.test(plain);
    const read = await textOf(path, name !== plain, isList, signal);
    if (copied.has(plain) ? !/(?:^|\n)\\\.\n+$/.test(read) : isList && !read.endsWith('\n')) throw cutOff(path);
    if (isList) listed += read;
    else if (plain.startsWith('blob_')) objects.push(plain);
  }
  const known = new Set(listed.split('\n').map((line) => line.split(' ')[1]));
  if (objects.some((one) => !known.has(one))) throw cutOff(folder);
}

/** Its last bytes, or all of it; what is packed is read whole. */
async function textOf(path: string, packed: boolean, all: boolean, signal: AbortSignal): Promise<string> {
  if (!packed && !all) return endOf(path);
  const file = createReadStream(path, { highWaterMark: 1 << 20, signal });
  const bytes = packed ? file.pipe(createGunzip()) : file;
  if (packed) file.on('error', (error) => bytes.destroy(error));
  let text = '';
  try {
    for await (const part of bytes) {
      throwIfCancelled(signal);
      if (!Buffer.isBuffer(part)) continue;
      text += part.toString('latin1', all ? 0 : Math.max(0, part.length - tailBytes));
      if (!all) text = text.slice(-tailBytes);
    }
  } catch (error) {
    throwIfCancelled(signal);
    if (systemCode(error)?.startsWith('Z_') === true) throw cutOff(path);
    throw error;
  } finally {
    file.destroy();
  }
  return text;
}

async function endOf(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(tailBytes), 0, tailBytes, Math.max(0, size - tailBytes));
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}
