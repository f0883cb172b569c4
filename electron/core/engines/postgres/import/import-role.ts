import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { AppError } from '../../../base/errors.ts';
import type { EngineContext } from '../../engine.ts';
import type { PostgresLocation } from '../location.ts';
import { openSession, withServer, withSession, type Session } from '../session/session.ts';
import { quoteName, quoteText } from '../sql.ts';
import { uncancelled } from '../../uncancelled.ts';

/** A role that can do nothing but what its one scratch database lets it do. */
export interface ImportRole {
  readonly name: string;
  /** The scratch database as that role sees it. */
  readonly place: PostgresLocation;
  readonly context: EngineContext;
}

const prefix = 'belay_import';
const passwordHandle = 'the password of the role that imports';

/** Made for one import; `id` is that of its scratch database, which must be there. Throws `target.denied` where the server lets no such role be made or in. */
export async function makeImportRole(scratch: PostgresLocation, id: string, context: EngineContext): Promise<ImportRole> {
  const name = `${prefix}_${id}`;
  const password = Buffer.from(context.random.bytes(24)).toString('base64url');
  await withSession(scratch, { side: 'target', restoring: true }, context, async (session) => {
    await dropForgotten(session);
    const salt = Buffer.from(context.random.bytes(16));
    await session.run(
      `CREATE ROLE ${quoteName(name)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 5 PASSWORD ${quoteText(verifier(password, salt))}`,
    );
    // What it writes must not move autovacuum to look at the tables once they belong to a superuser: that runs the functions of their indexes as their owner.
    if (session.superuser) await session.run(`ALTER ROLE ${quoteName(name)} SET track_counts = off`);
    // Who makes a role may not act for it where he is no superuser.
    if (!session.superuser) await session.run(`GRANT ${quoteName(name)} TO CURRENT_USER`);
    await session.run(
      `GRANT CREATE, CONNECT, TEMPORARY ON DATABASE ${quoteName(scratch.database)} TO ${quoteName(name)}; ALTER SCHEMA public OWNER TO ${quoteName(name)}`,
    );
  });
  const { restoreUser: _restore, secrets: _secrets, ...rest } = scratch;
  const place = { ...rest, user: name, secrets: { password: passwordHandle } };
  const own = { ...context, secret: (handle: string) => (handle === passwordHandle ? Promise.resolve(password) : context.secret(handle)) };
  try {
    await (await openSession(place, { side: 'target' }, own)).close();
  } catch (error) {
    await dropImportRole(scratch, name, context);
    if (!(error instanceof AppError) || error.code !== 'target.denied') throw error;
    throw new AppError('target.denied', 'The server does not let the role in that an import is run as.', {
      hint: `Its pg_hba.conf must take roles named ${prefix}_… by password (scram-sha-256) into databases named ${scratch.database.replace(/_[0-9a-f]+$/, '_…')}, or name another server.`,
      cause: error,
    });
  }
  return { name, place, context: own };
}

/** What the role made becomes that of the role that restores; the schema `public` as it was. The role is gone then. */
export async function handOver(scratch: PostgresLocation, role: string, context: EngineContext): Promise<void> {
  await withSession(scratch, { side: 'target', restoring: true }, context, async (session) => {
    await session.run(`REASSIGN OWNED BY ${quoteName(role)} TO CURRENT_USER`);
    const still = await session.rows(`SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'public'`);
    if (still.length > 0) await session.run(`ALTER SCHEMA public OWNER TO ${session.version >= 140_000 ? 'pg_database_owner' : 'CURRENT_USER'}`);
  });
  await dropImportRole(scratch, role, context);
}

/** Ends its sessions and removes it with all that it owns in its scratch database. One that is not there is success. Cannot be cancelled. */
export async function dropImportRole(scratch: PostgresLocation, role: string, context: EngineContext): Promise<void> {
  const unending = uncancelled(context);
  await withServer(scratch, unending, async (server) => {
    const there = await server.rows('SELECT FROM pg_catalog.pg_roles WHERE rolname = $1', [role]);
    if (there.length === 0) return;
    await server.run(`ALTER ROLE ${quoteName(role)} NOLOGIN`);
    await server.rows('SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = $1', [role]);
    await withSession(scratch, { side: 'target', restoring: true }, unending, (session) => session.run(`DROP OWNED BY ${quoteName(role)}`));
    await server.run(`DROP ROLE ${quoteName(role)}`);
  });
}

/** Roles whose scratch database is gone: their process was killed. */
async function dropForgotten(session: Session): Promise<void> {
  const rows = await session.rows<{ name: string }>(
    `SELECT rolname AS name FROM pg_catalog.pg_roles r WHERE rolname ~ $1 AND NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname LIKE 'belay\\_drill\\_%' AND right(datname, 12) = right(r.rolname, 12))
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend WHERE refobjid = r.oid)`,
    [`^${prefix}_[0-9a-f]{12}$`],
  );
  for (const { name } of rows) await session.run(`DROP ROLE IF EXISTS ${quoteName(name)}`);
}

/** What the server keeps of a password (RFC 5803), so that the password itself is in no statement and no log of its. */
function verifier(password: string, salt: Buffer): string {
  const iterations = 4096;
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const hmac = (text: string): Buffer => createHmac('sha256', salted).update(text).digest();
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${hmac('Server Key').toString('base64')}`;
}
