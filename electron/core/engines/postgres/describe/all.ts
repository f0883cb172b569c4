import type { FingerprintItem } from '../../engine.ts';
import { sortItems } from '../../fingerprint.ts';
import { addTotals, type RowTotal } from '../copy/row-sum.ts';
import type { Outside } from '../capture/part-filter.ts';
import type { Session } from '../session/session.ts';
import { plainName, qualified, quoteName } from '../sql.ts';
import type { Table } from '../capture/relations.ts';
import { ownSchemas } from '../capture/relations.ts';
import { propertyItems, readProperties } from './database.ts';
import { itemOf, sha256, type Described } from './item.ts';
import { classQueries } from './queries.ts';
import { describeRelations } from './relations.ts';
import { rightsQueries } from './rights.ts';

export interface SequenceValue {
  readonly schema: string;
  readonly name: string;
  readonly last: string;
  readonly called: boolean;
}

/** Values of every sequence, or of those of a part. Not under a snapshot: read last; a later value does no harm. */
export async function readSequences(session: Session, outside?: Outside): Promise<readonly SequenceValue[]> {
  const found = await session.rows<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND ${ownSchemas}
      WHERE c.relkind = 'S' AND c.relpersistence <> 't' ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
  );
  const all = found.filter((one) => outside?.has(one.schema, one.name) !== true);
  const values: SequenceValue[] = [];
  // One statement for many: each answers one row.
  for (let at = 0; at < all.length; at += 200) {
    const part = all.slice(at, at + 200);
    const select = part.map(({ schema, name }, i) => `SELECT ${i} AS i, last_value::text AS last, is_called AS called FROM ${qualified(schema, name)}`);
    for (const row of await session.rows<{ i: number; last: string; called: boolean }>(`${select.join(' UNION ALL ')} ORDER BY 1`)) {
      const named = part[row.i];
      if (named !== undefined) values.push({ ...named, last: row.last, called: row.called });
    }
  }
  return values;
}

export function sequenceItems(values: readonly SequenceValue[]): readonly FingerprintItem[] {
  return values.map(({ schema, name, last, called }) => {
    const value = `${last}${called ? '' : ', not used yet'}`;
    return { kind: 'sequence value', name: plainName(schema, name), hash: sha256(value), meta: { value } };
  });
}

const largeObjects = `
  SELECT 'large object' AS kind, NULL::text AS schema, l.oid::text AS name, NULL::text AS sub,
    coalesce((SELECT sum(length(p.data)) || ' bytes, ' || encode(sha256(string_agg(sha256(p.data), ''::bytea ORDER BY p.pageno)), 'hex') FROM pg_catalog.pg_largeobject p WHERE p.loid = l.oid), '0 bytes') AS def
  FROM pg_catalog.pg_largeobject_metadata l`;

const saidOf: ReadonlySet<string> = new Set(['comment', 'security label']);

/** Everything of the database, or of a part of it, but its rows and sequences: what a difference can be named by. */
export async function describe(session: Session, tables: readonly Table[], outside?: Outside): Promise<readonly FingerprintItem[]> {
  const items: FingerprintItem[] = [...propertyItems(await readProperties(session)), ...(await describeRelations(session))];
  const queries = [...classQueries(session.version), ...rightsQueries];
  const [some] = await session.rows<{ some: boolean }>('SELECT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata) AS some');
  if (some?.some === true && outside?.largeObjects !== false) queries.push(largeObjects);
  for (const query of queries) for (const row of await session.rows<Described>(named(query))) items.push(itemOf(row));
  const subscriptions = await describeSubscriptions(session);
  // Whoever does not see a subscription does not capture what is said of it either.
  const seen = session.superuser ? items : items.filter((item) => !saidOf.has(item.kind) || !item.name.startsWith('subscription '));
  const all = [...seen, ...subscriptions, ...(await generatedItems(session, tables))];
  return outside === undefined ? all : all.filter((item) => outside.keeps(item));
}

function named(query: string): string {
  return `SELECT kind::text, schema::text, name::text, sub::text, def::text FROM (${query}) AS q(kind, schema, name, sub, def)`;
}

/** Only superusers see how a subscription connects; whether it is enabled is left out, since a copy's never is. */
async function describeSubscriptions(session: Session): Promise<readonly FingerprintItem[]> {
  if (!session.superuser) return [];
  const rows = await session.rows<Described>(
    `SELECT 'subscription' AS kind, NULL::text AS schema, s.subname AS name, NULL::text AS sub, concat_ws('; ', s.subconninfo, s.subsynccommit, s.subpublications::text, s.subowner::regrole) AS def
      FROM pg_catalog.pg_subscription s WHERE s.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())`,
  );
  return rows.map((row) => itemOf(row));
}

/**
 * What generated columns hold is in no line of COPY: it is made anew by a restore, and a function that gives another value now shows here. Summed by the
 * server.
 */
async function generatedItems(session: Session, tables: readonly Table[]): Promise<readonly FingerprintItem[]> {
  const wanted = new Map<string, { readonly from: string; readonly columns: readonly string[] }>();
  for (const table of tables) {
    if (table.generated.length === 0 || table.rowless) continue;
    const whole = table.hashed && table.root !== undefined;
    const from = whole ? qualified(table.root.schema, table.root.name) : `ONLY ${qualified(table.schema, table.name)}`;
    wanted.set(whole ? table.root.called : table.called, { from, columns: table.generated });
  }
  const items: FingerprintItem[] = [];
  for (const [name, { from, columns }] of wanted) {
    const [row] = await session.rows<{ value: string }>(
      `SELECT pg_catalog.concat_ws(' ', count(*), sum(pg_catalog.hashtextextended(line, 1)::numeric), sum(pg_catalog.hashtextextended(line, 2)::numeric)) AS value
        FROM (SELECT ROW(${columns.map(quoteName).join(', ')})::text AS line FROM ${from} OFFSET 0) AS lines`,
    );
    items.push({ kind: 'generated columns', name, hash: sha256(row?.value ?? ''), meta: { columns: columns.map((column) => ({ name: column })) } });
  }
  return items;
}

export interface TableTotal {
  readonly table: Table;
  readonly total: RowTotal;
}

/**
 * One item a table; one for a whole tree of partitions where the place of a row within it is a hash, which no restore can promise to keep.
 */
export function rowItems(totals: readonly TableTotal[]): readonly FingerprintItem[] {
  const trees = new Map<string, RowTotal[]>();
  const items: FingerprintItem[] = [];
  for (const { table, total } of totals) {
    if (table.hashed && table.root !== undefined) trees.set(table.root.called, [...(trees.get(table.root.called) ?? []), total]);
    else items.push({ kind: 'table', name: table.called, ...total });
  }
  for (const [name, parts] of trees) items.push({ kind: 'table', name, ...addTotals(parts) });
  return items;
}

/** Sorted, each kind and name once: what is told apart only by what is left out here is numbered. */
export function fingerprintOf(items: readonly FingerprintItem[]): { readonly version: 1; readonly items: readonly FingerprintItem[] } {
  const seen = new Map<string, number>();
  const unique = items.map((item) => {
    const key = `${item.kind}\0${item.name}`;
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count === 1 ? item : { ...item, name: `${item.name} (${count})` };
  });
  return { version: 1, items: sortItems(unique) };
}
