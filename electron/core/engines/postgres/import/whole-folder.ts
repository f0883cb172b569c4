import { createReadStream } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { AppError, systemCode, throwIfCancelled } from '../../../base/errors.ts';
import { readArchive } from '../archive/archive-file.ts';
import { cutOff } from './whole-file.ts';

const tailBytes = 16;
/** Of the lists of large objects together: some millions of them. */
const mostListed = 64 << 20;

/**
 * Throws `source.damaged` where a file of a directory ends too early, or the list of large objects does: pg_restore takes what is there for all of it. What is packed
 * by gzip is read to its end. No end is known of large objects that are not packed, and of rows as INSERT. Throws `source.unsupported` for what leads out of the
 * folder or never ends: pg_restore would follow links and wait for pipes.
 */
export async function refuseCutFolder(folder: string, signal: AbortSignal): Promise<void> {
  const { entries } = await readArchive(folder, 'directory');
  for (const { file } of entries)
    if (file !== null && !/^(?:[\w-][\w.-]*)?$/.test(file.toString('latin1'))) throw leadsOut(folder, 'its table of contents names a file outside of it');
  const copied = new Set(entries.flatMap(({ file, copy }) => (file === null || copy === null || copy.length === 0 ? [] : [file.toString('latin1')])));
  const objects: string[] = [];
  let listed = '';
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    throwIfCancelled(signal);
    const { name } = entry;
    if (entry.isDirectory()) continue;
    if (!entry.isFile()) throw leadsOut(folder, `${name} is no plain file`);
    const plain = name.replace(/\.gz$/, '');
    if (plain === 'toc.dat' || !/\.(?:dat|toc)$/.test(plain)) continue;
    const path = join(folder, name);
    const isList = /^blobs.*\.toc$/.test(plain);
    const read = await textOf(path, name !== plain, isList ? mostListed - listed.length : undefined, signal);
    if (copied.has(plain) ? !/(?:^|\n)\\\.\n+$/.test(read) : isList && !read.endsWith('\n')) throw cutOff(path);
    if (isList) listed += read;
    else if (plain.startsWith('blob_')) objects.push(plain);
  }
  const known = new Set(listed.split('\n').map((line) => line.split(' ')[1]));
  if (objects.some((one) => !known.has(one))) throw cutOff(folder);
}

function leadsOut(folder: string, why: string): AppError {
  return new AppError('source.unsupported', `${folder} is not taken in: ${why}.`, { hint: 'Copy the folder as pg_dump wrote it.', details: { path: folder } });
}

/** Its last bytes, or all of it, up to `most`; what is packed is read whole. */
async function textOf(path: string, packed: boolean, most: number | undefined, signal: AbortSignal): Promise<string> {
  if (!packed && most === undefined) return endOf(path);
  const file = createReadStream(path, { highWaterMark: 1 << 20, signal });
  const bytes = packed ? file.pipe(createGunzip()) : file;
  if (packed) file.on('error', (error) => bytes.destroy(error));
  let text = '';
  try {
    for await (const part of bytes) {
      throwIfCancelled(signal);
      if (!Buffer.isBuffer(part)) continue;
      text += part.toString('latin1', most === undefined ? Math.max(0, part.length - tailBytes) : 0);
      if (most === undefined) text = text.slice(-tailBytes);
      else if (text.length > most) throw tooLong(path);
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

function tooLong(path: string): AppError {
  return new AppError('source.unsupported', `${path} lists more large objects than Belay takes in.`, { hint: 'Dump as one file (pg_dump -Fc).' });
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
