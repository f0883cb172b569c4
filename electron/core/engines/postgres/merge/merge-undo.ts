import { z } from 'zod';
import { AppError } from '../../../base/errors.ts';
import type { EngineContext, SourceLocation, UndoRecord } from '../../engine.ts';
import { copyIn } from '../copy/copy-in.ts';
import { startCopyOut } from '../copy/copy-out.ts';
import { databaseNumbers, dropDatabase } from '../restore/databases.ts';
import { describeLocation, locationOf, type PostgresLocation } from '../location.ts';
import { withCircles } from './merge-circles.ts';
import { refuseLeft, refuseNotBack, writtenOtherwise } from './merge-kept-out.ts';
import { refuseReferred, type MergedBack } from './merge-referred.ts';
import { sameKey } from './merge-tables.ts';
import { openForMerge, withRowsIn } from './merge-session.ts';
import { serverError } from '../session/server-error.ts';
import { withServer, withSession, type Session } from '../session/session.ts';
import { plainName, qualified, quoteName, quoteText } from '../sql.ts';
import { uncancelled } from '../../uncancelled.ts';

const schema = z.object({
  version: z.literal(2),
  what: z.literal('merge'),
  id: z.string(),
  target: z.string(),
  /** The database that holds the changed rows as they were. */
  kept: z.string(),
  /** Number of the database whose rows were changed: another one may stand under its name by now. */
  database: z.number().exactOptional(),
  /** Number of the transaction that changed them: by it the server tells whether it was committed. */
  transaction: z.string(),
  tables: z.array(
    z.object({
      schema: z.string(),
      table: z.string(),
      key: z.array(z.string()),
      /** By which keys are equal; plain `=` where they are missing. */
      operators: z.array(z.string()).exactOptional(),
      columns: z.array(z.string()),
      /** Columns by which it is seen whether a row was written since. */
      watched: z.array(z.string()).exactOptional(),
      number: z.number(),
    }),
  ),
  bytes: z.number(),
});

export type MergeData = z.infer<typeof schema>;

export function mergeRecord(target: SourceLocation, data: MergeData): UndoRecord {
  return { engine: 'postgres', target, kept: data.kept, data };
}

/** Undefined for the record of a swap. */
export function mergeData(undo: UndoRecord): MergeData | undefined {
  const parsed = schema.safeParse(undo.data);
  return parsed.success ? parsed.data : undefined;
}

/** The server knows how the transaction of the merge ended. */
export async function recoverMerge(undo: UndoRecord, data: MergeData, context: EngineContext): Promise<'promoted' | 'rolled-back'> {
  const location = locationOf(undo.target);
  const { status, kept, takenBack } = await withServer(location, context, async (server) => {
    const [row] = await server.rows<{ comment: string | null }>(
      "SELECT pg_catalog.shobj_description(oid, 'pg_database') AS comment FROM pg_catalog.pg_database WHERE datname = $1",
      [data.kept],
    );
    const undone = row?.comment?.startsWith(takenBackBy) === true ? row.comment.slice(takenBackBy.length) : undefined;
    return {
      status: await endOf(server, data.transaction),
      kept: row !== undefined,
      takenBack: undone !== undefined && (await endOf(server, undone)) === 'committed',
    };
  });
  // Without what it kept there is nothing to take back: an undo had come to its end.
  if (status !== 'aborted' && kept && !takenBack) return 'promoted';
  await dropDatabase(location, data.kept, context);
  return 'rolled-back';
}

/** Of the database that keeps what a merge changed: its comment, before the transaction commits that takes the merge back, with that one's number. */
const takenBackBy = 'Belay: taken back by transaction ';

/** How a transaction ended; null where the server does not know it any more. Waits for one that has not. Throws `target.busy`. */
async function endOf(server: Session, transaction: string): Promise<string | null> {
  // A backend ends a moment after its client is gone.
  for (let left = 50; ; left -= 1) {
    const [row] = await server.rows<{ status: string | null }>('SELECT pg_catalog.pg_xact_status($1::text::xid8) AS status', [transaction]);
    if (row?.status !== 'in progress') return row?.status ?? null;
    if (left === 0) throw new AppError('target.busy', 'The transaction of the merge has not ended yet.', { hint: 'Try again.', retryable: true });
    await server.run('SELECT pg_catalog.pg_sleep(0.1)');
  }
}

/** The rows as they were, in one transaction. Throws `undo.nothing`, `undo.target-changed`. */
export async function undoMerge(undo: UndoRecord, data: MergeData, context: EngineContext, force: boolean): Promise<void> {
  const location = locationOf(undo.target);
  const there = await withServer(location, context, (server) => databaseNumbers(server, [data.kept, data.target]));
  if (!there.has(data.kept))
    throw new AppError('undo.nothing', `What the merge changed is not kept as ${data.kept} any more.`, { hint: 'Restore a snapshot instead.' });
  if (!there.has(data.target) || there.get(data.target) !== (data.database ?? there.get(data.target)))
    throw new AppError('undo.nothing', `${describeLocation(location)} is not the database any more that was merged into: another one took its place.`, {
      hint: 'There is nothing to take back in it. `belay undo <id> --discard` removes what is kept.',
    });
  const session = await openForMerge(location, context);
  try {
    await session.run('BEGIN');
    const tables: Matched[] = [];
    for (const table of data.tables) {
      const matched = await match(session, table);
      await session.run(`LOCK TABLE ONLY ${matched.name} IN SHARE ROW EXCLUSIVE MODE`);
      await load(session, table, { ...location, database: data.kept }, context);
      tables.push(matched);
    }
    let changed = 0;
    for (const one of tables) changed += await changedSince(session, one);
    if (changed > 0 && !force)
      throw new AppError('undo.target-changed', `${changed} of the merged rows in ${describeLocation(location)} were written since: undoing would lose that.`, {
        hint: 'Take a snapshot of it first, then undo with --force.',
      });
    await refuseReferred(session, tables, force, describeLocation(location));
    // Rows that others refer to were put in first, and go last.
    const numbers = tables.map((one) => one.oid);
    await withCircles(session, numbers, async () => {
      for (const one of tables.toReversed()) await takeBack(session, one);
    });
    for (const one of tables) await refuseNotBack(session, one, force);
    const [own] = await session.rows<{ transaction: string }>('SELECT pg_catalog.pg_current_xact_id()::text AS transaction');
    await withServer(location, context, (server) =>
      server.run(`COMMENT ON DATABASE ${quoteName(data.kept)} IS ${quoteText(`${takenBackBy}${own?.transaction ?? ''}`)}`),
    );
    await session.run('COMMIT');
  } finally {
    await session.close();
  }
  await dropDatabase(location, data.kept, uncancelled(context));
}

type Table = MergeData['tables'][number];

interface Matched extends MergedBack {
  readonly table: Table;
  readonly types: ReadonlyMap<string, string>;
  readonly watched: readonly string[];
  /** By the server itself: no merge changed them. */
  readonly numbered: ReadonlySet<string>;
}

async function load(session: Session, { key, columns, number }: Table, kept: PostgresLocation, context: EngineContext): Promise<void> {
  const fields = ['kind', ...key.map((_, i) => `k${i}`), ...columns.map((_, i) => `o${i}`), 'now'];
  await session.run(`CREATE TEMP TABLE belay_back_${number} (${fields.map((field) => `${field} text`).join(', ')}) ON COMMIT DROP`);
  await withSession(kept, { side: 'target', restoring: true, encoding: 'own' }, context, async (other) => {
    const out = startCopyOut(other.client, `COPY public.changes_${number} TO STDOUT`);
    try {
      await withRowsIn(session, other.encoding, () => copyIn(session.client, `COPY pg_temp.belay_back_${number} FROM STDIN`, out.blocks()));
    } catch (error) {
      throw serverError(error, 'what the merge changed', 'target', context.signal);
    }
  });
  await session.run(`ANALYZE pg_temp.belay_back_${number}`);
}

/** The table as it is now. Throws `undo.target-changed` where it, or a column that is needed, is not there any more. */
async function match(session: Session, table: Table): Promise<Matched> {
  const rows = await session.rows<{ oid: number; name: string; type: string; always: boolean }>(
    `SELECT c.oid::int8::float8 AS oid, a.attname::text AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.attidentity = 'a' AS always FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind = 'r'`,
    [table.schema, table.table],
  );
  const types = new Map(rows.map((row) => [row.name, row.type]));
  const watched = table.watched ?? table.columns;
  const lacking = watched.filter((column) => !types.has(column));
  const [first] = rows;
  if (first === undefined || lacking.length > 0)
    throw new AppError(
      'undo.target-changed',
      `${plainName(table.schema, table.table)} ${first === undefined ? 'is not there any more' : `has no column ${lacking.join(', ')} any more`}: the merge cannot be taken back.`,
      { hint: 'Nothing was changed. Restore a snapshot from before the merge beside it, where there is one: belay restore <snapshot> --to <new database>' },
    );
  const numbered = new Set(rows.filter((row) => row.always).map((row) => row.name));
  const on = sameKey(
    table,
    ({ column }) => `t.${quoteName(column)}`,
    ({ column, i }) => `u.k${i}::${types.get(column) ?? ''}`,
  );
  return { table, oid: first.oid, name: qualified(table.schema, table.table), back: `pg_temp.belay_back_${table.number}`, on, types, watched, numbered };
}

async function changedSince(session: Session, { name, back, on, watched }: Matched): Promise<number> {
  const line = `ROW(${watched.map((column) => `t.${quoteName(column)}`).join(', ')})::text`;
  const [row] = await session.rows<{ rows: string }>(
    `SELECT count(*)::text AS rows FROM ${back} u LEFT JOIN ONLY ${name} t ON ${on} WHERE ${line} IS DISTINCT FROM u.now`,
  );
  return Number(row?.rows ?? 0);
}

/** A row that was put in goes; one that was replaced gets its values back, and is put in again where it is gone. */
async function takeBack(session: Session, { table, name, back, on, types, numbered }: Matched): Promise<void> {
  const value = (column: string, i: number): string => `u.o${i}::${types.get(column) ?? ''}`;
  await session.run(`DELETE FROM ONLY ${name} t USING ${back} u WHERE u.kind = 'i' AND ${on}`);
  await refuseLeft(session, { table, name, back, on });
  const otherwise = await writtenOtherwise(session, back, table.key, table.columns);
  const set = table.columns.flatMap((column, i) =>
    (table.key.includes(column) && !otherwise.includes(column)) || numbered.has(column) ? [] : [`${quoteName(column)} = ${value(column, i)}`],
  );
  if (set.length > 0) await session.run(`UPDATE ONLY ${name} t SET ${set.join(', ')} FROM ${back} u WHERE u.kind = 'r' AND ${on}`);
  await session.run(
    `INSERT INTO ${name} (${table.columns.map(quoteName).join(', ')}) OVERRIDING SYSTEM VALUE SELECT ${table.columns.map(value).join(', ')} FROM ${back} u
      WHERE u.kind = 'r' AND NOT EXISTS (SELECT FROM ONLY ${name} t WHERE ${on})`,
  );
}
