import { AppError } from '../base/errors.ts';
import type { Engine, EngineContext } from '../engines/engine.ts';
import { samePlace } from '../sources/same-place.ts';
import { uncancelled } from '../engines/uncancelled.ts';
import type { HeldRow, RestoreRecords } from './records.ts';

/**
 * Brings every swap and every copy that a crash left half-done to one of its ends. Run at start, before any job. What cannot be reached
 * now (a disk that is not mounted) stays on record: the next start, or the next swap of that target, settles it.
 */
export async function settleAll(engineOf: (kind: string) => Engine, records: RestoreRecords, context: EngineContext): Promise<readonly string[]> {
  const notes: string[] = [];
  for (const row of records.undo()) {
    if (row.state === 'kept') continue;
    const called = `an interrupted ${row.entry.what} of ${row.entry.target}`;
    const note = async (): Promise<string> => {
      const end = await settle(engineOf(row.record.engine), row.entry.id, records, context);
      return `${called} was ${end === 'promoted' ? 'completed' : 'rolled back'}`;
    };
    notes.push(await orUnreached(note, called));
  }
  for (const held of records.held()) {
    if (held.state === 'held') continue;
    const called = `an unfinished copy beside ${held.describes}`;
    const note = async (): Promise<string> => {
      if (isSwapOpen(held, records)) return `${called} waits until its swap is settled`;
      await discardHeld(engineOf(held.copy.engine), held, records, context);
      return `${called} was removed`;
    };
    notes.push(await orUnreached(note, called));
  }
  return notes;
}

/** What it notes; where it cannot be reached, a note that says so, with what it is called. Throws what no `AppError` is. */
export async function orUnreached<T>(note: () => Promise<T>, called: string): Promise<T | string> {
  try {
    return await note();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return `${called} could not be settled yet: ${error.message}`;
  }
}

/** What an earlier start could not settle of a target is settled before it is touched again. */
export async function settleTarget(engine: Engine, target: string, records: RestoreRecords, context: EngineContext): Promise<void> {
  for (const row of records.undo()) {
    if (row.state === 'kept' || row.record.engine !== engine.kind || !(await samePlace(row.entry.target, target))) continue;
    await settle(engine, row.entry.id, records, context);
  }
}

/** Brings one swap to the nearer of its ends, and its record with it. */
export async function settle(engine: Engine, id: string, records: RestoreRecords, context: EngineContext): Promise<'promoted' | 'rolled-back'> {
  const row = records.undo().find((one) => one.entry.id === id);
  if (row === undefined) return 'rolled-back';
  const end = await engine.recover(row.record, uncancelled(context));
  if (end === 'promoted') await records.completeSwap(row);
  else await records.removeUndo(id);
  return end;
}

/** Removes a held copy; part of failing and of discarding, so it cannot be cancelled. */
export async function discardHeld(engine: Engine, held: HeldRow, records: RestoreRecords, context: EngineContext): Promise<void> {
  await engine.discard(held.copy, uncancelled(context));
  await records.removeHeld(held.id);
}

/**
 * Removes the copy of a swap that failed, if it is on record. Where it cannot be reached it stays there for the next start, as does one that a
 * swap which is not settled yet may need to go forwards.
 */
export async function discardFailed(engine: Engine, id: string, records: RestoreRecords, context: EngineContext): Promise<void> {
  const held = records.held().find((one) => one.id === id);
  if (held === undefined || isSwapOpen(held, records)) return;
  await orUnreached(() => discardHeld(engine, held, records, context), held.describes);
}

function isSwapOpen({ id }: HeldRow, records: RestoreRecords): boolean {
  return records.undo().some(({ held, state }) => held === id && state !== 'kept');
}
