import { isAbsolute } from 'node:path';
import { AppError, isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { CommandOutput } from '../../../contract/commands.ts';
import type { EngineContext } from '../../engines/engine.ts';
import { findNativeFiles, type FoundNative } from '../../inspect/import.ts';
import type { Repository } from '../../repository/repository.ts';
import { captureNotes } from '../../snapshot/content.ts';
import { takeSnapshot } from '../../snapshot/take.ts';
import { prove } from '../../verify/prove.ts';
import type { Core } from '../core.ts';
import { freshRecord, publishRecord } from '../resolve.ts';
import { withEngineContext } from '../scope.ts';
import { summaryOf } from '../summaries.ts';
import type { Handlers } from './handlers.ts';
import { newestOf } from './snapshots.ts';

type Imported = CommandOutput<'import'>['imported'][number];

export const importHandlers: Handlers<'import'> = {
  import: async (core, input, scope) => {
    if (!isAbsolute(input.path)) throw new AppError('input.invalid', `${input.path} is not an absolute path.`);
    const repository = input.dryRun ? undefined : await core.session.current();
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
        if (repository === undefined) {
          imported.push(facts);
          continue;
        }
        const already = await takenInBefore(repository, found);
        if (already) {
          skipped.push({ path: found.file.path, reason: 'taken in before' });
          continue;
        }
        try {
          imported.push({ ...facts, snapshot: await importOne(core, repository, found, input.source, input.tags, context) });
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

/** True where a snapshot of the same path, time and size is there: importing a folder again takes in only what is new. */
async function takenInBefore(repository: Repository, { file }: FoundNative): Promise<boolean> {
  const { snapshots } = await repository.snapshots();
  return snapshots.some((one) => {
    const { origin } = captureNotes(one);
    return origin?.path === file.path && origin.bytes === file.bytes && one.createdAt === file.madeAt;
  });
}

async function importOne(
  core: Core,
  repository: Repository,
  { file, engine }: FoundNative,
  source: string | undefined,
  tags: readonly string[],
  context: EngineContext,
): Promise<NonNullable<Imported['snapshot']>> {
  const name = source ?? file.sourceName;
  const parent = await newestOf(repository, name, engine.kind);
  const { record } = await takeSnapshot(
    repository,
    engine,
    {
      source: { ...engine.nativeSource(file), name },
      createdAt: file.madeAt,
      tags,
      origin: { path: file.path, madeAtFrom: file.madeAtFrom, bytes: file.bytes },
      maxWriterWait: 0,
      ...(parent === undefined ? {} : { parent }),
    },
    context,
  );
  await publishRecord(core, repository, record);
  await prove(repository, engine, { record, level: 'complete', parent, checks: [] }, context);
  const fresh = await freshRecord(repository, record.id);
  core.catalog.updateSnapshot(fresh);
  return summaryOf(fresh);
}
