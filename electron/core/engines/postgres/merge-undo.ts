import { z } from 'zod';
import { AppError } from '../../base/errors.ts';
import type { EngineContext, SourceLocation, UndoRecord } from '../engine.ts';
import { copyIn } from './copy-in.ts';
import { startCopyOut } from './copy-out.ts';
import { databaseNumbers, dropDatabase } from './databases.ts';
import { describeLocation, locationOf, type PostgresLocation } from './location.ts';
import { serverError } from './server-error.ts';
import { openSession, withServer, withSession, type Session } from './session.ts';
import { qualified, quoteName } from './sql.ts';

const schema = z.object({
  version: z.literal(2),
  what: z.literal('merge'),
  id: z.string(),
  target: z.string(),
  /** The database that holds the changed rows as they were. */
  kept: z.string(),
  /** Number of the transaction that changed them: by it the server tells whether it was committed. */
  transaction: z.string(),
  tables: z.array(z.object({ schema: z.string(), table: z.string(), key: z.array(z.string()), columns: z.array(z.string()), number: z.number() })),
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
  const { status, kept } = await withServer(location, context, async (server) => {
    // A backend ends a moment after its client is gone.
    for (let left = 50; ; left -= 1) {
      const [row] = await server.rows<{ status: string | null }>('SELECT pg_catalog.pg_xact_status($1::text::xid8) AS status', [data.transaction]);
      if (row?.status !== 'in progress' || left === 0) return { status: row?.status, kept: (await databaseNumbers(server, [data.kept])).has(data.kept) };
      await server.run('SELECT pg_catalog.pg_sleep(0.1)');
    }
  });
  if (status === 'in progress') throw new AppError('target.busy', 'The transaction of the merge has not ended yet.', { hint: 'Try again.', retryable: true });
  // Without what it kept there is nothing to take back: an undo had come to its end.
  if (status !== 'aborted' && kept) return 'promoted';
  await dropDatabase(location, data.kept, context);
  return 'rolled-back';
}

/** The rows as they were, in one transaction. Throws `undo.nothing`, `undo.target-changed`. */
export async function undoMerge(undo: UndoRecord, data: MergeData, context: EngineContext, force: boolean): Promise<void> {
  const location = locationOf(undo.target);
  const there = await withServer(location, context, (server) => databaseNumbers(server, [data.kept, data.target]));
  if (!there.has(data.kept))
    throw new AppError('undo.nothing', `What the merge changed is not kept as ${data.kept} any more.`, { hint: 'Restore a snapshot instead.' });
  const session = await openSession(location, { side: 'target', restoring: true, encoding: 'own' }, context);
  try {
    await session.run('BEGIN');
    let changed = 0;
    for (const table of data.tables) {
      await session.run(`LOCK TABLE ONLY ${qualified(table.schema, table.table)} IN SHARE ROW EXCLUSIVE MODE`);
      await load(session, table, { ...location, database: data.kept }, context);
      changed += await changedSince(session, table);
    }
    if (changed > 0 && !force)
      throw new AppError('undo.target-changed', `${changed} of the merged rows in ${describeLocation(location)} were written since: undoing would lose that.`, {
        hint: 'Take a snapshot of it first, then undo with --force.',
      });
    // Rows that others refer to were put in first, and go last.
    for (const table of data.tables.toReversed()) await takeBack(session, table);
    await session.run('COMMIT');
  } finally {
    await session.close();
  }
  await dropDatabase(location, data.kept, { ...context, signal: new AbortController().signal });
}

type Table = MergeData['tables'][number];

async function load(session: Session, { key, columns, number }: Table, kept: PostgresLocation, context: EngineContext): Promise<void> {
  const fields = ['kind', ...key.map((_, i) => `k${i}`), ...columns.map((_, i) => `o${i}`), 'now'];
  await session.run(`CREATE TEMP TABLE belay_back_${number} (${fields.map((field) => `${field} text`).join(', ')}) ON COMMIT DROP`);
  await withSession(kept, { side: 'target', restoring: true, encoding: 'own' }, context, async (other) => {
    const out = startCopyOut(other.client, `COPY public.changes_${number} TO STDOUT`);
    try {
      await copyIn(session.client, `COPY pg_temp.belay_back_${number} FROM STDIN`, out.blocks());
    } catch (error) {
      throw serverError(error, 'what the merge changed', 'target', context.signal);
    }
  });
  await session.run(`ANALYZE pg_temp.belay_back_${number}`);
}

/** Types by which the kept texts become values again. */
async function typesOf(session: Session, { schema: of, table }: Table): Promise<ReadonlyMap<string, string>> {
  const rows = await session.rows<{ name: string; type: string }>(
    `SELECT a.attname::text AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type FROM pg_catalog.pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped`,
    [qualified(of, table)],
  );
  return new Map(rows.map((row) => [row.name, row.type]));
}

async function matching(session: Session, table: Table): Promise<{ readonly on: string; readonly types: ReadonlyMap<string, string> }> {
  const types = await typesOf(session, table);
  return { types, on: table.key.map((column, i) => `t.${quoteName(column)} = u.k${i}::${types.get(column) ?? 'text'}`).join(' AND ') };
}

async function changedSince(session: Session, table: Table): Promise<number> {
  const { on } = await matching(session, table);
  const line = `ROW(${table.columns.map((column) => `t.${quoteName(column)}`).join(', ')})::text`;
  const [row] = await session.rows<{ rows: string }>(
    `SELECT count(*)::text AS rows FROM pg_temp.belay_back_${table.number} u LEFT JOIN ONLY ${qualified(table.schema, table.table)} t ON ${on} WHERE ${line} IS DISTINCT FROM u.now`,
  );
  return Number(row?.rows ?? 0);
}

/** A row that was put in goes; one that was replaced gets its values back, and is put in again where it is gone. */
async function takeBack(session: Session, table: Table): Promise<void> {
  const { on, types } = await matching(session, table);
  const name = qualified(table.schema, table.table);
  const back = `pg_temp.belay_back_${table.number}`;
  const value = (column: string, i: number): string => `u.o${i}::${types.get(column) ?? 'text'}`;
  await session.run(`DELETE FROM ONLY ${name} t USING ${back} u WHERE u.kind = 'i' AND ${on}`);
  const set = table.columns.flatMap((column, i) => (table.key.includes(column) ? [] : [`${quoteName(column)} = ${value(column, i)}`]));
  if (set.length > 0) await session.run(`UPDATE ONLY ${name} t SET ${set.join(', ')} FROM ${back} u WHERE u.kind = 'r' AND ${on}`);
  await session.run(
    `INSERT INTO ${name} (${table.columns.map(quoteName).join(', ')}) OVERRIDING SYSTEM VALUE SELECT ${table.columns.map(value).join(', ')} FROM ${back} u
      WHERE u.kind = 'r' AND NOT EXISTS (SELECT FROM ONLY ${name} t WHERE ${on})`,
  );
}
