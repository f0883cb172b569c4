import { ownSchemas } from '../capture/relations.ts';

/** SQL: an ACL as sorted text, the default where none is stored. */
export const aclText = (acl: string, kind: string, owner: string): string => `
  (SELECT string_agg(CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END || ' ' || x.privilege_type || CASE WHEN x.is_grantable THEN ' with grant option' ELSE '' END
      || ' by ' || x.grantor::regrole::text, ', ' ORDER BY CASE x.grantee WHEN 0 THEN '' ELSE x.grantee::regrole::text END COLLATE "C", x.privilege_type, x.grantor::regrole::text COLLATE "C")
    FROM pg_catalog.aclexplode(coalesce(${acl}, pg_catalog.acldefault(${kind}, ${owner}))) x)`;

const inSchema = (of: string): string => `JOIN pg_catalog.pg_namespace n ON n.oid = ${of} AND ${ownSchemas}`;

/** Every object that has an owner: catalog, number, owner, ACL and the letter by which `acldefault` knows its kind. */
const withOwners = `
  SELECT 'pg_catalog.pg_namespace'::regclass AS classid, n.oid AS objid, n.nspowner AS owner, n.nspacl AS acl, 'n'::"char" AS kind FROM pg_catalog.pg_namespace n WHERE ${ownSchemas}
  UNION ALL SELECT 'pg_catalog.pg_class'::regclass, c.oid, c.relowner, c.relacl, CASE WHEN c.relkind = 'S' THEN 's'::"char" ELSE 'r'::"char" END
    FROM pg_catalog.pg_class c ${inSchema('c.relnamespace')} WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
  UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, p.oid, p.proowner, p.proacl, 'f'::"char" FROM pg_catalog.pg_proc p ${inSchema('p.pronamespace')}
  UNION ALL SELECT 'pg_catalog.pg_type'::regclass, t.oid, t.typowner, t.typacl, 'T'::"char" FROM pg_catalog.pg_type t ${inSchema('t.typnamespace')}
    WHERE t.typtype <> 'm' AND NOT EXISTS (SELECT FROM pg_catalog.pg_type element WHERE element.typarray = t.oid) AND (t.typrelid = 0 OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
  UNION ALL SELECT 'pg_catalog.pg_language'::regclass, l.oid, l.lanowner, l.lanacl, 'l'::"char" FROM pg_catalog.pg_language l WHERE l.lanispl
  UNION ALL SELECT 'pg_catalog.pg_foreign_data_wrapper'::regclass, w.oid, w.fdwowner, w.fdwacl, 'F'::"char" FROM pg_catalog.pg_foreign_data_wrapper w
  UNION ALL SELECT 'pg_catalog.pg_foreign_server'::regclass, s.oid, s.srvowner, s.srvacl, 'S'::"char" FROM pg_catalog.pg_foreign_server s
  UNION ALL SELECT 'pg_catalog.pg_largeobject'::regclass, l.oid, l.lomowner, l.lomacl, 'L'::"char" FROM pg_catalog.pg_largeobject_metadata l
  UNION ALL SELECT 'pg_catalog.pg_operator'::regclass, o.oid, o.oprowner, NULL, NULL FROM pg_catalog.pg_operator o ${inSchema('o.oprnamespace')} WHERE o.oprcode <> 0
  UNION ALL SELECT 'pg_catalog.pg_opclass'::regclass, o.oid, o.opcowner, NULL, NULL FROM pg_catalog.pg_opclass o ${inSchema('o.opcnamespace')}
  UNION ALL SELECT 'pg_catalog.pg_opfamily'::regclass, o.oid, o.opfowner, NULL, NULL FROM pg_catalog.pg_opfamily o ${inSchema('o.opfnamespace')}
  UNION ALL SELECT 'pg_catalog.pg_collation'::regclass, o.oid, o.collowner, NULL, NULL FROM pg_catalog.pg_collation o ${inSchema('o.collnamespace')}
  UNION ALL SELECT 'pg_catalog.pg_conversion'::regclass, o.oid, o.conowner, NULL, NULL FROM pg_catalog.pg_conversion o ${inSchema('o.connamespace')}
  UNION ALL SELECT 'pg_catalog.pg_ts_config'::regclass, o.oid, o.cfgowner, NULL, NULL FROM pg_catalog.pg_ts_config o ${inSchema('o.cfgnamespace')}
  UNION ALL SELECT 'pg_catalog.pg_ts_dict'::regclass, o.oid, o.dictowner, NULL, NULL FROM pg_catalog.pg_ts_dict o ${inSchema('o.dictnamespace')}
  UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::regclass, o.oid, o.stxowner, NULL, NULL FROM pg_catalog.pg_statistic_ext o ${inSchema('o.stxnamespace')}
  UNION ALL SELECT 'pg_catalog.pg_event_trigger'::regclass, o.oid, o.evtowner, NULL, NULL FROM pg_catalog.pg_event_trigger o
  UNION ALL SELECT 'pg_catalog.pg_publication'::regclass, o.oid, o.pubowner, NULL, NULL FROM pg_catalog.pg_publication o`;

const notOfExtension = (classid: string, objid: string): string =>
  `NOT EXISTS (SELECT FROM pg_catalog.pg_depend ext WHERE ext.classid = ${classid} AND ext.objid = ${objid} AND ext.deptype = 'e')`;

/** What the server did not come with; a large object has whatever number its user gave it. */
const dumped = (of: string): string => `(${of}.objoid >= 16384 OR ${of}.classoid = 'pg_catalog.pg_largeobject'::regclass OR i.identity = 'public')`;

/** Owners, grants, comments and security labels of everything, each an item of its own, so that a difference names exactly that. */
export const rightsQueries: readonly string[] = [
  `SELECT 'owner' AS kind, NULL::text AS schema, i.type || ' ' || i.identity AS name, NULL::text AS sub, o.owner::regrole::text AS def
    FROM (${withOwners}) o, LATERAL pg_catalog.pg_identify_object(o.classid, o.objid, 0) i WHERE ${notOfExtension('o.classid', 'o.objid')}`,

  `SELECT 'grants', NULL, i.type || ' ' || i.identity, NULL, ${aclText('o.acl', 'o.kind', 'o.owner')}
    FROM (${withOwners}) o, LATERAL pg_catalog.pg_identify_object(o.classid, o.objid, 0) i WHERE o.kind IS NOT NULL AND ${notOfExtension('o.classid', 'o.objid')}`,

  `SELECT 'grants', NULL, i.type || ' ' || i.identity, NULL, ${aclText('a.attacl', `'c'::"char"`, 'c.relowner')}
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid ${inSchema('c.relnamespace')},
      LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, c.oid, a.attnum) i
    WHERE a.attacl IS NOT NULL AND a.attnum > 0 AND NOT a.attisdropped AND c.relpersistence <> 't' AND ${notOfExtension(`'pg_catalog.pg_class'::regclass`, 'c.oid')}`,

  `SELECT 'comment', NULL, i.type || ' ' || i.identity, NULL, d.description
    FROM pg_catalog.pg_description d, LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    WHERE ${dumped('d')} AND i.identity IS NOT NULL AND ${notOfExtension('d.classoid', 'd.objoid')}`,

  // Also of what an extension brought: a dump carries them. Subscriptions are the server's, and so are their labels.
  `SELECT 'security label', NULL, i.type || ' ' || i.identity, l.provider, l.label
    FROM (SELECT classoid, objoid, objsubid, provider, label FROM pg_catalog.pg_seclabel UNION ALL
        SELECT k.classoid, k.objoid, 0, k.provider, k.label FROM pg_catalog.pg_shseclabel k JOIN pg_catalog.pg_subscription s ON s.oid = k.objoid AND k.classoid = 'pg_catalog.pg_subscription'::regclass
          WHERE s.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())) l,
      LATERAL pg_catalog.pg_identify_object(l.classoid, l.objoid, l.objsubid) i
    WHERE ${dumped('l')} AND i.identity IS NOT NULL`,
];

/** Every object with its owner and grants, by the names that ALTER and GRANT take; columns with grants of their own behind them. */
export const rightsInPlace = `
  SELECT i.type, i.identity, (SELECT rolname FROM pg_catalog.pg_roles WHERE oid = o.owner) AS owner, CASE WHEN o.kind IS NOT NULL THEN ${aclText('o.acl', 'o.kind', 'o.owner')} END AS grants,
    NULL::text AS attribute, NULL::text AS "of"
    FROM (${withOwners}) o, LATERAL pg_catalog.pg_identify_object(o.classid, o.objid, 0) i WHERE ${notOfExtension('o.classid', 'o.objid')}
  UNION ALL
  SELECT i.type, i.identity, (SELECT rolname FROM pg_catalog.pg_roles WHERE oid = c.relowner), CASE WHEN a.attacl IS NOT NULL THEN ${aclText('a.attacl', `'c'::"char"`, 'c.relowner')} ELSE '' END,
    a.attname::text, c.oid::regclass::text
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid ${inSchema('c.relnamespace')},
      LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, c.oid, a.attnum) i
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND c.relpersistence <> 't' AND ${notOfExtension(`'pg_catalog.pg_class'::regclass`, 'c.oid')}`;
