import { createHash } from 'node:crypto';
import type { FingerprintItem } from '../../engine.ts';
import { plainName } from '../sql.ts';

/** One thing of the catalogs, as the queries give it. */
export interface Described {
  readonly kind: string;
  readonly schema: string | null;
  readonly name: string;
  /** A part of what `schema` and `name` say: a constraint of a table. */
  readonly sub?: string | null;
  readonly def: string | null;
}

/** Kinds whose text may hold a password: only its hash is kept. */
const hidden: ReadonlySet<string> = new Set(['user mapping', 'subscription', 'foreign server']);

export function itemOf(row: Described): FingerprintItem {
  const base = row.schema === null ? row.name : plainName(row.schema, row.name);
  const { sub } = row;
  const text = row.def ?? '';
  return {
    kind: row.kind,
    name: sub === undefined || sub === null ? base : `${base}.${/^[a-z_][a-z0-9_$]*$/.test(sub) ? sub : JSON.stringify(sub)}`,
    hash: sha256(text),
    meta: { ...(sub === undefined || sub === null ? {} : { table: base }), ...(hidden.has(row.kind) ? {} : { value: text }) },
  };
}

/** The object that an item `security label` is of, as comments name theirs, and who provides it. */
export function labelled({ name, meta }: FingerprintItem): { readonly object: string; readonly provider: string } {
  const object = String(meta?.['table']);
  const sub = name.slice(object.length + 1);
  return { object, provider: sub.startsWith('"') ? String(JSON.parse(sub)) : sub };
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** SQL: true for what an extension brought, which its version stands for. */
export function ofExtension(catalog: string, oid: string): string {
  return `EXISTS (SELECT FROM pg_catalog.pg_depend ext WHERE ext.classid = 'pg_catalog.${catalog}'::regclass AND ext.objid = ${oid} AND ext.deptype = 'e')`;
}
