import { AppError, isAppError } from '../../base/errors.ts';
import type { SnapshotSummary, Source } from '../../../contract/model.ts';
import type { UndoRow } from '../../restore/records.ts';
import { discardUndo, keepUndo, undoSwap } from '../../restore/undo.ts';
import { engineOf, type Core } from '../core.ts';
import { entryOf } from '../keeping.ts';
import { keptEntries, keptRows } from '../kept.ts';
import { safetySnapshot } from '../safety.ts';
import { withEngineContext, type CallScope } from '../scope.ts';
import type { Handlers } from './handlers.ts';
import { confirmProduction } from './restores.ts';
import { nameFor, sourceInPlace } from './sources.ts';

export const undoHandlers: Handlers<'undo.list' | 'undo.run' | 'undo.discard' | 'undo.keep'> = {
  'undo.list': async (core) => ({ undo: await keptEntries(core) }),

  'undo.run': async (core, input, scope) => {
    const rows = keptRows(core);
    const row = input.id === undefined ? rows.at(-1) : rows.find((one) => one.entry.id === input.id);
    if (row?.entry.source !== undefined) await confirmProduction(await sourceIfKnown(core, row.entry.source), input.confirm);
    const safety = row !== undefined && input.force && input.safetySnapshot ? await snapshotWrittenSince(core, row, scope) : undefined;
    const undone = await withEngineContext(core, scope, (context) =>
      undoSwap((kind) => engineOf(core, kind), input.id ?? row?.entry.id, input.force, core.records, context),
    );
    core.events.emit('undo.changed', {});
    return { undone, ...(safety === undefined ? {} : { safety }) };
  },

  'undo.discard': async (core, input, scope) => {
    if (!input.confirm) throw new AppError('input.confirmation-needed', 'The kept old copy would be removed for good.', { hint: 'Confirm it.' });
    const discarded = await withEngineContext(core, scope, (context) => discardUndo((kind) => engineOf(core, kind), input.id, core.records, context));
    core.events.emit('undo.changed', {});
    return { discarded };
  },

  'undo.keep': async (core, input) => {
    const row = await keepUndo(input.id, core.records);
    core.events.emit('undo.changed', {});
    return { kept: await entryOf(core, row) };
  },
};

/** A source may have been removed since. */
async function sourceIfKnown(core: Core, name: string): Promise<Source | undefined> {
  return (await core.sources.list()).find((one) => one.name === name);
}

/**
 * What a forced undo overwrites, as a snapshot: of the source that is there, or under the target's own name where it is no source.
 * Undefined where nothing is there any more.
 */
async function snapshotWrittenSince(core: Core, row: UndoRow, scope: CallScope): Promise<SnapshotSummary | undefined> {
  const engine = engineOf(core, row.record.engine);
  const known = await core.sources.list();
  const source: Source = (await sourceInPlace(engine, known, row.record.target)) ?? {
    name: nameFor(engine.describeLocation(row.record.target), known),
    engine: row.record.engine,
    location: row.record.target as Source['location'],
    environment: 'dev',
    addedAt: core.clock.now(),
  };
  try {
    // All of it goes, whatever part of it the source is.
    const location = (engine.wholeLocation?.(source.location) ?? source.location) as Source['location'];
    return await safetySnapshot(core, { ...source, location }, 'Taken before a forced undo overwrote it.', scope);
  } catch (error) {
    if (isAppError(error, 'source.missing')) return undefined;
    if (!isAppError(error)) throw error;
    throw new AppError(error.code, `What would be overwritten cannot be snapshotted: ${error.message}`, {
      hint: 'Nothing was changed. To lose what is there now: --force --no-safety-snapshot.',
      ...(error.details === undefined ? {} : { details: error.details }),
      cause: error,
    });
  }
}
