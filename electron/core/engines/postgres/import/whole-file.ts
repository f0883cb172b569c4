import { open, type FileHandle } from 'node:fs/promises';
import { AppError, throwIfCancelled } from '../../../base/errors.ts';

const block = 512;
const tailBytes = 64 << 10;

/** Throws `source.damaged` where a plain dump does not end with pg_dump's own mark. */
export async function refuseCutScript(path: string): Promise<void> {
  await withFile(path, async (file, size) => {
    const tail = await bytesAt(file, Math.max(0, size - tailBytes), tailBytes);
    if (!/^-- PostgreSQL database dump complete\r?$/m.test(tail.toString('latin1'))) throw cutOff(path);
  });
}

/** Throws `source.damaged` where a tar ends before the last of its files does, or without its mark of the end: pg_restore would read such a one for ever. */
export async function refuseCutTar(path: string, signal: AbortSignal): Promise<void> {
  await withFile(path, async (file, size) => {
    for (let at = 0; ;) {
      throwIfCancelled(signal);
      const header = await bytesAt(file, at, block);
      if (header.length < block) throw cutOff(path);
      if (header.every((byte) => byte === 0)) return;
      const length = sizeIn(header);
      if (header.toString('latin1', 257, 262) !== 'ustar' || length === undefined) throw cutOff(path);
      at += block + Math.ceil(length / block) * block;
      if (at > size) throw cutOff(path);
    }
  });
}

/** In octal; where that is too short, as a number whose first bit is set. */
function sizeIn(header: Buffer): number | undefined {
  const field = header.subarray(124, 136);
  if (((field[0] ?? 0) & 0x80) !== 0) return Number(field.readBigUInt64BE(4));
  const digits = /^[\0 ]*([0-7]+)[\0 ]*$/.exec(field.toString('latin1'))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

export function cutOff(path: string): AppError {
  return new AppError('source.damaged', `${path} is damaged or ends too early.`, { hint: 'Copy it again from where it was made, or dump again.' });
}

async function withFile(path: string, work: (file: FileHandle, size: number) => Promise<void>): Promise<void> {
  const file = await open(path, 'r');
  try {
    await work(file, (await file.stat()).size);
  } finally {
    await file.close();
  }
}

async function bytesAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}
