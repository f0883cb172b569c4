import { createHash } from 'node:crypto';
import { opendir } from 'node:fs/promises';
import { sep } from 'node:path';
import { commandLine } from '../../../contract/command-line.ts';
import { AppError, isCancelled, systemCode } from '../../base/errors.ts';
import type { CommandOutput } from '../../../contract/commands.ts';
import type { Source, UndoEntry } from '../../../contract/model.ts';
import type { DiscoverScope, Engine, EngineSource } from '../../engines/engine.ts';
import { demoFile } from '../../engines/sqlite/demo/demo-file.ts';
import { engineOf, type Core } from '../core.ts';
import { keptRows } from '../kept.ts';
import { targetsOf, withTargets } from '../../sources/targets.ts';
import { samePlace } from '../../sources/same-place.ts';
import { sourceNamed } from '../known-source.ts';
import { withEngineContext, type CallScope } from '../scope.ts';
import { toJson } from '../summaries.ts';
import type { Handlers } from './handlers.ts';

export const sourceHandlers: Handlers<'sources.add' | 'sources.list' | 'sources.change' | 'sources.remove' | 'sources.test' | 'discover'> = {
  'sources.add': async (core, input, scope) => {
    const engine = engineOf(core, input.engine);
    const given = await withEngineContext(
      core,
      scope,
      (context) =>
        engine.complete?.(input.location, { folder: input.baseFolder, environment: input.variables ?? {} }, context) ?? Promise.resolve(input.location),
    );
    const apart = engine.separateSecrets?.(given) ?? { input: given, secrets: {} };
    const handles = handlesFor(core, apart.secrets, engine.describeLocation(engine.normaliseLocation(apart.input, input.baseFolder)));
    const location = engine.normaliseLocation({ ...apart.input, ...(Object.keys(handles).length === 0 ? {} : { secrets: handles }) }, input.baseFolder);
    const known = await core.sources.list();
    const name = input.name ?? nameFor(engine.describeLocation(location), known);
    if (known.some((one) => one.name === name)) {
      throw new AppError('source.exists', `There is a source named ${name} already.`, {
        hint: `Give another name with --name, or remove the other first: ${commandLine('source remove', [name])}`,
      });
    }
    const same = await sourceInPlace(engine, known, location);
    if (same !== undefined) {
      throw new AppError('source.exists', `${engine.describeLocation(location)} is the source ${same.name} already.`, {
        hint: `Use it: ${commandLine('snap', [same.name])}`,
      });
    }
    const source: Source = {
      name,
      engine: input.engine,
      location: toJson(location),
      environment: input.environment,
      addedAt: core.clock.now(),
      ...(input.project === undefined ? {} : { project: input.project }),
    };
    try {
      for (const [field, handle] of Object.entries(handles)) await core.secrets.set(handle, apart.secrets[field] ?? '');
      const probe = await withEngineContext(core, scope, (context) => engine.probe(engineSource(source), context));
      if (probe.restoreRefused !== undefined) throw new AppError('source.denied', probe.restoreRefused.statement, { hint: probe.restoreRefused.hint });
      const also = await otherNames(core, engine, source, scope);
      const { serverVersion, bytes, facts, tools, warnings } = probe;
      const told = {
        source,
        probe: { serverVersion, bytes, facts: [...facts], tools: [...tools], warnings: [...warnings] },
        ...(also.length === 0 ? {} : { alsoSource: also }),
      };
      if (input.dryRun) {
        await forgetSecrets(core, source);
        return told;
      }
      await core.sources.add(source);
      core.events.emit('sources.changed', {});
      return told;
    } catch (error) {
      // Whoever added the same place meanwhile keeps his.
      if ((await sourceInPlace(engine, await core.sources.list(), location)) === undefined) await forgetSecrets(core, source);
      throw error;
    }
  },

  'sources.list': async (core) => ({ sources: [...(await core.sources.list())] }),

  'sources.change': async (core, { name, environment, targets }) => {
    const before = await sourceNamed(core, name);
    const changed: Source = { ...before, ...(environment === undefined ? {} : { environment }) };
    const source = targets === undefined ? changed : withTargets(changed, targets);
    await core.sources.replace(source);
    core.events.emit('sources.changed', {});
    return { source, targets: targetsOf(source) };
  },

  'sources.remove': async (core, { name }, scope) => {
    const stays = await staysOf(core, await sourceNamed(core, name), scope);
    const removed = await core.sources.remove(name);
    const passwordForgotten = await forgetSecrets(core, removed);
    core.events.emit('sources.changed', {});
    return { removed, snapshotsKept: core.catalog.list({ source: name, limit: 1, offset: 0 }).total, ...stays, passwordForgotten };
  },

  'sources.test': async (core, { name }, scope) => {
    const source = await sourceNamed(core, name);
    const engine = engineOf(core, source.engine);
    const probe = await withEngineContext(core, scope, (context) => engine.probe(engineSource(source), context));
    return {
      source,
      serverVersion: probe.serverVersion,
      consistency: probe.consistency,
      bytes: probe.bytes,
      facts: [...probe.facts],
      tools: [...probe.tools],
      warnings: [...probe.warnings],
    };
  },

  discover: async (core, { folder, depth, variables }, scope) => {
    await refuseOtherThanFolder(folder);
    const known = await core.sources.list();
    const notes: string[] = [];
    let noContainers: CommandOutput<'discover'>['noContainers'];
    const where: DiscoverScope = {
      folder,
      depth,
      note: (statement) => void notes.push(statement),
      noContainers: (why) => (noContainers = why),
      ...(variables === undefined ? {} : { environment: variables }),
    };
    const found = await withEngineContext(core, scope, async (context) => {
      const all = [];
      for (const engine of core.engines.values()) {
        for (const one of await engine.discover(where, context)) {
          if (isOwn(core, one.location)) continue;
          const covered = await firstCovering(engine, known, [one.location, ...(one.alsoAt ?? [])]);
          all.push({
            engine: one.engine,
            suggestedName: one.suggestedName,
            location: toJson(one.location),
            description: one.description,
            ...(one.named === undefined ? {} : { named: [...one.named] }),
            ...(one.bytes === undefined ? {} : { bytes: one.bytes }),
            ...(one.state === undefined ? {} : { state: one.state }),
            ...(one.add === undefined ? {} : { add: one.add }),
            ...(one.needsLogin === undefined ? {} : { needsLogin: one.needsLogin }),
            ...(covered === undefined ? {} : { source: covered.name }),
          });
        }
      }
      return all;
    });
    return { found, notes, ...(noContainers === undefined ? {} : { noContainers }) };
  },
};

/** For how long a source that is removed is asked what stays there. */
const askMs = 5000;

/** What stays of a source that is removed, beside its snapshots. */
async function staysOf(core: Core, source: Source, scope: CallScope): Promise<Omit<CommandOutput<'sources.remove'>, 'removed' | 'snapshotsKept'>> {
  const engine = engineOf(core, source.engine);
  const place = engine.describeLocation(source.location);
  const undoKept: UndoEntry[] = [];
  for (const { entry, record } of keptRows(core))
    if (record.engine === engine.kind && (entry.source === source.name || (await samePlace(entry.target, place)))) undoKept.push(entry);
  const held = [];
  for (const row of core.records.held())
    if (row.state === 'held' && row.copy.engine === engine.kind && (await samePlace(row.describes, place))) held.push({ id: row.id, target: row.describes });
  const checkpoints = await checkpointsOf(core, engine, source, scope);
  return { undoKept, held, ...(checkpoints === undefined ? {} : { checkpoints }) };
}

async function checkpointsOf(core: Core, engine: Engine, source: Source, scope: CallScope): Promise<string[] | undefined> {
  const signal = AbortSignal.any([scope.signal, AbortSignal.timeout(askMs)]);
  try {
    const found = await withEngineContext(core, { ...scope, signal }, async (context) => engine.checkpoints?.list(engineSource(source), context));
    return (found ?? []).map(({ id }) => id);
  } catch (error) {
    if (scope.signal.aborted || !(error instanceof AppError || isCancelled(error))) throw error;
    core.log.info('a source that is removed was not asked for its checkpoints', { source: source.name });
    return undefined;
  }
}

/** Sources that are the very same place by other names, as the places themselves say; those that do not answer are none. */
async function otherNames(core: Core, engine: Engine, source: Source, scope: CallScope): Promise<string[]> {
  const others = (await core.sources.list()).filter((one) => one.engine === engine.kind);
  if (engine.identity === undefined || others.length === 0) return [];
  const ask = (one: Source): Promise<string | undefined> => withEngineContext(core, scope, async (context) => engine.identity?.(engineSource(one), context));
  const [own, ...found] = await Promise.all([source, ...others].map(ask));
  return own === undefined ? [] : others.flatMap((one, i) => (found[i] === own ? [one.name] : []));
}

/**
 * A handle for each secret: the same ones for the same place, so that what stands on record of it (old copies that are kept, copies that are held) is reached with
 * a new password once the source was added anew with it. Throws where a secret would be forgotten with this process.
 */
function handlesFor(core: Core, secrets: Readonly<Record<string, string>>, place: string): Readonly<Record<string, string>> {
  const fields = Object.keys(secrets);
  if (fields.length > 0 && !core.secrets.lasting)
    throw new AppError('secret.store-unavailable', 'There is no place that keeps a password here.', {
      hint: 'Leave it out where the database finds it by itself (for PostgreSQL in ~/.pgpass), or set up the keychain or the encrypted file: belay doctor.',
    });
  const id = createHash('sha256').update(place).digest('hex').slice(0, 32);
  return Object.fromEntries(fields.map((field) => [field, `source/${id}/${field}`]));
}

/** Snapshots stay: what they were taken with is in none of them. True where there was one. */
async function forgetSecrets(core: Core, source: Source): Promise<boolean> {
  const { secrets } = source.location;
  if (typeof secrets !== 'object' || secrets === null || Array.isArray(secrets)) return false;
  const handles = Object.values(secrets).filter((handle) => typeof handle === 'string');
  for (const handle of handles) await core.secrets.remove(handle);
  return handles.length > 0;
}

export function engineSource(source: Source): EngineSource {
  return { name: source.name, engine: source.engine, location: source.location };
}

/** The source that is at a location, by whatever name of its file. */
export async function sourceInPlace(engine: Engine, known: readonly Source[], location: Readonly<Record<string, unknown>>): Promise<Source | undefined> {
  const described = engine.describeLocation(location);
  for (const one of known) if (one.engine === engine.kind && (await samePlace(engine.describeLocation(one.location), described))) return one;
  return undefined;
}

async function firstCovering(engine: Engine, known: readonly Source[], locations: readonly Readonly<Record<string, unknown>>[]): Promise<Source | undefined> {
  for (const location of locations) {
    const covered = await sourceInPlace(engine, known, location);
    if (covered !== undefined) return covered;
  }
  return undefined;
}

/** A name for what stands at a place, that no source has. */
export function nameFor(described: string, known: readonly Source[]): string {
  return freeName(suggestedName(described), known);
}

/** Belay's own files: the catalog is a database too, and none that anybody means. The demo's is, once it was made. */
function isOwn(core: Core, { path }: Readonly<Record<string, unknown>>): boolean {
  return typeof path === 'string' && path.startsWith(core.home + sep) && path !== demoFile(core.home);
}

/** Throws where there is no folder to look in: nothing found must mean that something was looked at. */
async function refuseOtherThanFolder(path: string): Promise<void> {
  try {
    const folder = await opendir(path);
    await folder.close();
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT')
      throw new AppError('source.missing', `There is no folder ${path}.`, { hint: 'Check the path.', details: { system: code }, cause: error });
    if (code === 'ENOTDIR')
      throw new AppError('input.invalid', `${path} is not a folder.`, { hint: `To add a database file: ${commandLine('source add', [path])}`, cause: error });
    throw new AppError('source.denied', `The folder ${path} cannot be read.`, { hint: 'Check who may read it.', cause: error });
  }
}

function suggestedName(described: string): string {
  const last = described.split(/[\\/]/).at(-1) ?? described;
  const stem = last.replace(/\.(sqlite3?|db3?|s3db)$/i, '');
  const clean = [...(stem === '' ? last : stem)]
    .filter((character) => character >= ' ' && character !== '\u007f')
    .join('')
    .trim();
  return clean === '' ? 'database' : clean.slice(0, 100);
}

function freeName(wanted: string, known: readonly Source[]): string {
  const names = new Set(known.map((one) => one.name));
  if (!names.has(wanted)) return wanted;
  let number = 2;
  while (names.has(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
}
