import { arch, platform, release } from 'node:os';
import type { Drill, DrillStep } from '../../../contract/drills.ts';
import type { CommandParsed } from '../../../contract/commands.ts';
import type { Source, Verification } from '../../../contract/model.ts';
import { replaceFile, writeNewFile } from '../../base/durable-file.ts';
import { AppError, systemCode } from '../../base/errors.ts';
import type { Repository, SnapshotRecord } from '../../repository/repository.ts';
import { drillFact, drillNamed, drillsOf, remarkFactOf, resultOf, shortened } from '../../verify/drill-record.ts';
import { drillLogMarkdown, drillMarkdown, duration } from '../../verify/drill-report.ts';
import { prove } from '../../verify/prove.ts';
import { placeAsked } from '../place-asked.ts';
import { engineOf, type Core } from '../core.ts';
import { refuseUnknownSource } from '../known-source.ts';
import { newestDrills } from '../newest-drills.ts';
import { replaceable } from '../replacing.ts';
import { freshRecord, resolveSnapshot } from '../resolve.ts';
import { withEngineContext, type CallScope } from '../scope.ts';
import type { Handlers } from './handlers.ts';
import { parentRecord, refreshed } from './snapshots.ts';
import { engineSource } from './sources.ts';

type Input = CommandParsed<'drill.run'>;

export const drillHandlers: Handlers<'drill.run' | 'drill.list' | 'drill.log' | 'drill.report' | 'drill.show' | 'drill.remark'> = {
  'drill.run': async (core, input, scope) => {
    const repository = await core.session.current();
    // What was removed keeps its snapshots, and what was taken in from a file never had a source.
    await refuseUnknownSource(core, input.source);
    const source = (await core.sources.list()).find((one) => one.name === input.source);
    const record = await chosen(core, repository, input.source, input.snapshot);
    if (repository.info.readOnly) {
      throw new AppError('repository.read-only', `A drill is kept as a record, and ${repository.info.location} cannot be written here.`, {
        hint: 'Mount it for writing, or give this user the right to write. Without a record a snapshot is proved by: belay verify',
      });
    }
    const drill = shortened(await runDrill(core, repository, { source, record, input }, scope));
    await repository.record([drillFact(drill)]);
    await newestDrills(core, repository);
    return { drill };
  },

  'drill.list': async (core, { source, limit }) => {
    const drills = await drillsMade(core, source);
    return { drills: drills.slice(-limit).toReversed(), total: drills.length };
  },

  'drill.log': async (core, { source }) => {
    const drills = (await drillsMade(core, source)).toReversed();
    return { drills, markdown: drillLogMarkdown(drills) };
  },

  'drill.report': async (core, { drill, to, replace }) => {
    const drills = (await drillsMade(core, undefined)).toReversed();
    const one = drill === undefined ? undefined : drillNamed(drills.toReversed(), drill);
    const page = one === undefined ? drillLogMarkdown(drills) : drillMarkdown(one);
    const text = Buffer.from(to.toLowerCase().endsWith('.json') ? `${JSON.stringify(one ?? drills, null, 2)}\n` : page);
    const replaced = replace && (await replaceable(core, to));
    try {
      await (replaced ? replaceFile(to, text, core) : writeNewFile(to, [text]));
    } catch (error) {
      const code = systemCode(error);
      if (code === undefined) throw error;
      if (code === 'EEXIST') throw new AppError('target.exists', `${to} exists already.`, { hint: 'Name a file that does not exist.' });
      throw new AppError('target.denied', `The report could not be written: ${to}`, { hint: 'Name a file in a folder that you may write to.', cause: error });
    }
    return { path: to, bytes: text.length };
  },

  'drill.show': async (core, input) => {
    const drill = drillNamed(drillsOf(await (await core.session.current()).facts()), input.drill);
    return { drill, markdown: drillMarkdown(drill) };
  },

  'drill.remark': async (core, input) => {
    const repository = await core.session.current();
    if (input.notes.length + input.blockers.length === 0)
      throw new AppError('input.invalid', 'Nothing was said about the drill.', { hint: 'Give --note or --blocker.' });
    const drill = drillNamed(drillsOf(await repository.facts()), input.drill);
    await repository.record([remarkFactOf(drill.id, saidBy(core, input))]);
    return { drill: drillNamed(drillsOf(await repository.facts()), drill.id) };
  },
};

/** Those that were made, of that source alone where one is named, oldest first. Throws where there is no such source and never was. */
async function drillsMade(core: Core, source: string | undefined): Promise<readonly Drill[]> {
  const drills = drillsOf(await (await core.session.current()).facts()).filter((one) => source === undefined || one.source === source);
  if (source !== undefined && drills.length === 0) await refuseUnknownSource(core, source);
  return drills;
}

/** The newest one is that of `latest:<source>`: neither an old file that was taken in lately nor a safety snapshot stands for it. */
async function chosen(core: Core, repository: Repository, source: string, ref: string | undefined): Promise<SnapshotRecord | undefined> {
  if (ref === undefined) {
    const newest = core.catalog.newest(source);
    return newest === undefined ? undefined : freshRecord(repository, newest.id);
  }
  const { record } = await resolveSnapshot(core, ref);
  if (record.source === source) return record;
  throw new AppError('input.invalid', `Snapshot ${record.seq} is of ${record.source}, not of ${source}.`, { hint: 'Choose one of: belay list' });
}

interface Subject {
  /** Undefined where it was removed since. */
  readonly source: Source | undefined;
  readonly record: SnapshotRecord | undefined;
  readonly input: Input;
}

/** Every step has a result, also the ones that were never reached: nothing passes by being left out. */
async function runDrill(core: Core, repository: Repository, { source, record, input }: Subject, scope: CallScope): Promise<Drill> {
  const at = core.clock.now();
  const kind = record?.engine ?? source?.engine;
  const engine = kind === undefined ? undefined : engineOf(core, kind);
  const place = engine === undefined ? {} : placeAsked(engine, input.in);
  const steps: DrillStep[] = [await credentials(core, source, scope)];
  const proofs = new Map<string, Verification>();
  if (record !== undefined && engine !== undefined) {
    const parent = await parentRecord(repository, record);
    await withEngineContext(core, scope, (context) =>
      prove(
        repository,
        engine,
        {
          record,
          level: 'proved',
          parent,
          checks: input.checks,
          ...place,
          ...(engine.separateSecrets === undefined || source === undefined ? {} : { location: source.location }),
          onLevel: (one) => proofs.set(one.level, one),
        },
        context,
      ),
    );
    await refreshed(core, repository, record.id);
  }
  const none = record === undefined ? `There is no snapshot of ${input.source}.` : 'A step before it did not pass.';
  steps.push(stepOf('intact', proofs.get('intact'), none), stepOf('complete', proofs.get('complete'), none), stepOf('restored', proofs.get('proved'), none));
  const proved = proofs.get('proved');
  const recoveryMs = proved?.result === 'passed' ? (proved.recoveryMs ?? proved.durationMs) : undefined;
  if (input.targetMs !== undefined) steps.push(timeStep(recoveryMs, input.targetMs));
  const warnings = [...proofs.values()].flatMap((one) => one.warnings);
  const last = proved ?? proofs.get('complete') ?? proofs.get('intact');
  return {
    id: `d-${Buffer.from(core.random.bytes(4)).toString('hex')}`,
    at,
    by: input.by,
    source: input.source,
    ...(engine === undefined ? {} : { engine: engine.kind }),
    ...(record === undefined ? {} : { snapshot: snapshotOf(record) }),
    ...(record === undefined ? { result: 'not-run', statement: none } : resultOf(steps, last)),
    steps,
    ...(recoveryMs === undefined ? {} : { recoveryMs }),
    ...(input.targetMs === undefined ? {} : { targetMs: input.targetMs }),
    ...(proved?.place === undefined ? {} : { place: proved.place }),
    items: proved?.items ?? 0,
    rows: proved?.rows ?? 0,
    differences: [...(last?.differences ?? [])].slice(0, 20),
    ...(warnings.length === 0 ? {} : { warnings: warnings.slice(0, 20) }),
    checks: [...(proved?.checks ?? [])].slice(0, 100),
    machine: { system: `${platform()} ${release()} ${arch()}`, belay: core.version },
    ...saidBy(core, input),
  };
}

/** The source itself, as the first snapshot after a disaster would find it: reachable, readable, the right tools there. */
async function credentials(core: Core, source: Source | undefined, scope: CallScope): Promise<DrillStep> {
  const started = core.clock.monotonic();
  const ended = (result: DrillStep['result'], statement: string): DrillStep => ({
    name: 'source',
    result,
    statement,
    durationMs: Math.round(core.clock.monotonic() - started),
  });
  if (source === undefined) return ended('failed', 'The source is not known any more.');
  scope.progress({ stage: 'credentials dry-run' });
  try {
    const engine = engineOf(core, source.engine);
    const probe = await withEngineContext(core, scope, (context) => engine.probe(engineSource(source), context));
    if (probe.restoreRefused !== undefined) return ended('failed', probe.restoreRefused.statement);
    return ended('passed', `${source.name} answers: ${engine.title} ${probe.serverVersion}.`);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return ended('failed', error.message);
  }
}

function stepOf(name: DrillStep['name'], found: Verification | undefined, none: string): DrillStep {
  if (found === undefined) return { name, result: 'not-run', statement: none, durationMs: 0 };
  return { name, result: found.result, statement: found.statement, durationMs: found.durationMs };
}

function timeStep(recoveryMs: number | undefined, targetMs: number): DrillStep {
  if (recoveryMs === undefined) return { name: 'time', result: 'not-run', statement: 'Nothing was recovered, so no time was measured.', durationMs: 0 };
  const kept = recoveryMs <= targetMs;
  const words = `${duration(recoveryMs)} of ${duration(targetMs)}`;
  return { name: 'time', result: kept ? 'passed' : 'failed', statement: kept ? `${words}.` : `Too slow: ${words}.`, durationMs: recoveryMs };
}

function snapshotOf({ id, seq, createdAt, name }: SnapshotRecord): NonNullable<Drill['snapshot']> {
  return { id, seq, createdAt, ...(name === undefined ? {} : { name }) };
}

function saidBy(core: Core, { by, notes, blockers }: Pick<Input, 'by' | 'notes' | 'blockers'>): Pick<Drill, 'notes' | 'blockers'> {
  const said = (text: string) => ({ at: core.clock.now(), by, text });
  return { notes: notes.map(said), blockers: blockers.map(said) };
}
