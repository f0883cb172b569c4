import type { SmokeCheck, UndoEntry, Verification } from '../../contract/model.ts';
import { AppError } from '../base/errors.ts';
import type { Engine, EngineContext, Preflight, RestoredCopy, RestoreTarget, RewindIntents, SnapshotContent, UndoRecord } from '../engines/engine.ts';
import { uncancelled } from '../engines/uncancelled.ts';
import { compareCopy } from '../verify/drill.ts';
import { samePlace } from '../sources/same-place.ts';
import type { HookCommand } from '../verify/hook.ts';
import { migrate, refuseBadCommands, type Migration } from './migrate.ts';
import type { HeldRow, RestoreRecords, UndoRow } from './records.ts';
import { discardFailed, discardHeld, orUnreached, settle, settleTarget } from './settle.ts';

export interface RestoreRequest {
  readonly content: SnapshotContent;
  readonly target: RestoreTarget;
  readonly checks: readonly SmokeCheck[];
  /** Programs that change the copy once it was compared; the checks then run on what they left. */
  readonly migrate?: readonly HookCommand[];
  /** For the records: the source that is restored, and the snapshot's id where it is one of the repository's. */
  readonly source?: string;
  readonly snapshot?: string;
  /** True where the copy waits for `promoteHeld` or `discardHeld` in a later call. */
  readonly hold?: boolean;
  /** True where a copy of which not everything could be compared is taken as well. */
  readonly acceptInconclusive?: boolean;
}

export interface Prepared {
  readonly held: HeldRow;
  readonly verification: Verification;
  readonly migration?: Migration;
}

/** Throws the first blocker as an error of its own code, with all of them in the details. */
export function refuseBlocked(preflight: Preflight): void {
  const [first] = preflight.blockers;
  if (first === undefined) return;
  throw new AppError(first.code, first.statement, { hint: first.hint, details: { blockers: preflight.blockers } });
}

/**
 * Restores beside the target and compares: nothing that exists is touched. Resolves with a copy that is on record;
 * where it is not equal, or a check fails, the copy is removed, and `target.not-equal` or `check.failed` thrown with what was found. Where not everything
 * could be compared it is held, and `proof.inconclusive` thrown, unless that is accepted.
 */
export async function prepareRestore(engine: Engine, request: RestoreRequest, records: RestoreRecords, context: EngineContext): Promise<Prepared> {
  const { content, target } = request;
  const commands = request.migrate ?? [];
  refuseBadCommands(commands);
  refuseBlocked(await engine.preflight(content, target, context));
  context.progress({ stage: 'restoring beside the target' });
  const id = newId(context);
  const heldRow = (copy: RestoredCopy, state: HeldRow['state']): HeldRow =>
    rowOf(id, copy, state, target, { ...request, target: engine.describeLocation(target.location) }, context);
  try {
    const copy = await engine.restore(content, target, context, (building) => records.putHeld(heldRow(building, 'building')));
    const { verification, expected } = await compareCopy(engine, copy, content, commands.length === 0 ? request.checks : [], context);
    if (verification.result === 'failed') {
      const [code, all] = verification.differences.length > 0 ? (['target.not-equal', 'difference'] as const) : (['check.failed', 'check'] as const);
      throw new AppError(code, `The restored copy was not put in place. ${verification.statement}`, {
        hint: `The target is as it was. Run \`belay verify\` on the snapshot to see every ${all}.`,
        details: { verification },
      });
    }
    const equal = { verification, expected };
    const migrated = commands.length === 0 ? { copy, verification } : await migrate(engine, copy, commands, request.checks, equal, context);
    // Only a copy that waits for a decision outlives a crash; one on its way to the swap does not.
    const undecided = migrated.verification.result === 'inconclusive' && request.acceptInconclusive !== true;
    const held = heldRow(migrated.copy, request.hold === true || undecided ? 'held' : 'building');
    await records.putHeld(undecided ? { ...held, inconclusive: migrated.verification.statement.slice(0, 2000) } : held);
    if (undecided) throw new Undecided(held, migrated.verification);
    return { held, verification: migrated.verification, ...('migration' in migrated ? { migration: migrated.migration } : {}) };
  } catch (error) {
    if (error instanceof Undecided) throw error.told(engine);
    const building = records.held().find((one) => one.id === id);
    if (building !== undefined && request.hold === true && isHookFailure(error)) throw await keptToLookAt(engine, building, error, records);
    // Where the server is gone the copy stays on record for the next start, and the first error is the one that says why.
    if (building !== undefined) await orUnreached(() => discardHeld(engine, building, records, context), building.describes);
    throw error;
  }
}

/** The copy stays: whether it is good enough nobody but the user can say. */
class Undecided extends Error {
  readonly held: HeldRow;
  readonly verification: Verification;

  constructor(held: HeldRow, verification: Verification) {
    super('undecided');
    this.held = held;
    this.verification = verification;
  }

  told(engine: Engine): AppError {
    const { id, copy } = this.held;
    return new AppError('proof.inconclusive', `The restored copy was not put in place, since not all of it could be compared. ${this.verification.statement}`, {
      hint: `The target is as it was. The copy is held: ${engine.describeLocation(copy.location)}. To put it in place all the same: belay promote ${id}. To remove it: belay discard ${id}`,
      details: { held: id, verification: this.verification },
    });
  }
}

function isHookFailure(error: unknown): error is AppError {
  return error instanceof AppError && (error.code === 'hook.failed' || error.code === 'check.failed');
}

/** Equal, but something of the user's failed on it: where it was to be held, it is, so that the reason can be looked for. */
async function keptToLookAt(engine: Engine, building: HeldRow, error: AppError, records: RestoreRecords): Promise<AppError> {
  await records.putHeld({ ...building, state: 'held', failed: error.message.slice(0, 2000) });
  return new AppError(error.code, error.message, {
    hint: `The target is as it was. The copy is held to be looked at: ${engine.describeLocation(building.copy.location)}. To remove it: belay discard ${building.id}`,
    details: { ...error.details, held: building.id },
    cause: error,
  });
}

export interface PromoteRequest {
  readonly what: UndoEntry['what'];
  /** Told of each older copy that gave way to the new one. */
  readonly onDropped: (dropped: UndoEntry) => Promise<void>;
}

/**
 * Swaps a held copy in and keeps the old one. The undo record is durable before the first step, so that a crash at any point ends
 * in one of the two states at the next start.
 */
export async function promoteHeld(engine: Engine, held: HeldRow, request: PromoteRequest, records: RestoreRecords, context: EngineContext): Promise<UndoEntry> {
  const copy: RestoredCopy = held.copy;
  if (held.failed !== undefined)
    throw new AppError('hook.failed', `The held copy is there to be looked at, not to be put in place. ${held.failed}`, {
      hint: `To remove it: belay discard ${held.id}`,
    });
  if (held.target.mode === 'in-place') await anchorKept(engine, held.describes, records, context);
  context.progress({ stage: 'swapping' });
  const entry = await recordSwap(
    engine,
    records,
    context,
    {
      held: held.id,
      what: request.what,
      target: held.describes,
      ...(held.source === undefined ? {} : { source: held.source }),
      ...(held.snapshot === undefined ? {} : { snapshot: held.snapshot }),
    },
    (intent) => engine.promote(copy, held.target, context, intent),
    request.onDropped,
  );
  return entry;
}

function rowOf(
  id: string,
  copy: RestoredCopy,
  state: HeldRow['state'],
  target: RestoreTarget,
  { target: describes, source, snapshot }: Omit<SwapFacts, 'what'>,
  context: EngineContext,
): HeldRow {
  return {
    id,
    state,
    at: context.clock.now(),
    copy: { ...copy, location: { ...copy.location }, data: { ...copy.data } },
    target: { mode: target.mode, location: { ...target.location } },
    describes,
    ...(source === undefined ? {} : { source }),
    ...(snapshot === undefined ? {} : { snapshot }),
  };
}

/**
 * Swaps a checkpoint in by the engine's `rewind`, with what it makes of it on record from before its first byte until it is the target's, or gone.
 */
export async function swapCheckpoint(
  engine: Engine,
  target: RestoreTarget,
  facts: SwapFacts,
  rewind: (intents: RewindIntents) => Promise<UndoRecord>,
  records: RestoreRecords,
  context: EngineContext,
  onDropped: PromoteRequest['onDropped'],
): Promise<UndoEntry> {
  const id = newId(context);
  const building = (copy: RestoredCopy): Promise<void> => records.putHeld(rowOf(id, copy, 'building', target, facts, context));
  try {
    return await recordSwap(engine, records, context, { ...facts, held: id }, (swapping) => rewind({ building, swapping }), onDropped);
  } catch (error) {
    await discardFailed(engine, id, records, context);
    throw error;
  }
}

/** Writing into a live target gives it a new stamp: what earlier swaps left there is noted by content first. */
async function anchorKept(engine: Engine, target: string, records: RestoreRecords, context: EngineContext): Promise<void> {
  for (const row of records.undo()) {
    if (row.state !== 'kept' || row.record.engine !== engine.kind || !(await samePlace(row.entry.target, target))) continue;
    const anchored = await engine.anchor(row.record, context);
    if (anchored !== row.record) await records.putUndo({ ...row, record: plain(anchored) });
  }
}

function plain(undo: UndoRecord): UndoRow['record'] {
  return { engine: undo.engine, kept: undo.kept, target: { ...undo.target }, data: { ...undo.data } };
}

type SwapFacts = Pick<UndoEntry, 'what' | 'target' | 'source' | 'snapshot'>;

/** Runs one swap of the engine's with its undo record durable before it and marked as kept after it; `held`: the row of the copy that it puts in place, which goes with that. */
export async function recordSwap(
  engine: Engine,
  records: RestoreRecords,
  context: EngineContext,
  { held, ...facts }: SwapFacts & { readonly held?: string },
  swap: (intent: (undo: UndoRecord) => Promise<void>) => Promise<UndoRecord>,
  onDropped: PromoteRequest['onDropped'],
): Promise<UndoEntry> {
  await settleTarget(engine, facts.target, records, context);
  const id = newId(context);
  const at = context.clock.now();
  const row = (undo: UndoRecord, state: 'pending' | 'kept') => ({
    entry: { id, at, kept: undo.kept, ...facts },
    state,
    record: plain(undo),
    ...(held === undefined ? {} : { held }),
  });
  const kept = await swapped(engine, records, context, id, row, swap);
  await trimUndo(engine, records, context, kept, onDropped);
  return kept;
}

/** The record of a swap that is in place: also where an error came once it was, which its record then says. */
async function swapped(
  engine: Engine,
  records: RestoreRecords,
  context: EngineContext,
  id: string,
  row: (undo: UndoRecord, state: 'pending' | 'kept') => UndoRow,
  swap: (intent: (undo: UndoRecord) => Promise<void>) => Promise<UndoRecord>,
): Promise<UndoEntry> {
  let intended: UndoRow | undefined;
  try {
    const undo = await swap(async (pending) => {
      const noted = row(pending, 'pending');
      await records.putUndo(noted);
      intended = noted;
    });
    const kept = row(undo, 'kept');
    await records.completeSwap(kept);
    return kept.entry;
  } catch (error) {
    if (intended === undefined) throw error;
    const end = await orUnreached(() => settle(engine, id, records, context), intended.entry.target);
    if (end !== 'promoted') throw error;
    // Told as failed, it would be done once more.
    context.log.warn('a swap that was carried out met an error at its end', { target: intended.entry.target, error });
    return intended.entry;
  }
}

/**
 * The old copies that are kept at most: the newest of each target, those apart that somebody asked to keep. `keeping.ts` has their time. Rows that merges changed are
 * counted by themselves: some rows take no whole database away.
 */
export const keptPerTarget = 3;

async function trimUndo(
  engine: Engine,
  records: RestoreRecords,
  context: EngineContext,
  newest: UndoEntry,
  onDropped: PromoteRequest['onDropped'],
): Promise<void> {
  const ofMerges = (entry: UndoEntry): boolean => entry.what === 'merge';
  const same = records
    .undo()
    .filter((row) => row.state === 'kept' && row.keep !== true && row.entry.target === newest.target && ofMerges(row.entry) === ofMerges(newest));
  const going = same.slice(0, Math.max(0, same.length - keptPerTarget));
  for (const row of going) {
    try {
      await engine.discardUndo(row.record, uncancelled(context));
      await records.removeUndo(row.entry.id);
      await onDropped(row.entry);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // The swap is done; the next one of this target tries again.
      context.log.warn('an old copy that gave way could not be removed yet', { kept: row.record.kept, error });
    }
  }
}

function newId(context: EngineContext): string {
  return Buffer.from(context.random.bytes(5)).toString('hex');
}
