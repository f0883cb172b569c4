import { placeAsked } from '../place-asked.ts';
import { AppError, isAppError } from '../../base/errors.ts';
import type { CommandOutput, CommandParsed } from '../../../contract/commands.ts';
import type { SnapshotSummary, Source, Verification } from '../../../contract/model.ts';
import type { Repository, SnapshotRecord } from '../../repository/repository.ts';
import { takeSnapshot } from '../../snapshot/take.ts';
import { prove } from '../../verify/prove.ts';
import { engineOf, type Core } from '../core.ts';
import { presentLocation } from '../present.ts';
import { ensureListed, freshRecord, idToForget, listedSnapshot, publishRecord, resolveSnapshot } from '../resolve.ts';
import { refuseUnknownSource, sourceNamed } from '../known-source.ts';
import { withEngineContext, type CallScope } from '../scope.ts';
import { problemsOf, proofsOf, shownObjects, summaryOf, toJson } from '../summaries.ts';
import { captureNotes } from '../../snapshot/content.ts';
import type { Handlers } from './handlers.ts';
import { engineSource } from './sources.ts';

/** Longest time that writers of a source may be made to wait by a capture where the settings say nothing, milliseconds. */
const usualWriterWait = 10_000;

export const snapshotHandlers: Handlers<
  'snapshot.create' | 'snapshot.list' | 'snapshot.show' | 'snapshot.tag' | 'snapshot.pin' | 'snapshot.forget' | 'snapshot.verify'
> = {
  'snapshot.create': async (core, input, scope) => {
    const started = core.clock.monotonic();
    const source = await sourceNamed(core, input.source);
    const repository = await core.session.current();
    if (input.dryRun) return dryRun(core, source, repository, scope, started);
    const taken = await snapshotSource(core, source, input, repository, scope);
    return { ...taken, durationMs: elapsed(core, started) };
  },

  'snapshot.list': async (core, input) => {
    await ensureListed(core);
    if (input.source !== undefined) await refuseUnknownSource(core, input.source);
    const page = await core.catalog.listInTurns({
      limit: input.limit,
      offset: input.offset,
      ...(input.source === undefined ? {} : { source: input.source }),
      ...(input.tag === undefined ? {} : { tag: input.tag }),
      ...(input.text === undefined ? {} : { text: input.text }),
    });
    return { snapshots: page.snapshots.map(summaryOf), total: page.total, problems: problemsOf(core.catalog.problems()) };
  },

  'snapshot.show': async (core, input) => {
    await ensureListed(core);
    const record = await listedSnapshot(core, input.snapshot);
    const { objects, total } = core.catalog.objects(record.id, { limit: 1000, offset: 0 });
    const shown = shownObjects(objects);
    return {
      snapshot: summaryOf(record),
      proofs: proofsOf(record),
      objects: shown,
      objectsTotal: total - (objects.length - shown.length),
      capture: toJson(record.capture),
      history: historyOf(record),
      ...(record.parent === undefined ? {} : { parent: record.parent }),
    };
  },

  'snapshot.tag': async (core, input) => {
    if (input.add.length === 0 && input.remove.length === 0)
      throw new AppError('input.invalid', 'No tag was named.', { hint: 'Name tags to add or to remove.' });
    const { repository, record } = await resolveSnapshot(core, input.snapshot);
    const both = input.add.find((tag) => input.remove.includes(tag));
    if (both !== undefined) throw new AppError('input.invalid', `${both} is both to be added and to be removed.`, { hint: 'Leave one of them out.' });
    const absent = input.remove.filter((tag) => !record.tags.includes(tag));
    await repository.record([{ kind: 'tags', snapshot: record.id, add: input.add, remove: input.remove }]);
    return { snapshot: await refreshed(core, repository, record.id), absent };
  },

  'snapshot.pin': async (core, input) => {
    const { repository, record } = await resolveSnapshot(core, input.snapshot);
    if (input.reason !== null || record.pin !== undefined) await repository.record([{ kind: 'pin', snapshot: record.id, reason: input.reason }]);
    return { snapshot: await refreshed(core, repository, record.id), ...(record.pin === undefined ? {} : { before: record.pin }) };
  },

  'snapshot.forget': async (core, input, scope) => {
    const ids = new Set<string>();
    for (const ref of input.snapshots) ids.add(await idToForget(core, ref));
    const repository = await core.session.current();
    const plan = await repository.planForget([...ids], scope);
    const shown = { snapshots: plan.snapshots.map(summaryOf), freesNow: plan.freesNow, freesAfter: plan.freesAfter, hash: plan.hash };
    if (input.confirm === undefined) return { plan: shown, done: false };
    if (input.confirm !== plan.hash) throw changedSincePlan();
    await repository.forget(plan, scope);
    for (const record of plan.snapshots) core.catalog.removeSnapshot(record.id);
    core.events.emit('snapshots.changed', {});
    return { plan: shown, done: true };
  },

  'snapshot.verify': async (core, input, scope) => {
    const { repository, record } = await resolveSnapshot(core, input.snapshot);
    if (input.checks.length > 0 && input.level !== 'proved') {
      throw new AppError('input.invalid', 'Checks of your own need a restored copy.', { hint: 'Leave out --level, or use --level proved.' });
    }
    const engine = engineOf(core, record.engine);
    const place = placeAsked(engine, input.in);
    const parent = await parentRecord(repository, record);
    const location = await presentLocation(core, engine, captureNotes(record).location);
    const verification = await withEngineContext(core, scope, (context) =>
      prove(repository, engine, { record, level: input.level, parent, checks: input.checks, ...place, location }, context),
    );
    return { snapshot: await refreshed(core, repository, record.id), verification };
  },
};

export function changedSincePlan(): AppError {
  return new AppError('input.confirmation-needed', 'What would be done changed since it was shown.', { hint: 'Look at the plan again and confirm that one.' });
}

type CreateOptions = Pick<CommandParsed<'snapshot.create'>, 'name' | 'note' | 'tags' | 'pin' | 'level'>;

/** Snapshots a source, brings it to the level asked, and lists it. Also the way to a safety snapshot. */
export async function snapshotSource(
  core: Core,
  source: Source,
  options: CreateOptions,
  repository: Repository,
  scope: CallScope,
): Promise<{ readonly snapshot: SnapshotSummary; readonly warnings: string[]; readonly verification: Verification }> {
  const engine = engineOf(core, source.engine);
  const parent = await newestOf(repository, source.name, source.engine);
  const { maxWriterWait = usualWriterWait } = await core.settings.read();
  return withEngineContext(core, scope, async (context) => {
    const request = { source: engineSource(source), createdAt: core.clock.now(), tags: options.tags, maxWriterWait };
    const taken = await takeSnapshot(
      repository,
      engine,
      {
        ...request,
        ...(parent === undefined ? {} : { parent }),
        ...(options.name === undefined ? {} : { name: options.name }),
        ...(options.note === undefined ? {} : { note: options.note }),
      },
      context,
    );
    if (options.pin !== undefined) await repository.record([{ kind: 'pin', snapshot: taken.record.id, reason: options.pin }]);
    await publishRecord(core, repository, taken.record);
    const verification = await prove(repository, engine, { record: taken.record, level: options.level, parent, checks: [] }, context);
    const snapshot = await refreshed(core, repository, taken.record.id);
    return { snapshot, warnings: [...taken.report.warnings, ...sharedName(core, options.name)], verification };
  });
}

/** A name that another snapshot has too finds neither of them. */
function sharedName(core: Core, name: string | undefined): string[] {
  if (name === undefined) return [];
  try {
    core.catalog.get(name);
    return [];
  } catch (error) {
    if (!isAppError(error, 'input.ambiguous')) throw error;
    return [`another snapshot is named ${name} too: by that name alone neither is found`];
  }
}

/** The newest snapshot of a source, whatever its proof: what the next one is compressed against. */
export async function newestOf(repository: Repository, source: string, engine: string): Promise<SnapshotRecord | undefined> {
  const { snapshots } = await repository.snapshots();
  return snapshots.findLast((one) => one.source === source && one.engine === engine);
}

export async function parentRecord(repository: Repository, record: SnapshotRecord): Promise<SnapshotRecord | undefined> {
  if (record.parent === undefined) return undefined;
  const { snapshots } = await repository.snapshots();
  return snapshots.find((one) => one.id === record.parent);
}

/** Brings the catalog's row of a snapshot to what the repository knows of it. */
export async function refreshed(core: Core, repository: Repository, id: string): Promise<SnapshotSummary> {
  const record = await freshRecord(repository, id);
  core.catalog.updateSnapshot(record);
  core.events.emit('snapshots.changed', { source: record.source });
  return summaryOf(record);
}

/** Stored share of a first snapshot, measured on mixed databases; shown as an estimate only. */
const firstShare = 0.25;
const bytesPerSecond = 200 * 1024 * 1024;

async function dryRun(core: Core, source: Source, repository: Repository, scope: CallScope, started: number): Promise<CommandOutput<'snapshot.create'>> {
  const engine = engineOf(core, source.engine);
  const probe = await withEngineContext(core, scope, (context) => engine.probe(engineSource(source), context));
  const parent = await newestOf(repository, source.name, source.engine);
  const usage = await repository.usage();
  const stored = parent === undefined ? Math.round(probe.bytes * firstShare) : Math.max(parent.totals.added, 65_536);
  const short = usage.free !== undefined && usage.free < stored * 1.1 ? [`the repository has ${usage.free} bytes free, about ${stored} are needed`] : [];
  return {
    dryRun: {
      source,
      serverVersion: probe.serverVersion,
      consistency: probe.consistency,
      bytes: probe.bytes,
      estimate: { durationMs: Math.round((probe.bytes / bytesPerSecond) * 1000) + 300, stored },
      tools: [...probe.tools],
      warnings: [...probe.warnings, ...short],
      ...(usage.free === undefined ? {} : { bytesFree: usage.free }),
    },
    warnings: [],
    durationMs: elapsed(core, started),
  };
}

function historyOf(record: SnapshotRecord): { at: number; statement: string }[] {
  const notes = captureNotes(record);
  const taken = notes.origin === undefined ? 'captured' : `taken in from ${notes.origin.path}; its date from its ${notes.origin.madeAtFrom.replace('-', ' ')}`;
  const proofs = record.proofs.map((proof) => ({ at: proof.at, statement: `${proof.level}: ${proof.result}` }));
  const pinned = record.pin === undefined ? [] : [{ at: record.pin.at, statement: `pinned: ${record.pin.reason}` }];
  return [{ at: record.createdAt, statement: taken }, ...proofs, ...pinned];
}

function elapsed(core: Core, started: number): number {
  return Math.round(core.clock.monotonic() - started);
}
