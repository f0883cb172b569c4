import { to as copyTo } from 'pg-copy-streams';
import { AppError, throwIfCancelled } from '../../base/errors.ts';
import type { EngineContext } from '../engine.ts';
import { copyOut, type Table } from './relations.ts';
import { rowSum, type RowTotal } from './row-sum.ts';
import { serverError } from './server-error.ts';
import type { Session } from './session.ts';

const bufferBytes = 1 << 20;

/**
 * All rows of a table, as COPY writes them in the session's encoding, handed to `write` in buffers of about 1 MiB that it may keep. Throws where
 * the server's own count is not that of the lines.
 */
export async function readRows(
  session: Session,
  table: Table,
  context: EngineContext,
  write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
): Promise<RowTotal> {
  const sum = rowSum();
  let buffer = new Uint8Array(bufferBytes);
  let filled = 0;
  let refused: { readonly error: unknown } | undefined;
  const flush = async (): Promise<void> => {
    const full = filled < bufferBytes / 2 ? buffer.slice(0, filled) : buffer.subarray(0, filled);
    sum.update(full);
    buffer = new Uint8Array(bufferBytes);
    filled = 0;
    try {
      await write(full);
    } catch (error) {
      refused = { error };
      throw error;
    }
  };
  const stream = session.client.query(copyTo(copyOut(table), { highWaterMark: bufferBytes }));
  // Told by the loop; an error that comes after it was left has told itself already.
  stream.on('error', () => undefined);
  try {
    for await (const chunk of stream) {
      const bytes: unknown = chunk;
      if (!(bytes instanceof Uint8Array)) continue;
      throwIfCancelled(context.signal);
      for (let at = 0; at < bytes.length;) {
        const piece = bytes.subarray(at, at + bufferBytes - filled);
        buffer.set(piece, filled);
        filled += piece.length;
        at += piece.length;
        if (filled === bufferBytes) await flush();
      }
    }
    if (filled > 0) await flush();
  } catch (error) {
    throw refused === undefined ? serverError(error, `table ${table.called}`, 'source', context.signal) : refused.error;
  }
  const total = sum.end();
  if (total.rows !== stream.rowCount)
    throw new AppError('source.changed-during-capture', `${table.called} gave ${total.rows} rows, the server counted ${stream.rowCount}.`, {
      hint: 'Try again.',
    });
  return total;
}
