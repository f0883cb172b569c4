import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, throwIfCancelled } from '../../../base/errors.ts';
import type { EngineContext, RestoredCopy, RestoreTarget, SnapshotContent, ThrowAwayPlace } from '../../engine.ts';
import type { ArchiveEntry } from '../archive/archive.ts';
import { rewriteArchive } from '../archive/archive-rewrite.ts';
import { changesAnything, changesRoles, propertiesAt, settledOrThrow, type Asked } from '../choices/asked.ts';
import { createDatabase, databaseNumbers, dropDatabase } from './databases.ts';
import type { SequenceValue } from '../describe/all.ts';
import type { EarlyLook, EarlyLooks } from './early-looks.ts';
import { inVersion } from '../choices/extensions.ts';
import { describeLocation, locationOf, type PostgresLocation } from '../location.ts';
import { fingerprintAt } from '../look/look.ts';
import { besideName, newId } from '../names.ts';
import { discardNew, madeRecord, newContainerOf, restoreNew } from './new-container.ts';
import { notWhole, readFacts, storedObjects, type Facts, type Stored } from './objects.ts';
import { leftOutBy } from '../choices/left-out.ts';
import { loadTables } from './load-tables.ts';
import { makeRoles, removeRoles } from '../choices/made-roles.ts';
import { largeObjects, postData, preData, type Skeleton } from './post-data.ts';
import { restoredOf } from '../look/expected.ts';
import { giveRights } from '../choices/give-rights.ts';
import { applyProperties, applyPublic } from './properties.ts';
import { contentOf, copyData, copyPlace, copyRecord, idOf } from './restored-copy.ts';
import { makeScratch, releaseScratch, scratchName } from './scratch.ts';
import { withServer, withSession, type Session } from '../session/session.ts';
import { select } from '../choices/select.ts';
import { readCaptured, settleChoices } from '../choices/settle.ts';
import { plainName, qualified, quoteText, regclass } from '../sql.ts';
import type { PostgresSettings } from '../settings.ts';
import { movedSpace } from '../choices/tablespaces.ts';
import { prepareServer, type Prepared } from '../throw-away/prepare.ts';
import { scratchPlace, serverPlace, withinTime } from '../throw-away/place.ts';
import { onServer, removeFailed, removeServer } from '../throw-away/server.ts';
import { openTools } from '../throw-away/tools.ts';
import { toolsToRestore } from '../tools/tools-for.ts';
import { removeEarly } from '../temporary.ts';
import { uncancelled } from '../../uncancelled.ts';

/**
 * Restores into a new database beside the target (for a throw-away under a name of its own), in the order in which nothing can get in the way of what comes
 * after it. On failure the database is gone again.
 */
export async function restore(
  settings: PostgresSettings,
  snapshot: SnapshotContent,
  target: RestoreTarget,
  context: EngineContext,
  intent: Intent,
  looks: EarlyLooks,
): Promise<RestoredCopy> {
  const location = locationOf(target.location);
  const stored = await storedObjects(snapshot);
  const facts = await readFacts(snapshot, context.signal);
  const captured = await readCaptured(snapshot, stored, facts, target.choices, context.signal);
  const read = { snapshot, stored, facts, entries: captured.entries };
  const name = newContainerOf(location);
  if (name !== undefined) {
    const wanted = { name, target, snapshot, facts, captured };
    return restoreNew(wanted, context, intent, async (place, asked) => void (await build(settings, { ...read, asked }, place, 'nothing', context)));
  }
  let stands: ThrowAwayPlace | undefined;
  if (target.mode === 'throw-away') {
    const from = locationOf(snapshot.location);
    const server = await prepareServer(settings.owner, { location: from, snapshot, facts, captured, bytes: bytesOf(stored), place: target.throwAway }, context);
    if (typeof server !== 'string') return restoreThere(settings, server, read, context, intent, looks);
    stands = scratchPlace(location, server);
  }
  const id = newId(context);
  const database = target.mode === 'throw-away' ? scratchName(id) : besideName(location.database, 'copy', id);
  const asked = await withServer(location, context, async (server) => {
    await refuseExisting(server, location, target.mode);
    return settledOrThrow(await settleChoices(server, captured, target.choices));
  });
  const data = { version: 1 as const, id, database, content: contentOf(restoredOf(snapshot.fingerprint, facts)) };
  const copy = {
    ...copyRecord(location, changesAnything(asked) ? { ...data, asked } : data),
    ...(stands === undefined ? {} : { stands }),
  };
  await intent(copy);
  try {
    await withServer(location, context, (server) => makeRoles(server, asked.created, id));
    const look = await build(settings, { ...read, asked }, copyPlace(copy), stands === undefined ? 'database' : 'scratch', context);
    if (look !== undefined) looks.keep(idOf({ kind: 'copy', copy }), look);
    // What is thrown away is never taken back.
    if (!changesAnything(asked) || stands !== undefined) return copy;
    // What it is by now is not what the snapshot is.
    const found = await fingerprintAt(copyPlace(copy), { side: 'target', restoring: true }, context);
    return { ...copy, data: { ...copyData(copy), content: contentOf(found) } };
  } catch (error) {
    // A server that is gone cannot be cleaned now: the copy is on record, and the first error says why.
    await discard(copy, context).catch((left: unknown) => context.log.warn('the unfinished copy could not be removed', { database, why: String(left) }));
    throwIfCancelled(context.signal);
    throw error;
  }
}

type Intent = (copy: RestoredCopy) => Promise<void>;

interface Read {
  readonly snapshot: SnapshotContent;
  readonly stored: Stored;
  readonly facts: Facts;
  readonly entries: readonly ArchiveEntry[];
  readonly asked: Asked;
}

function bytesOf(stored: Stored): number {
  return stored.tables.reduce((sum, table) => sum + table.bytes, stored.skeleton.length ?? 0);
}

/** Into the empty database of a throw-away server, within the time that so much data may take. */
async function restoreThere(
  settings: PostgresSettings,
  { server, location, asked, warnings }: Prepared,
  read: Omit<Read, 'asked'>,
  context: EngineContext,
  intent: Intent,
  looks: EarlyLooks,
): Promise<RestoredCopy> {
  const { database } = location;
  const record = copyRecord(location, {
    version: 1,
    id: newId(context),
    database,
    content: contentOf(restoredOf(read.snapshot.fingerprint, read.facts)),
    server: server.id,
    ...(changesAnything(asked) ? { asked } : {}),
  });
  const copy = { ...record, stands: serverPlace(server, warnings) };
  try {
    await intent(copy);
    const look = await withinTime(server.workMs, context, (limited) =>
      onServer(server.id, () => build(settings, { ...read, asked }, location, 'nothing', limited)),
    );
    if (look !== undefined) looks.keep(idOf({ kind: 'copy', copy }), look);
    return copy;
  } catch (error) {
    await removeFailed(server.id, context);
    throwIfCancelled(context.signal);
    throw error;
  }
}

async function refuseExisting(server: Session, location: PostgresLocation, mode: RestoreTarget['mode']): Promise<void> {
  if (mode !== 'new' || !(await databaseNumbers(server, [location.database])).has(location.database)) return;
  throw new AppError('target.exists', `${describeLocation(location)} exists already.`, { hint: 'Name a database that does not exist.' });
}

async function build(
  settings: PostgresSettings,
  { snapshot, stored, facts: captured, entries, asked }: Read,
  place: PostgresLocation,
  make: 'database' | 'scratch' | 'nothing',
  context: EngineContext,
): Promise<EarlyLook | undefined> {
  const facts = { ...captured, database: propertiesAt(asked, captured.database) };
  const { found, options } = await withServer(place, context, async (server) => {
    const chosen = await toolsToRestore(settings, place, server, facts.tool.major, context);
    if (make === 'database') await createDatabase(server, place.database, facts.database);
    return { found: chosen, options: server.options };
  });
  await using opened = await openTools(found, context);
  const { tools } = opened;
  if (make === 'scratch') await makeScratch(place, facts.database, context);
  const file = join(context.temporaryFolder, `skeleton-${newId(context)}.dump`);
  try {
    await writeSkeleton(snapshot, stored, file, context);
    await asChosen(file, asked, context.signal);
    const selection = asked.only === undefined ? undefined : select(entries, stored.tables, asked.only);
    const { ids: leftOut, again } = leftOutBy(asked, entries, [...(facts.part?.leftOut ?? []), ...(selection?.leftOut ?? [])]);
    const skeleton: Skeleton = { file, tools, place, options, context, flags: flagsOf(asked), leftOut };
    context.progress({ stage: 'making the tables' });
    await preData(skeleton, entries);
    const tables = (await tablesThere(place, stored, asked, context)).filter(({ object }) => selection?.chosen.has(object) !== false);
    const { made, look } = await loadTables({ skeleton, entries, snapshot, tables, searchPath: facts.database.searchPath, context });
    await withSession(place, { side: 'target', restoring: true }, context, async (session) => {
      const isThere = ({ schema, name }: { readonly schema: string; readonly name: string }): boolean =>
        selection?.chosen.has(plainName(schema, name)) !== false;
      await setSequences(session, facts.sequences.filter(isThere));
      context.progress({ stage: 'loading large objects' });
      if (selection === undefined) await largeObjects(skeleton, entries);
      context.progress({ stage: 'building indexes' });
      const last = postData({ ...skeleton, leftOut: new Set([...leftOut, ...made]) }, entries);
      await last.definitions(session, facts.database.searchPath);
      for (const statement of again) await session.run(statement);
      if (changesRoles(asked)) await giveRights(session, asked, snapshot.fingerprint, 'others');
      await refresh(session, facts.materializedViews.filter(isThere), facts.database.searchPath, context);
      await applyPublic(session, facts.database);
      await applyProperties(session, place.database, facts.database);
      context.progress({ stage: 'gathering statistics' });
      await analyze(session, selection === undefined ? stored.tables : stored.tables.filter(({ object }) => selection.chosen.has(object)), context);
      await last.eventTriggers();
      if (changesRoles(asked)) await giveRights(session, asked, snapshot.fingerprint, 'event triggers');
    });
    return look;
  } finally {
    await removeEarly(file, context);
  }
}

/** pg_restore has no words for other tablespaces and versions of extensions: they are put into the skeleton. */
async function asChosen(file: string, asked: Asked, signal: AbortSignal): Promise<void> {
  const versions = asked.extensionVersions ?? {};
  if (asked.movedTablespaces === undefined && Object.keys(versions).length === 0) return;
  await rewriteArchive(
    file,
    (entry) => {
      const { what, tag, tablespace, definition } = entry;
      const space = tablespace === null ? undefined : movedSpace(asked, tablespace.toString('utf8'));
      const version = what === 'EXTENSION' ? versions[tag?.toString('utf8') ?? ''] : undefined;
      return {
        ...entry,
        ...(space === undefined ? {} : { tablespace: Buffer.from(space) }),
        ...(version === undefined || definition === null ? {} : { definition: Buffer.from(inVersion(definition.toString('utf8'), version)) }),
      };
    },
    signal,
  );
}

function flagsOf(asked: Asked): readonly string[] {
  return changesRoles(asked) ? ['--no-owner', '--no-privileges'] : [];
}

/** All of them, but for those of extensions that were left out. */
async function tablesThere(place: PostgresLocation, stored: Stored, asked: Asked, context: EngineContext): Promise<Stored['tables']> {
  if (asked.skipExtensions.length === 0) return stored.tables;
  return withSession(place, { side: 'target', restoring: true }, context, async (session) => {
    const rows = await session.rows<{ schema: string; name: string }>(
      'SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace',
    );
    return stored.tables.filter(({ meta }) => !meta.extension || rows.some((row) => row.schema === meta.schema && row.name === meta.table));
  });
}

/** The stored skeleton as a file that pg_restore reads. */
export async function writeSkeleton(snapshot: SnapshotContent, stored: Stored, path: string, context: EngineContext): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    let bytes = 0;
    for await (const part of snapshot.read(stored.skeleton.name, context.signal)) {
      throwIfCancelled(context.signal);
      await file.writeFile(part);
      bytes += part.length;
    }
    if (bytes !== (stored.skeleton.length ?? bytes)) throw notWhole(stored.skeleton.name);
  } finally {
    await file.close();
  }
}

async function setSequences(session: Session, sequences: readonly SequenceValue[]): Promise<void> {
  for (let at = 0; at < sequences.length; at += 200) {
    const calls = sequences
      .slice(at, at + 200)
      .map(({ schema, name, last, called }) => `pg_catalog.setval(${regclass(schema, name)}, ${quoteText(last)}::bigint, ${String(called)})`);
    await session.run(`SELECT ${calls.join(', ')}`);
  }
}

/** Statistics are no content: an expression of the user's that fails on some row, as it does at the source, costs its table's only. */
async function analyze(session: Session, tables: Stored['tables'], context: EngineContext): Promise<void> {
  try {
    return await session.run('ANALYZE');
  } catch (error) {
    if (!(error instanceof AppError) || error.details?.['sqlstate'] === undefined) throw error;
  }
  for (const { meta, object } of tables) {
    try {
      await session.run(`ANALYZE ${qualified(meta.schema, meta.table)}`);
    } catch (error) {
      if (!(error instanceof AppError) || error.details?.['sqlstate'] === undefined) throw error;
      context.log.warn('a table has no statistics', { table: object, code: error.details['sqlstate'] });
    }
  }
}

/** Populated ones only, in the order in which they read each other, under the search path that their functions were written for. */
async function refresh(session: Session, views: Facts['materializedViews'], searchPath: string, context: EngineContext): Promise<void> {
  for (const { schema, name } of views) {
    context.progress({ stage: `refreshing ${schema}.${name}` });
    await session.run('BEGIN');
    try {
      await session.rows(`SELECT pg_catalog.set_config('search_path', $1, true)`, [searchPath]);
      await session.run(`REFRESH MATERIALIZED VIEW ${qualified(schema, name)}`);
      await session.run('COMMIT');
    } catch (error) {
      await session.run('ROLLBACK');
      throw error;
    }
  }
}

/** Removes the copy's database, whole or in part; one that is not there is success. Cannot be cancelled. */
export async function discard(copy: RestoredCopy, context: EngineContext): Promise<void> {
  const made = madeRecord(copy.data);
  if (made !== undefined) return discardNew(made, context);
  const { database, server, id, asked } = copyData(copy);
  if (server !== undefined) return removeServer(server);
  const unending = uncancelled(context);
  await releaseScratch(copyPlace(copy));
  await dropDatabase(copyPlace(copy), database, unending);
  if (asked !== undefined && asked.created.length > 0) await withServer(copyPlace(copy), unending, (server) => removeRoles(server, asked.created, id));
}
