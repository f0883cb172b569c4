/** What `everything` of the fidelity list does not hold yet; after its types, tables and code. */
export const everythingElse = (major: number, icu: boolean): string => `
  CREATE TYPE words; CREATE FUNCTION words_in(cstring) RETURNS words LANGUAGE internal IMMUTABLE STRICT AS 'textin'; CREATE FUNCTION words_out(words) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
  CREATE TYPE words (INPUT = words_in, OUTPUT = words_out, INTERNALLENGTH = VARIABLE, STORAGE = extended, CATEGORY = 'S');
  CREATE CAST (words AS text) WITHOUT FUNCTION; CREATE CAST (int AS words) WITH INOUT AS ASSIGNMENT;
  CREATE TABLE worded (w words, ww words[]); INSERT INTO worded VALUES ('a b', '{c,NULL}'), (NULL, '{}');
  CREATE TABLE of_pair OF pair (a DEFAULT 4, PRIMARY KEY (a)); INSERT INTO of_pair VALUES (1, 'x');
  CREATE TABLE long_numbers (n numeric); INSERT INTO long_numbers VALUES (('1' || repeat('0', 131071))::numeric), (('0.' || repeat('0', 16382) || '1')::numeric);

  CREATE TABLE acted (id int PRIMARY KEY, a int DEFAULT 1 REFERENCES self ON DELETE SET DEFAULT ON UPDATE CASCADE, b int REFERENCES self ON DELETE RESTRICT, x int, y date);
  INSERT INTO acted VALUES (1, 1, 2, 999, '1900-01-01'); ALTER TABLE acted ADD CONSTRAINT unproved FOREIGN KEY (x, y) REFERENCES by_range MATCH FULL NOT VALID;
  CREATE TABLE parts_of (id int, up int REFERENCES self) PARTITION BY LIST (id); CREATE TABLE parts_of_1 PARTITION OF parts_of FOR VALUES IN (1); INSERT INTO parts_of VALUES (1, 1);
  CREATE TABLE heir (late int DEFAULT 99, CHECK (late > 0)) INHERITS (parent); INSERT INTO heir (a) VALUES (7);
  CREATE TABLE excluded (r int4range, EXCLUDE USING gist (r WITH &&) WHERE (NOT isempty(r)) DEFERRABLE INITIALLY DEFERRED); INSERT INTO excluded VALUES ('[1,2)'), ('empty'), ('empty');
  ALTER TABLE texts ALTER COLUMN b SET STORAGE PLAIN; ALTER TABLE others ALTER COLUMN jb SET STATISTICS 0;
  CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler; CREATE TABLE in_heap_too (v int) USING heap_too; INSERT INTO in_heap_too VALUES (1);

  CREATE TRIGGER on_replica AFTER UPDATE ON texts FOR EACH ROW EXECUTE FUNCTION on_row(); ALTER TABLE texts ENABLE REPLICA TRIGGER on_replica;
  CREATE RULE instead AS ON UPDATE TO base_view DO INSTEAD NOTHING; CREATE RULE loud AS ON DELETE TO worded DO ALSO NOTHING; ALTER TABLE worded ENABLE ALWAYS RULE loud;
  CREATE VIEW by_key AS SELECT id, i4, count(*) AS n FROM numbers GROUP BY id;
  CREATE MATERIALIZED VIEW mat_by_key AS SELECT id, i4, count(*) AS n FROM numbers WHERE i4 IS NOT NULL GROUP BY id; CREATE INDEX ON mat_by_key (n);
  CREATE VIEW round_a AS SELECT 1 AS n; CREATE VIEW round_b AS SELECT n FROM round_a; CREATE OR REPLACE VIEW round_a AS SELECT n FROM round_b;
  CREATE FUNCTION numbered() RETURNS bigint LANGUAGE internal WINDOW AS 'window_row_number';
  CREATE FUNCTION rows_of(OUT a int, OUT b text) RETURNS SETOF record LANGUAGE sql STABLE PARALLEL RESTRICTED COST 7 ROWS 3 AS 'SELECT 1, ''x''';
  CREATE FUNCTION many(VARIADIC int[]) RETURNS TABLE (n int) LANGUAGE sql AS 'SELECT unnest($1)'; CREATE FUNCTION of_any(anyelement) RETURNS anyarray LANGUAGE sql AS 'SELECT ARRAY[$1]';
  CREATE AGGREGATE running(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0', MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = int, MINITCOND = '0', COMBINEFUNC = int4pl, PARALLEL = SAFE);
  CREATE AGGREGATE middle(float8 ORDER BY float8) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
  CREATE OPERATOR FAMILY mixed USING btree; ALTER OPERATOR FAMILY mixed USING btree ADD OPERATOR 1 < (int4, int8), FUNCTION 1 btint48cmp(int4, int8);
  CREATE FUNCTION handle() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler'; CREATE TRUSTED LANGUAGE plpgsql_too HANDLER handle; CREATE FUNCTION in_it() RETURNS int LANGUAGE plpgsql_too AS 'BEGIN RETURN 1; END';
  CREATE TEXT SEARCH PARSER my_parser (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline);
  CREATE TEXT SEARCH TEMPLATE my_template (INIT = dsimple_init, LEXIZE = dsimple_lexize);
  ALTER INDEX by_function ALTER COLUMN 1 SET STATISTICS 300;

  COMMENT ON VIEW by_key IS 'v'; COMMENT ON COLUMN by_key.n IS 'vc'; COMMENT ON MATERIALIZED VIEW mat_by_key IS 'm'; COMMENT ON SEQUENCE down IS 's'; COMMENT ON AGGREGATE total(int) IS 'a'; COMMENT ON OPERATOR === (int, int) IS 'o';
  COMMENT ON CAST (words AS text) IS 'c'; COMMENT ON COLLATION german IS 'co'; COMMENT ON CONVERSION my_conv IS 'cv'; COMMENT ON TEXT SEARCH CONFIGURATION mine IS 'tc'; COMMENT ON TEXT SEARCH DICTIONARY mine IS 'td';
  COMMENT ON TEXT SEARCH PARSER my_parser IS 'tp'; COMMENT ON LANGUAGE plpgsql_too IS 'l'; COMMENT ON ACCESS METHOD heap_too IS 'am'; COMMENT ON POLICY own_rows ON guarded IS 'p'; COMMENT ON RULE quiet ON settings_of IS 'r';
  COMMENT ON STATISTICS on_numbers IS 'st'; COMMENT ON PUBLICATION some_tables IS 'pu'; COMMENT ON SERVER far IS 'fs'; COMMENT ON FOREIGN TABLE remote IS 'ft'; COMMENT ON OPERATOR CLASS reverse_int USING btree IS 'oc'; COMMENT ON PROCEDURE nothing(int) IS 'pr';
  ${major >= 15 ? `CREATE TABLE elsewhere (v int, PRIMARY KEY (v) USING INDEX TABLESPACE beside) TABLESPACE beside; INSERT INTO elsewhere VALUES (1); CREATE UNLOGGED SEQUENCE fast; SELECT nextval('fast'); CREATE TABLE set_some (a int, b int, FOREIGN KEY (b) REFERENCES self ON DELETE SET NULL (b));` : ''}
  ${major >= 16 && icu ? `CREATE COLLATION ruled (PROVIDER = icu, LOCALE = '', RULES = '&a < g');` : ''}
  ${major >= 17 ? 'GRANT MAINTAIN ON numbers TO reader; CREATE TABLE identified (id int GENERATED ALWAYS AS IDENTITY, v int) PARTITION BY LIST (v); CREATE TABLE identified_1 PARTITION OF identified FOR VALUES IN (1); INSERT INTO identified (v) VALUES (1), (1);' : ''}
  ${major >= 18 ? 'ALTER TABLE texts ADD CONSTRAINT not_yet NOT NULL v NOT VALID; CREATE TABLE not_inherited (a int, CONSTRAINT own_only NOT NULL a NO INHERIT);' : ''}
`;
