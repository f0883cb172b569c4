import { ownSchemas } from '../capture/relations.ts';
import { ofExtension } from './item.ts';

const namespace = (of: string): string => `JOIN pg_catalog.pg_namespace n ON n.oid = ${of} AND ${ownSchemas}`;
const owned = (catalog: string, alias: string): string => `NOT ${ofExtension(catalog, `${alias}.oid`)}`;
/** What initdb made keeps its number below this. */
const ours = (alias: string): string => `${alias}.oid >= 16384`;

/** The classes of the catalogs, each as `kind, schema, name, sub, def`: definitions by the server's own functions, free of object numbers. */
export function classQueries(version: number): readonly string[] {
  return [
    `SELECT 'schema' AS kind, NULL::text AS schema, n.nspname::text AS name, NULL::text AS sub, NULL::text AS def FROM pg_catalog.pg_namespace n WHERE ${ownSchemas} AND ${owned('pg_namespace', 'n')}`,

    `SELECT 'index', n.nspname, t.relname, c.relname, concat_ws('; ', pg_catalog.pg_get_indexdef(i.indexrelid),
        CASE WHEN NOT i.indisvalid THEN 'not valid' END, CASE WHEN i.indisclustered THEN 'clustered' END, CASE WHEN i.indisreplident THEN 'replica identity' END,
        (SELECT string_agg(a.attnum || ' statistics ' || a.attstattarget, ', ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attstattarget >= 0),
        (SELECT 'part of ' || h.inhparent::regclass::text FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid))
      FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_class t ON t.oid = i.indrelid AND t.relpersistence <> 't'
      ${namespace('t.relnamespace')} WHERE (i.indisvalid OR c.relkind = 'I') AND NOT ${ofExtension('pg_class', 't.oid')}`,

    `SELECT 'constraint', n.nspname, coalesce(t.relname, y.typname), k.conname, concat_ws('; ', pg_catalog.pg_get_constraintdef(k.oid),
        CASE WHEN NOT k.convalidated THEN 'not valid' END,
        (SELECT 'triggers ' || string_agg(DISTINCT g.tgenabled::text, '') FROM pg_catalog.pg_trigger g WHERE g.tgconstraint = k.oid AND g.tgisinternal AND g.tgenabled <> 'O'))
      FROM pg_catalog.pg_constraint k LEFT JOIN pg_catalog.pg_class t ON t.oid = k.conrelid LEFT JOIN pg_catalog.pg_type y ON y.oid = k.contypid
      ${namespace('k.connamespace')}
      WHERE k.conparentid = 0 AND k.contype <> 't' AND NOT (k.contype = 'n' AND NOT k.conislocal) AND coalesce(t.relpersistence, 'p') <> 't'
        AND NOT ${ofExtension('pg_class', 'k.conrelid')} AND NOT ${ofExtension('pg_type', 'k.contypid')}`,

    `SELECT 'trigger', n.nspname, t.relname, g.tgname, concat_ws('; ', pg_catalog.pg_get_triggerdef(g.oid), nullif(g.tgenabled::text, 'O'))
      FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class t ON t.oid = g.tgrelid AND t.relpersistence <> 't' ${namespace('t.relnamespace')}
      WHERE NOT g.tgisinternal${version >= 130_000 ? ' AND g.tgparentid = 0' : ''} AND ${owned('pg_trigger', 'g')}`,

    `SELECT 'rule', n.nspname, t.relname, r.rulename, concat_ws('; ', pg_catalog.pg_get_ruledef(r.oid), nullif(r.ev_enabled::text, 'O'))
      FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class t ON t.oid = r.ev_class AND t.relpersistence <> 't' ${namespace('t.relnamespace')}
      WHERE r.rulename <> '_RETURN' AND ${owned('pg_rewrite', 'r')}`,

    `SELECT 'policy', n.nspname, t.relname, p.polname, concat_ws('; ', p.polcmd, CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
        (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE role::regrole::text END, ', ' ORDER BY role::regrole::text) FROM unnest(p.polroles) AS role),
        pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
      FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class t ON t.oid = p.polrelid ${namespace('t.relnamespace')}`,

    `SELECT CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, n.nspname, c.relname, NULL, concat_ws('; ', pg_catalog.pg_get_viewdef(c.oid), c.reloptions::text,
        CASE WHEN NOT c.relispopulated THEN 'not populated' END,
        (SELECT string_agg(a.attname || ' default ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid), ', ' ORDER BY a.attname COLLATE "C")
          FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = c.oid))
      FROM pg_catalog.pg_class c ${namespace('c.relnamespace')} WHERE c.relkind IN ('v', 'm') AND c.relpersistence <> 't' AND ${owned('pg_class', 'c')}`,

    `SELECT 'function', NULL, pg_catalog.format('%s', p.oid::regprocedure), NULL, pg_catalog.pg_get_functiondef(p.oid)
      FROM pg_catalog.pg_proc p ${namespace('p.pronamespace')} WHERE p.prokind <> 'a' AND ${owned('pg_proc', 'p')}`,

    `SELECT 'aggregate', NULL, pg_catalog.format('%s', p.oid::regprocedure), NULL, concat_ws('; ', g.aggkind, g.aggnumdirectargs, g.aggtransfn, g.aggfinalfn, g.aggcombinefn, g.aggserialfn,
        g.aggdeserialfn, g.aggmtransfn, g.aggminvtransfn, g.aggmfinalfn, g.aggfinalextra, g.aggfinalmodify, nullif(g.aggsortop, 0)::regoperator, g.aggtranstype::regtype,
        g.aggtransspace, nullif(g.aggmtranstype, 0)::regtype, g.agginitval, g.aggminitval, p.proparallel)
      FROM pg_catalog.pg_aggregate g JOIN pg_catalog.pg_proc p ON p.oid = g.aggfnoid ${namespace('p.pronamespace')} WHERE ${owned('pg_proc', 'p')}`,

    `SELECT 'type', n.nspname, t.typname, NULL, CASE
        WHEN NOT t.typisdefined THEN 'shell'
        WHEN t.typtype = 'e' THEN 'enum ' || (SELECT coalesce(string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder), '') FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid)
        WHEN t.typtype = 'd' THEN concat_ws('; ', 'domain', pg_catalog.format_type(t.typbasetype, t.typtypmod), CASE WHEN t.typnotnull THEN 'not null' END,
          'default ' || t.typdefault, nullif(t.typcollation, 0)::regcollation)
        WHEN t.typtype = 'r' THEN (SELECT concat_ws('; ', 'range', r.rngsubtype::regtype, nullif(r.rngcollation, 0)::regcollation, r.rngcanonical, r.rngsubdiff,
          (SELECT o.opcname FROM pg_catalog.pg_opclass o WHERE o.oid = r.rngsubopc)) FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid)
        ELSE concat_ws('; ', 'base', t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typlen, t.typbyval, t.typalign, t.typstorage, t.typcategory, t.typispreferred, t.typdelim, t.typdefault)
      END
      FROM pg_catalog.pg_type t ${namespace('t.typnamespace')} WHERE t.typtype IN ('e', 'd', 'r', 'b', 'p') AND NOT EXISTS (SELECT FROM pg_catalog.pg_type element WHERE element.typarray = t.oid) AND ${owned('pg_type', 't')}`,

    `SELECT 'sequence', n.nspname, c.relname, NULL, concat_ws('; ', s.seqtypid::regtype, 'start ' || s.seqstart, 'by ' || s.seqincrement, 'from ' || s.seqmin, 'to ' || s.seqmax,
        'cache ' || s.seqcache, CASE WHEN s.seqcycle THEN 'cycle' END, nullif(c.relpersistence::text, 'p'),
        (SELECT 'of ' || d.refobjid::regclass || '.' || a.attname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
          WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i') LIMIT 1))
      FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid AND c.relpersistence <> 't' ${namespace('c.relnamespace')} WHERE ${owned('pg_class', 'c')}`,

    `SELECT 'tablespace', n.nspname, coalesce(t.relname, c.relname), CASE WHEN t.oid IS NOT NULL THEN c.relname END, ts.spcname
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_tablespace ts ON ts.oid = c.reltablespace
      LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
      ${namespace('c.relnamespace')} WHERE c.relkind IN ('i', 'I', 'm') AND c.relpersistence <> 't' AND (i.indexrelid IS NULL OR i.indisvalid OR c.relkind = 'I')
        AND NOT ${ofExtension('pg_class', 'coalesce(t.oid, c.oid)')}`,

    `SELECT 'extension', NULL, e.extname, NULL, concat_ws('; ', e.extversion, n.nspname) FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace`,

    `SELECT 'operator', NULL, pg_catalog.format('%s', o.oid::regoperator), NULL, concat_ws('; ', o.oprcode, nullif(o.oprcom, 0)::regoperator, nullif(o.oprnegate, 0)::regoperator, o.oprrest, o.oprjoin, o.oprcanmerge, o.oprcanhash)
      FROM pg_catalog.pg_operator o ${namespace('o.oprnamespace')} WHERE o.oprcode <> 0 AND ${owned('pg_operator', 'o')}`,

    `SELECT 'operator class', n.nspname, o.opcname, m.amname, concat_ws('; ', o.opcintype::regtype, f.opfname, o.opcdefault, nullif(o.opckeytype, 0)::regtype)
      FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod JOIN pg_catalog.pg_opfamily f ON f.oid = o.opcfamily ${namespace('o.opcnamespace')} WHERE ${owned('pg_opclass', 'o')}`,

    `SELECT 'operator family', n.nspname, f.opfname, m.amname, concat_ws('; ',
        (SELECT string_agg(concat_ws(' ', a.amopstrategy, a.amopopr::regoperator, a.amoppurpose), ', ' ORDER BY a.amopstrategy, a.amopopr::regoperator::text COLLATE "C") FROM pg_catalog.pg_amop a WHERE a.amopfamily = f.oid),
        (SELECT string_agg(concat_ws(' ', a.amprocnum, a.amproc::regprocedure, a.amproclefttype::regtype, a.amprocrighttype::regtype), ', '
          ORDER BY a.amprocnum, a.amproc::regprocedure::text COLLATE "C") FROM pg_catalog.pg_amproc a WHERE a.amprocfamily = f.oid))
      FROM pg_catalog.pg_opfamily f JOIN pg_catalog.pg_am m ON m.oid = f.opfmethod ${namespace('f.opfnamespace')} WHERE ${owned('pg_opfamily', 'f')}`,

    `SELECT 'cast', NULL, k.castsource::regtype || ' as ' || k.casttarget::regtype, NULL, concat_ws('; ', nullif(k.castfunc, 0)::regprocedure, k.castcontext, k.castmethod) FROM pg_catalog.pg_cast k WHERE ${ours('k')} AND ${owned('pg_cast', 'k')}`,

    `SELECT 'conversion', n.nspname, k.conname, NULL, concat_ws('; ', pg_catalog.pg_encoding_to_char(k.conforencoding), pg_catalog.pg_encoding_to_char(k.contoencoding), k.conproc, k.condefault)
      FROM pg_catalog.pg_conversion k ${namespace('k.connamespace')} WHERE ${owned('pg_conversion', 'k')}`,

    `SELECT 'collation', n.nspname, k.collname, NULL, concat_ws('; ', k.collprovider, k.collisdeterministic, k.collcollate, k.collctype
        ${version >= 170_000 ? ', k.colllocale, k.collicurules' : version >= 160_000 ? ', k.colliculocale, k.collicurules' : version >= 150_000 ? ', k.colliculocale' : ''})
      FROM pg_catalog.pg_collation k ${namespace('k.collnamespace')} WHERE ${owned('pg_collation', 'k')}`,

    `SELECT 'text search configuration', n.nspname, k.cfgname, NULL, concat_ws('; ', (SELECT p.prsname FROM pg_catalog.pg_ts_parser p WHERE p.oid = k.cfgparser),
        (SELECT string_agg(concat_ws(' ', m.maptokentype, m.mapdict::regdictionary), ', ' ORDER BY m.maptokentype, m.mapseqno) FROM pg_catalog.pg_ts_config_map m WHERE m.mapcfg = k.oid))
      FROM pg_catalog.pg_ts_config k ${namespace('k.cfgnamespace')} WHERE ${owned('pg_ts_config', 'k')}`,

    `SELECT 'text search dictionary', n.nspname, k.dictname, NULL, concat_ws('; ', (SELECT t.tmplname FROM pg_catalog.pg_ts_template t WHERE t.oid = k.dicttemplate), k.dictinitoption)
      FROM pg_catalog.pg_ts_dict k ${namespace('k.dictnamespace')} WHERE ${owned('pg_ts_dict', 'k')}`,

    `SELECT 'text search parser', n.nspname, k.prsname, NULL, concat_ws('; ', k.prsstart, k.prstoken, k.prsend, k.prsheadline, k.prslextype) FROM pg_catalog.pg_ts_parser k ${namespace('k.prsnamespace')} WHERE ${owned('pg_ts_parser', 'k')}`,
    `SELECT 'text search template', n.nspname, k.tmplname, NULL, concat_ws('; ', k.tmplinit, k.tmpllexize) FROM pg_catalog.pg_ts_template k ${namespace('k.tmplnamespace')} WHERE ${owned('pg_ts_template', 'k')}`,
    `SELECT 'access method', NULL, m.amname, NULL, concat_ws('; ', m.amhandler, m.amtype) FROM pg_catalog.pg_am m WHERE ${ours('m')} AND ${owned('pg_am', 'm')}`,

    `SELECT 'language', NULL, l.lanname, NULL, concat_ws('; ', l.lanpltrusted, nullif(l.lanplcallfoid, 0)::regprocedure, nullif(l.laninline, 0)::regprocedure, nullif(l.lanvalidator, 0)::regprocedure)
      FROM pg_catalog.pg_language l WHERE ${ours('l')} AND ${owned('pg_language', 'l')}`,

    `SELECT 'transform', NULL, t.trftype::regtype || ' for ' || l.lanname, NULL, concat_ws('; ', nullif(t.trffromsql, 0)::regprocedure, nullif(t.trftosql, 0)::regprocedure)
      FROM pg_catalog.pg_transform t JOIN pg_catalog.pg_language l ON l.oid = t.trflang WHERE ${owned('pg_transform', 't')}`,

    `SELECT 'foreign-data wrapper', NULL, w.fdwname, NULL, concat_ws('; ', nullif(w.fdwhandler, 0)::regprocedure, nullif(w.fdwvalidator, 0)::regprocedure, w.fdwoptions::text) FROM pg_catalog.pg_foreign_data_wrapper w WHERE ${owned('pg_foreign_data_wrapper', 'w')}`,
    `SELECT 'foreign server', NULL, s.srvname, NULL, concat_ws('; ', w.fdwname, s.srvtype, s.srvversion, s.srvoptions::text) FROM pg_catalog.pg_foreign_server s JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw WHERE ${owned('pg_foreign_server', 's')}`,
    `SELECT 'user mapping', NULL, u.srvname || ' for ' || u.usename, NULL, u.umoptions::text FROM pg_catalog.pg_user_mappings u`,

    `SELECT 'publication', NULL, p.pubname, NULL, concat_ws('; ', CASE WHEN p.puballtables THEN 'all tables' END, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot,
        (SELECT string_agg(concat_ws(' ', r.prrelid::regclass${version >= 150_000 ? ', r.prattrs::text, pg_catalog.pg_get_expr(r.prqual, r.prrelid)' : ''}), ', ' ORDER BY r.prrelid::regclass::text COLLATE "C") FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = p.oid)
        ${version >= 150_000 ? `, (SELECT string_agg(s.pnnspid::regnamespace::text, ', ' ORDER BY s.pnnspid::regnamespace::text COLLATE "C") FROM pg_catalog.pg_publication_namespace s WHERE s.pnpubid = p.oid)` : ''})
      FROM pg_catalog.pg_publication p`,

    `SELECT 'event trigger', NULL, e.evtname, NULL, concat_ws('; ', e.evtevent, e.evtfoid::regprocedure, e.evtenabled, e.evttags::text) FROM pg_catalog.pg_event_trigger e WHERE ${owned('pg_event_trigger', 'e')}`,

    `SELECT 'default privileges', NULL, concat_ws(' ', d.defaclrole::regrole, nullif(d.defaclnamespace, 0)::regnamespace, d.defaclobjtype), NULL,
        (SELECT string_agg(concat_ws(' ', CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END, x.privilege_type, x.is_grantable, x.grantor::regrole), ', '
          ORDER BY CASE x.grantee WHEN 0 THEN '' ELSE x.grantee::regrole::text END COLLATE "C", x.privilege_type) FROM pg_catalog.aclexplode(d.defaclacl) x)
      FROM pg_catalog.pg_default_acl d`,

    `SELECT 'statistics', n.nspname, s.stxname, NULL, concat_ws('; ', pg_catalog.pg_get_statisticsobjdef(s.oid), nullif(s.stxstattarget, -1)) FROM pg_catalog.pg_statistic_ext s ${namespace('s.stxnamespace')}`,
  ];
}
