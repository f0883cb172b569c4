import type { EngineContext, Expectation, Fingerprint, FingerprintItem, RestoredCopy, SnapshotContent } from '../../engine.ts';
import { sortItems } from '../../fingerprint.ts';
import { counted } from '../../../base/words.ts';
import { grantWords, parseDefaults, parseDefaultsName, parseGrants, parsePolicy, roleNamed } from '../choices/acl-text.ts';
import { readArchive } from '../archive/archive.ts';
import { changesRoles, grantsAt, ownerAt, propertiesAt, roleAt, type Asked } from '../choices/asked.ts';
import { propertyItems } from '../describe/database.ts';
import type { DatabaseProperties } from '../describe/database.ts';
import { labelled, sha256 } from '../describe/item.ts';
import { expectedOf } from './expected-selection.ts';
import { itemInVersion } from '../choices/extensions.ts';
import { readFacts, storedObjects, type Facts } from '../restore/objects.ts';
import { rowSum } from '../copy/row-sum.ts';
import { select } from '../choices/select.ts';
import { homeOf, itemInSpaces, spaceNotes } from '../choices/tablespaces.ts';
import { copyData } from '../restore/restored-copy.ts';

interface Side {
  readonly asked: Asked;
  readonly owners: ReadonlyMap<string, string>;
  readonly found: ReadonlyMap<string, FingerprintItem>;
}

export async function expected(snapshot: SnapshotContent, copy: RestoredCopy, found: Fingerprint, context: EngineContext): Promise<Expectation> {
  const { asked } = copyData(copy);
  const facts = await readFacts(snapshot, context.signal);
  const stored = restoredOf(snapshot.fingerprint, facts);
  if (asked === undefined) return { fingerprint: stored, notes: [] };
  const whole = expectedUnder(asked, stored, propertiesAt(asked, facts.database), found);
  if (asked.only === undefined) return whole;
  const { skeleton, tables } = await storedObjects(snapshot);
  return expectedOf(select(await readArchive(snapshot.read(skeleton.name, context.signal)), tables, asked.only), whole, found);
}

/** What a restore of the snapshot makes: where it is of a part, with tables that have no rows. */
export function restoredOf(stored: Fingerprint, { part }: Facts): Fingerprint {
  if (part === undefined || part.rowless.length === 0) return stored;
  const items = new Map(stored.items.map((item) => [keyOf(item), item]));
  const none: FingerprintItem[] = part.rowless.flatMap(({ name, generated, root }) => [
    { kind: 'table', name: root ?? name, ...rowSum().end() },
    ...(generated.length === 0
      ? []
      : [{ kind: 'generated columns', name: root ?? name, hash: sha256('0'), meta: { columns: generated.map((column) => ({ name: column })) } }]),
  ]);
  for (const item of none) if (!items.has(keyOf(item))) items.set(keyOf(item), item);
  return { version: 1, items: sortItems([...items.values()]) };
}

/**
 * What a copy must be that was made under choices. An item that a choice changes is worked out anew and held against what was found; every other is the
 * snapshot's own.
 */
function expectedUnder(asked: Asked, stored: Fingerprint, properties: DatabaseProperties, found: Fingerprint): Expectation {
  const owners = new Map(stored.items.flatMap((item) => (item.kind === 'owner' ? [[item.name, roleNamed(valueOf(item))] as const] : [])));
  const side: Side = { asked, owners, found: new Map(found.items.map((item) => [keyOf(item), item])) };
  const roles = changesRoles(asked);
  const settings = roles || asked.movedTablespaces !== undefined || asked.skipExtensions.length > 0;
  const home = homeOf(properties);
  const items: FingerprintItem[] = [];
  for (const item of stored.items) {
    if (item.kind === 'setting' && settings) continue;
    const changed = roles ? underRoles(item, side) : item;
    if (changed === undefined || leftOutWithExtension(changed, asked)) continue;
    if (changed.kind === 'extension') items.push(itemInVersion(changed, asked.extensionVersions?.[changed.name]));
    else items.push(...(asked.movedTablespaces === undefined ? [changed] : listed(itemInSpaces(changed, side.found.get(keyOf(changed)), asked, home))));
  }
  // Which grants there are at all is not compared where none was asked for.
  if (!asked.grants) items.push(...found.items.filter((item) => grantKinds.has(item.kind) || isGrantSetting(item)));
  if (settings) items.push(...propertyItems(properties).filter((item) => asked.grants || !isGrantSetting(item)));
  return { fingerprint: { version: 1, items: sortItems(items) }, notes: notesOf(asked, stored) };
}

function listed<T>(one: T | undefined): readonly T[] {
  return one === undefined ? [] : [one];
}

const grantKinds: ReadonlySet<string> = new Set(['grants', 'default privileges']);

function isGrantSetting(item: FingerprintItem): boolean {
  return item.kind === 'setting' && item.name === 'grants';
}

function valueOf(item: FingerprintItem): string {
  const value = item.meta?.['value'];
  return typeof value === 'string' ? value : '';
}

function keyOf(item: { readonly kind: string; readonly name: string }): string {
  return `${item.kind}\0${item.name}`;
}

/** The found item where its meaning is the wanted one, however the server words it; else one that differs from it. */
function meaning(item: FingerprintItem, found: FingerprintItem | undefined, same: (found: FingerprintItem) => boolean, value: string): FingerprintItem {
  return found !== undefined && same(found) ? found : { ...item, hash: sha256(value), meta: { ...item.meta, value } };
}

/** Undefined where a choice leaves it out. */
function underRoles(item: FingerprintItem, side: Side): FingerprintItem | undefined {
  const { asked } = side;
  const found = side.found.get(keyOf(item));
  const value = valueOf(item);
  switch (item.kind) {
    case 'owner': {
      const owner = ownerAt(asked, roleNamed(value));
      return meaning(item, found, (one) => roleNamed(valueOf(one)) === owner, owner);
    }
    case 'grants': {
      if (!asked.grants) return undefined;
      const words = grantWords(grantsAt(asked, ownerOf(item, side.owners), parseGrants(value)));
      // A column that nothing is left of has no item.
      if (words === '' && found === undefined) return undefined;
      return meaning(item, found, (one) => grantWords(parseGrants(valueOf(one))) === words, words);
    }
    case 'policy': {
      const parts = parsePolicy(value);
      if (parts === undefined) return item;
      const roles = parts.roles.map((role) => (role === 'PUBLIC' ? role : roleAt(asked, role))).filter((role) => role !== null);
      if (roles.length === 0) return undefined;
      const words = (text: string): string | undefined => {
        const other = parsePolicy(text);
        return other === undefined ? undefined : JSON.stringify([other.before, other.roles.toSorted(), other.after]);
      };
      const wanted = JSON.stringify([parts.before, [...new Set(roles)].toSorted(), parts.after]);
      return meaning(item, found, (one) => words(valueOf(one)) === wanted, `${parts.before}${roles.join(', ')}${parts.after}`);
    }
    case 'default privileges':
      return asked.grants ? defaultsUnder(item, side) : undefined;
    case 'user mapping':
      return mappingUnder(item, side);
    default:
      return item;
  }
}

/** `table column app.orders.id` belongs to whom `table app.orders` does. */
function ownerOf(item: FingerprintItem, owners: ReadonlyMap<string, string>): string {
  const own = owners.get(item.name);
  if (own !== undefined) return own;
  const of = [...owners.keys()].filter((name) => item.name.startsWith(`${name.replace(' ', ' column ')}.`)).toSorted((a, b) => b.length - a.length);
  return owners.get(of[0] ?? '') ?? '';
}

function defaultsUnder(item: FingerprintItem, side: Side): FingerprintItem | undefined {
  const name = parseDefaultsName(item.name);
  if (name === undefined) return item;
  const role = roleAt(side.asked, name.role);
  if (role === null) return undefined;
  const key = JSON.stringify([role, name.schema, name.kind]);
  const words = (text: string): string => grantWords(defaultsAt(side.asked, name.role, text));
  const found = [...side.found.values()].find((one) => {
    const other = one.kind === item.kind ? parseDefaultsName(one.name) : undefined;
    return other !== undefined && JSON.stringify([other.role, other.schema, other.kind]) === key;
  });
  const wanted = words(valueOf(item));
  if (wanted === '' && found === undefined) return undefined;
  return meaning({ ...item, name: found?.name ?? item.name }, found, (one) => grantWords(parseDefaults(valueOf(one))) === wanted, wanted);
}

/** Defaults belong to their role whatever is done with owners. */
export function defaultsAt(asked: Asked, owner: string, text: string): ReturnType<typeof parseDefaults> {
  return grantsAt({ ...asked, owner: null }, owner, parseDefaults(text));
}

function mappingUnder(item: FingerprintItem, { asked, found }: Side): FingerprintItem | undefined {
  const [, server, user] = /^(.*) for (.*)$/s.exec(item.name) ?? [];
  if (server === undefined || user === undefined) return item;
  const role = roleAt(asked, user);
  if (role === null) return undefined;
  const name = `${server} for ${role}`;
  return { ...item, name: found.has(keyOf({ kind: item.kind, name })) ? name : role === user ? item.name : name };
}

function leftOutWithExtension(item: FingerprintItem, asked: Asked): boolean {
  if (item.kind === 'extension') return asked.skipExtensions.includes(item.name);
  if (item.kind === 'security label') return asked.skipExtensions.includes(labelled(item).provider);
  return item.kind === 'comment' && asked.skipExtensions.some((name) => item.name === `extension ${name}` || item.name === `extension "${name}"`);
}

/** What the choices made another than the snapshot. */
function notesOf(asked: Asked, stored: Fingerprint): readonly string[] {
  const notes: string[] = [];
  const owned = (role: string): number => stored.items.filter((item) => item.kind === 'owner' && roleNamed(valueOf(item)) === role).length;
  for (const [role, other] of Object.entries(asked.roles))
    notes.push(
      other === null
        ? `the role ${role} is left out: what belonged to it belongs to ${asked.owner ?? 'nobody'}, and what was granted to it, or ruled for it alone, is not there`
        : `${other} stands for the role ${role}, to which ${counted(owned(role), 'object')} belonged`,
    );
  if (asked.owner !== null) notes.push(`everything belongs to ${asked.owner}, by choice`);
  if (!asked.grants) notes.push('no grant was restored, by choice: grants were not compared');
  if (asked.created.length > 0) notes.push(`made, without a right to log in: ${asked.created.join(', ')}`);
  for (const name of asked.skipExtensions) notes.push(`the extension ${name} was left out, by choice`);
  for (const [name, version] of Object.entries(asked.extensionVersions ?? {})) {
    const captured = stored.items.find((item) => item.kind === 'extension' && item.name === name);
    if (captured !== undefined && itemInVersion(captured, version).hash !== captured.hash)
      notes.push(`the extension ${name} is of version ${version}, since the server does not have the captured one`);
  }
  return [...notes, ...spaceNotes(asked)];
}
