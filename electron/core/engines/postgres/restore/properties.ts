import type { DatabaseProperties, Grant } from '../describe/database.ts';
import type { Session } from '../session/session.ts';
import { quoteName, quoteText } from '../sql.ts';

/**
 * Gives a database what belongs to it and to none of its objects: owner, comment, security labels, connection limit, settings, rights. None of it lies in the database, so no
 * event trigger of it sees it. `session` is in that database.
 */
export async function applyProperties(session: Session, name: string, properties: DatabaseProperties): Promise<void> {
  const database = quoteName(name);
  await session.run(`ALTER DATABASE ${database} OWNER TO ${quoteName(properties.owner)}`);
  await session.run(`ALTER DATABASE ${database} CONNECTION LIMIT ${properties.connectionLimit}`);
  await session.run(`COMMENT ON DATABASE ${database} IS ${properties.comment === null ? 'NULL' : quoteText(properties.comment)}`);
  for (const { provider, label } of properties.labels ?? [])
    await session.run(`SECURITY LABEL FOR ${quoteName(provider)} ON DATABASE ${database} IS ${quoteText(label)}`);
  if (properties.acl !== null) await applyGrants(session, `DATABASE ${database}`, properties.owner, properties.acl);
  for (const { name: setting, value } of properties.settings) await applySetting(session, `ALTER DATABASE ${database}`, setting, value);
  for (const { role, name: setting, value } of properties.roleSettings)
    await applySetting(session, `ALTER ROLE ${quoteName(role)} IN DATABASE ${database}`, setting, value);
}

/** Owner and rights of `public`, which dumps of newer tools do not carry. Event triggers see it: only for a database that has none yet. */
export async function applyPublic(session: Session, { public: wanted }: DatabaseProperties): Promise<void> {
  if (wanted === null) return;
  const [now] = await session.rows<{ owner: string }>(
    `SELECT rolname AS owner FROM pg_catalog.pg_namespace JOIN pg_catalog.pg_roles r ON r.oid = nspowner WHERE nspname = 'public'`,
  );
  // A role that is no superuser may not give it to whom it belongs already.
  if (now?.owner !== wanted.owner) await session.run(`ALTER SCHEMA public OWNER TO ${quoteName(wanted.owner)}`);
  if (wanted.acl !== null) await applyGrants(session, 'SCHEMA public', wanted.owner, wanted.acl);
}

/** Settings that are lists of names, each of which is stored quoted where it must be: as pg_dump knows them. */
const lists: ReadonlySet<string> = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

/** By the value as it is stored. A list goes name by name: `SET search_path = 'app, public'` would name one schema. */
async function applySetting(session: Session, alter: string, setting: string, value: string): Promise<void> {
  const name = setting.split('.').map(quoteName).join('.');
  const values = lists.has(setting.toLowerCase()) ? namesIn(value) : [value];
  await session.run(`${alter} SET ${name} = ${values.map(quoteText).join(', ')}`);
}

/** `"Odd one", public` as its names. */
function namesIn(list: string): readonly string[] {
  const names = [...list.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,"]+?))\s*(?:,|$)/g)].map(([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? '');
  return names.length === 0 ? [''] : names;
}

/**
 * Exactly these grants, each by its own grantor, on a whole thing or on one column of it. One may rest on another: they are made in as many rounds as that
 * needs.
 */
export async function applyGrants(session: Session, on: string, owner: string, grants: readonly Grant[], column?: string): Promise<void> {
  // A column has no default that would be in the way.
  if (column === undefined) await session.run(`REVOKE ALL ON ${on} FROM PUBLIC; REVOKE ALL ON ${on} FROM ${quoteName(owner)}`);
  let left = [...grants].toSorted((a, b) => Number(a.grantor !== owner) - Number(b.grantor !== owner));
  for (;;) {
    const failed: Grant[] = [];
    let reason: unknown;
    for (const one of left) {
      try {
        await grant(session, on, one, column);
      } catch (error) {
        failed.push(one);
        reason = error;
      }
    }
    if (failed.length === 0) return;
    if (failed.length === left.length) throw reason;
    left = failed;
  }
}

async function grant(session: Session, on: string, { grantor, grantee, privilege, grantable }: Grant, column?: string): Promise<void> {
  const statement = `GRANT ${privilege}${column === undefined ? '' : ` (${quoteName(column)})`} ON ${on} TO ${grantee === null ? 'PUBLIC' : quoteName(grantee)}${grantable ? ' WITH GRANT OPTION' : ''}`;
  if (!session.superuser) return session.run(statement);
  await session.run('BEGIN');
  try {
    // Local: it ends with the transaction.
    await session.run(`SET LOCAL SESSION AUTHORIZATION ${quoteText(grantor)}; ${statement}`);
    await session.run('COMMIT');
  } catch (error) {
    await session.run('ROLLBACK');
    throw error;
  }
}
