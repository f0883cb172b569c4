import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { AppError } from '../../base/errors.ts';
import { counted, size as sizeWords } from '../../base/words.ts';
import { headerLength } from './header.ts';
import type { HeldFile } from './held.ts';
import { openLogPages, pageMissing, type LogPages } from './wal.ts';

export const pieceBytes = 1 << 20;

/** The bytes of a held file exactly as its transaction sees them: a database file of its own. */
export interface View {
  readonly bytes: number;
  readonly pieces: number;
  /** Piece `index`, in a buffer of its own that may be transferred. */
  read(index: number): Promise<Uint8Array<ArrayBuffer>>;
  /** After the last piece: how the end was seen. Throws `source.changed-during-capture` where the file moved under its locks. */
  end(): Promise<string>;
  /** Pages that lie in the log. */
  readonly logPages: number;
  /** Pieces that hold at least one page of the log, ascending. */
  readonly piecesOfLog: readonly number[];
  close(): Promise<void>;
}

/** Opens a held file for reading. The locks stay with the agent; nothing here takes or drops any. */
export async function openView(file: HeldFile, signal: AbortSignal): Promise<View> {
  const handle = await open(file.bytesAt, constants.O_RDONLY);
  try {
    const { wal, pageSize } = file.view;
    const log = wal === undefined || wal.frames === 0 ? undefined : await openLogPages(`${file.bytesAt}-wal`, wal.frames, wal.salts, pageSize, signal);
    return await viewOf(file, handle, log);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function viewOf(file: HeldFile, handle: FileHandle, log: LogPages | undefined): Promise<View> {
  const { view, source } = file;
  const fileBytes = (await handle.stat()).size;
  // Without a log the file as it lies is the view, whatever its header says of its length.
  const bytes = view.journal === 'wal' && fileBytes > 0 ? view.pages * view.pageSize : fileBytes;
  if (view.journal === 'rollback' && view.pages * view.pageSize > fileBytes) throw pageMissing(source.path, Math.floor(fileBytes / view.pageSize) + 1);
  const first = await readHeader(handle);
  let pagesOfLog = log;

  const fill = async (into: Buffer, from: number): Promise<void> => {
    const fromFile = Math.max(0, Math.min(into.length, fileBytes - from));
    await readFully(handle, into.subarray(0, fromFile), from);
    for (let at = fromFile; at < into.length; at += view.pageSize) {
      const page = Math.floor((from + at) / view.pageSize) + 1;
      if (pagesOfLog?.has(page) !== true) throw pageMissing(source.path, page);
    }
  };

  return {
    bytes,
    pieces: Math.ceil(bytes / pieceBytes),
    logPages: log?.pages ?? 0,
    piecesOfLog: [...new Set([...(log?.list() ?? [])].map((page) => Math.floor(((page - 1) * view.pageSize) / pieceBytes)))].toSorted((a, b) => a - b),
    read: async (index) => {
      const from = index * pieceBytes;
      const into = Buffer.allocUnsafeSlow(Math.min(pieceBytes, bytes - from));
      await fill(into, from);
      if (pagesOfLog !== undefined && !(await pagesOfLog.fill(into, from / view.pageSize + 1, into.length / view.pageSize))) {
        await pagesOfLog.close();
        pagesOfLog = undefined;
        await fill(into, from);
      }
      return new Uint8Array(into.buffer, into.byteOffset, into.length);
    },
    end: async () => {
      const last = await readHeader(handle);
      const size = (await handle.stat()).size;
      if (view.journal === 'rollback' && (!last.equals(first) || size !== fileBytes)) throw moved(source.path);
      if (view.journal === 'rollback') return `${sizeWords(bytes)} read, the whole file under its shared lock; header and length the same at the end`;
      return `${counted(view.pages, 'page')} of ${sizeWords(view.pageSize)} read, as many as the transaction sees, ${log?.pages ?? 0} of them in the log`;
    },
    close: async () => {
      await pagesOfLog?.close();
      await handle.close();
    },
  };
}

async function readHeader(handle: FileHandle): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(headerLength), 0, headerLength, 0);
  return buffer.subarray(0, bytesRead);
}

async function readFully(handle: FileHandle, into: Buffer, from: number): Promise<void> {
  for (let done = 0; done < into.length;) {
    const { bytesRead } = await handle.read(into, done, into.length - done, from + done);
    if (bytesRead === 0) throw new AppError('source.damaged', 'The file became shorter while it was read.', { hint: 'Check the source with its own tools.' });
    done += bytesRead;
  }
}

function moved(path: string): AppError {
  return new AppError('source.changed-during-capture', `${path} was written although it was locked.`, {
    hint: "A program writes to it without SQLite's locks, or the file system does not keep them. Stop that program first.",
  });
}
