import { AppError, BugError, throwIfCancelled } from '../../../base/errors.ts';
import type { EngineContext, RestoredCopy, RestoreTarget, UndoRecord } from '../../engine.ts';
import { databaseBytes, databaseNumbers, dropDatabase, isRuin, refuseObstacles } from '../restore/databases.ts';
import { describeLocation, locationOf, type PostgresLocation } from '../location.ts';
import { fingerprintAt } from '../look/look.ts';
import { besideName, newId } from '../names.ts';
import { madeRecord, promoteNew, recoverNew, undoNew } from '../restore/new-container.ts';
import { contentOf, copyData } from '../restore/restored-copy.ts';
import { withServer } from '../session/session.ts';
import { renameAll, type Rename } from './swap.ts';
import { undoData, undoRecord, type UndoData } from './undo-record.ts';
import { removeRoles } from '../choices/made-roles.ts';
import { mergeData, recoverMerge, undoMerge } from '../merge/merge-undo.ts';
import { pointAt, surelyUnwritten, writtenError } from './writes.ts';
import { uncancelled } from '../../uncancelled.ts';

type Intent = (undo: UndoRecord) => Promise<void>;

/** Puts a restored copy in the place of the target by renames in one transaction; the old database is kept under another name. */
export async function promote(copy: RestoredCopy, target: RestoreTarget, context: EngineContext, intent: Intent): Promise<UndoRecord> {
  if (target.mode === 'throw-away') throw new BugError('a throw-away copy is not promoted');
  if (target.mode === 'in-place') throw new BugError('PostgreSQL has no restore in place');
  if (madeRecord(copy.data) !== undefined) return promoteNew(copy, intent);
  const { database, content, id, asked } = copyData(copy);
  const made = asked === undefined || asked.created.length === 0 ? {} : { made: { restore: id, roles: asked.created } };
  return swapIn(locationOf(target.location), database, { content, checkpoint: null, mustBeNew: target.mode === 'new', ...made }, context, intent);
}

interface Swap {
  readonly content: string | null;
  readonly checkpoint: string | null;
  readonly mustBeNew: boolean;
  readonly made?: NonNullable<UndoData['made']>;
}

export async function swapIn(location: PostgresLocation, copy: string, swap: Swap, context: EngineContext, intent: Intent): Promise<UndoRecord> {
  const { database } = location;
  const data = await withServer(location, context, async (server): Promise<UndoData> => {
    const numbers = await databaseNumbers(server, [database, copy]);
    const [fresh, old] = [numbers.get(copy), numbers.get(database)];
    if (fresh === undefined) throw new AppError('target.missing', `The restored copy ${copy} is not there any more.`, { hint: 'Restore again.' });
    if (old !== undefined && swap.mustBeNew)
      throw new AppError('target.exists', `${describeLocation(location)} exists already.`, { hint: 'Name a database that does not exist.' });
    await refuseObstacles(server, [database, copy]);
    const id = newId(context);
    const bytes = old === undefined ? 0 : await databaseBytes(server, database);
    const made = swap.made === undefined ? {} : { made: swap.made };
    const beside = { kept: besideName(database, 'undo', id), replaced: besideName(database, 'old', id) };
    return { version: 1, id, target: database, copy, ...beside, fresh, old: old ?? null, bytes, content: swap.content, checkpoint: swap.checkpoint, ...made };
  });
  const undo = undoRecord(location, data);
  await intent(undo);
  await renameAll(
    location,
    [...(data.old === null ? [] : [{ from: database, to: data.kept, number: data.old }]), { from: copy, to: database, number: data.fresh }],
    context,
  );
  return undo;
}

interface Found {
  /** The name that each of the two has now. */
  readonly fresh: string | undefined;
  readonly old: string | undefined;
  /** True where dropping the old one was broken off: it has its name still, and nothing can be had of it. */
  readonly oldIsRuin: boolean;
  /** The number of what stands at the target, and of what an undo has put aside. */
  readonly target: number | undefined;
  readonly replaced: number | undefined;
}

async function find(location: PostgresLocation, data: UndoData, context: EngineContext): Promise<Found> {
  return withServer(location, context, async (server) => {
    const rows = await server.rows<{ name: string; oid: number; ruin: boolean }>(
      `SELECT datname AS name, oid::int8::float8 AS oid, ${isRuin} AS ruin FROM pg_catalog.pg_database WHERE oid::int8 = ANY ($1::int8[]) OR datname = ANY ($2)`,
      [
        [data.fresh, ...(data.old === null ? [] : [data.old])],
        [data.target, data.replaced],
      ],
    );
    const named = (oid: number | null): string | undefined => rows.find((row) => row.oid === oid && !row.ruin)?.name;
    const numbered = (name: string): number | undefined => rows.find((row) => row.name === name)?.oid;
    const oldIsRuin = rows.some((row) => row.oid === data.old && row.ruin);
    return { fresh: named(data.fresh), old: named(data.old), oldIsRuin, target: numbered(data.target), replaced: numbered(data.replaced) };
  });
}

/** Since all renames of a swap are one transaction, a crash left one of its two ends: numbers say which. */
export async function recover(undo: UndoRecord, context: EngineContext): Promise<'promoted' | 'rolled-back'> {
  const made = madeRecord(undo.data);
  if (made !== undefined) return recoverNew(undo.target, made, context);
  const merged = mergeData(undo);
  if (merged !== undefined) return recoverMerge(undo, merged, context);
  const data = undoData(undo);
  const location = locationOf(undo.target);
  const found = await find(location, data, context);
  if (found.oldIsRuin) await dropDatabase(location, data.kept, context);
  if (found.fresh === data.target) return 'promoted';
  if (found.replaced !== undefined) return settleUndo(location, data, found, context);
  // Somebody else's database stands there since: the old one is still kept.
  return found.old === data.kept && found.fresh !== data.copy ? 'promoted' : 'rolled-back';
}

/**
 * An undo that did not come to remove what it took away: it does where that is what was restored, as it was left. Else nobody knows it, or somebody wrote into it while it was
 * looked at: then it goes back, as if nothing had been undone.
 */
async function settleUndo(location: PostgresLocation, data: UndoData, found: Found, context: EngineContext): Promise<'promoted' | 'rolled-back'> {
  const isOurs = found.fresh === data.replaced;
  if (isOurs && !(await writtenSince({ ...location, database: data.replaced }, data, context))) {
    await dropReplaced(location, data, context);
    return 'rolled-back';
  }
  await renameAll(
    location,
    [
      ...(data.old !== null && found.old === data.target ? [{ from: data.target, to: data.kept, number: data.old }] : []),
      { from: data.replaced, to: data.target, number: found.replaced },
    ],
    context,
  );
  return 'promoted';
}

/** The old database back, what stood there since removed. Throws `undo.nothing`, `undo.target-changed`. */
export async function undo(record: UndoRecord, context: EngineContext, force: boolean): Promise<void> {
  const made = madeRecord(record.data);
  if (made !== undefined) return undoNew(record.target, made, context, force);
  const merged = mergeData(record);
  if (merged !== undefined) return undoMerge(record, merged, context, force);
  const data = undoData(record);
  const location = locationOf(record.target);
  const found = await find(location, data, context);
  if (data.old !== null && found.old !== data.kept)
    throw new AppError('undo.nothing', `The old database is not kept as ${data.kept} any more.`, { hint: 'Restore a snapshot instead.' });
  if (data.old === null && found.fresh !== data.target)
    throw new AppError('undo.nothing', `What was restored is not at ${data.target} any more.`, { hint: 'There is nothing to take away.' });
  const look = found.target !== undefined && !force;
  const before = look ? await pointAt(location, found.target, context) : undefined;
  if (look && (found.target !== data.fresh || (await writtenSince(location, data, context)))) throw writtenError(location);
  await withServer(location, context, (server) => refuseObstacles(server, [data.target, data.kept]));
  const renames = [
    ...(found.target === undefined ? [] : [{ from: data.target, to: data.replaced, number: found.target }]),
    ...(data.old === null ? [] : [{ from: data.kept, to: data.target, number: data.old }]),
  ];
  await renameAll(location, renames, context);
  const unending = uncancelled(context);
  try {
    // Somebody may have written while it was looked at; from the renames on nobody can.
    if (before !== undefined && !surelyUnwritten(before, await pointAt(location, found.target, context)))
      if (await writtenSince({ ...location, database: data.replaced }, data, context)) throw writtenError(location);
  } catch (error) {
    await backAgain(location, renames, unending);
    throw error;
  }
  await dropReplaced(location, data, unending);
}

/** Where that fails the record of the undo stays, and `recover` looks again: nothing is dropped. */
async function backAgain(location: PostgresLocation, renames: readonly Rename[], context: EngineContext): Promise<void> {
  const back = renames.toReversed().map(({ from, to, number }): Rename => ({ from: to, to: from, number }));
  await renameAll(location, back, context).catch((error: unknown) => context.log.warn('what an undo took away could not be put back yet', { error }));
}

/** What an undo took away, with the roles that came with it and that nothing else has use for. */
async function dropReplaced(location: PostgresLocation, { replaced, made }: UndoData, context: EngineContext): Promise<void> {
  await dropDatabase(location, replaced, context);
  if (made !== undefined) await withServer(location, context, (server) => removeRoles(server, made.roles, made.restore));
}

/** By content: no counter of the server says for certain that nothing was written. */
async function writtenSince(location: PostgresLocation, data: UndoData, context: EngineContext): Promise<boolean> {
  const options = { side: 'target', restoring: true } as const;
  context.progress({ stage: 'looking whether it was written since' });
  const now = await fingerprintAt(location, options, context);
  if (data.content !== null) return contentOf(now) !== data.content;
  const { checkpoint } = data;
  if (checkpoint === null) return true;
  const there = await withServer(location, context, async (server) => (await databaseNumbers(server, [checkpoint])).has(checkpoint));
  if (!there) return true;
  const then = await fingerprintAt({ ...location, database: checkpoint }, options, context);
  return contentOf(withoutProperties(now)) !== contentOf(withoutProperties(then));
}

type Print = Awaited<ReturnType<typeof fingerprintAt>>;

/** A checkpoint's own database has a comment and rights of its own. */
function withoutProperties(print: Print): Print {
  return { ...print, items: print.items.filter((item) => item.kind !== 'setting') };
}

/** Removes the kept old database for good. Not to be cancelled: one whose removal is broken off half-way is nothing any more, and has its name still. */
export async function discardUndo(record: UndoRecord, context: EngineContext): Promise<void> {
  // Nothing is kept of what a new container replaced, since it replaced nothing.
  if (madeRecord(record.data) !== undefined) return;
  throwIfCancelled(context.signal);
  const unending = uncancelled(context);
  const merged = mergeData(record);
  if (merged !== undefined) return dropDatabase(locationOf(record.target), merged.kept, unending);
  const data = undoData(record);
  if (data.old === null) return;
  const location = locationOf(record.target);
  const found = await find(location, data, context);
  if (found.old === data.kept || found.oldIsRuin) await dropDatabase(location, data.kept, unending);
}
