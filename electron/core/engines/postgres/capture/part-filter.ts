import { AppError } from '../../../base/errors.ts';
import type { FingerprintItem } from '../../engine.ts';
import type { ArchiveEntry } from '../archive/archive.ts';
import { labelled } from '../describe/item.ts';
import type { ChosenPart } from './part.ts';
import type { Session } from '../session/session.ts';
import { plainName } from '../sql.ts';

interface Gone {
  readonly catalog: string;
  readonly classid: number;
  readonly oid: number;
  readonly type: string | null;
  readonly identity: string | null;
  /** What it is part of or called by: for what belongs to a table, that table. */
  readonly schema: string | null;
  readonly name: string | null;
  readonly sub: string | null;
  /** A default or the like of something that stays. */
  readonly ofrelation: number | null;
}

/** Everything of a database that is not in the part: what is excluded, and what cannot be without it. */
export interface Outside {
  /** True for an item of the fingerprint that is in the part. */
  keeps(item: FingerprintItem): boolean;
  /** False where large objects are not in the part. */
  readonly largeObjects: boolean;
  /** True for the relation of that name. */
  has(schema: string, name: string): boolean;
  /** Entries of the archive that are not restored. */
  entries(archive: readonly ArchiveEntry[]): readonly number[];
  /** What is left out since it needs what is excluded, one name each. */
  readonly alsoLeftOut: readonly string[];
}

const dependents = `
  WITH RECURSIVE gone(classid, objid) AS (
    SELECT 'pg_catalog.pg_class'::regclass::oid, one::oid FROM unnest($1::int8[]) AS one
    UNION
    SELECT next.classid, next.objid FROM gone, LATERAL (
      SELECT d.classid, d.objid FROM pg_catalog.pg_depend d WHERE d.refclassid = gone.classid AND d.refobjid = gone.objid AND d.deptype IN ('n', 'a', 'i', 'P', 'S')
      UNION ALL
      SELECT d.refclassid, d.refobjid FROM pg_catalog.pg_depend d WHERE d.classid = gone.classid AND d.objid = gone.objid AND d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.deptype = 'i'
    ) AS next
  )
  SELECT gone.classid::regclass::text AS catalog, gone.classid::int8::float8 AS classid, gone.objid::int8::float8 AS oid, i.type, i.identity,
    coalesce(n.nspname, tn.nspname, yn.nspname, sn.nspname)::text AS schema, coalesce(c.relname, t.relname, y.typname, s.stxname, p.oid::regprocedure::text)::text AS name,
    coalesce(k.conname, g.tgname, r.rulename, o.polname)::text AS sub, a.adrelid::int8::float8 AS ofrelation
  FROM gone
    LEFT JOIN LATERAL pg_catalog.pg_identify_object(gone.classid, gone.objid, 0) i ON true
    LEFT JOIN pg_catalog.pg_class c ON gone.classid = 'pg_catalog.pg_class'::regclass AND c.oid = gone.objid LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_constraint k ON gone.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = gone.objid
    LEFT JOIN pg_catalog.pg_trigger g ON gone.classid = 'pg_catalog.pg_trigger'::regclass AND g.oid = gone.objid
    LEFT JOIN pg_catalog.pg_rewrite r ON gone.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = gone.objid
    LEFT JOIN pg_catalog.pg_policy o ON gone.classid = 'pg_catalog.pg_policy'::regclass AND o.oid = gone.objid
    LEFT JOIN pg_catalog.pg_class t ON t.oid = coalesce(k.conrelid, g.tgrelid, r.ev_class, o.polrelid) LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
    LEFT JOIN pg_catalog.pg_type y ON gone.classid = 'pg_catalog.pg_type'::regclass AND y.oid = gone.objid LEFT JOIN pg_catalog.pg_namespace yn ON yn.oid = y.typnamespace
    LEFT JOIN pg_catalog.pg_statistic_ext s ON gone.classid = 'pg_catalog.pg_statistic_ext'::regclass AND s.oid = gone.objid LEFT JOIN pg_catalog.pg_namespace sn ON sn.oid = s.stxnamespace
    LEFT JOIN pg_catalog.pg_proc p ON gone.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = gone.objid
    LEFT JOIN pg_catalog.pg_attrdef a ON gone.classid = 'pg_catalog.pg_attrdef'::regclass AND a.oid = gone.objid`;

/** Catalogs of which it is known what of them the fingerprint describes. */
const known: ReadonlySet<string> = new Set([
  'pg_class',
  'pg_constraint',
  'pg_trigger',
  'pg_rewrite',
  'pg_policy',
  'pg_type',
  'pg_statistic_ext',
  'pg_proc',
  'pg_attrdef',
  'pg_publication_rel',
]);
/** Kinds that name a relation. */
const ofRelations: ReadonlySet<string> = new Set(['definition', 'view', 'materialized view', 'sequence', 'sequence value', 'table', 'generated columns']);
const ofTables: ReadonlySet<string> = new Set(['index', 'tablespace', 'constraint', 'trigger', 'rule', 'policy']);
/** What rules over the whole database, and is not of a part. */
const overAll = /^(?:publication|subscription|event trigger)\b/;
const archiveOverAll = /^(?:PUBLICATION|SUBSCRIPTION|EVENT TRIGGER)\b/;

/**
 * What cannot be without the excluded relations: foreign keys to them, views and rules that read them, functions over their rows. Throws
 * `input.invalid` where a table of the part is among it.
 */
export async function outsideOf(session: Session, part: ChosenPart): Promise<Outside> {
  const excluded = new Set(part.excluded.map((one) => one.oid));
  const rows = await session.rows<Gone>(dependents, [[...excluded]]);
  const relations = new Set<string>();
  const subs = new Set<string>();
  const identities = new Set<string>();
  const columns: string[] = [];
  const alsoLeftOut: string[] = [];
  for (const row of rows) {
    refuse(row, rows, excluded);
    const { type, identity, schema, name, sub, catalog } = row;
    if (type !== null && identity !== null) {
      identities.add(`${type} ${identity}`);
      if (catalog === 'pg_class') columns.push(`${type} column ${identity}.`);
    }
    if (name === null) continue;
    const base = schema === null ? name : plainName(schema, name);
    if (sub === null) relations.add(catalog === 'pg_class' ? base : `${catalog} ${base}`);
    else subs.add(`${base}\0${sub}`);
    if (tells(row, excluded) && !rows.some((one) => one.catalog === 'pg_class' && sub !== null && one.schema === schema && one.name === name))
      alsoLeftOut.push(`${type ?? ''} ${identity ?? ''}`);
  }
  const numbers = new Set(rows.map((row) => `${row.classid} ${row.oid}`));
  const globals = excluded.size > 0;
  const keeps = (item: FingerprintItem): boolean => {
    const { kind, name, meta } = item;
    if (globals && overAll.test(kind)) return false;
    if (part.onlySome && kind === 'large object') return false;
    if (kind === 'owner' || kind === 'grants' || kind === 'comment' || kind === 'security label') {
      const of = kind === 'security label' ? labelled(item).object : name;
      if (globals && overAll.test(of)) return false;
      if (part.onlySome && of.startsWith('large object ')) return false;
      return !identities.has(of) && !columns.some((one) => of.startsWith(one));
    }
    if (ofRelations.has(kind)) return !relations.has(name);
    if (kind === 'function' || kind === 'aggregate') return !relations.has(`pg_proc ${name}`);
    if (kind === 'type') return !relations.has(`pg_type ${name}`);
    if (kind === 'statistics') return !relations.has(`pg_statistic_ext ${name}`);
    const table = meta?.['table'];
    // Of a materialized view, not of an index.
    if (kind === 'tablespace' && table === undefined) return !relations.has(name);
    if (!ofTables.has(kind) || typeof table !== 'string') return true;
    const sub = name.slice(table.length + 1);
    return !relations.has(table) && !subs.has(`${table}\0${sub.startsWith('"') ? String(JSON.parse(sub)) : sub}`);
  };
  return {
    keeps,
    largeObjects: !part.onlySome,
    has: (schema, name) => relations.has(plainName(schema, name)),
    alsoLeftOut,
    entries: (archive) => {
      const ids = new Set(
        archive
          .filter(
            (one) =>
              numbers.has(`${one.catalog} ${one.oid}`) ||
              (globals && archiveOverAll.test(one.what)) ||
              (part.onlySome && /^(?:BLOBS?|BLOB METADATA)$/.test(one.what)),
          )
          .map((one) => one.id),
      );
      // Comments, grants and attachments have no number of their own.
      for (let more = true; more;) {
        more = false;
        for (const one of archive) {
          if (ids.has(one.id) || !one.needs.some((need) => ids.has(need))) continue;
          ids.add(one.id);
          more = true;
        }
      }
      return [...ids];
    },
  };
}

/** Whether it would be missed: not what stands for another, as the rule of a view or the trigger of a foreign key. */
function tells({ catalog, oid, type, sub }: Gone, excluded: ReadonlySet<number>): boolean {
  if (catalog === 'pg_class') return !excluded.has(oid) && type?.endsWith('view') === true;
  if (catalog === 'pg_trigger') return sub?.startsWith('RI_ConstraintTrigger') !== true;
  return sub !== '_RETURN' && ['pg_constraint', 'pg_rewrite', 'pg_policy', 'pg_statistic_ext', 'pg_proc'].includes(catalog);
}

function refuse(row: Gone, rows: readonly Gone[], excluded: ReadonlySet<number>): void {
  const isTable = row.catalog === 'pg_class' && /^(?:table|foreign table)$/.test(row.type ?? '') && !excluded.has(row.oid);
  const isDefault = row.ofrelation !== null && !rows.some((one) => one.catalog === 'pg_class' && one.oid === row.ofrelation);
  const what = isTable || isDefault ? `${row.type ?? ''} ${row.identity ?? ''}` : undefined;
  if (what !== undefined) throw new AppError('input.invalid', `The ${what} needs something that is left out.`, { hint: 'Choose both, or leave out both.' });
  if (known.has(row.catalog)) return;
  throw new AppError('source.unsupported', `The ${row.type ?? ''} ${row.identity ?? ''} needs something that is left out: such a part cannot be captured.`, {
    hint: 'Leave out less.',
  });
}

/** What people should know of a part: parents without rows, idle patterns, and what is left out although nobody said so. */
export function partWarnings(part: ChosenPart | undefined, outside: Outside | undefined): readonly string[] {
  const also = outside?.alsoLeftOut ?? [];
  const more = also.length > 20 ? [`and ${also.length - 20} more are left out with it`] : [];
  return [...(part?.warnings ?? []), ...also.slice(0, 20).map((one) => `the ${one} is left out too, since it needs what is left out`), ...more];
}
