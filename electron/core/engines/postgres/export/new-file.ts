import { open, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { syncFolder } from '../../../base/durable-file.ts';
import { throwIfCancelled } from '../../../base/errors.ts';
import { onTarget, targetError } from '../../../base/target-error.ts';
import type { EngineContext, ExportResult } from '../../engine.ts';
import { removeEarly } from '../temporary.ts';

export interface NewFile {
  readonly path: string;
  /** What errors name. */
  readonly shownAs: string;
  readonly gzip: boolean;
  /** Becomes the file's own time. */
  readonly madeAt: number;
}

/** Writes a file that did not exist, and forces it to the medium. What was begun is removed on failure and cancellation, where it can be. */
export async function writeNewFile({ path, shownAs, gzip, madeAt }: NewFile, bytes: AsyncIterable<Uint8Array>, context: EngineContext): Promise<ExportResult> {
  const handle = await onTarget(shownAs, () => open(path, 'wx', 0o600));
  try {
    const file = handle.createWriteStream({ flush: true, highWaterMark: 1 << 20 });
    const from = Readable.from(bytes, { objectMode: true, highWaterMark: 1 });
    if (gzip) await pipeline(from, createGzip(), file, { signal: context.signal });
    else await pipeline(from, file, { signal: context.signal });
    throwIfCancelled(context.signal);
    await utimes(path, madeAt / 1000, madeAt / 1000);
    await syncFolder(dirname(path));
    return { files: [{ path, bytes: (await stat(path)).size }] };
  } catch (error) {
    await removeEarly(path, context);
    throwIfCancelled(context.signal);
    throw targetError(shownAs, error);
  }
}
