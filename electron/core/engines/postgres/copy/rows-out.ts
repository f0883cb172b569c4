import { AppError, throwIfCancelled } from '../../../base/errors.ts';
import type { EngineContext } from '../../engine.ts';
import { startCopyOut } from './copy-out.ts';
import { copyOut, type Table } from '../capture/relations.ts';
import type { RowTotal } from './row-sum.ts';
import { serverError } from '../session/server-error.ts';
import type { Session } from '../session/session.ts';

/**
 * All rows of a table, as COPY writes them in the session's encoding, handed to `write` in blocks of 1 MiB that it may keep. Throws where
 * the server's own count is not that of the lines.
 */
export async function readRows(
  session: Session,
  table: Table,
  context: EngineContext,
  write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
): Promise<RowTotal> {
  let refused: { readonly error: unknown } | undefined;
  const copy = startCopyOut(session.client, copyOut(table));
  try {
    for await (const block of copy.blocks()) {
      throwIfCancelled(context.signal);
      try {
        await write(block);
      } catch (error) {
        refused = { error };
        throw error;
      }
    }
  } catch (error) {
    throw refused === undefined ? serverError(error, `table ${table.called}`, 'source', context.signal) : refused.error;
  }
  const total = copy.total();
  if (total.rows !== copy.counted)
    throw new AppError('source.changed-during-capture', `${table.called} gave ${total.rows} rows, the server counted ${String(copy.counted)}.`, {
      hint: 'Try again.',
    });
  return total;
}
