import { ownSchemas } from './relations.ts';
import type { Session } from '../session/session.ts';
import { plainName } from '../sql.ts';

/** Populated materialized views, each after those that it reads, through plain views too. */
export async function readViews(session: Session): Promise<readonly { readonly schema: string; readonly name: string }[]> {
  const rows = await session.rows<{ schema: string; name: string }>(`
    WITH RECURSIVE uses AS (
      SELECT DISTINCT r.ev_class AS view, d.refobjid AS used FROM pg_catalog.pg_rewrite r
        JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> r.ev_class
        JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind IN ('v', 'm')
    ), depth AS (
      SELECT c.oid, 0 AS level FROM pg_catalog.pg_class c WHERE c.relkind IN ('v', 'm')
      UNION SELECT uses.view, depth.level + 1 FROM depth JOIN uses ON uses.used = depth.oid WHERE depth.level < 100
    )
    SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND ${ownSchemas}
    WHERE c.relkind = 'm' AND c.relispopulated
    ORDER BY (SELECT max(level) FROM depth WHERE depth.oid = c.oid), n.nspname COLLATE "C", c.relname COLLATE "C"`);
  return rows;
}

/** Roles that own something here, are granted something here, or are named by a policy, a setting or a default. */
export async function readRoles(session: Session): Promise<readonly string[]> {
  const rows = await session.rows<{ name: string }>(`
    SELECT DISTINCT r.rolname AS name FROM pg_catalog.pg_shdepend d JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_authid'::regclass
    WHERE d.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
      OR d.classid = 'pg_catalog.pg_database'::regclass AND d.objid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    UNION SELECT r.rolname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND ${ownSchemas}
    UNION SELECT r.rolname FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba WHERE d.datname = pg_catalog.current_database()
    ORDER BY 1`);
  return rows.map((row) => row.name).filter((name) => !name.startsWith('pg_'));
}

/** Those of the captured roles that a server does not have. */
export async function missingRoles(server: Session, facts: { readonly roles: readonly string[] }): Promise<readonly string[]> {
  const rows = await server.rows<{ name: string }>('SELECT rolname AS name FROM pg_catalog.pg_roles');
  return facts.roles.filter((role) => !rows.some((row) => row.name === role));
}

export async function readExtensions(session: Session): Promise<readonly { readonly name: string; readonly version: string }[]> {
  return session.rows<{ name: string; version: string }>(
    'SELECT extname AS name, extversion AS version FROM pg_catalog.pg_extension ORDER BY extname COLLATE "C"',
  );
}

/** What a restore will not bring back, said at capture. */
export async function readMarginal(session: Session): Promise<readonly string[]> {
  const rows = await session.rows<{ what: string; schema: string; name: string }>(`
    SELECT 'is an index that is not valid: a dump leaves it out, and so does a restore' AS what, n.nspname AS schema, c.relname AS name
      FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i' JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND ${ownSchemas} WHERE NOT i.indisvalid
    UNION ALL SELECT 'is a table of an extension whose rows are not the user''s by its own word: they are not captured', n.nspname, c.relname
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND ${ownSchemas}
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
      WHERE c.relkind = 'r' AND pg_catalog.pg_relation_size(c.oid) > 0 AND NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE c.oid = ANY (e.extconfig))
    UNION ALL SELECT 'is an operator that was named and never made: a dump leaves it out, and so does a restore', n.nspname, o.oprname
      FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace AND ${ownSchemas}
      WHERE o.oprcode = 0 AND NOT EXISTS (SELECT FROM pg_catalog.pg_operator by WHERE by.oprcode <> 0 AND o.oid IN (by.oprcom, by.oprnegate))
    UNION ALL SELECT 'is a foreign table: its rows lie elsewhere and are not captured', n.nspname, c.relname
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND ${ownSchemas} WHERE c.relkind = 'f'
    ORDER BY 1, 2, 3`);
  return [...rows.map(({ what, schema, name }) => `${plainName(schema, name)} ${what}`), ...(await unseenSubscriptions(session))];
}

/** A dump by somebody else leaves them out with no more than a word. */
async function unseenSubscriptions(session: Session): Promise<readonly string[]> {
  if (session.superuser) return [];
  const rows = await session.rows<{ name: string }>(
    `SELECT subname AS name FROM pg_catalog.pg_subscription WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) ORDER BY 1`,
  );
  return rows.map(({ name }) => `the subscription ${name} is not captured: only a superuser sees how it connects`);
}
