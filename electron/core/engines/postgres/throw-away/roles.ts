import type { SnapshotContent } from '../../engine.ts';
import { rolesName, type Facts } from '../restore/objects.ts';
import { missingRoles } from '../capture/facts.ts';
import type { Session } from '../session/session.ts';
import { quoteName } from '../sql.ts';

/** What of a captured role decides what its functions and views may do. */
export interface Role {
  readonly attributes: readonly string[];
  readonly memberOf: readonly { readonly role: string; readonly inherits: boolean }[];
}

export type Roles = ReadonlyMap<string, Role>;

const name = String.raw`((?:[a-z_][a-z0-9_$]*)|"(?:[^"]|"")+")`;
const attributesLine = new RegExp(`^ALTER ROLE ${name} WITH ([A-Z ]+)`);
const memberLine = new RegExp(`^GRANT ${name} TO ${name}(?: WITH ([A-Z ,]+?))?(?: GRANTED BY .*)?;$`);
/** Attributes that matter to somebody who never logs in. */
const kept: ReadonlySet<string> = new Set(['SUPERUSER', 'NOINHERIT', 'CREATEROLE', 'CREATEDB', 'REPLICATION', 'BYPASSRLS']);

/** The roles that `pg_dumpall --globals-only` describes, line by line as it writes them. */
export function rolesIn(text: string): Roles {
  const found = new Map<string, { attributes: readonly string[]; memberOf: { role: string; inherits: boolean }[] }>();
  const at = (role: string) => {
    const known = found.get(role) ?? { attributes: [], memberOf: [] };
    found.set(role, known);
    return known;
  };
  for (const line of text.split('\n')) {
    const [, of, words] = attributesLine.exec(line) ?? [];
    if (of !== undefined && words !== undefined) at(plain(of)).attributes = words.split(' ').filter((word) => kept.has(word));
    const [, role, member, options = ''] = memberLine.exec(line) ?? [];
    if (role !== undefined && member !== undefined) at(plain(member)).memberOf.push({ role: plain(role), inherits: !options.includes('INHERIT FALSE') });
  }
  return found;
}

function plain(identifier: string): string {
  return identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier;
}

/**
 * Makes the captured roles that a throw-away server lacks, and those that they are members of, none of which can log in. Where the capture
 * could not read what they are, each may do everything: the server is nobody's, and what they own must be theirs.
 */
export async function makeRoles(server: Session, described: Roles, facts: Facts): Promise<void> {
  const wanted = new Set(facts.roles);
  for (const role of wanted) for (const { role: other } of described.get(role)?.memberOf ?? []) if (!other.startsWith('pg_')) wanted.add(other);
  for (const role of await missingRoles(server, { roles: [...wanted] }))
    await server.run(`CREATE ROLE ${quoteName(role)} NOLOGIN ${(described.get(role)?.attributes ?? ['SUPERUSER']).join(' ')}`);
  for (const role of wanted)
    for (const { role: other, inherits } of described.get(role)?.memberOf ?? []) {
      const how = inherits || server.version < 160_000 ? '' : ' WITH INHERIT FALSE';
      await server.run(`GRANT ${quoteName(other)} TO ${quoteName(role)}${how}`);
    }
}

/**
 * The name for the role that restores: some things of a database belong to whoever made them, and no dump says so. The database's owner where
 * it was a superuser, else another one that was.
 */
export function superuserOf(described: Roles, facts: Facts): string {
  const could = [facts.database.owner, ...facts.roles].find((role) => described.get(role)?.attributes.includes('SUPERUSER') === true);
  return could ?? 'postgres';
}

/** What the capture knows of roles; nothing where it could not read them. */
export async function readRoles(snapshot: SnapshotContent, signal: AbortSignal): Promise<Roles> {
  let there = false;
  for await (const row of snapshot.objects()) there ||= row.name === rolesName && row.kind === 'roles';
  if (!there) return new Map();
  const parts: Uint8Array[] = [];
  for await (const part of snapshot.read(rolesName, signal)) parts.push(part);
  return rolesIn(Buffer.concat(parts).toString('utf8'));
}
