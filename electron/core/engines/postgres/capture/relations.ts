import { AppError } from '../../../base/errors.ts';
import type { ChosenPart } from './part.ts';
import type { Session } from '../session/session.ts';
import { plainName, qualified, quoteName } from '../sql.ts';

/** A table that has rows of its own. */
export interface Table {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** As objects are called. */
  readonly called: string;
  /** Columns that are stored and not generated, sorted by name: an inherited column that was added late changes place in a restore. */
  readonly columns: readonly string[];
  /** Generated columns, sorted by name. */
  readonly generated: readonly string[];
  /** The topmost parent of a partition. */
  readonly root?: { readonly schema: string; readonly name: string; readonly called: string };
  /** True where the place of a row within that tree depends on what differs between databases: a hash. */
  readonly hashed: boolean;
  /** The condition by which an extension chooses the rows that are the user's; empty for all. */
  readonly extensionRows?: string;
  readonly bytes: number;
  /** In the part that was chosen without its rows. */
  readonly rowless: boolean;
}

interface Row {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  readonly generated: readonly string[];
  readonly rootschema: string | null;
  readonly rootname: string | null;
  readonly hashed: boolean;
  readonly condition: string | null;
  readonly bytes: string;
  readonly readable: boolean;
  readonly filtered: boolean;
}

/** Not of the system and not of this session. */
export const ownSchemas = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`;

const listing = `
  WITH config AS (
    SELECT t.rel, t.condition FROM pg_catalog.pg_extension e, LATERAL ROWS FROM (unnest(e.extconfig), unnest(e.extcondition)) AS t(rel, condition)
  ), member AS (
    SELECT d.objid FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'e'
  )
  SELECT c.oid::int8::float8 AS oid, n.nspname AS schema, c.relname AS name,
    ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attname COLLATE "C") AS columns,
    ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> '' ORDER BY a.attname COLLATE "C") AS generated,
    rn.nspname AS rootschema, r.relname AS rootname,
    coalesce((SELECT bool_or(p.partstrat = 'h') FROM pg_catalog.pg_partition_ancestors(c.oid) AS up(rel)
      JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = up.rel), false) AS hashed,
    config.condition, pg_catalog.pg_table_size(c.oid)::text AS bytes,
    pg_catalog.has_table_privilege(c.oid, 'SELECT') OR NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND NOT pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT'))
      AND c.relnatts > 0 AS readable,
    pg_catalog.row_security_active(c.oid) AS filtered
  FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_class r ON c.relispartition AND r.oid = pg_catalog.pg_partition_root(c.oid)
    LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
    LEFT JOIN config ON config.rel = c.oid
  WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND ${ownSchemas}
    AND (config.rel IS NOT NULL OR c.oid NOT IN (SELECT objid FROM member))
  ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

/**
 * Every table with rows of its own, or those of a part. Throws `source.denied` with the whole list where the role cannot see all rows of some: a part is never taken
 * for the whole.
 */
export async function listTables(session: Session, part?: ChosenPart): Promise<readonly Table[]> {
  const excluded = new Set(part?.excluded.map((one) => one.oid));
  const rows = (await session.rows<Row>(listing)).filter((row) => !excluded.has(row.oid));
  const unseen = rows.filter((row) => !row.readable || row.filtered);
  if (unseen.length > 0) throw notAll(unseen);
  return rows.map((row) => ({
    oid: row.oid,
    schema: row.schema,
    name: row.name,
    called: plainName(row.schema, row.name),
    columns: row.columns,
    generated: row.generated,
    hashed: row.hashed,
    bytes: Number(row.bytes),
    rowless: part?.rowless.has(row.oid) === true,
    ...(row.rootschema === null || row.rootname === null
      ? {}
      : { root: { schema: row.rootschema, name: row.rootname, called: plainName(row.rootschema, row.rootname) } }),
    ...(row.condition === null ? {} : { extensionRows: row.condition }),
  }));
}

function notAll(unseen: readonly Row[]): AppError {
  const names = unseen.map((row) => `${plainName(row.schema, row.name)} (${row.readable ? 'row security' : 'no right to read'})`);
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return new AppError('source.denied', `The role cannot see all rows of ${names.slice(0, 5).join(', ')}${more}.`, {
    hint: 'Use a role that may read everything: a superuser, or one with pg_read_all_data and BYPASSRLS.',
    details: { tables: names },
  });
}

/** The statement that gives all rows, and only the stored columns, as text. */
export function copyOut(table: Table): string {
  const name = qualified(table.schema, table.name);
  const columns = table.columns.map(quoteName).join(', ');
  if (table.extensionRows !== undefined && table.extensionRows !== '') return `COPY (SELECT ${columns} FROM ONLY ${name} ${table.extensionRows}) TO STDOUT`;
  if (table.columns.length > 0) return `COPY ${name} (${columns}) TO STDOUT`;
  return table.generated.length > 0 ? `COPY (SELECT FROM ONLY ${name}) TO STDOUT` : `COPY ${name} TO STDOUT`;
}
