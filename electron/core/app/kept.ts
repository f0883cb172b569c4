import type { UndoEntry } from '../../contract/model.ts';
import { AppError } from '../base/errors.ts';
import type { UndoRow } from '../restore/records.ts';
import { engineOf, type Core } from './core.ts';
import { entryOf } from './keeping.ts';

/** The swaps that can be undone, oldest first; with those whose undo was broken off and could not be settled yet, which the next try settles. */
export function keptRows(core: Core): UndoRow[] {
  return core.records.undo().filter((row) => row.state !== 'pending');
}

/** What can be undone, oldest first, each with the bytes that its kept copy takes up. */
export async function keptEntries(core: Core): Promise<UndoEntry[]> {
  const entries: UndoEntry[] = [];
  for (const row of keptRows(core)) entries.push({ ...(await entryOf(core, row)), ...(await bytesOf(core, row)) });
  return entries;
}

/** What a swap just left, as the list of what can be undone has it. */
export async function keptEntry(core: Core, entry: UndoEntry): Promise<UndoEntry> {
  const row = keptRows(core).find((one) => one.entry.id === entry.id);
  return row === undefined ? entry : { ...(await entryOf(core, row)), ...(await bytesOf(core, row)) };
}

/** A kept copy that cannot be looked at stands in the list all the same. */
async function bytesOf(core: Core, row: UndoRow): Promise<{ readonly bytes?: number }> {
  try {
    return { bytes: await engineOf(core, row.record.engine).keptBytes(row.record) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    core.log.warn('the size of a kept copy cannot be told', { kept: row.record.kept, code: error.code });
    return {};
  }
}
