import type { UndoEntry } from '../../contract/model.ts';
import { AppError, isAppError } from '../base/errors.ts';
import type { Engine, EngineContext } from '../engines/engine.ts';
import { samePlace } from '../sources/same-place.ts';
import type { RestoreRecords, UndoRow } from './records.ts';
import { orUnreached, settle, settleTarget } from './settle.ts';

/** Puts the kept one back. Throws `undo.nothing`, `undo.target-changed`. */
export async function undoSwap(
  engineOf: (kind: string) => Engine,
  id: string | undefined,
  force: boolean,
  records: RestoreRecords,
  context: EngineContext,
): Promise<UndoEntry> {
  const found = findUndo(records, id);
  const engine = engineOf(found.record.engine);
  await settleTarget(engine, found.entry.target, records, context);
  const row = findUndo(records, id);
  const newer = await newerOf(row, records);
  if (newer !== undefined) {
    throw new AppError('undo.target-changed', `${row.entry.target} was swapped again since.`, {
      hint: `Undo the newer one first: belay undo ${newer.entry.id}`,
      details: { newer: newer.entry.id },
    });
  }
  await records.putUndo({ ...row, state: 'undoing' });
  try {
    await engine.undo(row.record, context, { force });
  } catch (error) {
    const end = await orUnreached(() => settle(engine, row.entry.id, records, context), row.entry.target);
    if (end !== 'rolled-back' || isAppError(error, 'undo.nothing')) throw error;
    // Told as failed, the same command would take back the swap before this one.
    context.log.warn('an undo that was carried out met an error at its end', { target: row.entry.target, error });
    return row.entry;
  }
  await records.removeUndo(row.entry.id);
  return row.entry;
}

/** The next swap of the same target after this one, by whatever name of it. */
async function newerOf(row: UndoRow, records: RestoreRecords): Promise<UndoRow | undefined> {
  const all = records.undo();
  for (const one of all.slice(all.indexOf(row) + 1)) if (await samePlace(one.entry.target, row.entry.target)) return one;
  return undefined;
}

/** Removes a kept old copy for good. */
export async function discardUndo(engineOf: (kind: string) => Engine, id: string, records: RestoreRecords, context: EngineContext): Promise<UndoEntry> {
  const found = findUndo(records, id);
  const engine = engineOf(found.record.engine);
  // One that was broken off first comes to its end: only then it is known what of it is kept.
  if (found.state !== 'kept' && (await settle(engine, id, records, context)) === 'rolled-back') return found.entry;
  const row = findUndo(records, id);
  await engine.discardUndo(row.record, context);
  await records.removeUndo(id);
  return row.entry;
}

/** Keeps an old copy until it is undone or discarded: neither time nor newer ones take it away. Throws `undo.nothing`. */
export async function keepUndo(id: string, records: RestoreRecords): Promise<UndoRow> {
  findUndo(records, id);
  await records.changeUndo(id, (row) => ({ ...row, keep: true }));
  return findUndo(records, id);
}

function findUndo(records: RestoreRecords, id: string | undefined): ReturnType<RestoreRecords['undo']>[number] {
  const kept = records.undo();
  const row = id === undefined ? kept.at(-1) : kept.find((one) => one.entry.id === id);
  if (row !== undefined) return row;
  throw new AppError('undo.nothing', id === undefined ? 'There is nothing to undo.' : `No kept copy is named ${id}.`, { hint: 'See `belay undo --list`.' });
}
