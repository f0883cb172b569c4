import { createWriteStream } from 'node:fs';
import { open, rename, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { syncFolder, unlinkIfThere } from '../../../base/durable-file.ts';
import { AppError, systemCode, throwIfCancelled } from '../../../base/errors.ts';
import type { EngineContext, ExportResult } from '../../engine.ts';
import { newId } from '../names.ts';

export interface NewFile {
  readonly path: string;
  readonly gzip: boolean;
  /** Becomes the file's own time. */
  readonly madeAt: number;
}

/**
 * Writes a file that did not exist. Its name is taken at once, and is that of an empty file until all is written and on the medium: a part is never taken for
 * the whole. On failure and cancellation nothing is left.
 */
export async function writeNewFile({ path, gzip, madeAt }: NewFile, bytes: AsyncIterable<Uint8Array>, context: EngineContext): Promise<ExportResult> {
  await takeName(path);
  const partial = `${path}.${newId(context)}.partial`;
  try {
    const file = createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true, highWaterMark: 1 << 20 });
    const from = Readable.from(bytes, { objectMode: true, highWaterMark: 1 });
    if (gzip) await pipeline(from, createGzip(), file, { signal: context.signal });
    else await pipeline(from, file, { signal: context.signal });
    throwIfCancelled(context.signal);
    await utimes(partial, madeAt / 1000, madeAt / 1000);
    await rename(partial, path);
    await syncFolder(dirname(path));
    return { files: [{ path, bytes: (await stat(path)).size }] };
  } catch (error) {
    await unlinkIfThere(partial);
    await unlinkIfThere(path);
    throwIfCancelled(context.signal);
    throw written(path, error);
  }
}

function written(path: string, error: unknown): unknown {
  const code = error instanceof AppError ? undefined : systemCode(error);
  if (code === undefined) return error;
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  return new AppError(full ? 'target.no-space' : 'target.denied', full ? `There is no space left for ${path}.` : `${path} cannot be written.`, {
    hint: full ? 'Make space, or name another place. Nothing was left behind.' : 'Check its folder and rights.',
    details: { system: code },
    cause: error,
  });
}

async function takeName(path: string): Promise<void> {
  try {
    await (await open(path, 'wx', 0o600)).close();
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') throw new AppError('target.exists', `${path} exists already.`, { hint: 'Name a file that does not exist.' });
    if (code === undefined) throw error;
    throw new AppError(code === 'ENOENT' ? 'target.missing' : 'target.denied', `${path} cannot be made.`, {
      hint: 'Check its folder and rights.',
      cause: error,
    });
  }
}
