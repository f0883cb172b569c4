import type { Fingerprint } from '../../engine.ts';
import { grantWords, parseDefaultsName, parseGrants, roleNamed } from './acl-text.ts';
import { grantsAt, ownerAt, roleAt, type Asked } from './asked.ts';
import { rightsInPlace } from '../describe/rights.ts';
import { defaultsAt } from '../look/expected.ts';
import { applyGrants } from '../restore/properties.ts';
import type { Session } from '../session/session.ts';
import { quoteName } from '../sql.ts';

interface Placed {
  readonly type: string;
  readonly identity: string;
  readonly owner: string;
  readonly grants: string | null;
  /** For a column: its name, and its table in SQL. */
  readonly attribute: string | null;
  readonly of: string | null;
}

/** Words of `ALTER … OWNER TO` where they are not those of `pg_identify_object`. */
const alterWords: Readonly<Record<string, string>> = {
  function: 'ROUTINE',
  procedure: 'ROUTINE',
  aggregate: 'ROUTINE',
  'statistics object': 'STATISTICS',
};

const grantWordsOf: Readonly<Record<string, string>> = {
  table: 'TABLE',
  view: 'TABLE',
  'materialized view': 'TABLE',
  'foreign table': 'TABLE',
  sequence: 'SEQUENCE',
  function: 'ROUTINE',
  procedure: 'ROUTINE',
  aggregate: 'ROUTINE',
  type: 'TYPE',
  schema: 'SCHEMA',
  language: 'LANGUAGE',
  'foreign-data wrapper': 'FOREIGN DATA WRAPPER',
  server: 'FOREIGN SERVER',
  'large object': 'LARGE OBJECT',
};

/** Gives what was restored without owners and grants those that the choices ask for; event triggers, which come last of all, apart. */
export async function giveRights(session: Session, asked: Asked, stored: Fingerprint, only: 'event triggers' | 'others'): Promise<void> {
  const wanted = wantedOf(stored);
  const events = only === 'event triggers';
  const placed = async (): Promise<readonly Placed[]> =>
    (await session.rows<Placed>(rightsInPlace)).filter(
      (one) => (one.type === 'event trigger') === events && !(one.type === 'schema' && one.identity === 'public'),
    );
  // A sequence of a column belongs to whom its table does, and to nobody else: tables first.
  for (const sequences of [false, true]) {
    const statements = (await placed()).flatMap((one) => {
      const captured = wanted.owners.get(`${one.type} ${one.identity}`);
      if (captured === undefined || one.attribute !== null || (one.type === 'sequence') !== sequences) return [];
      const owner = ownerAt(asked, captured);
      return owner === one.owner ? [] : [`ALTER ${alterWords[one.type] ?? one.type.toUpperCase()} ${one.identity} OWNER TO ${quoteName(owner)}`];
    });
    for (let at = 0; at < statements.length; at += 100) await session.run(statements.slice(at, at + 100).join('; '));
  }
  if (events || !asked.grants) return;
  for (const one of await placed()) await giveGrants(session, asked, wanted, one);
  if (asked.only === undefined) await giveDefaults(session, asked, stored);
}

interface Wanted {
  readonly owners: ReadonlyMap<string, string>;
  readonly grants: ReadonlyMap<string, string>;
}

function wantedOf(stored: Fingerprint): Wanted {
  const of = (kind: string): Map<string, string> =>
    new Map(stored.items.flatMap((item) => (item.kind === kind && typeof item.meta?.['value'] === 'string' ? [[item.name, item.meta['value']] as const] : [])));
  return { owners: new Map([...of('owner')].map(([name, value]) => [name, roleNamed(value)])), grants: of('grants') };
}

async function giveGrants(session: Session, asked: Asked, wanted: Wanted, one: Placed): Promise<void> {
  const name = `${one.type} ${one.identity}`;
  const text = wanted.grants.get(name);
  const word = one.attribute === null ? grantWordsOf[one.type] : 'TABLE';
  if (text === undefined || word === undefined) return;
  const captured =
    one.attribute === null ? (wanted.owners.get(name) ?? one.owner) : (wanted.owners.get(`${one.type.replace(/ column$/, '')} ${one.of ?? ''}`) ?? one.owner);
  const grants = grantsAt(asked, captured, parseGrants(text));
  if (grantWords(grants) === grantWords(parseGrants(one.grants ?? ''))) return;
  const { attribute } = one;
  if (attribute === null) await applyGrants(session, `${word} ${one.identity}`, ownerAt(asked, captured), grants);
  else await applyGrants(session, `TABLE ${one.of ?? ''}`, ownerAt(asked, captured), grants, attribute);
}

const defaultsFor: Readonly<Record<string, string>> = { r: 'TABLES', S: 'SEQUENCES', f: 'FUNCTIONS', T: 'TYPES', n: 'SCHEMAS', L: 'LARGE OBJECTS' };

/** In a schema they add to the server's own; without one they take their place. */
async function giveDefaults(session: Session, asked: Asked, stored: Fingerprint): Promise<void> {
  for (const item of stored.items) {
    const name = item.kind === 'default privileges' ? parseDefaultsName(item.name) : undefined;
    const role = name === undefined ? null : roleAt(asked, name.role);
    const kind = defaultsFor[name?.kind ?? ''];
    const value = item.meta?.['value'];
    if (name === undefined || role === null || kind === undefined || typeof value !== 'string') continue;
    const alter = `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoteName(role)}${name.schema === undefined ? '' : ` IN SCHEMA ${quoteName(name.schema)}`}`;
    if (name.schema === undefined) await session.run(`${alter} REVOKE ALL ON ${kind} FROM PUBLIC; ${alter} REVOKE ALL ON ${kind} FROM ${quoteName(role)}`);
    for (const { grantee, privilege, grantable } of defaultsAt(asked, name.role, value))
      await session.run(
        `${alter} GRANT ${privilege} ON ${kind} TO ${grantee === null ? 'PUBLIC' : quoteName(grantee)}${grantable ? ' WITH GRANT OPTION' : ''}`,
      );
  }
}
