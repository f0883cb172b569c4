import { join } from 'node:path';
import { AppError } from '../base/errors.ts';
import type { Engine, EngineContext, Fingerprint, SnapshotContent } from '../engines/engine.ts';
import { recognise, type FoundNative } from '../inspect/import.ts';
import type { Core } from './core.ts';

/** The native file at `path` and the engine that knows it. Throws `source.missing`, `source.not-a-database`, ... */
export async function looseFile(core: Core, path: string, context: EngineContext): Promise<FoundNative> {
  const found = await recognise(path, [...core.engines.values()], context);
  if (found !== undefined) return found;
  throw new AppError('source.not-a-database', `${path} is not a native file that Belay knows.`, { hint: 'SQLite files can be read at present.' });
}

/** Runs `work` on a loose native file as if it were a snapshot: one step from a dump to a named database. */
export async function withLooseFile<T>(
  core: Core,
  path: string,
  context: EngineContext,
  work: (engine: Engine, content: SnapshotContent) => Promise<T>,
): Promise<T> {
  const { file, engine } = await looseFile(core, path, context);
  const source = engine.nativeSource(file);
  const fingerprint: Fingerprint = await engine.fingerprint({ kind: 'source', source }, context);
  return work(engine, engine.nativeContent(file, fingerprint, join(context.temporaryFolder, 'loose')));
}
