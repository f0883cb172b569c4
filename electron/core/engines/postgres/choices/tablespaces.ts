import type { FingerprintItem, Preflight, RestoreChoices } from '../../engine.ts';
import type { Asked } from './asked.ts';
import type { DatabaseProperties } from '../describe/database.ts';
import { sha256 } from '../describe/item.ts';
import { refuseUnknown } from './refuse-unknown.ts';
import type { Session } from '../session/session.ts';
import { quoteName } from '../sql.ts';

/** Where a database lies that was put nowhere else. */
const usual = 'pg_default';
/** Takes what belongs to the whole server, and nothing of a database. */
const ofServer = 'pg_global';

/** Tablespaces of a server by their names, each with whether the role that restores may put something there. */
export type Spaces = ReadonlyMap<string, boolean>;

/** Of a server that was just made. */
export const newServersSpaces: Spaces = new Map([[usual, true]]);

export async function readSpaces(server: Session): Promise<Spaces> {
  const rows = await server.rows<{ name: string; may: boolean }>(
    `SELECT spcname AS name, pg_catalog.has_tablespace_privilege(oid, 'CREATE') AS may FROM pg_catalog.pg_tablespace`,
  );
  return new Map(rows.map((row) => [row.name, row.may]));
}

interface Named {
  /** Every tablespace that the snapshot names. */
  readonly all: readonly string[];
  /** Those of what is restored. */
  readonly wanted: readonly string[];
  /** That of the captured database. */
  readonly home: string;
}

interface SettledSpaces {
  /** Tablespaces with the one that stands for each; null: what lay there lies where the database does, and the database in the server's default one. */
  readonly moved: Readonly<Record<string, string | null>>;
  readonly blockers: Preflight['blockers'];
  readonly warnings: readonly string[];
}

export function homeOf(properties: DatabaseProperties): string {
  return properties.tablespace ?? usual;
}

/**
 * What becomes of each tablespace. One that the server lacks and nothing was chosen for gives way to the default one, since where a thing lies is no
 * part of what it is: that is a warning. Throws `input.invalid` where a choice names what the snapshot does not have.
 */
export function settleTablespaces({ all, wanted, home }: Named, there: Spaces, choices: RestoreChoices): SettledSpaces {
  const map = choices.tablespaces ?? {};
  refuseUnknown(Object.keys(map), all, 'tablespace');
  const moved: Record<string, string | null> = {};
  const warnings: string[] = [];
  for (const name of wanted) {
    const other = map[name];
    if (other !== undefined && other !== name) moved[name] = other;
    else if (other === undefined && choices.noTablespaces === true) moved[name] = null;
    else if (!there.has(name)) {
      moved[name] = null;
      warnings.push(`the server does not have the tablespace ${name}: what lay in it goes into the default one (into another with --tablespace ${name}=…)`);
    }
  }
  const homeNow = (home in moved ? moved[home] : home) ?? usual;
  const blockers: Preflight['blockers'][number][] = [];
  for (const name of new Set([...Object.values(moved), ...wanted.filter((one) => !(one in moved))])) {
    if (name === null || (name === homeNow && name === usual)) continue;
    if (!there.has(name))
      blockers.push({
        code: 'target.missing',
        statement: `The server does not have the tablespace ${name}, which is to stand for another.`,
        hint: 'Name a tablespace that is there, or make it.',
      });
    else if (name === ofServer || there.get(name) !== true)
      blockers.push({
        code: 'target.denied',
        statement: `The role may not put anything into the tablespace ${name}.`,
        hint:
          name === ofServer
            ? 'It is for what belongs to the whole server. Name another one.'
            : `Grant it: GRANT CREATE ON TABLESPACE ${quoteName(name)}; or choose: --tablespace ${name}=<other>, --no-tablespaces`,
      });
  }
  return { moved, blockers, warnings };
}

/** The database's own tablespace, and the default one that its settings name, as they were chosen. */
export function propertiesInSpaces({ movedTablespaces: moved }: Asked, properties: DatabaseProperties): DatabaseProperties {
  if (moved === undefined) return properties;
  const set = <T extends { readonly name: string; readonly value: string }>(one: T): T =>
    one.name.toLowerCase() === 'default_tablespace' ? { ...one, value: moved[one.value] ?? one.value } : one;
  const home = homeOf(properties);
  const now = home in moved ? (moved[home] ?? usual) : home;
  return { ...properties, tablespace: now === usual ? null : now, settings: properties.settings.map(set), roleSettings: properties.roleSettings.map(set) };
}

/** The tablespace that an entry of an archive is to name, in place of its own: none where it is the database's. Undefined where its own stays. */
export function movedSpace({ movedTablespaces: moved = {} }: Asked, name: string): string | undefined {
  return name in moved ? (moved[name] ?? '') : undefined;
}

/**
 * An item as it must be under moved tablespaces, in a database whose own is `home`; undefined for one that says where something lies which now lies where
 * the database does. `found` is what the copy has under that name.
 */
export function itemInSpaces(item: FingerprintItem, found: FingerprintItem | undefined, asked: Asked, home: string): FingerprintItem | undefined {
  const at = (name: string): string | undefined => {
    const other = movedSpace(asked, name) ?? name;
    return other === '' || other === home ? undefined : other;
  };
  const value: unknown = item.meta?.['value'];
  if (item.kind === 'tablespace' && typeof value === 'string') {
    const space = at(value);
    return space === undefined ? undefined : { ...item, hash: sha256(space), meta: { ...item.meta, value: space } };
  }
  const facts = item.kind === 'definition' ? factsIn(item) : {};
  if (typeof facts['tablespace'] !== 'string') return item;
  const { tablespace, ...others } = facts;
  const space = at(tablespace);
  // As the server words it, whose text the hash is of.
  const words = (one: Readonly<Record<string, unknown>>, columns: unknown): string => JSON.stringify([Object.entries(one).toSorted(byName), columns]);
  const wanted = space === undefined ? others : { ...others, tablespace: space };
  if (found !== undefined && words(wanted, item.meta?.['columns']) === words(factsIn(found), found.meta?.['columns'])) return found;
  return { ...item, hash: sha256(words(wanted, item.meta?.['columns'])), meta: { ...item.meta, sql: JSON.stringify(wanted) } };
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function factsIn(item: FingerprintItem): Readonly<Record<string, unknown>> {
  const sql: unknown = item.meta?.['sql'];
  const parsed: unknown = typeof sql === 'string' ? JSON.parse(sql) : {};
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
}

/** What became of tablespaces, for people. */
export function spaceNotes({ tablespaces, movedTablespaces: moved = {} }: Asked): readonly string[] {
  if (!tablespaces) return ['everything lies in the default tablespace, by choice'];
  return Object.entries(moved).map(([name, other]) =>
    other === null
      ? `what lay in the tablespace ${name} lies in the default one, since the server does not have it: where it lies was not compared`
      : `what lay in the tablespace ${name} lies in ${other}, by choice`,
  );
}
