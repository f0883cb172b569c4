import { AppError } from '../../../base/errors.ts';
import { counted } from '../../../base/words.ts';
import type { EngineContext } from '../../engine.ts';
import type { DatabaseProperties } from '../describe/database.ts';
import type { PostgresLocation } from '../location.ts';
import { withServer, withSession, type Session } from '../session/session.ts';
import { quoteName, quoteText } from '../sql.ts';

/**
 * Of a row of `pg_database`: dropping it was broken off half-way. Nobody can connect to it, and all that can be done with it is to drop it; PostgreSQL calls it invalid
 * (https://www.postgresql.org/docs/16/catalog-pg-database.html; 13.12, 14.9, 15.4 and later).
 */
export const isRuin = 'datconnlimit = -2';

/** Databases of the server, each by its name with its number, which a rename keeps. */
export async function databaseNumbers(server: Session, names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await server.rows<{ name: string; oid: number }>(
    'SELECT datname AS name, oid::int8::float8 AS oid FROM pg_catalog.pg_database WHERE datname = ANY ($1)',
    [[...names]],
  );
  return new Map(rows.map((row) => [row.name, row.oid]));
}

/** What a database takes up on the server's disk, without what its tablespaces share. */
export async function databaseBytes(server: Session, name: string): Promise<number> {
  const [row] = await server.rows<{ bytes: number }>('SELECT pg_catalog.pg_database_size($1::name)::float8 AS bytes', [name]);
  return row?.bytes ?? 0;
}

/**
 * A new, empty database with the captured encoding and locale, in the captured tablespace. Always from template0: what an administrator put into template1 would collide, or
 * stay in unnoticed.
 */
export async function createDatabase(server: Session, name: string, like: DatabaseProperties): Promise<void> {
  const words = [`CREATE DATABASE ${quoteName(name)} TEMPLATE template0 ENCODING ${quoteText(like.encoding)}`];
  words.push(`LC_COLLATE ${quoteText(like.collate)} LC_CTYPE ${quoteText(like.ctype)}`);
  if (like.provider !== 'libc') {
    words.push(`LOCALE_PROVIDER ${like.provider}`);
    if (like.locale !== null) words.push(`${like.provider === 'icu' ? 'ICU_LOCALE' : 'BUILTIN_LOCALE'} ${quoteText(like.locale)}`);
    if (like.icuRules !== null) words.push(`ICU_RULES ${quoteText(like.icuRules)}`);
  } else if (server.version >= 150_000) words.push('LOCALE_PROVIDER libc');
  if (like.tablespace !== undefined && like.tablespace !== null) words.push(`TABLESPACE ${quoteName(like.tablespace)}`);
  await server.run(words.join(' '));
}

/** Removes a database for good; one that is not there is success. No subscription of it reaches out to its publisher. */
export async function dropDatabase(location: PostgresLocation, name: string, context: EngineContext): Promise<void> {
  await withServer({ ...location, database: name }, context, async (server) => {
    if (!(await databaseNumbers(server, [name])).has(name)) return;
    const [some] = await server.rows<{ some: boolean }>(
      'SELECT EXISTS (SELECT FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = $1) AS some',
      [name],
    );
    if (some?.some === true) await dropSubscriptions({ ...location, database: name }, context);
    await server.run(`DROP DATABASE IF EXISTS ${quoteName(name)} WITH (FORCE)`);
  });
}

/** Without its slot's name a subscription is dropped here only: the slot at the publisher belongs to the original. */
async function dropSubscriptions(location: PostgresLocation, context: EngineContext): Promise<void> {
  await withSession(location, { side: 'target', restoring: true }, context, async (session) => {
    const rows = await session.rows<{ name: string }>(
      'SELECT subname AS name FROM pg_catalog.pg_subscription WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())',
    );
    for (const { name } of rows) {
      await session.run(`ALTER SUBSCRIPTION ${quoteName(name)} DISABLE`);
      await session.run(`ALTER SUBSCRIPTION ${quoteName(name)} SET (slot_name = NONE)`);
      await session.run(`DROP SUBSCRIPTION ${quoteName(name)}`);
    }
  });
}

/** What would be lost, or block for ever, when databases are swapped: prepared transactions, replication slots, subscriptions, and templates, which nobody can drop. */
export async function swapObstacles(server: Session, names: readonly string[]): Promise<readonly string[]> {
  const rows = await server.rows<{ statement: string }>(
    `SELECT 'the transaction ' || gid || ' is prepared in ' || database AS statement FROM pg_catalog.pg_prepared_xacts WHERE database = ANY ($1)
     UNION ALL SELECT 'the replication slot ' || slot_name || ' reads ' || database FROM pg_catalog.pg_replication_slots WHERE database = ANY ($1)
     UNION ALL SELECT 'the subscription ' || s.subname || ' writes into ' || d.datname FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
       WHERE d.datname = ANY ($1) AND s.subenabled
     UNION ALL SELECT 'the database ' || datname || ' is a template' FROM pg_catalog.pg_database WHERE datname = ANY ($1) AND datistemplate`,
    [[...names]],
  );
  return rows.map((row) => row.statement);
}

export async function sessionsOf(server: Session, name: string): Promise<number> {
  const [row] = await server.rows<{ sessions: number }>('SELECT count(*)::int AS sessions FROM pg_catalog.pg_stat_activity WHERE datname = $1', [name]);
  return row?.sessions ?? 0;
}

export function sessionWarnings(sessions: number): readonly string[] {
  return sessions === 0 ? [] : [`${counted(sessions, 'session')} will be ended; programs that connect again find the restored database`];
}

export async function refuseObstacles(server: Session, names: readonly string[]): Promise<void> {
  const [first, ...others] = await swapObstacles(server, names);
  if (first === undefined) return;
  throw new AppError('target.busy', `The database cannot be swapped: ${first}${others.length > 0 ? `, and ${others.length} more` : ''}.`, {
    hint: 'End it first: COMMIT or ROLLBACK PREPARED, pg_drop_replication_slot, ALTER SUBSCRIPTION … DISABLE, or ALTER DATABASE … IS_TEMPLATE false.',
    details: { obstacles: [first, ...others] },
  });
}
