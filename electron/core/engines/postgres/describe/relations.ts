import type { FingerprintItem } from '../../engine.ts';
import { ownSchemas } from '../capture/relations.ts';
import type { Session } from '../session/session.ts';
import { plainName } from '../sql.ts';
import { ofExtension, sha256 } from './item.ts';

interface Row {
  readonly schema: string;
  readonly name: string;
  readonly facts: string;
  readonly columns: readonly Readonly<Record<string, unknown>>[] | null;
}

const sorted = (list: string): string => `(SELECT array_to_string(array_agg(one ORDER BY one COLLATE "C"), ', ') FROM unnest(${list}) AS one)`;

const query = (version: number): string => `
  SELECT n.nspname AS schema, c.relname AS name,
    json_strip_nulls(json_build_object(
      'kind', CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table' ELSE 'composite type' END,
      'persistence', nullif(c.relpersistence, 'p'), 'access method', nullif(am.amname, 'heap'), 'tablespace', ts.spcname,
      'options', ${sorted('c.reloptions')}, 'toast options', ${sorted('toast.reloptions')},
      'replica identity', nullif(c.relreplident, 'd'), 'row security', nullif(c.relrowsecurity, false), 'forced row security', nullif(c.relforcerowsecurity, false),
      'of type', CASE WHEN c.reloftype <> 0 THEN c.reloftype::regtype::text END,
      'partition by', CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END,
      'parents', (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid),
      'bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid),
      'server', (SELECT s.srvname || ' ' || coalesce(f.ftoptions::text, '') FROM pg_catalog.pg_foreign_table f JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid)
    ))::text AS facts,
    (SELECT json_agg(json_strip_nulls(json_build_object(
        'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
        'collation', CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
        'notNull', nullif(a.attnotnull, false),
        'default', CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
        'generated', CASE WHEN a.attgenerated <> '' THEN a.attgenerated::text || ' ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
        'identity', nullif(a.attidentity, ''), 'storage', CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END,
        ${version >= 140_000 ? `'compression', nullif(a.attcompression, ''),` : ''}
        'statistics', nullif(a.attstattarget, -1),
        'options', (SELECT array_to_string(array_agg(one ORDER BY one COLLATE "C"), ', ') FROM unnest(a.attoptions) AS one WHERE one NOT LIKE 'pg\\_attver=%'),
        'foreignOptions', a.attfdwoptions::text,
        'position', CASE WHEN c.relispartition OR NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) THEN
          (SELECT count(*) FROM pg_catalog.pg_attribute b WHERE b.attrelid = c.oid AND b.attnum > 0 AND NOT b.attisdropped AND b.attnum <= a.attnum) END
      )) ORDER BY a.attname COLLATE "C")
      FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
  FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
    LEFT JOIN pg_catalog.pg_tablespace ts ON ts.oid = c.reltablespace
    LEFT JOIN pg_catalog.pg_class toast ON toast.oid = c.reltoastrelid
  WHERE c.relkind IN ('r', 'p', 'f', 'c') AND c.relpersistence <> 't' AND ${ownSchemas} AND NOT ${ofExtension('pg_class', 'c.oid')}
    AND NOT (c.relkind = 'c' AND ${ofExtension('pg_type', 'c.reltype')})`;

/** Tables, partitioned and foreign ones and composite types: their own facts and each column's. */
export async function describeRelations(session: Session): Promise<readonly FingerprintItem[]> {
  const rows = await session.rows<Row>(query(session.version));
  return rows.map((row) => {
    const columns = row.columns ?? [];
    return {
      kind: 'definition',
      name: plainName(row.schema, row.name),
      hash: sha256(JSON.stringify([row.facts, columns])),
      meta: { columns, sql: row.facts },
    };
  });
}
