import { join } from 'node:path';
import { optionWords, shellWord } from '../../contract/command-line.ts';
import { AppError } from '../base/errors.ts';
import type { Engine, EngineContext, EngineSource, Fingerprint, LoadedNative, SnapshotContent } from '../engines/engine.ts';
import { recognise, type FoundNative } from '../inspect/import.ts';
import { captureLoose } from '../snapshot/loose-content.ts';
import type { Core } from './core.ts';
import { sourceNamed } from './known-source.ts';

/** The native file at `path` and the engine that knows it. Throws `source.missing`, `source.not-a-database`, ... */
export async function looseFile(core: Core, path: string, context: EngineContext): Promise<FoundNative> {
  const engines = [...core.engines.values()];
  const found = await recognise(path, engines, context);
  if (found !== undefined) return found;
  throw new AppError('source.not-a-database', `${path} is not a native file that Belay knows.`, {
    hint: `Those of ${engines.map((engine) => engine.title).join(' and ')} can be read.`,
  });
}

/**
 * Runs `work` on a native file as on a source. Where files of its engine must be loaded into a server first, it is that of the source named `server`, or the only one there
 * is that is not labelled production. Throws `source.unknown` where it must be named.
 */
export async function withNative<T>(
  core: Core,
  { file, engine }: FoundNative,
  server: string | undefined,
  context: EngineContext,
  work: (loaded: LoadedNative, server: EngineSource | undefined) => Promise<T>,
): Promise<T> {
  if (engine.loadNative === undefined) return work({ source: engine.nativeSource(file), database: '', warnings: [] }, undefined);
  const on = await serverFor(core, engine, server);
  return engine.loadNative(file, on, context, (loaded) => work(loaded, on));
}

async function serverFor(core: Core, engine: Engine, name: string | undefined): Promise<EngineSource> {
  if (name !== undefined) {
    const source = await sourceNamed(core, name);
    if (source.engine === engine.kind) return { name: source.name, engine: engine.kind, location: source.location };
    throw new AppError('input.invalid', `The source ${name} is no server of ${engine.title}.`, { hint: `Name a source of ${engine.title}.` });
  }
  const all = (await core.sources.list()).filter((source) => source.engine === engine.kind);
  const usable = all.filter((source) => source.environment !== 'production');
  const [only] = usable;
  if (only !== undefined && usable.length === 1) return { name: only.name, engine: engine.kind, location: only.location };
  throw new AppError('source.unknown', `A file of ${engine.title} is loaded into a scratch database first, and it is not said on which server.`, {
    hint:
      all.length === 0
        ? `Add a source on a server that may be used for it: belay source add postgres://…`
        : `Name a source on that server: ${optionWords(['--server', only?.name ?? all[0]?.name ?? ''])
            .map(shellWord)
            .join(' ')}`,
    details: { sources: all.map((source) => source.name).slice(0, 50) },
  });
}

/** Runs `work` on a loose native file as if it were a snapshot: one step from a dump to a named database. */
export async function withLooseFile<T>(
  core: Core,
  path: string,
  server: string | undefined,
  context: EngineContext,
  work: (engine: Engine, content: SnapshotContent) => Promise<T>,
): Promise<T> {
  const found = await looseFile(core, path, context);
  const { file, engine } = found;
  const folder = join(context.temporaryFolder, 'loose');
  if (engine.loadNative !== undefined) {
    const content = await withNative(core, found, server, context, ({ source }, on) =>
      captureLoose(engine, source, on === undefined ? source.location : on.location, folder, context),
    );
    return work(engine, content);
  }
  const source = engine.nativeSource(file);
  const fingerprint: Fingerprint = await engine.fingerprint({ kind: 'source', source }, context);
  return work(engine, engine.nativeContent(file, fingerprint, folder));
}
