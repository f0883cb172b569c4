import { AppError } from '../../../base/errors.ts';
import type { Preflight } from '../../engine.ts';
import type { ArchiveEntry } from '../archive/archive.ts';
import { changesRoles, ownerAt, type Asked } from './asked.ts';
import type { DatabaseProperties } from '../describe/database.ts';
import { labelStatements } from './left-out.ts';
import type { Session } from '../session/session.ts';
import { quoteName } from '../sql.ts';

type Blocker = Preflight['blockers'][number];

/** What is asked of the server so that it says by its error whether this role may make such a thing: none of it can be made. */
const tries: Readonly<Record<string, string>> = {
  'EVENT TRIGGER': 'CREATE EVENT TRIGGER belay_no_such ON ddl_command_end EXECUTE FUNCTION pg_catalog.belay_no_such()',
  'FOREIGN DATA WRAPPER': 'CREATE FOREIGN DATA WRAPPER belay_no_such HANDLER pg_catalog.belay_no_such',
};

const denied = '42501';
/** What a provider of labels that is not there is refused with, whatever it is asked to label. */
const noProvider = '22023';

/**
 * What of these entries the restoring role may not make or give away, and what the server lacks for them: found out without anything being written, since
 * pg_restore would tell it in the middle of a restore.
 */
export async function deniedBlockers(
  server: Session,
  entries: readonly ArchiveEntry[],
  asked: Asked,
  database: DatabaseProperties,
): Promise<readonly Blocker[]> {
  const blockers: Blocker[] = [...(await labelBlockers(server, entries, asked, database))];
  if (server.superuser) return blockers;
  for (const [what, sql] of Object.entries(tries)) {
    const named = entries.filter((one) => one.what === what).map((one) => one.tag);
    if (named.length === 0 || (await stateOf(server, sql)) !== denied) continue;
    const many = named.length > 1 ? 's' : '';
    blockers.push({
      code: 'target.denied',
      statement: `The role may not make the ${what.toLowerCase()}${many} ${listed(named)}.`,
      hint: 'Give the source a restore role that may, as a superuser does.',
    });
  }
  const subscriptions = entries.filter((one) => one.what === 'SUBSCRIPTION').map((one) => one.tag);
  if (subscriptions.length > 0)
    blockers.push({
      code: 'target.denied',
      statement: `Only a superuser restores and compares the subscription${subscriptions.length > 1 ? 's' : ''} ${listed(subscriptions)}.`,
      hint: 'Give the source a restore role that is a superuser.',
    });
  const others = await notOfRole(server, entries, asked, database);
  if (others.length > 0)
    blockers.push({
      code: 'target.denied',
      statement: `The role is no member of ${listed(others)}, to whom something of the snapshot is to belong.`,
      hint: `As a superuser: GRANT ${others.slice(0, 10).map(quoteName).join(', ')} TO the role; or choose --no-owner, or --role.`,
    });
  if (entries.some((one) => /^BLOBS?\b/.test(one.what))) blockers.push(...(await largeObjectBlockers(server)));
  return blockers;
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, 10).join(', ')}${names.length > 10 ? ` and ${names.length - 10} more` : ''}`;
}

/** The SQLSTATE that a statement is refused with. */
async function stateOf(server: Session, sql: string): Promise<unknown> {
  try {
    await server.run(sql);
    return undefined;
  } catch (error) {
    if (error instanceof AppError && error.details?.['sqlstate'] !== undefined) return error.details['sqlstate'];
    throw error;
  }
}

/** What belongs to nobody by itself. */
const ownerless: ReadonlySet<string> = new Set(['ACL', 'COMMENT', 'SECURITY LABEL', 'DATABASE', 'DATABASE PROPERTIES']);

/** Roles to whom something is to be given by one that is no member of theirs. */
async function notOfRole(server: Session, entries: readonly ArchiveEntry[], asked: Asked, database: DatabaseProperties): Promise<readonly string[]> {
  // In an empty database of 15 and newer `public` belongs to a role that stands for whoever owns the database.
  const inPublic = server.version >= 150_000 && database.public !== null ? [database.public.owner] : [];
  const ofEntries = entries.flatMap((one) => (one.owner === undefined || ownerless.has(one.what) ? [] : [one.owner]));
  const captured = [database.owner, ...inPublic, ...ofEntries];
  const owners = new Set(changesRoles(asked) ? captured.map((one) => ownerAt(asked, one)) : captured);
  const right = server.version >= 160_000 ? 'SET' : 'MEMBER';
  const rows = await server.rows<{ name: string }>(
    `SELECT rolname AS name FROM pg_catalog.pg_roles WHERE rolname = ANY ($1) AND rolname !~ '^pg_' AND NOT pg_catalog.pg_has_role(oid, '${right}') ORDER BY rolname COLLATE "C"`,
    [[...owners]],
  );
  return rows.map((row) => row.name);
}

/** They are compared by the table of their pages, which not everybody may read. */
async function largeObjectBlockers(server: Session): Promise<readonly Blocker[]> {
  const [row] = await server.rows<{ may: boolean }>(`SELECT pg_catalog.has_table_privilege('pg_catalog.pg_largeobject', 'SELECT') AS may`);
  if (row?.may === true) return [];
  return [
    {
      code: 'target.denied',
      statement: 'The role may not read the table of the large objects’ pages, by which a copy is compared.',
      hint: 'Grant it pg_read_all_data (PostgreSQL 14 or newer), or give the source a restore role that is a superuser.',
    },
  ];
}

/** Modules that provide labels are loaded by the server, or by an extension of the same name. */
async function labelBlockers(server: Session, entries: readonly ArchiveEntry[], asked: Asked, database: DatabaseProperties): Promise<readonly Blocker[]> {
  const labels = entries.filter((one) => one.what === 'SECURITY LABEL').flatMap((one) => labelStatements(one.definition).map(({ provider }) => provider));
  // Those of the database itself are given to it also where only some of it is restored.
  const providers = new Set([...labels, ...(database.labels ?? []).map(({ provider }) => provider)]);
  const blockers: Blocker[] = [];
  for (const provider of providers) {
    if (asked.skipExtensions.includes(provider) || entries.some((one) => one.what === 'EXTENSION' && one.tag === provider)) continue;
    if ((await stateOf(server, `SECURITY LABEL FOR ${quoteName(provider)} ON TABLE pg_catalog.belay_no_such IS NULL`)) !== noProvider) continue;
    blockers.push({
      code: 'engine.unsupported',
      statement: `The server has no provider of security labels called ${provider}, by which things of the snapshot are labelled.`,
      hint: 'Load its module there (shared_preload_libraries in postgresql.conf), then try again.',
    });
  }
  return blockers;
}
