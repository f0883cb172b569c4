import { AppError } from '../../../base/errors.ts';
import type { EngineContext } from '../../engine.ts';
import type { Part, PostgresLocation } from '../location.ts';
import { choosePart, type ChosenPart } from './part.ts';
import { listTables, type Table } from './relations.ts';
import { openSession, withSession, type Session, type SessionOptions } from '../session/session.ts';
import { qualified, quoteText } from '../sql.ts';

/** A database at one point: the locks of all its tables and a snapshot that other sessions take part in. */
export interface Hold {
  readonly session: Session;
  readonly snapshot: string;
  readonly tables: readonly Table[];
  /** Where only a part is held. */
  readonly part?: ChosenPart;
  /** Sessions on the same snapshot, in the database's own encoding, each with the locks of its own. */
  readonly readers: readonly Session[];
  /** Throws where the holding session is gone, and with it the locks. */
  check(): Promise<void>;
}

const tries = 3;
/** Sessions that read rows, beside the one that holds the locks. */
const readers = 2;

/**
 * Locks, then takes the snapshot: a TRUNCATE or a rewriting ALTER TABLE that commits after a snapshot makes COPY on it give no rows, without an
 * error. Migrations wait for as long as `work` takes. `prepare` is for what takes locks of its own: where a migration queued up before it had them,
 * everything is let go and begun again, three times.
 */
export async function withHold<P, T>(
  location: PostgresLocation,
  options: SessionOptions,
  context: EngineContext,
  prepare: (hold: Hold) => Promise<P>,
  work: (hold: Hold, prepared: P) => Promise<T>,
  part?: Part,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const done = await withSession(location, options, context, async (session): Promise<{ readonly result: T } | undefined> => {
      const held = await lockAll(session, part);
      const opened: Session[] = [];
      const hold: Hold = { session, ...held, readers: opened, check: () => checkLocks(session, held.tables) };
      try {
        let prepared: P;
        try {
          for (let i = 0; i < readers; i += 1) opened.push(await openReader(location, options, context, held));
          prepared = await prepare(hold);
        } catch (error) {
          if (attempt < tries && (await somebodyWaits(session))) return undefined;
          throw error;
        }
        const result = await work(hold, prepared);
        for (const one of [...opened, session]) await one.run('COMMIT');
        return { result };
      } finally {
        for (const one of opened) await one.close();
      }
    });
    if (done !== undefined) return done.result;
    context.log.info('a session waited for a lock before all of ours were taken: let go, and begun again', { attempt });
  }
}

type Held = Pick<Hold, 'snapshot' | 'tables' | 'part'>;

/** A lock that the session has already is not waited for again, however many wait for it meanwhile. */
async function openReader(location: PostgresLocation, options: SessionOptions, context: EngineContext, { snapshot, tables }: Held): Promise<Session> {
  const other = await openSession(location, { ...options, encoding: 'own' }, context);
  try {
    await other.run(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT ${quoteText(snapshot)}; SET LOCAL lock_timeout = '5s'`);
    await lockTables(other, tables);
    return other;
  } catch (error) {
    await other.close();
    throw error;
  }
}

async function somebodyWaits(session: Session): Promise<boolean> {
  const rows = await session.rows(
    `SELECT FROM pg_catalog.pg_locks l WHERE NOT l.granted AND l.mode = 'AccessExclusiveLock' AND l.relation IN
      (SELECT relation FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND granted)`,
  );
  return rows.length > 0;
}

async function checkLocks(session: Session, tables: readonly Table[]): Promise<void> {
  const [row] = await session.rows<{ locks: string }>(
    `SELECT count(DISTINCT relation)::text AS locks FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND mode = 'AccessShareLock' AND granted`,
  );
  if (Number(row?.locks ?? 0) < tables.length)
    throw new AppError('source.changed-during-capture', 'The locks did not last until the last row.', { hint: 'Try again.', retryable: true });
}

async function lockAll(session: Session, of: Part | undefined): Promise<Held> {
  const list = async (): Promise<Pick<Hold, 'tables' | 'part'>> => {
    const part = of === undefined ? undefined : await choosePart(session, of, true);
    return { tables: await listTables(session, part), ...(part === undefined ? {} : { part }) };
  };
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    const { tables: before } = await list();
    await session.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const locked = await lockIfThere(session, before);
    if (locked) {
      const [row] = await session.rows<{ snapshot: string }>('SELECT pg_catalog.pg_export_snapshot() AS snapshot');
      const { tables, part } = await list();
      const known = new Set(before.map((table) => table.oid));
      if (row !== undefined && tables.every((table) => known.has(table.oid)))
        return { snapshot: row.snapshot, tables, ...(part === undefined ? {} : { part }) };
    }
    await session.run('ROLLBACK');
  }
  throw new AppError('source.changed-during-capture', `Tables were made or dropped while they were locked, ${tries} times.`, {
    hint: 'Try again when the migration that runs there is over.',
    retryable: true,
  });
}

/** False where a table was dropped meanwhile. */
async function lockIfThere(session: Session, tables: readonly Table[]): Promise<boolean> {
  try {
    await lockTables(session, tables);
    return true;
  } catch (error) {
    if (error instanceof AppError && ['42P01', '3F000'].includes(String(error.details?.['sqlstate']))) return false;
    throw error;
  }
}

async function lockTables(session: Session, tables: readonly Table[]): Promise<void> {
  for (let at = 0; at < tables.length; at += 500) {
    const names = tables.slice(at, at + 500).map((table) => `ONLY ${qualified(table.schema, table.name)}`);
    await session.run(`LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE`);
  }
}
