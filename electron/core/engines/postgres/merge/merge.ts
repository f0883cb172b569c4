import { AppError, throwIfCancelled } from '../../../base/errors.ts';
import type { EngineContext, EngineSource, SnapshotContent, UndoRecord } from '../../engine.ts';
import type { MergeRequest, MergeVerbs } from '../../merging.ts';
import { copyIn } from '../copy/copy-in.ts';
import { startCopyOut } from '../copy/copy-out.ts';
import { createDatabase, databaseBytes } from '../restore/databases.ts';
import { readProperties } from '../describe/database.ts';
import { locationOf, whole, type PostgresLocation } from '../location.ts';
import { withCircles } from './merge-circles.ts';
import { refuseKeptOut, writtenOtherwise, type Written } from './merge-kept-out.ts';
import { lookAtMerge, sameKey, type MergeTable } from './merge-tables.ts';
import { liveColumns, refuseOtherColumns, refuseOtherKey, type LiveColumn } from './merge-refusals.ts';
import { openForMerge, withRowsIn } from './merge-session.ts';
import { mergeRecord, recoverMerge, type MergeData } from './merge-undo.ts';
import { besideName, newId } from '../names.ts';
import { notWhole, storedObjects, type StoredTable } from '../restore/objects.ts';
import { nothingMatches, tablePattern, unmatched } from '../patterns.ts';
import { serverError } from '../session/server-error.ts';
import { withServer, withSession, type Session } from '../session/session.ts';
import { quoteName } from '../sql.ts';
import { uncancelled } from '../../uncancelled.ts';

export const mergeVerbs: MergeVerbs = {
  plan: (snapshot, target, request, context) =>
    merging(snapshot, target, request, context, 'ACCESS SHARE', async (session, tables) => {
      const plan = await lookAtMerge(session, tables, request, context);
      await session.run('ROLLBACK');
      return plan;
    }),
  run: (snapshot, target, request, context, intent) =>
    merging(snapshot, target, request, context, 'SHARE ROW EXCLUSIVE', async (session, tables, location) => {
      const { tables: compared, notes } = await lookAtMerge(session, tables, request, context);
      const { undo, told } = await change(session, tables, request, location, context, intent);
      return { plan: { tables: compared, notes: [...notes, ...told] }, undo };
    }),
};

/** `SHARE ROW EXCLUSIVE`: nobody else writes into the table until the end. */
type Lock = 'ACCESS SHARE' | 'SHARE ROW EXCLUSIVE';

/** One transaction with the tables locked; the snapshot's rows lie in temporary tables beside them. */
async function merging<T>(
  snapshot: SnapshotContent,
  target: EngineSource,
  request: MergeRequest,
  context: EngineContext,
  lock: Lock,
  work: (session: Session, tables: readonly MergeTable[], location: PostgresLocation) => Promise<T>,
): Promise<T> {
  const location = whole(locationOf(target.location));
  const chosen = await choose(snapshot, request);
  const session = await openForMerge(location, context);
  try {
    await session.run('BEGIN');
    const tables: MergeTable[] = [];
    for (const [i, stored] of chosen.entries()) tables.push(await prepare(session, snapshot, stored, i, lock, context));
    return await work(session, await referredFirst(session, tables), location);
  } finally {
    await session.close();
  }
}

async function choose(snapshot: SnapshotContent, { tables }: MergeRequest): Promise<readonly StoredTable[]> {
  const stored = await storedObjects(snapshot);
  // A partition is chosen by its own name and by that of the table whose rows it holds.
  const names = ({ meta }: StoredTable) => [{ schema: meta.schema, name: meta.table }, ...(meta.root === null ? [] : [meta.root])];
  const named = [...new Map(stored.tables.flatMap(names).map((one) => [`${one.schema}\0${one.name}`, one])).values()];
  const patterns = tables.map(tablePattern);
  const unknown = unmatched(patterns, named);
  if (unknown.length > 0 || patterns.length === 0) throw nothingMatches(unknown, named);
  return stored.tables.filter((table) => patterns.some((one) => names(table).some(({ schema, name }) => one.matches(schema, name))));
}

/** Locks the live table against writers, and loads the stored rows beside it. */
async function prepare(
  session: Session,
  snapshot: SnapshotContent,
  stored: StoredTable,
  number: number,
  lock: Lock,
  context: EngineContext,
): Promise<MergeTable> {
  const { meta, object } = stored;
  const [there] = await session.rows<{ oid: number; live: readonly LiveColumn[] }>(
    `SELECT c.oid::int8::float8 AS oid, ${liveColumns} AS live
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind = 'r'`,
    [meta.schema, meta.table],
  );
  if (there === undefined) throw new AppError('target.missing', `There is no table ${object} to merge into.`, { hint: 'Restore it into a new database: --to' });
  if (meta.extension)
    throw new AppError('input.invalid', `${object} belongs to an extension.`, { hint: 'Restore it into a new database and copy what is needed by hand.' });
  refuseOtherColumns(object, meta.columns, snapshot.fingerprint, there.live);
  if (meta.encoding !== session.encoding && [meta.encoding, session.encoding].includes('SQL_ASCII'))
    throw new AppError(
      'input.invalid',
      `The rows of ${object} are ${meta.encoding}, the database is ${session.encoding}: their text has no sure meaning there.`,
      {
        hint: 'Restore it into a new database: --to',
      },
    );
  const held = await keyOf(session, there.oid, meta.columns);
  if (held === undefined)
    throw new AppError('input.invalid', `${object} has no key by which rows could be told apart: no primary key and no unique one without NULLs.`, {
      hint: 'Restore it into a new database: --to',
    });
  const { key, operators } = held;
  refuseOtherKey(object, snapshot.fingerprint, key, held.constraint);
  const rows = `pg_temp.belay_rows_${number}`;
  const name = `${quoteName(meta.schema)}.${quoteName(meta.table)}`;
  const columns = meta.columns.map(quoteName).join(', ');
  await session.run(`LOCK TABLE ONLY ${name} IN ${lock} MODE`);
  await session.run(`CREATE TEMP TABLE belay_rows_${number} ON COMMIT DROP AS SELECT ${columns} FROM ONLY ${name} WITH NO DATA`);
  let bytesDone = 0;
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for await (const part of snapshot.read(object, context.signal)) {
      throwIfCancelled(context.signal);
      bytesDone += part.length;
      context.progress({ stage: `loading ${object}`, bytesDone, bytesTotal: stored.bytes });
      yield part;
    }
    if (bytesDone !== stored.bytes) throw notWhole(object);
  };
  const copying = () => copied(copyIn(session.client, `COPY ${rows} (${columns}) FROM STDIN`, source()), object, context);
  const taken = await withRowsIn(session, meta.encoding, copying);
  if (taken !== stored.rows) throw notWhole(object);
  await session.run(`ANALYZE ${rows}`);
  const { live } = there;
  const watched = live.map((column) => column.name);
  return { oid: there.oid, object, name, rows, number, key, operators, columns: meta.columns, watched, live, schema: meta.schema, table: meta.table };
}

interface Key {
  readonly key: readonly string[];
  readonly operators: readonly string[];
  /** As the server writes it; null for an index alone. */
  readonly constraint: string | null;
}

/** The primary key, else the first unique one whose columns are all stored and hold no NULL. */
async function keyOf(session: Session, oid: number, columns: readonly string[]): Promise<Key | undefined> {
  const found = await session.rows<Key>(
    `SELECT ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(num, at) JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num
        WHERE k.at <= i.indnkeyatts ORDER BY k.at) AS key,
        ARRAY(SELECT pg_catalog.quote_ident(n.nspname) || '.' || o.oprname FROM unnest(i.indclass::oid[]) WITH ORDINALITY AS k(class, at) JOIN pg_catalog.pg_opclass c ON c.oid = k.class
          JOIN pg_catalog.pg_amop m ON m.amopfamily = c.opcfamily AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype AND m.amopstrategy = 3
          JOIN pg_catalog.pg_operator o ON o.oid = m.amopopr JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace WHERE k.at <= i.indnkeyatts ORDER BY k.at) AS operators,
        (SELECT pg_catalog.pg_get_constraintdef(o.oid) FROM pg_catalog.pg_constraint o WHERE o.conindid = i.indexrelid AND o.conrelid = i.indrelid AND o.contype IN ('p', 'u')) AS "constraint"
      FROM pg_catalog.pg_index i WHERE i.indrelid = $1::oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[]) AND NOT a.attnotnull)
      ORDER BY i.indisprimary DESC, i.indexrelid`,
    [oid],
  );
  return found.find(({ key }) => key.every((column) => columns.includes(column)));
}

/** Tables to which others refer before those. */
async function referredFirst(session: Session, tables: readonly MergeTable[]): Promise<readonly MergeTable[]> {
  const links = await session.rows<{ child: number; parent: number }>(
    `SELECT conrelid::int8::float8 AS child, confrelid::int8::float8 AS parent FROM pg_catalog.pg_constraint WHERE contype = 'f' AND conrelid <> confrelid AND conrelid::int8 = ANY ($1::int8[])`,
    [tables.map((one) => one.oid)],
  );
  const left = [...tables];
  const ordered: MergeTable[] = [];
  while (left.length > 0) {
    const next = left.findIndex((one) => !links.some((link) => link.child === one.oid && left.some((other) => other.oid === link.parent)));
    // Where they refer to each other in a circle, see `withCircles`.
    ordered.push(...left.splice(Math.max(next, 0), 1));
  }
  return ordered;
}

/** Changes the live rows; what is needed to take that back lies in a database of its own before the change is committed. */
async function change(
  session: Session,
  tables: readonly MergeTable[],
  { differing }: MergeRequest,
  location: PostgresLocation,
  context: EngineContext,
  intent: (undo: UndoRecord) => Promise<void>,
): Promise<{ readonly undo: UndoRecord; readonly told: readonly string[] }> {
  const id = newId(context);
  const kept = besideName(location.database, 'undo', id);
  const properties = await readProperties(session);
  const data: Omit<MergeData, 'bytes' | 'database'> = {
    version: 2,
    what: 'merge',
    id,
    target: location.database,
    kept,
    transaction: '',
    tables: tables.map(({ schema, table, key, operators, columns, watched, number }) => ({
      schema,
      table,
      key: [...key],
      operators: [...operators],
      columns: [...columns],
      watched: [...watched],
      number,
    })),
  };
  const written = new Map<MergeTable, Written>();
  const applying = async (): Promise<void> => {
    for (const one of tables) {
      context.progress({ stage: `merging ${one.object}` });
      written.set(one, await refused(one.object, apply(session, one, differing)));
    }
  };
  const numbers = tables.map((one) => one.oid);
  await refused('the tables', withCircles(session, numbers, applying));
  const told: string[] = [];
  for (const [one, counts] of written) told.push(...(await refuseKeptOut(session, one, counts)));
  const [now] = await session.rows<{ id: string; database: number }>(
    'SELECT pg_catalog.pg_current_xact_id()::text AS id, oid::int8::float8 AS database FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()',
  );
  const { id: transaction, database } = now ?? { id: '', database: 0 };
  // On record before it is made: a crash leaves nothing that is not known.
  const begun: MergeData = { ...data, transaction, database, bytes: 0 };
  await intent(mergeRecord(location, begun));
  await withServer(location, context, (server) => createDatabase(server, kept, properties));
  try {
    await keep(session, tables, { ...location, database: kept }, context);
    const bytes = await withServer(location, context, (server) => databaseBytes(server, kept));
    await session.run('COMMIT');
    return { undo: mergeRecord(location, { ...begun, bytes }), told };
  } catch (error) {
    await session.close();
    // It was rolled back, unless the commit came through and only its answer did not.
    const unending = uncancelled(context);
    await recoverMerge(mergeRecord(location, begun), begun, unending);
    throw error;
  }
}

/** Resolves with the rows that the server says to have written, as far as it was asked to. */
async function apply(session: Session, one: MergeTable, differing: MergeRequest['differing']): Promise<Written> {
  const { name, rows, key, columns, number } = one;
  const on = sameKey(
    one,
    ({ column }) => `t.${quoteName(column)}`,
    ({ column }) => `s.${quoteName(column)}`,
  );
  const line = (of: string): string => `ROW(${columns.map((column) => `${of}.${quoteName(column)}`).join(', ')})::text`;
  const old = columns.map((column, i) => `t.${quoteName(column)}::text AS o${i}`).join(', ');
  const none = columns.map((_, i) => `NULL::text AS o${i}`).join(', ');
  const keys = key.map((column, i) => `s.${quoteName(column)} AS k${i}`).join(', ');
  const replaced = `UNION ALL SELECT 'r', ${keys}, ${old} FROM ${rows} s JOIN ONLY ${name} t ON ${on} WHERE ${line('t')} IS DISTINCT FROM ${line('s')}`;
  const asked = await session.affected(
    `CREATE TEMP TABLE belay_changes_${number} ON COMMIT DROP AS SELECT 'i'::text AS kind, ${keys}, ${none} FROM ${rows} s WHERE NOT EXISTS (SELECT FROM ONLY ${name} t WHERE ${on}) ${differing === 'replace' ? replaced : ''}`,
  );
  const changes = `pg_temp.belay_changes_${number}`;
  const changed = (kind: string): string =>
    `m.kind = '${kind}' AND ${sameKey(
      one,
      ({ i }) => `m.k${i}`,
      ({ column }) => `s.${quoteName(column)}`,
    )}`;
  const list = columns.map(quoteName).join(', ');
  let done = await session.affected(
    `INSERT INTO ${name} (${list}) OVERRIDING SYSTEM VALUE SELECT ${columns.map((column) => `s.${quoteName(column)}`).join(', ')} FROM ${rows} s JOIN ${changes} m ON ${changed('i')}`,
  );
  const otherwise = await writtenOtherwise(session, changes, key, columns);
  const numbered = new Set(one.live.filter((column) => column.always).map((column) => column.name));
  const set = columns
    .filter((column) => (!key.includes(column) && !numbered.has(column)) || otherwise.includes(column))
    .map((column) => `${quoteName(column)} = s.${quoteName(column)}`);
  if (differing === 'replace' && set.length > 0)
    done += await session.affected(`UPDATE ONLY ${name} t SET ${set.join(', ')} FROM ${rows} s JOIN ${changes} m ON ${changed('r')} WHERE ${on}`);
  return { asked, done };
}

/** Rows that break a constraint of the live tables are told as that. */
async function refused<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AppError) || !String(error.details?.['sqlstate']).startsWith('23')) throw error;
    throw new AppError('target.not-equal', `The rows do not go into ${what}: they break a constraint there. Nothing was changed.`, {
      hint: 'Where it is a foreign key, merge the table that it refers to as well (--table may be repeated). Or restore into a new database: --to',
      ...(error.details === undefined ? {} : { details: error.details }),
      cause: error.cause,
    });
  }
}

/** Each changed row: its key and, where it was there before, its values then; and what it is now, by which an undo sees whether it was written since. */
async function keep(session: Session, tables: readonly MergeTable[], place: PostgresLocation, context: EngineContext): Promise<void> {
  await withSession(place, { side: 'target', restoring: true, encoding: 'own' }, context, async (other) => {
    for (const one of tables) {
      const { name, number, key, columns, watched } = one;
      const fields = ['kind', ...key.map((_, i) => `k${i}`), ...columns.map((_, i) => `o${i}`), 'now'];
      await other.run(`CREATE TABLE public.changes_${number} (${fields.map((field) => `${field} text`).join(', ')})`);
      const line = `ROW(${watched.map((column) => `t.${quoteName(column)}`).join(', ')})::text`;
      const on = sameKey(
        one,
        ({ column }) => `t.${quoteName(column)}`,
        ({ i }) => `m.k${i}`,
      );
      const values = ['m.kind', ...key.map((_, i) => `m.k${i}::text`), ...columns.map((_, i) => `m.o${i}`), line];
      await withRowsIn(session, session.encoding, async () => {
        const changed = `SELECT ${values.join(', ')} FROM pg_temp.belay_changes_${number} m JOIN ONLY ${name} t ON ${on}`;
        const out = startCopyOut(session.client, `COPY (${changed}) TO STDOUT`);
        await copied(copyIn(other.client, `COPY public.changes_${number} FROM STDIN`, out.blocks()), `the changes of ${name}`, context);
      });
    }
  });
}

async function copied(copying: Promise<number>, what: string, context: EngineContext): Promise<number> {
  try {
    return await copying;
  } catch (error) {
    throw serverError(error, what, 'target', context.signal);
  }
}
