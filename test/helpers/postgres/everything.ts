import { everythingElse } from './everything-else.ts';

/**
 * A database made to break a round trip: the types and objects of the fidelity list, and what was seen to go wrong with plain dumps. For PostgreSQL 13
 * to 18; `roles` first, on the server.
 */
export const roles = `
  DO $$ BEGIN CREATE ROLE "Own er" NOLOGIN; CREATE ROLE reader NOLOGIN; CREATE ROLE granter NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`;

/** Values that are added to an enum must be committed before they are used. */
const enums = `
  CREATE TYPE mood AS ENUM ('sad', 'ok');
  ALTER TYPE mood ADD VALUE 'better' BEFORE 'ok';
  ALTER TYPE mood ADD VALUE 'x''y' AFTER 'ok';
`;

const types = (xml: boolean): string => `
  CREATE SCHEMA "Od d.schema" AUTHORIZATION "Own er";
  CREATE TYPE pair AS (a int, b text);
  CREATE TYPE floats AS RANGE (subtype = float8, subtype_diff = float8mi);
  CREATE DOMAIN positive AS int CHECK (VALUE > 0) DEFAULT 7;
  CREATE DOMAIN small_positive AS positive CONSTRAINT small CHECK (VALUE < 100) NOT NULL;
  CREATE TYPE shell;
  CREATE TABLE numbers (id serial PRIMARY KEY, i2 int2, i4 int4, i8 int8, n numeric, n2 numeric(10, 2), f4 float4, f8 float8, m money, o oid, x xid8, l pg_lsn);
  INSERT INTO numbers (i2, i4, i8, n, n2, f4, f8, m, o, x, l) VALUES
    (-32768, -2147483648, -9223372036854775808, 'NaN', 'NaN', 'NaN', '-Infinity', '-92233720368547758.08', 0, '18446744073709551615', '0/0'),
    (32767, 2147483647, 9223372036854775807, 1e-1000, 12345678.90, 'Infinity', '-0', 12.34, 4294967295, '0', 'FFFFFFFF/FFFFFFFF'),
    (NULL, NULL, NULL, 1.0, 1, 1e-45, 4.9e-324, 0, NULL, NULL, NULL), (0, 0, 0, 1.00, 1, 0.1, 0.1, 0, 1, '1', '1/1'),
    (1, 1, 1, repeat('9', 1000)::numeric, 0, 3.4028235e38, 1.7976931348623157e308, 1, 1, '1', '1/1');
  CREATE TABLE texts (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, c char(5), v varchar(10), t text, q "char", n name, b bytea, xm ${xml ? 'xml' : 'text'});
  INSERT INTO texts (c, v, t, q, n, b, xm) VALUES ('a', 'b  ', E'tab\\tnew\\nline\\\\back\\rreturn', 'x', 'n', '\\x00ff0a5c', '<a/>'), ('', '', '', '', '', '', ''), (NULL, NULL, '\\N', NULL, NULL, NULL, NULL),
    ('ü', '😀', 'NULL', 'z', '"q"', decode(repeat('00', 300), 'hex'), '<b>ü</b>'), (NULL, NULL, '\\.', NULL, NULL, '\\x', 'content only'), (NULL, NULL, repeat('long ', 100000), NULL, NULL, NULL, NULL);
  CREATE TABLE times (id int PRIMARY KEY, d date, t time, tz timetz, ts timestamp, tst timestamptz, i interval);
  INSERT INTO times VALUES (1, 'infinity', '24:00', '00:00+15:59', '-infinity', 'infinity', '178000000 years'), (2, '4713-11-24 BC', '00:00:00.000001', '12:00-08', '4713-11-24 00:00 BC', '294276-12-31 23:59:59.999999+00', '-1 mon +2 days -03:04:05.6'),
    (3, '5874897-12-31', '12:34:56.789', '12:34+00', '294276-12-31', '2026-03-29 02:30 Europe/Berlin', '0'), (4, NULL, NULL, NULL, NULL, '2026-10-25 02:30+02', '1 year -1 day');
  CREATE TABLE others (id int PRIMARY KEY, bo bool, bi bit(3), vb varbit, u uuid, ip inet, ci cidr, ma macaddr, ma8 macaddr8, j json, jb jsonb, tv tsvector, tq tsquery, snap txid_snapshot, vec int2vector);
  INSERT INTO others VALUES (1, true, '101', '', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '::1/64', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '{"a":1, "a" : 2}', '{"a":1, "a" : 2}', 'a:1A b:2', 'a & !b', '10:20:10,14', '1 2'),
    (2, NULL, NULL, '10101', NULL, '1.2.3.4', NULL, NULL, NULL, '  [1 ,2 ]', '[1.0, 1.00, null]', '', '''it''''s''', NULL, NULL);
  CREATE TABLE shapes (id int PRIMARY KEY, p point, l line, s lseg, b box, pa path, po polygon, c circle);
  INSERT INTO shapes VALUES (1, '(NaN,-0)', '{1,2,3}', '[(0,0),(1,1)]', '(1,1),(0,0)', '[(0,0),(1,1)]', '((0,0),(1,1),(1,0))', '<(0,0),1>'), (2, '(Infinity,1e-300)', NULL, NULL, NULL, '((0,0),(1,1))', NULL, NULL);
  CREATE TABLE composed (id int PRIMARY KEY, a int[], tt text[], dd text[][], p pair, pp pair[], m mood, mm mood[], d positive, r int4range, nr numrange, tr tstzrange, fr floats, rc regclass, rt regtype, rp regprocedure);
  INSERT INTO composed VALUES (1, '[0:2]={1,NULL,3}', '{NULL,"NULL","","a,b","c\\\\d","e\\"f"}', '{{a,b},{c,d}}', '(1,"x, y")', '{"(1,\\"a b\\")",NULL}', 'better', '{sad,"x''y"}', 3, 'empty', '(,)', '[2020-01-01,)', '[1.5,2.5)', 'pg_class', 'int4', 'abs(int4)'),
    (2, '{}', '{}', NULL, '(,)', NULL, 'sad', NULL, NULL, '[1,5)', '(1.0,2.00]', 'empty', NULL, 'composed', 'mood', NULL);
  CREATE TABLE no_columns ();
  INSERT INTO no_columns DEFAULT VALUES; INSERT INTO no_columns DEFAULT VALUES;
  CREATE TABLE only_generated (g int GENERATED ALWAYS AS (1) STORED);
  INSERT INTO only_generated DEFAULT VALUES; INSERT INTO only_generated DEFAULT VALUES;
  CREATE UNLOGGED TABLE unlogged (id int); INSERT INTO unlogged VALUES (1);
  CREATE TABLE "Od d.schema"."T ab""le" ("Co l" int, "sel.ect" text, "ü" text); INSERT INTO "Od d.schema"."T ab""le" VALUES (1, 'a', 'ü');
  CREATE SCHEMA aside; CREATE TABLE aside.keyed (id int PRIMARY KEY); INSERT INTO aside.keyed VALUES (1), (2); CREATE TABLE aside.keyless (v text); INSERT INTO aside.keyless VALUES ('a'), ('a');
  CREATE TABLE dropped (a int, gone text, b int GENERATED ALWAYS AS (a * 2) STORED, c int DEFAULT 5); INSERT INTO dropped (a, gone) VALUES (1, 'x'), (2, 'y'); ALTER TABLE dropped DROP COLUMN gone;
  ALTER TABLE dropped ADD COLUMN late text DEFAULT 'missing'; ALTER TABLE dropped ALTER COLUMN a SET STATISTICS 500, ALTER COLUMN late SET STORAGE EXTERNAL, ALTER COLUMN c SET (n_distinct = -0.5);
  ALTER TABLE dropped SET (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false);
`;

const extensions = `
  DO $$ BEGIN
    IF (SELECT count(*) FROM pg_available_extensions WHERE name IN ('hstore', 'citext', 'ltree')) = 3 THEN
      CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree; COMMENT ON EXTENSION hstore IS 'ours';
      EXECUTE 'CREATE TABLE extended (id int PRIMARY KEY, h hstore, c citext UNIQUE, l ltree)';
      EXECUTE 'INSERT INTO extended VALUES (1, ''a=>1, "b c"=>NULL'', ''MiXed'', ''top.a.b''), (2, '''', '''', '''')';
    END IF;
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') THEN
      CREATE EXTENSION vector;
      EXECUTE 'CREATE TABLE vectors (id int PRIMARY KEY, v vector(3))';
      EXECUTE 'INSERT INTO vectors VALUES (1, ''[1,2,3]''), (2, ''[0.1,-0,1e-30]'')';
    END IF;
  END $$`;

const trees = `
  CREATE TABLE parent (a int, b text); CREATE TABLE mother (m int); CREATE TABLE child (c int) INHERITS (parent, mother); ALTER TABLE parent ADD COLUMN late int DEFAULT 3;
  INSERT INTO parent VALUES (1, 'p', 1); INSERT INTO child (a, b, m, c, late) VALUES (2, 'c', 4, 5, 6); INSERT INTO mother VALUES (9);
  CREATE TABLE by_range (id int, at date NOT NULL, v text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE TABLE by_range_1 PARTITION OF by_range FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
  CREATE TABLE by_range_2 PARTITION OF by_range FOR VALUES FROM ('2020-01-01') TO (MAXVALUE) PARTITION BY RANGE (id);
  CREATE TABLE by_range_2a PARTITION OF by_range_2 FOR VALUES FROM (0) TO (300); CREATE TABLE by_range_2d PARTITION OF by_range_2 DEFAULT;
  CREATE INDEX by_range_v ON by_range (v); CREATE INDEX half_made ON ONLY by_range (id);
  INSERT INTO by_range SELECT g, date '2019-06-01' + g, CASE g % 3 WHEN 0 THEN 'a' WHEN 1 THEN 'b' END FROM generate_series(1, 400) g;
  CREATE TABLE by_list (v text) PARTITION BY LIST (v); CREATE TABLE by_list_n PARTITION OF by_list FOR VALUES IN ('a', NULL); INSERT INTO by_list VALUES ('a'), (NULL);
  CREATE TABLE by_hash (m mood, n int) PARTITION BY HASH (m);
  CREATE TABLE by_hash_0 PARTITION OF by_hash FOR VALUES WITH (MODULUS 3, REMAINDER 0); CREATE TABLE by_hash_1 PARTITION OF by_hash FOR VALUES WITH (MODULUS 3, REMAINDER 1);
  CREATE TABLE by_hash_2 PARTITION OF by_hash FOR VALUES WITH (MODULUS 3, REMAINDER 2);
  INSERT INTO by_hash SELECT (ARRAY['sad', 'better', 'ok', 'x''y']::mood[])[g % 4 + 1], g FROM generate_series(1, 40) g;
  CREATE TABLE detached (LIKE by_hash_0); CREATE TABLE dependent (id int, at date, FOREIGN KEY (id, at) REFERENCES by_range ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED); INSERT INTO dependent VALUES (1, '2019-06-02');
  CREATE TABLE cycle_a (id int PRIMARY KEY, b int); CREATE TABLE cycle_b (id int PRIMARY KEY, a int REFERENCES cycle_a ON UPDATE SET NULL); ALTER TABLE cycle_a ADD FOREIGN KEY (b) REFERENCES cycle_b DEFERRABLE;
  INSERT INTO cycle_a VALUES (1, NULL); INSERT INTO cycle_b VALUES (1, 1); UPDATE cycle_a SET b = 1;
  CREATE TABLE self (id int PRIMARY KEY, up int REFERENCES self); INSERT INTO self VALUES (1, NULL), (2, 1);
  CREATE TABLE bad_old (v int); INSERT INTO bad_old VALUES (-1); ALTER TABLE bad_old ADD CONSTRAINT later CHECK (v > 0) NOT VALID;
  CREATE TABLE checked (v int CHECK (v > 0) NO INHERIT, w int UNIQUE DEFERRABLE, EXCLUDE USING gist (int4range(v, w) WITH &&)); INSERT INTO checked VALUES (1, 5);
`;

const code = (major: number, icu: boolean): string => `
  CREATE TABLE settings_of (v int); INSERT INTO settings_of VALUES (100);
  CREATE FUNCTION limit_of() RETURNS int LANGUAGE sql STABLE AS 'SELECT max(v) FROM public.settings_of';
  CREATE TABLE a_limited (v int CHECK (v < limit_of())); INSERT INTO a_limited VALUES (5);
  CREATE FUNCTION unpathed() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT max(v) FROM settings_of); END';
  CREATE TABLE b_limited (v int CHECK (v < unpathed())); INSERT INTO b_limited VALUES (6);
  CREATE FUNCTION hidden(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1 + (SELECT 0 * max(v) FROM settings_of); END';
  CREATE FUNCTION doubled(int) RETURNS int LANGUAGE sql IMMUTABLE LEAKPROOF SECURITY DEFINER SET work_mem = '8MB' AS 'SELECT $1 * 2';
  CREATE FUNCTION doubled(text) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN RETURN $1 || $1; END $f$;
  CREATE PROCEDURE nothing(INOUT a int DEFAULT 5) LANGUAGE plpgsql AS 'BEGIN a := 1; END';
  CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
  CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq, COMMUTATOR = ===);
  CREATE OPERATOR =-= (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq, NEGATOR = !-!); CREATE OPERATOR =~= (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq, NEGATOR = !~!); DROP OPERATOR =~= (int, int);
  CREATE OPERATOR CLASS reverse_int FOR TYPE int USING btree AS OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 btint4cmp(int, int);
  CREATE FUNCTION pair_text(pair) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ($1).b'; CREATE CAST (pair AS text) WITH FUNCTION pair_text(pair) AS ASSIGNMENT;
  CREATE COLLATION german (${icu ? "PROVIDER = icu, LOCALE = 'de', DETERMINISTIC = false" : "LOCALE = 'C'"}); CREATE CONVERSION my_conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
  CREATE TEXT SEARCH DICTIONARY mine (TEMPLATE = simple, STOPWORDS = english); CREATE TEXT SEARCH CONFIGURATION mine (COPY = simple); ALTER TEXT SEARCH CONFIGURATION mine ALTER MAPPING FOR word WITH mine, simple;
  CREATE TABLE collated (id int PRIMARY KEY, t text COLLATE german, u text COLLATE "C"); INSERT INTO collated VALUES (1, 'ä', 'b');
  CREATE INDEX ON collated (lower(u)) WHERE id > 0; CREATE INDEX ON collated USING hash (u); CREATE INDEX ON collated USING brin (id); CREATE UNIQUE INDEX covering ON collated (id DESC NULLS LAST) INCLUDE (u) WITH (fillfactor = 60);
  CREATE INDEX ON others USING gin (jb jsonb_path_ops); CREATE INDEX ON shapes USING spgist (p); CREATE INDEX ON numbers (i4 reverse_int); CREATE INDEX by_function ON a_limited ((doubled(v)));
  ALTER TABLE collated CLUSTER ON collated_pkey; ALTER TABLE collated REPLICA IDENTITY USING INDEX covering; ALTER TABLE numbers REPLICA IDENTITY FULL;
  CREATE STATISTICS on_numbers (dependencies, ndistinct) ON i2, i4 FROM numbers;
  CREATE SEQUENCE down AS smallint INCREMENT -3 MAXVALUE 100 MINVALUE -100 START 50 CACHE 5 CYCLE; SELECT nextval('down'); CREATE SEQUENCE unused START 77; CREATE SEQUENCE aside."Größe 日""本" START 5; SELECT nextval('aside."Größe 日""本"'); CREATE SEQUENCE shared OWNED BY settings_of.v; SELECT setval('shared', 9, false);
  CREATE TABLE by_default (id bigint GENERATED BY DEFAULT AS IDENTITY (START 100 INCREMENT 7), v int); INSERT INTO by_default (v) VALUES (1), (2);
  CREATE VIEW base_view WITH (security_barrier) AS SELECT id, i4 FROM numbers WHERE i4 > 0 WITH LOCAL CHECK OPTION; ALTER VIEW base_view ALTER COLUMN i4 SET DEFAULT 3;
  CREATE RECURSIVE VIEW counted(n) AS SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 5;
  CREATE MATERIALIZED VIEW first_mat AS SELECT count(*) AS n FROM numbers; CREATE VIEW between_mats AS SELECT n + 1 AS n FROM first_mat;
  CREATE MATERIALIZED VIEW a_second_mat AS SELECT n FROM between_mats; CREATE UNIQUE INDEX ON a_second_mat (n); CREATE MATERIALIZED VIEW empty_mat AS SELECT 1 AS one WITH NO DATA;
  ${major >= 17 ? '' : 'CREATE MATERIALIZED VIEW unpathed_mat AS SELECT unpathed() AS u; CREATE INDEX unpathed_index ON a_limited ((hidden(v)));'}
  CREATE FUNCTION on_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER plain BEFORE INSERT OR UPDATE OF i4 ON numbers FOR EACH ROW WHEN (NEW.i4 > 0) EXECUTE FUNCTION on_row();
  CREATE TRIGGER off AFTER DELETE ON numbers REFERENCING OLD TABLE AS olds FOR EACH STATEMENT EXECUTE FUNCTION on_row(); ALTER TABLE numbers DISABLE TRIGGER off;
  CREATE CONSTRAINT TRIGGER always AFTER INSERT ON texts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION on_row(); ALTER TABLE texts ENABLE ALWAYS TRIGGER always;
  CREATE TRIGGER on_view INSTEAD OF INSERT ON between_mats FOR EACH ROW EXECUTE FUNCTION on_row(); CREATE TRIGGER on_parts AFTER INSERT ON by_range FOR EACH ROW EXECUTE FUNCTION on_row();
  CREATE RULE quiet AS ON DELETE TO settings_of WHERE OLD.v = 3 DO INSTEAD NOTHING; ALTER TABLE settings_of DISABLE RULE quiet;
  CREATE TABLE guarded (id int, who text); INSERT INTO guarded VALUES (1, 'a'), (2, 'b'); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
  CREATE POLICY own_rows ON guarded AS RESTRICTIVE FOR SELECT TO reader, granter USING (who = current_user); CREATE POLICY all_rows ON guarded WITH CHECK (id > 0);
  CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO public.settings_of VALUES (1); END $f$;
  CREATE FUNCTION veto() RETURNS event_trigger LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION 'no'; END $f$;
  CREATE PUBLICATION some_tables FOR TABLE numbers, texts WITH (publish = 'insert'); CREATE PUBLICATION everything_of FOR ALL TABLES;
  CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER far TYPE 'x' VERSION '1' FOREIGN DATA WRAPPER nowhere OPTIONS (host 'h'); CREATE USER MAPPING FOR reader SERVER far OPTIONS (password 'p'); CREATE FOREIGN TABLE remote (a int OPTIONS (x 'y')) SERVER far;
  CREATE SUBSCRIPTION sub CONNECTION 'host=127.0.0.1 port=1 dbname=x' PUBLICATION p WITH (connect = false, slot_name = 'not_ours');
`;

const rights = `
  COMMENT ON TABLE numbers IS E'two\\nlines ''quoted'' ü'; COMMENT ON COLUMN numbers.i4 IS 'a column'; COMMENT ON FUNCTION doubled(int) IS 'f'; COMMENT ON INDEX covering IS 'i'; COMMENT ON CONSTRAINT later ON bad_old IS 'c';
  COMMENT ON TYPE mood IS 't'; COMMENT ON SCHEMA "Od d.schema" IS 's'; COMMENT ON TRIGGER plain ON numbers IS 'tr'; COMMENT ON DOMAIN positive IS 'd'; COMMENT ON CONSTRAINT small ON DOMAIN small_positive IS 'dc';
  ALTER TABLE texts OWNER TO "Own er"; ALTER FUNCTION doubled(text) OWNER TO granter; ALTER TYPE mood OWNER TO reader; ALTER MATERIALIZED VIEW first_mat OWNER TO "Own er"; GRANT SELECT ON numbers TO "Own er"; ALTER SEQUENCE down OWNER TO reader;
  GRANT SELECT, INSERT ON numbers TO granter WITH GRANT OPTION; SET SESSION AUTHORIZATION granter; GRANT SELECT ON numbers TO reader; RESET SESSION AUTHORIZATION;
  GRANT SELECT (i4), UPDATE (n) ON numbers TO reader; REVOKE ALL ON FUNCTION doubled(int) FROM PUBLIC; GRANT USAGE ON SCHEMA "Od d.schema" TO PUBLIC; REVOKE USAGE ON TYPE pair FROM PUBLIC; GRANT USAGE ON SEQUENCE unused TO reader;
  REVOKE ALL ON texts FROM "Own er"; GRANT USAGE ON FOREIGN SERVER far TO reader; GRANT ALL ON LANGUAGE plpgsql TO reader;
  ALTER DEFAULT PRIVILEGES FOR ROLE granter IN SCHEMA public GRANT SELECT ON TABLES TO reader; ALTER DEFAULT PRIVILEGES FOR ROLE granter REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
  SELECT lo_from_bytea(123456, decode(repeat('00ff', 5000), 'hex')); SELECT lo_create(123457); ALTER LARGE OBJECT 123456 OWNER TO reader; GRANT SELECT ON LARGE OBJECT 123456 TO granter; COMMENT ON LARGE OBJECT 123456 IS 'lo';
  REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT CREATE ON SCHEMA public TO granter; ALTER SCHEMA public OWNER TO "Own er"; GRANT USAGE ON SCHEMA public TO reader WITH GRANT OPTION;
`;

/** Properties of the database itself, hostile to every session that takes them over. */
const properties = (database: string): string => `
  ALTER DATABASE ${database} SET search_path = "Od d.schema", public; ALTER DATABASE ${database} SET DateStyle = 'German'; ALTER DATABASE ${database} SET IntervalStyle = 'iso_8601'; ALTER DATABASE ${database} SET extra_float_digits = 0;
  ALTER DATABASE ${database} SET bytea_output = 'escape'; ALTER DATABASE ${database} SET TimeZone = 'Asia/Kolkata'; ALTER DATABASE ${database} SET quote_all_identifiers = on; ALTER DATABASE ${database} SET array_nulls = off;
  ALTER DATABASE ${database} SET default_transaction_read_only = on; ALTER DATABASE ${database} SET statement_timeout = '5s'; ALTER DATABASE ${database} SET "my.setting" = 'a, "b" ''c'''; ALTER DATABASE ${database} SET "my.empty" = '';
  ALTER ROLE reader IN DATABASE ${database} SET work_mem = '7MB'; COMMENT ON DATABASE ${database} IS 'it''s "a" comment'; ALTER DATABASE ${database} CONNECTION LIMIT 17;
  REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC; GRANT CONNECT ON DATABASE ${database} TO reader; GRANT TEMPORARY ON DATABASE ${database} TO granter WITH GRANT OPTION; ALTER DATABASE ${database} OWNER TO "Own er";
`;

/** What only some majors know. */
function versioned(major: number): string {
  const parts: string[] = [];
  if (major >= 14)
    parts.push(`CREATE TABLE multi (r int4multirange, n nummultirange); INSERT INTO multi VALUES ('{[1,3),[5,7)}', '{}'), ('{}', '{(,)}'); CREATE TABLE squeezed (t text COMPRESSION pglz); INSERT INTO squeezed VALUES (repeat('x', 9000));
    CREATE FUNCTION standard(a int) RETURNS int LANGUAGE sql RETURN a + 1; CREATE STATISTICS on_words ON (i2 + i4) FROM numbers; INSERT INTO numbers (n) VALUES ('Infinity'), ('-Infinity'); REFRESH MATERIALIZED VIEW first_mat; REFRESH MATERIALIZED VIEW a_second_mat;`);
  if (major >= 15)
    parts.push(`CREATE TABLE nulls_once (v int UNIQUE NULLS NOT DISTINCT, s numeric(5, -2)); INSERT INTO nulls_once VALUES (NULL, 12345), (1, 99); CREATE VIEW invoker WITH (security_invoker) AS SELECT 1 AS one;
    CREATE PUBLICATION by_schema FOR TABLES IN SCHEMA "Od d.schema"; CREATE PUBLICATION by_column FOR TABLE collated (id, u) WHERE (id > 0);`);
  if (major >= 17)
    parts.push(`CREATE TABLE login_log (at timestamptz); CREATE FUNCTION at_login() RETURNS event_trigger LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO public.login_log VALUES (now()); END $f$;
    CREATE EVENT TRIGGER at_login ON login EXECUTE FUNCTION at_login(); ALTER EVENT TRIGGER at_login ENABLE ALWAYS;`);
  if (major >= 18)
    parts.push(
      `CREATE TABLE virtually (a int, v int GENERATED ALWAYS AS (a + 1) VIRTUAL); INSERT INTO virtually VALUES (1), (2); CREATE TABLE named_nulls (a int CONSTRAINT must NOT NULL, b int REFERENCES self NOT ENFORCED); INSERT INTO named_nulls VALUES (1, 999);`,
    );
  return parts.join('\n');
}

/** Last: from then on they watch everything. */
const eventTriggers = `CREATE EVENT TRIGGER logs ON ddl_command_end EXECUTE FUNCTION on_ddl(); ALTER EVENT TRIGGER logs ENABLE ALWAYS; COMMENT ON EVENT TRIGGER logs IS 'watches'; CREATE EVENT TRIGGER vetoes ON ddl_command_start WHEN TAG IN ('REFRESH MATERIALIZED VIEW', 'CREATE INDEX') EXECUTE FUNCTION veto();`;

/** What a build of the server was made with. */
export interface Features {
  readonly major: number;
  readonly xml: boolean;
  readonly icu: boolean;
}

export const featuresQuery = `SELECT EXISTS (SELECT FROM pg_config() WHERE name = 'CONFIGURE' AND setting LIKE '%with-libxml%') AS xml, (SELECT count(*) FROM pg_collation WHERE collprovider = 'i') > 20 AS icu`;

/** Statements for an empty database of that name, in order; one session each. */
export function everything(database: string, { major, xml, icu }: Features): readonly string[] {
  return [enums, extensions, types(xml), trees, code(major, icu), everythingElse(major, icu), versioned(major), rights, eventTriggers, properties(database)];
}
