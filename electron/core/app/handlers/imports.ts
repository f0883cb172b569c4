import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { AppError, isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { CommandOutput, CommandParsed } from '../../../contract/commands.ts';
import type { Engine, EngineContext, EngineSource, LoadedNative, SourceLocation } from '../../engines/engine.ts';
import { contentHash, findNativeFiles, type FoundNative } from '../../inspect/import.ts';
import type { Repository, SnapshotRecord } from '../../repository/repository.ts';
import { captureNotes } from '../../snapshot/content.ts';
import { takeSnapshot } from '../../snapshot/take.ts';
import { prove } from '../../verify/prove.ts';
import type { Core } from '../core.ts';
import { freshRecord, publishRecord } from '../resolve.ts';
import { withNative } from '../loose-file.ts';
import { withEngineContext } from '../scope.ts';
import { summaryOf } from '../summaries.ts';
import type { Handlers } from './handlers.ts';
import { newestOf } from './snapshots.ts';

type Imported = CommandOutput<'import'>['imported'][number];

export const importHandlers: Handlers<'import'> = {
  import: async (core, input, scope) => {
    if (!isAbsolute(input.path)) throw new AppError('input.invalid', `${input.path} is not an absolute path.`);
    // A dry run asks nobody for a key: behind one, what was taken in before cannot be told.
    const repository = input.dryRun ? await core.session.currentIfOpenable() : await core.session.current();
    return withEngineContext(core, scope, async (context) => {
      const files = await findNativeFiles(input.path, [...core.engines.values()], context);
      const imported: Imported[] = [];
      const skipped: CommandOutput<'import'>['skipped'] = [...files.skipped];
      for (const found of files.found) {
        throwIfCancelled(scope.signal);
        const facts = {
          path: found.file.path,
          madeAt: found.file.madeAt,
          madeAtFrom: found.file.madeAtFrom,
          format: found.file.format,
          bytes: found.file.bytes,
        };
        try {
          const sha256 = await contentHash(found.file, context);
          const already = repository === undefined ? undefined : await takenInBefore(repository, found, sha256, input.source);
          if (already !== undefined) skipped.push({ path: found.file.path, reason: `taken in before, as snapshot #${already.seq}` });
          else if (repository === undefined || input.dryRun) imported.push(facts);
          else imported.push({ ...facts, snapshot: await importOne(core, repository, found, sha256, input, context) });
        } catch (error) {
          // One bad file does not cost the others of its folder; a repository that cannot be written does.
          if (files.found.length === 1 || !isAppError(error) || !error.code.startsWith('source.')) throw error;
          skipped.push({ path: found.file.path, reason: error.message, failed: true });
        }
      }
      return { imported, skipped };
    });
  },
};

/**
 * The snapshot of the same content that was taken in before, whatever the file is called now: importing a folder again takes in only what
 * is new. A name that gives another date says something new, and so does another source; a file of another name is the same one moved
 * only where the former is gone from its place.
 */
async function takenInBefore(repository: Repository, { file }: FoundNative, sha256: string, source: string | undefined): Promise<SnapshotRecord | undefined> {
  const { snapshots } = await repository.snapshots();
  return snapshots.find((one) => {
    const { origin } = captureNotes(one);
    if (origin?.sha256 !== sha256 || (file.madeAtFrom === 'name' && one.createdAt !== file.madeAt)) return false;
    return one.source === (source ?? file.sourceName) || (source === undefined && !existsSync(origin.path));
  });
}

async function importOne(
  core: Core,
  repository: Repository,
  found: FoundNative,
  sha256: string,
  { source, tags, server }: Pick<CommandParsed<'import'>, 'source' | 'tags' | 'server'>,
  context: EngineContext,
): Promise<NonNullable<Imported['snapshot']>> {
  const { file, engine } = found;
  const name = source ?? file.sourceName;
  const parent = await newestOf(repository, name, engine.kind);
  const { record } = await withNative(core, found, server, context, async (loaded, on) =>
    takeSnapshot(
      repository,
      engine,
      {
        source: { ...loaded.source, name },
        createdAt: file.madeAt,
        tags,
        origin: { path: file.path, madeAtFrom: file.madeAtFrom, bytes: file.bytes, sha256 },
        warnings: loaded.warnings,
        maxWriterWait: 0,
        ...(on === undefined ? {} : { location: await belongsAt(core, engine, name, loaded, on) }),
        ...(parent === undefined ? {} : { parent }),
      },
      context,
    ),
  );
  await publishRecord(core, repository, record);
  await prove(repository, engine, { record, level: 'complete', parent, checks: [] }, context);
  const fresh = await freshRecord(repository, record.id);
  core.catalog.updateSnapshot(fresh);
  return summaryOf(fresh);
}

/** Where such a snapshot would be restored to: the place of the source that it was taken in for, else what the file calls its database on the server that was used. */
async function belongsAt(core: Core, engine: Engine, name: string, { database, source }: LoadedNative, server: EngineSource): Promise<SourceLocation> {
  const known = (await core.sources.list()).find((one) => one.name === name && one.engine === engine.kind);
  return known?.location ?? engine.targetLocation(database === '' ? source.name : database, server.location, '/');
}
