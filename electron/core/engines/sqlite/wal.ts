import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { AppError, systemCode, throwIfCancelled } from '../../base/errors.ts';

const headerBytes = 32;
const frameHeaderBytes = 24;
const scanBytes = 1 << 20;
/** Frames read over that are not wanted, rather than begin another read. */
const widestGap = 8;

/**
 * The pages of a held view that lie in the write-ahead log. While the log's header carries the salts that it had when the view
 * was held, its frames are the view's. Once they have changed the log was begun anew, which SQLite only does when the file
 * itself had all of them and nobody read the log: then, and for as long as the view is held, the file alone is the view.
 */
export interface LogPages {
  /** Puts those of the pages `first` to `first + count - 1` that are in the log into `bytes`. False where the log was begun anew. */
  fill(bytes: Buffer, first: number, count: number): Promise<boolean>;
  has(page: number): boolean;
  /** Every page that is in the log. */
  list(): Iterable<number>;
  readonly pages: number;
  close(): Promise<void>;
}

/** Reads which page each of the first `frames` frames holds. Undefined where the log was begun anew, and is of no use to the view. */
export async function openLogPages(path: string, frames: number, salts: string, pageSize: number, signal: AbortSignal): Promise<LogPages | undefined> {
  const handle = await openLog(path);
  if (handle === undefined) return undefined;
  try {
    const map = (await hasSalts(handle, salts)) ? await mapFrames(handle, frames, salts, pageSize, signal) : undefined;
    if (map !== undefined && (await hasSalts(handle, salts))) return logPages(handle, map, salts, pageSize);
    await handle.close();
    return undefined;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openLog(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function hasSalts(handle: FileHandle, salts: string): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
  return bytesRead === headerBytes && buffer.subarray(16, 24).toString('hex') === salts;
}

/** The newest frame of each page, 1 for the first; undefined where a frame of another log is met. */
async function mapFrames(
  handle: FileHandle,
  frames: number,
  salts: string,
  pageSize: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, number> | undefined> {
  const map = new Map<number, number>();
  const stride = frameHeaderBytes + pageSize;
  const atOnce = Math.max(1, Math.floor(scanBytes / stride));
  const buffer = Buffer.allocUnsafe(atOnce * stride);
  for (let frame = 1; frame <= frames; frame += atOnce) {
    throwIfCancelled(signal);
    const count = Math.min(atOnce, frames - frame + 1);
    const { bytesRead } = await handle.read(buffer, 0, count * stride, headerBytes + (frame - 1) * stride);
    if (bytesRead < count * stride) return undefined;
    for (let i = 0; i < count; i += 1) {
      const at = i * stride;
      if (buffer.subarray(at + 8, at + 16).toString('hex') !== salts) return undefined;
      map.set(buffer.readUInt32BE(at), frame + i);
    }
  }
  return map;
}

function logPages(handle: FileHandle, map: ReadonlyMap<number, number>, salts: string, pageSize: number): LogPages {
  const stride = frameHeaderBytes + pageSize;
  return {
    pages: map.size,
    has: (page) => map.has(page),
    list: () => map.keys(),
    close: () => handle.close(),
    fill: async (bytes, first, count) => {
      const wanted: { page: number; frame: number }[] = [];
      for (let page = first; page < first + count; page += 1) {
        const frame = map.get(page);
        if (frame !== undefined) wanted.push({ page, frame });
      }
      if (wanted.length === 0) return true;
      wanted.sort((a, b) => a.frame - b.frame);
      for (const run of runsOf(wanted)) {
        const [from, to] = [run[0]?.frame ?? 0, run.at(-1)?.frame ?? 0];
        const length = (to - from + 1) * stride;
        const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, headerBytes + (from - 1) * stride);
        if (bytesRead < length) return false;
        for (const { page, frame } of run) {
          const at = (frame - from) * stride + frameHeaderBytes;
          buffer.copy(bytes, (page - first) * pageSize, at, at + pageSize);
        }
      }
      // A writer that begins the log anew writes its header first.
      return hasSalts(handle, salts);
    },
  };
}

function runsOf<T extends { readonly frame: number }>(wanted: readonly T[]): readonly (readonly T[])[] {
  const runs: T[][] = [];
  for (const one of wanted) {
    const run = runs.at(-1);
    const before = run?.at(-1);
    if (run === undefined || before === undefined || one.frame - before.frame > widestGap) runs.push([one]);
    else run.push(one);
  }
  return runs;
}

/** The view wants a page that neither the file nor the log has. */
export function pageMissing(path: string, page: number): AppError {
  return new AppError('source.damaged', `${path} ends before page ${page}, which its header promises.`, {
    hint: 'The file is cut off. Restore a snapshot from before.',
  });
}
