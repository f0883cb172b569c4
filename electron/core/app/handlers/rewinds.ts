import { commandLine } from '../../../contract/command-line.ts';
import { AppError, isCancelled } from '../../base/errors.ts';
import type { CommandOutput } from '../../../contract/commands.ts';
import type { Source } from '../../../contract/model.ts';
import type { CheckpointRoom, CheckpointVerbs, Engine } from '../../engines/engine.ts';
import { refuseBlocked, swapCheckpoint } from '../../restore/restore.ts';
import { openContent } from '../../snapshot/content.ts';
import { engineOf, type Core } from '../core.ts';
import { keptEntry } from '../kept.ts';
import { resolveSnapshot } from '../resolve.ts';
import { sourceNamed } from '../known-source.ts';
import { withEngineContext, type CallScope } from '../scope.ts';
import { summaryOf } from '../summaries.ts';
import type { Handlers } from './handlers.ts';
import { confirmProduction, journalDropped, runRestore, toOutput } from './restores.ts';
import { engineSource } from './sources.ts';

export const rewindHandlers: Handlers<'rewind' | 'checkpoint.create' | 'checkpoint.list' | 'checkpoint.drop'> = {
  rewind: async (core, input, scope) => {
    const source = await sourceNamed(core, input.source);
    if (input.checkpoint !== undefined) {
      if (input.to !== undefined) throw new AppError('input.invalid', 'A rewind goes to a snapshot or to a checkpoint.', { hint: 'Name one of the two.' });
      if (input.migrate.length + input.checks.length > 0)
        throw new AppError('input.invalid', 'A rewind to a checkpoint runs no check and no migration: no copy is made that they could run on.', {
          hint: 'Run them afterwards, or rewind to a snapshot.',
        });
      return rewindToCheckpoint(core, source, input.checkpoint, input.dryRun, input.confirm, scope);
    }
    const { repository, record } = await resolveSnapshot(core, input.to ?? `latest:${source.name}`);
    if (record.engine !== source.engine)
      throw new AppError('input.invalid', `The snapshot is of ${record.engine}, the source of ${source.engine}.`, { hint: 'Name a snapshot of this source.' });
    if (record.source !== source.name) {
      throw new AppError('input.invalid', `Snapshot #${record.seq} is of ${record.source}, not of ${source.name}. Nothing was changed.`, {
        hint: `Name one of ${source.name}: ${commandLine('list', [source.name])}. To put it there all the same: ${commandLine('restore', [record.id.slice(0, 8)], [['--to', source.name]])}`,
      });
    }
    const engine = engineOf(core, source.engine);
    const done = await withEngineContext(core, scope, async (context) => {
      const stored = await openContent(repository, engine, record, scope.signal);
      // The source may have moved since: it is put back where its profile says that it is now.
      const content = { ...stored, location: source.location };
      const mode = input.inPlace ? 'in-place' : 'replace';
      return runRestore(
        core,
        {
          engine,
          content,
          snapshotId: record.id,
          mode,
          dryRun: input.dryRun,
          checks: input.checks,
          migrate: input.migrate,
          hold: false,
          acceptInconclusive: input.acceptInconclusive,
          confirm: input.confirm,
          safetySnapshot: true,
          choices: input.choices,
          what: input.inPlace ? 'in-place' : 'rewind',
        },
        context,
        scope,
      );
    });
    return { ...done, snapshot: summaryOf(record) };
  },

  'checkpoint.create': async (core, input, scope) => {
    const source = await sourceNamed(core, input.source);
    const engine = engineOf(core, source.engine);
    const id = Buffer.from(core.random.bytes(4)).toString('hex');
    const made = await withEngineContext(core, scope, async (context) => {
      const verbs = checkpointsOf(engine);
      await refuseOverLimit(core, source, await verbs.room?.(engineSource(source), context));
      return verbs.create(engineSource(source), id, context);
    });
    return { checkpoint: { ...made, source: source.name } };
  },

  'checkpoint.list': async (core, input, scope) => {
    const sources = input.source === undefined ? await core.sources.list() : [await sourceNamed(core, input.source)];
    const notes: string[] = [];
    const checkpoints = await withEngineContext(core, scope, async (context) => {
      const all = [];
      for (const source of sources) {
        const verbs = engineOf(core, source.engine).checkpoints;
        try {
          for (const one of verbs === undefined ? [] : await verbs.list(engineSource(source), context)) all.push({ ...one, source: source.name });
        } catch (error) {
          // One that does not answer hides none of the others.
          if (!(error instanceof AppError) || input.source !== undefined) throw error;
          notes.push(`the checkpoints of ${source.name} are not known: ${error.message}`);
        }
      }
      return all;
    });
    return { checkpoints, ...(notes.length === 0 ? {} : { notes }) };
  },

  'checkpoint.drop': async (core, input, scope) => {
    const source = await sourceNamed(core, input.source);
    const verbs = checkpointsOf(engineOf(core, source.engine));
    return withEngineContext(core, scope, async (context) => {
      const found = (await verbs.list(engineSource(source), context)).find((one) => one.id === input.id);
      if (found === undefined) throw unknownCheckpoint(source, input.id);
      await verbs.drop(engineSource(source), input.id, context);
      return { dropped: { ...found, source: source.name } };
    });
  },
};

function checkpointsOf(engine: Engine): CheckpointVerbs {
  if (engine.checkpoints !== undefined) return engine.checkpoints;
  throw new AppError('checkpoint.unsupported', `${engine.title} has no checkpoints.`, { hint: `Take a snapshot instead: ${commandLine('snap')}` });
}

const defaultLimitMiB = 10_240;

/** Where nobody can say how much room the server has, checkpoints stay below a limit. */
async function refuseOverLimit(core: Core, source: Source, room: CheckpointRoom | undefined): Promise<void> {
  if (room === undefined || room.free !== undefined) return;
  const limit = (await core.settings.read()).checkpointLimitMiB ?? defaultLimitMiB;
  const wanted = Math.ceil((room.held + room.needed) / (1 << 20));
  if (wanted <= limit) return;
  throw new AppError(
    'target.no-space',
    `With one more the checkpoints of ${source.name} would take up ${wanted} MiB, over the limit of ${limit} MiB. How much its server has free is not known here.`,
    {
      hint: `Drop one (${commandLine('checkpoint list', [source.name])}), or raise checkpointLimitMiB in settings.json.`,
      details: { wanted, limit },
    },
  );
}

/**
 * What the rewind used up is made again when it has ended, as a job of its own: a rewind that comes meanwhile waits for it. One that fails or is
 * cancelled stands in the journal and among the jobs, and costs the next rewind a copy.
 */
function prepareNext(core: Core, source: Source, verbs: CheckpointVerbs, id: string): void {
  if (verbs.prepare === undefined) return;
  const title = `copy checkpoint ${id} of ${source.name} for the next rewind`;
  const details = { source: source.name, checkpoint: id };
  const job = core.queue.run({ command: 'checkpoint.prepare', title, client: 'host', exclusive: ['target:any'], details }, async ({ signal, progress }) =>
    withEngineContext(core, { client: 'host', signal, progress }, async (context) => verbs.prepare?.(engineSource(source), id, context)),
  );
  job.catch((error: unknown) => {
    if (!isCancelled(error)) core.log.warn('the next rewind to this checkpoint has to copy first', { ...details, error });
  });
}

function unknownCheckpoint(source: Source, id: string): AppError {
  return new AppError('checkpoint.unknown', `${source.name} has no checkpoint ${id}.`, { hint: `See: ${commandLine('checkpoint list', [source.name])}` });
}

async function rewindToCheckpoint(
  core: Core,
  source: Source,
  id: string,
  dryRun: boolean,
  confirm: string | undefined,
  scope: CallScope,
): Promise<CommandOutput<'rewind'>> {
  const started = core.clock.monotonic();
  const engine = engineOf(core, source.engine);
  const verbs = checkpointsOf(engine);
  const target = engine.describeLocation(source.location);
  return withEngineContext(core, scope, async (context) => {
    const found = (await verbs.list(engineSource(source), context)).find((one) => one.id === id);
    if (found === undefined) throw unknownCheckpoint(source, id);
    const looked = await verbs.preflight(engineSource(source), id, context);
    const preflight = toOutput(looked);
    if (dryRun) return { preflight, target, durationMs: Math.round(core.clock.monotonic() - started) };
    await confirmProduction(source, confirm);
    refuseBlocked(looked);
    const undo = await swapCheckpoint(
      engine,
      { mode: 'replace', location: source.location },
      { what: 'checkpoint-rewind', target, source: source.name },
      (intents) => verbs.rewind(engineSource(source), id, context, intents),
      core.records,
      context,
      journalDropped(core),
    );
    prepareNext(core, source, verbs, id);
    core.events.emit('undo.changed', {});
    return { preflight, target, undo: await keptEntry(core, undo), durationMs: Math.round(core.clock.monotonic() - started) };
  });
}
