import { AppError } from '../../../base/errors.ts';
import type { ArchiveEntry } from '../archive/archive.ts';
import type { StoredTable } from '../restore/objects.ts';
import { nothingMatches, schemaPattern, tablePattern, unmatched, type NamePattern } from '../patterns.ts';
import { plainName } from '../sql.ts';

export interface Only {
  readonly schemas: readonly string[];
  readonly tables: readonly string[];
}

/** What of a snapshot is restored where only some of it was chosen. */
export interface Selection {
  /** Entries of the archive that are not restored. */
  readonly leftOut: ReadonlySet<number>;
  /** Chosen relations, by the names of their objects. */
  readonly chosen: ReadonlyMap<string, { readonly schema: string; readonly name: string }>;
  /** Tables that are made without rows, since something chosen needs them. */
  readonly along: ReadonlyMap<string, { readonly schema: string; readonly name: string }>;
  /** Parts of chosen tables that are left out, as `schema`, `table part`. */
  readonly lost: ReadonlySet<string>;
  readonly notes: readonly string[];
}

const relations: ReadonlySet<string> = new Set(['TABLE', 'FOREIGN TABLE', 'VIEW', 'MATERIALIZED VIEW']);
/** What stands before everything. */
const always: ReadonlySet<string> = new Set(['ENCODING', 'STDSTRINGS', 'SEARCHPATH']);
/** What belongs to something and comes along with it. */
const attached: ReadonlySet<string> = new Set([
  'DEFAULT',
  'CONSTRAINT',
  'CHECK CONSTRAINT',
  'FK CONSTRAINT',
  'INDEX',
  'INDEX ATTACH',
  'TABLE ATTACH',
  'TRIGGER',
  'RULE',
  'POLICY',
  'ROW SECURITY',
  'STATISTICS',
  'SEQUENCE OWNED BY',
  'SEQUENCE',
  'COMMENT',
  'ACL',
  'SECURITY LABEL',
]);

/**
 * The chosen tables, views and whole schemas with what they need: types, functions, sequences, parents (without rows) and partitions. What
 * belongs to a chosen table but needs another one, as a foreign key, is left out and told. Throws `object.unknown` where a pattern matches nothing.
 */
export function select(entries: readonly ArchiveEntry[], tables: readonly StoredTable[], only: Only): Selection {
  const byId = new Map(entries.map((one) => [one.id, one]));
  const named = entries.flatMap((one) => (relations.has(one.what) || one.what === 'SEQUENCE' ? [{ entry: one, schema: one.schema ?? '', name: one.tag }] : []));
  const [schemas, patterns] = [only.schemas.map(schemaPattern), only.tables.map(tablePattern)];
  const known = entries.flatMap((one) =>
    one.what === 'SCHEMA' ? [{ schema: one.tag, name: '' }] : one.schema === undefined ? [] : [{ schema: one.schema, name: '' }],
  );
  refuse(unmatched(schemas, known), named);
  refuse(unmatched(patterns, named), named);

  const matches = (list: readonly NamePattern[], schema: string, name: string): boolean => list.some((one) => one.matches(schema, name));
  const whole = (one: ArchiveEntry): boolean =>
    matches(schemas, one.what === 'SCHEMA' ? one.tag : (one.schema ?? ''), '') && !always.has(one.what) && !/^(?:PUBLICATION|SUBSCRIPTION)\b/.test(one.what);
  const chosen = new Set(named.filter(({ schema, name }) => matches(patterns, schema, name) || matches(schemas, schema, '')).map(({ entry }) => entry.id));
  const attachments = attachmentsOf(entries, named);
  for (const { parent, child } of attachments) if (chosen.has(parent)) chosen.add(child);
  refuseTornTrees(tables, chosen, named);

  const kept = new Set(entries.filter((one) => always.has(one.what)).map((one) => one.id));
  /** What an entry needs, with all that it needs in turn and is not kept yet. */
  const needs = (from: readonly number[]): ReadonlySet<number> => {
    const found = new Set<number>();
    const queue = [...from];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      if (kept.has(id) || found.has(id) || !byId.has(id)) continue;
      found.add(id);
      queue.push(...(byId.get(id)?.needs ?? []));
    }
    return found;
  };
  const keep = (from: readonly number[]): void => {
    for (const id of needs(from)) kept.add(id);
  };
  keep([...chosen]);
  // Parents of partitions, so that a partition is what it was.
  for (let more = true; more;) {
    const missing = attachments.filter(({ parent, child }) => kept.has(child) && !kept.has(parent)).map(({ parent }) => parent);
    keep(missing);
    more = missing.length > 0;
  }
  // What is not of a table in a schema that was chosen whole: functions, types, defaults of rights.
  const brings = (id: number): readonly ArchiveEntry[] => [...needs([id])].flatMap((one) => byId.get(one) ?? []).filter((one) => relations.has(one.what));
  const told: string[] = [];
  const lost = new Set<string>();
  for (let more = true; more;) {
    more = false;
    for (const one of entries) {
      if (kept.has(one.id)) continue;
      const belongs =
        attached.has(one.what) && one.needs.some((id) => kept.has(id) && (byId.get(id)?.what !== 'SCHEMA' || one.what === 'COMMENT' || one.what === 'ACL'));
      if (!(belongs && one.needs.every((id) => anchors(byId.get(id), kept))) && !whole(one)) continue;
      if (brings(one.id).length > 0) continue;
      keep([one.id]);
      more = true;
    }
  }
  for (const one of entries) {
    if (kept.has(one.id) || !(whole(one) || (attached.has(one.what) && one.needs.some((id) => relations.has(byId.get(id)?.what ?? '') && kept.has(id)))))
      continue;
    lost.add(`${one.schema ?? ''}\0${one.tag}`);
    if (['FK CONSTRAINT', 'TRIGGER', 'RULE', 'POLICY', 'FUNCTION', 'CONSTRAINT'].includes(one.what))
      told.push(`${one.what.toLowerCase().replace('fk constraint', 'foreign key')} ${one.tag}`);
  }
  const list = (all: typeof named): Selection['chosen'] => new Map(all.map(({ schema, name }) => [plainName(schema, name), { schema, name }]));
  const along = list(named.filter(({ entry }) => kept.has(entry.id) && !chosen.has(entry.id) && entry.what !== 'SEQUENCE'));
  return {
    leftOut: new Set(entries.filter((one) => !kept.has(one.id)).map((one) => one.id)),
    chosen: list(named.filter(({ entry }) => kept.has(entry.id) && (chosen.has(entry.id) || entry.what === 'SEQUENCE'))),
    along,
    lost,
    notes: [
      `only some of the snapshot: ${[...only.schemas.map((one) => `the schema ${one}`), ...only.tables].join(', ')}`,
      ...[...along.keys()].map((name) => `${name} is made without rows, since something chosen needs it`),
      ...told.map((one) => `the ${one} is left out, since it needs what was not chosen`),
    ],
  };
}

/** A constraint or an index of a table stands and falls with the table. */
function anchors(need: ArchiveEntry | undefined, kept: ReadonlySet<number>): boolean {
  if (need === undefined || kept.has(need.id)) return true;
  return !relations.has(need.what) && need.what !== 'CONSTRAINT' && need.what !== 'INDEX';
}

function refuse(unknown: readonly string[], named: readonly { readonly schema: string; readonly name: string }[]): void {
  if (unknown.length > 0) throw nothingMatches(unknown, named);
}

interface Attachment {
  readonly parent: number;
  readonly child: number;
}

/** Partitions by their attachments, other children by their definitions. */
function attachmentsOf(
  entries: readonly ArchiveEntry[],
  named: readonly { readonly entry: ArchiveEntry; readonly schema: string; readonly name: string }[],
): readonly Attachment[] {
  const tableAt = new Map(named.map(({ entry, schema, name }) => [`${schema}\0${name}`, entry.id]));
  const tableIds = new Set(named.filter(({ entry }) => relations.has(entry.what)).map(({ entry }) => entry.id));
  return entries.flatMap((one) => {
    if (one.what === 'TABLE ATTACH') {
      const child = tableAt.get(`${one.schema ?? ''}\0${one.tag}`);
      return child === undefined ? [] : one.needs.filter((id) => id !== child && tableIds.has(id)).map((parent) => ({ parent, child }));
    }
    if ((one.what !== 'TABLE' && one.what !== 'FOREIGN TABLE') || !one.definition.includes('\nINHERITS (')) return [];
    return one.needs.filter((id) => tableIds.has(id)).map((parent) => ({ parent, child: one.id }));
  });
}

/** The place of a row within a tree by hash may be another one after a restore: all of it or nothing. */
function refuseTornTrees(
  tables: readonly StoredTable[],
  chosen: ReadonlySet<number>,
  named: readonly { readonly entry: ArchiveEntry; readonly schema: string; readonly name: string }[],
): void {
  const isChosen = (schema: string, name: string): boolean => named.some((one) => one.schema === schema && one.name === name && chosen.has(one.entry.id));
  const torn = tables.find(({ meta }) => meta.hashed && meta.root !== null && isChosen(meta.schema, meta.table) && !isChosen(meta.root.schema, meta.root.name));
  const root = torn?.meta.root;
  if (torn === undefined || root === undefined || root === null) return;
  throw new AppError('input.invalid', `${torn.object} is a partition by hash: it is restored with the whole of its table.`, {
    hint: `Choose ${plainName(root.schema, root.name)}.`,
  });
}
