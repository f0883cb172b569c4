import type { Engine, SnapshotContent, SourceLocation } from '../engines/engine.ts';
import type { Repository, SnapshotRecord } from '../repository/repository.ts';
import { openContent } from '../snapshot/content.ts';
import type { Core } from './core.ts';
import { sourceInPlace } from './handlers/sources.ts';

/**
 * A place as the source that stands there says it now, with its role and its password: those that a snapshot was taken with may have been changed since. As
 * it is where no source is there, and where an engine has no passwords.
 */
export async function presentLocation(core: Core, engine: Engine, location: SourceLocation): Promise<SourceLocation> {
  if (engine.separateSecrets === undefined) return location;
  return (await sourceInPlace(engine, await core.sources.list(), location))?.location ?? location;
}

/** A stored snapshot as its engine sees it, its place as it is reached now. */
export async function presentContent(
  core: Core,
  repository: Repository,
  engine: Engine,
  record: SnapshotRecord,
  signal: AbortSignal,
): Promise<SnapshotContent> {
  const content = await openContent(repository, engine, record, signal);
  return { ...content, location: await presentLocation(core, engine, content.location) };
}
