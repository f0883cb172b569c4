import type { EngineContext } from '../../engine.ts';
import { createDatabase, dropDatabase } from './databases.ts';
import type { DatabaseProperties } from '../describe/database.ts';
import { describeLocation, scratchPrefix, type PostgresLocation } from '../location.ts';
import { openSession, withServer, type Session } from '../session/session.ts';
import { uncancelled } from '../../uncancelled.ts';

/**
 * Scratch databases of this process, each with a session that does nothing but be there: on a server that others use too it is what tells a scratch
 * database in use from one whose owner was killed.
 */
const keepers = new Map<string, Session>();

/** `id`: twelve hexadecimal digits. */
export function scratchName(id: string): string {
  return `${scratchPrefix}_${id}`;
}

const scratchNames = `^${scratchPrefix}_[0-9a-f]{12}$`;
/** Held while scratch databases are made or reaped, so that none is reaped before its keeper is there. */
const lock = 0x62656c61;

/** Makes a scratch database, and removes those that a killed process left behind. */
export async function makeScratch(location: PostgresLocation, like: DatabaseProperties, context: EngineContext): Promise<void> {
  await withServer(location, context, async (server) => {
    await server.run(`SELECT pg_catalog.pg_advisory_lock(${lock})`);
    await reap(server, location, context);
    await createDatabase(server, location.database, like);
    const unending = uncancelled(context);
    const keeper = await openSession(location, { side: 'target', restoring: true, name: 'belay keeper' }, unending);
    keeper.detach();
    keepers.set(describeLocation(location), keeper);
  });
}

async function reap(server: Session, location: PostgresLocation, context: EngineContext): Promise<void> {
  const rows = await server.rows<{ name: string }>(
    `SELECT d.datname AS name FROM pg_catalog.pg_database d WHERE d.datname ~ $1 AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)`,
    [scratchNames],
  );
  for (const { name } of rows) {
    context.log.info('a scratch database that nobody uses is removed', { name });
    await dropDatabase(location, name, context);
  }
}

/** To be called before a scratch database is dropped. */
export async function releaseScratch(location: PostgresLocation): Promise<void> {
  const key = describeLocation(location);
  const keeper = keepers.get(key);
  keepers.delete(key);
  await keeper?.close();
}
