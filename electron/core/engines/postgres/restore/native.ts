import { join } from 'node:path';
import { AppError, isAppError } from '../../../base/errors.ts';
import type { EngineContext, ExportRequest, ExportResult, SnapshotContent } from '../../engine.ts';
import { archive } from '../export/archive.ts';
import { writeNewFile } from '../export/new-file.ts';
import { plainSql } from '../export/plain-sql.ts';
import { csvOf, ndjsonOf } from '../export/table-text.ts';
import { exportFormats, tableFormats, wholeFormats } from '../formats.ts';
import { locationOf } from '../location.ts';
import { newId } from '../names.ts';
import { readFacts, storedObjects, type Facts } from './objects.ts';
import type { SkeletonFile } from './post-data.ts';
import { writeSkeleton } from './restore.ts';
import { withServer } from '../session/session.ts';
import type { PostgresSettings } from '../settings.ts';
import { findStored } from '../stored/stored-table.ts';
import { openTools } from '../throw-away/tools.ts';
import { toolsToRead, toolsToRestore } from '../tools/tools-for.ts';
import type { FoundTools } from '../tools/tools.ts';
import { removeEarly } from '../temporary.ts';

/**
 * A file that pg_restore (`.dump`) or psql (`.sql`, `.sql.gz`) takes, of the whole snapshot; or one table's rows as `.csv` or `.ndjson`. Made of what is stored:
 * no server is asked. Whole ones need the tools of the server's major (pg_restore) on this machine.
 */
export async function exportNative(
  settings: PostgresSettings,
  snapshot: SnapshotContent,
  request: ExportRequest,
  context: EngineContext,
): Promise<ExportResult> {
  const { format, object, to, shownAs = to, madeAt } = request;
  const file = { path: to, shownAs, madeAt, gzip: format.endsWith('.gz') };
  if (tableFormats.some((one) => one === format)) {
    if (object === undefined)
      throw new AppError('input.invalid', `${format} holds one table.`, { hint: `Name it with --table, or export the whole as ${wholeFormats.join(', ')}.` });
    const table = await findStored(snapshot, object);
    if (table === undefined)
      throw new AppError('object.unknown', `${object} has no rows of its own in the snapshot.`, { hint: 'Name a table. `belay rows` lists them.' });
    return writeNewFile(file, format === '.csv' ? csvOf(snapshot, table, context) : ndjsonOf(snapshot, table, context), context);
  }
  if (!wholeFormats.some((one) => one === format))
    throw new AppError('engine.unsupported', `PostgreSQL is not exported as ${format}.`, { hint: `It exports ${exportFormats.join(', ')}.` });
  if (object !== undefined)
    throw new AppError('engine.unsupported', `A single table is not exported as ${format}.`, {
      hint: `Export it as ${tableFormats.join(' or ')}, or leave the table out.`,
    });
  const stored = await storedObjects(snapshot);
  const facts = await readFacts(snapshot, context.signal);
  await using opened = await openTools(await toolsOf(settings, snapshot, facts, context), context);
  const skeleton: SkeletonFile = {
    file: join(context.temporaryFolder, `skeleton-${newId(context)}.dump`),
    tools: opened.tools,
    context,
    leftOut: new Set(facts.part?.leftOut),
  };
  try {
    await writeSkeleton(snapshot, stored, skeleton.file, context);
    const bytes = format === '.dump' ? archive(snapshot, stored, facts, skeleton, madeAt, context) : plainSql(snapshot, stored, facts, skeleton, context);
    return await writeNewFile(file, bytes, context);
  } finally {
    await removeEarly(skeleton.file, context);
  }
}

/** Of this machine or an image; where there are none that fit, those of the container that the snapshot came from, which must run then. */
async function toolsOf(settings: PostgresSettings, snapshot: SnapshotContent, facts: Facts, context: EngineContext): Promise<FoundTools> {
  const location = locationOf(snapshot.location);
  try {
    return await toolsToRead(settings, location, facts.server.version, facts.tool.major, context);
  } catch (error) {
    if (!isAppError(error, 'tool.missing') || location.container === undefined) throw error;
    return withServer(location, context, (server) => toolsToRestore(settings, location, server, facts.tool.major, context));
  }
}
