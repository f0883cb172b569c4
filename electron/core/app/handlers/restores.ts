import { commandLine, optionWords, shellWord } from '../../../contract/command-line.ts';
import { AppError } from '../../base/errors.ts';
import type { CommandOutput } from '../../../contract/commands.ts';
import type { SmokeCheck, Source, UndoEntry } from '../../../contract/model.ts';
import type { Engine, EngineContext, RestoreChoices, RestoreTarget, SnapshotContent } from '../../engines/engine.ts';
import type { HeldRow } from '../../restore/records.ts';
import { choicesFor } from '../../restore/choices.ts';
import { prepareRestore, promoteHeld } from '../../restore/restore.ts';
import { discardFailed, discardHeld } from '../../restore/settle.ts';
import { drill } from '../../verify/drill.ts';
import type { HookCommand } from '../../verify/hook.ts';
import { engineOf, type Core } from '../core.ts';
import { keptEntry } from '../kept.ts';
import { resolveSnapshot } from '../resolve.ts';
import { presentContent } from '../present.ts';
import { safetySnapshot } from '../safety.ts';
import { withEngineContext, type CallScope } from '../scope.ts';
import { summaryOf } from '../summaries.ts';
import { withLooseFile } from '../loose-file.ts';
import { connectionIfAny, refuseUnreached, refuseUrlFile, writeUrlFile } from '../url-file.ts';
import { sourceInPlace } from './sources.ts';
import type { Handlers } from './handlers.ts';

export const restoreHandlers: Handlers<'restore.run' | 'restore.promote' | 'restore.discard' | 'restore.held'> = {
  'restore.run': async (core, input, scope) => {
    if ((input.snapshot === undefined) === (input.file === undefined)) {
      throw new AppError('input.invalid', 'A restore takes a snapshot or a file.', { hint: 'Name one of the two.' });
    }
    const restore = (engine: Engine, content: SnapshotContent, snapshot: string | undefined, context: EngineContext) =>
      runRestore(core, { ...input, engine, content, ...(snapshot === undefined ? {} : { snapshotId: snapshot }) }, context, scope);
    if (input.file !== undefined) {
      if (input.mode === 'throw-away')
        throw new AppError('input.invalid', 'A throw-away restore of a file is a verification.', { hint: `Run: ${commandLine('verify', [input.file])}` });
      const { file, server } = input;
      if (input.to === undefined) throw new AppError('input.invalid', 'A file needs a place to go to.', { hint: 'Name it with --to.' });
      return withEngineContext(core, scope, (context) =>
        withLooseFile(core, file, server, context, (engine, content) => restore(engine, content, undefined, context)),
      );
    }
    const { repository, record } = await resolveSnapshot(core, input.snapshot ?? '');
    const engine = engineOf(core, record.engine);
    const done = await withEngineContext(core, scope, async (context) =>
      restore(engine, await presentContent(core, repository, engine, record, scope.signal), record.id, context),
    );
    return { ...done, snapshot: summaryOf(record) };
  },

  'restore.promote': async (core, input, scope) => {
    const held = heldNamed(core, input.held);
    const engine = engineOf(core, held.copy.engine);
    const source = await sourceAt(core, engine, held.target.location);
    await confirmProduction(source, input.confirm);
    await refuseUrlFile(engine, input.urlFile);
    const inPlace = held.target.mode === 'in-place';
    const safety = inPlace && input.safetySnapshot && source !== undefined ? await safetySnapshot(core, source, overwritten, scope) : undefined;
    const what = inPlace ? 'in-place' : 'restore';
    const { undo, url } = await withEngineContext(core, scope, async (context) => {
      const { withdraw, ...given } = await giveUrl(engine, held.target.location, input.urlFile, context);
      try {
        return { undo: await promoteHeld(engine, held, { what, onDropped: journalDropped(core) }, core.records, context), url: given };
      } catch (error) {
        await withdraw();
        throw error;
      }
    });
    if (held.inconclusive !== undefined) await journalAccepted(core, held.describes, held.id, held.inconclusive);
    core.events.emit('undo.changed', {});
    return { target: held.describes, ...url, undo: await keptEntry(core, undo), ...(safety === undefined ? {} : { safety }) };
  },

  'restore.discard': async (core, input, scope) => {
    const held = heldNamed(core, input.held);
    await withEngineContext(core, scope, (context) => discardHeld(engineOf(core, held.copy.engine), held, core.records, context));
    return { target: held.describes };
  },

  'restore.held': (core) =>
    Promise.resolve({
      held: core.records
        .held()
        .filter((row) => row.state === 'held')
        .map((row) => ({
          id: row.id,
          target: row.describes,
          at: row.at,
          ...(row.snapshot === undefined ? {} : { snapshot: row.snapshot }),
          ...(row.failed === undefined ? {} : { failed: row.failed }),
          ...(row.inconclusive === undefined ? {} : { inconclusive: row.inconclusive }),
        })),
    }),
};

interface RestoreOrder {
  readonly engine: Engine;
  readonly content: SnapshotContent;
  readonly snapshotId?: string;
  readonly mode: RestoreTarget['mode'];
  readonly to?: string | undefined;
  readonly baseFolder?: string | undefined;
  readonly dryRun: boolean;
  readonly checks: readonly SmokeCheck[];
  readonly migrate?: readonly HookCommand[];
  readonly urlFile?: string | undefined;
  readonly hold: boolean;
  readonly acceptInconclusive: boolean;
  readonly confirm?: string | undefined;
  readonly safetySnapshot: boolean;
  readonly choices?: RestoreChoices | undefined;
  /** What the undo entry is called; from the mode where left out. */
  readonly what?: UndoEntry['what'];
}

/**
 * One restore from preflight to swap: the target is untouched until the copy beside it was compared and found equal;
 * in place, a safety snapshot of what will be overwritten comes first.
 */
export async function runRestore(core: Core, order: RestoreOrder, context: EngineContext, scope: CallScope): Promise<CommandOutput<'restore.run'>> {
  const { engine, content } = order;
  const started = context.clock.monotonic();
  const target = await restoreTarget(core, order, context);
  const described = engine.describeLocation(target.location);
  const preflight = toOutput(await engine.preflight(content, target, context));
  const took = (): number => Math.round(context.clock.monotonic() - started);
  await refuseUrlFile(engine, order.urlFile);
  if (target.mode !== 'throw-away') await refuseUnreached(engine, target.location, order, context);
  if (order.dryRun) return { preflight, target: described, durationMs: took() };

  if (target.mode === 'throw-away') {
    if ((order.migrate ?? []).length > 0 || order.urlFile !== undefined)
      throw new AppError('input.invalid', 'A throw-away restore takes no migration and has no URL that lasts.', { hint: 'Restore with --hold instead.' });
    if (target.choices !== undefined)
      throw new AppError('input.invalid', 'A throw-away restore is as it was captured.', { hint: 'Leave out what chooses roles, extensions and the like.' });
    const verification = await drill(engine, content, order.checks, context);
    return { preflight, verification, target: described, durationMs: took() };
  }
  const source = await sourceAt(core, engine, target.location);
  await confirmProduction(source, order.confirm);
  const { held, verification, migration } = await prepareRestore(
    engine,
    {
      content,
      target,
      checks: order.checks,
      ...(order.migrate === undefined ? {} : { migrate: order.migrate }),
      hold: order.hold,
      acceptInconclusive: order.acceptInconclusive,
      ...(source === undefined ? {} : { source: source.name }),
      ...(order.snapshotId === undefined ? {} : { snapshot: order.snapshotId }),
    },
    core.records,
    context,
  );
  if (migration !== undefined)
    await core.journal.append({ what: 'restore.migrated', result: 'noted', details: { target: described, held: held.id, ...migration } });
  const told = {
    preflight,
    verification,
    target: described,
    ...(migration === undefined ? {} : { migration: { ...migration, commands: [...migration.commands] } }),
  };
  const { withdraw, ...url } = await orDiscard(
    core,
    engine,
    held,
    context,
    giveUrl(engine, order.hold ? held.copy.location : target.location, order.urlFile, context),
  );
  if (order.hold) return { ...told, ...url, held: held.id, durationMs: took() };

  const wantsSafety = target.mode === 'in-place' && order.safetySnapshot;
  try {
    const safety =
      wantsSafety && source !== undefined ? await orDiscard(core, engine, held, context, safetySnapshot(core, source, overwritten, scope)) : undefined;
    const undo = await promoteOrDiscard(core, engine, held, order.what ?? (target.mode === 'in-place' ? 'in-place' : 'restore'), context);
    if (verification.result === 'inconclusive') await journalAccepted(core, described, held.id, verification.statement);
    core.events.emit('undo.changed', {});
    return { ...told, ...url, undo: await keptEntry(core, undo), durationMs: took(), ...(safety === undefined ? {} : { safety }) };
  } catch (error) {
    await withdraw();
    throw error;
  }
}

async function restoreTarget(core: Core, order: RestoreOrder, context: EngineContext): Promise<RestoreTarget> {
  const { engine, content, mode, to } = order;
  const choices = choicesFor(engine, order.choices);
  if (mode === 'throw-away') return { mode, location: engine.throwAwayLocation(content.location, context.temporaryFolder), ...choices };
  if (to !== undefined) {
    const others = (await core.sources.list()).flatMap((one) => (one.engine === engine.kind ? [one.location] : []));
    return { mode, location: engine.targetLocation(to, content.location, order.baseFolder ?? '/', others), ...choices };
  }
  if (mode === 'new') throw new AppError('input.invalid', 'A restore into a new place needs the place.', { hint: 'Name it with --to.' });
  return { mode, location: content.location, ...choices };
}

/** A copy that could not be put in place is removed: the failure leaves nothing behind. */
async function promoteOrDiscard(core: Core, engine: Engine, held: HeldRow, what: UndoEntry['what'], context: EngineContext): Promise<UndoEntry> {
  try {
    return await promoteHeld(engine, held, { what, onDropped: journalDropped(core) }, core.records, context);
  } catch (error) {
    await discardFailed(engine, held.id, core.records, context);
    throw error;
  }
}

const overwritten = 'Taken before its content was overwritten in place.';

/** How the place is reached, and the file with the password where one was asked for; `withdraw` takes that away again. */
async function giveUrl(engine: Engine, at: Readonly<Record<string, unknown>>, file: string | undefined, context: EngineContext) {
  const connection = await connectionIfAny(engine, at, context);
  if (connection === undefined) return { withdraw: () => Promise.resolve() };
  if (file === undefined) return { url: connection.url, withdraw: () => Promise.resolve() };
  return { url: connection.url, urlFile: file, withdraw: await writeUrlFile(file, connection) };
}

/** What comes before the swap and fails leaves no copy behind. */
async function orDiscard<T>(core: Core, engine: Engine, held: HeldRow, context: EngineContext, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    await discardHeld(engine, held, core.records, context);
    throw error;
  }
}

/** Put in place by the user's word, since the comparison did not say enough: the record tells it. */
async function journalAccepted(core: Core, target: string, held: string, statement: string): Promise<void> {
  await core.journal.append({ what: 'restore.accepted-inconclusive', result: 'noted', details: { target, held, statement } });
}

/** An old copy that is kept no longer is told in the journal. */
export function journalDropped(core: Core): (dropped: UndoEntry) => Promise<void> {
  return async ({ id, what, target, kept, at }) => {
    await core.journal.append({ what: 'undo.dropped', result: 'noted', details: { id, of: what, target, kept, at } });
  };
}

export function toOutput(preflight: Awaited<ReturnType<Engine['preflight']>>): CommandOutput<'restore.run'>['preflight'] {
  return {
    blockers: preflight.blockers.map((one) => ({ ...one })),
    warnings: [...preflight.warnings],
    steps: [...preflight.steps],
    bytesNeeded: preflight.bytesNeeded,
    ...(preflight.bytesFree === undefined ? {} : { bytesFree: preflight.bytesFree }),
  };
}

/** The source that stands at a location, where there is one. */
async function sourceAt(core: Core, engine: Engine, location: Readonly<Record<string, unknown>>): Promise<Source | undefined> {
  return sourceInPlace(engine, await core.sources.list(), location);
}

/** Danger in proportion: a production source is only overwritten where its name was typed. */
export async function confirmProduction(source: Source | undefined, typed: string | undefined): Promise<void> {
  if (source?.environment !== 'production' || typed === source.name) return;
  throw new AppError('input.confirmation-needed', `${source.name} is a production source.`, {
    hint: `Give its name: ${optionWords(['--confirm', source.name]).map(shellWord).join(' ')}`,
    details: { type: source.name },
  });
}

export function heldNamed(core: Core, id: string): HeldRow {
  const found = core.records.held().find((row) => row.id === id && row.state === 'held');
  if (found !== undefined) return found;
  throw new AppError('undo.nothing', `No restored copy named ${id} waits for a decision.`, { hint: 'See `belay restore --held`.' });
}
