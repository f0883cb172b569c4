import { AppError } from '../../base/errors.ts';
import type { EngineContext } from '../engine.ts';
import type { PostgresLocation } from './location.ts';
import { listTables, type Table } from './relations.ts';
import { openSession, withSession, type Session, type SessionOptions } from './session.ts';
import { qualified, quoteText } from './sql.ts';

/** A database at one point: the locks of all its tables and a snapshot that other sessions take part in. */
export interface Hold {
  readonly session: Session;
  readonly snapshot: string;
  readonly tables: readonly Table[];
  /** Another session on the same snapshot, in the database's own encoding; closed by its caller. */
  reader(): Promise<Session>;
  /** Throws where the holding session is gone, and with it the locks. */
  check(): Promise<void>;
}

const tries = 3;

/**
 * Locks, then takes the snapshot: a TRUNCATE or a rewriting ALTER TABLE that commits after a snapshot makes COPY on it give no rows, without an
 * error. Migrations wait for as long as `work` takes.
 */
export async function withHold<T>(location: PostgresLocation, options: SessionOptions, context: EngineContext, work: (hold: Hold) => Promise<T>): Promise<T> {
  return withSession(location, options, context, async (session) => {
    const held = await lockAll(session);
    const reader = async (): Promise<Session> => {
      const other = await openSession(location, { ...options, encoding: 'own' }, context);
      try {
        await other.run(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT ${quoteText(held.snapshot)}`);
        return other;
      } catch (error) {
        await other.close();
        throw error;
      }
    };
    const check = async (): Promise<void> => {
      const [row] = await session.rows<{ locks: string }>(
        `SELECT count(DISTINCT relation)::text AS locks FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND mode = 'AccessShareLock' AND granted`,
      );
      if (Number(row?.locks ?? 0) < held.tables.length)
        throw new AppError('source.changed-during-capture', 'The locks did not last until the last row.', { hint: 'Try again.', retryable: true });
    };
    const result = await work({ session, ...held, reader, check });
    await session.run('COMMIT');
    return result;
  });
}

async function lockAll(session: Session): Promise<{ readonly snapshot: string; readonly tables: readonly Table[] }> {
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    const before = await listTables(session);
    await session.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const locked = await lockTables(session, before);
    if (locked) {
      const [row] = await session.rows<{ snapshot: string }>('SELECT pg_catalog.pg_export_snapshot() AS snapshot');
      const tables = await listTables(session);
      const known = new Set(before.map((table) => table.oid));
      if (row !== undefined && tables.every((table) => known.has(table.oid))) return { snapshot: row.snapshot, tables };
    }
    await session.run('ROLLBACK');
  }
  throw new AppError('source.changed-during-capture', `Tables were made or dropped while they were locked, ${tries} times.`, {
    hint: 'Try again when the migration that runs there is over.',
    retryable: true,
  });
}

/** False where a table was dropped meanwhile. */
async function lockTables(session: Session, tables: readonly Table[]): Promise<boolean> {
  try {
    for (let at = 0; at < tables.length; at += 500) {
      const names = tables.slice(at, at + 500).map((table) => `ONLY ${qualified(table.schema, table.name)}`);
      await session.run(`LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE`);
    }
    return true;
  } catch (error) {
    if (error instanceof AppError && ['42P01', '3F000'].includes(String(error.details?.['sqlstate']))) return false;
    throw error;
  }
}
