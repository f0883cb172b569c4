/** A database with what a dump carries in parts of its own: rows, sequences, large objects, indexes, materialized views, event triggers, owners. Needs the roles of `shopRoles`. */
export const shopRoles = `DO $$ BEGIN CREATE ROLE shop_owner NOLOGIN; CREATE ROLE shop_reader NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`;

export const shop: readonly string[] = [
  `CREATE SCHEMA app AUTHORIZATION shop_owner; CREATE SCHEMA "Odd ""one"""; CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'glad')`,
  String.raw`
  CREATE TABLE app.customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, note text, mood app.mood DEFAULT 'ok');
  CREATE TABLE app.orders (id bigserial PRIMARY KEY, customer int NOT NULL REFERENCES app.customers, paid boolean, amount numeric(20, 4), rate float8, data jsonb, raw json, bytes bytea,
    tags text[], at timestamptz, twice numeric GENERATED ALWAYS AS (amount * 2) STORED);
  INSERT INTO app.customers (name, note, mood) SELECT 'customer ' || i, CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN E'two\nlines, "quoted"\t\\N' WHEN 3 THEN '\.' ELSE 'Жä😀' END,
    CASE WHEN i % 3 = 0 THEN 'sad' ELSE 'glad' END::app.mood FROM generate_series(1, 200) i;
  INSERT INTO app.orders (customer, paid, amount, rate, data, raw, bytes, tags, at) SELECT 1 + i % 200, i % 2 = 0, i * 1234567.8901, i / 3.0, jsonb_build_object('n', i, 'big', 12345678901234567890),
    ('{"a" :' || chr(10) || ' 1, "a": 2}')::json, decode(lpad(to_hex(i), 8, '0'), 'hex'), ARRAY['a,b', NULL, i::text], '2026-01-01'::timestamptz + i * interval '1.5 h' FROM generate_series(1, 3000) i;
  INSERT INTO app.orders (id, customer, rate, amount, raw) VALUES (9223372036854775807, 1, 'NaN', 0.1, 'null');
  CREATE INDEX ON app.orders (customer, at); CREATE INDEX by_name ON app.customers (lower(name));
  CREATE TABLE app.by_mood (mood app.mood, v int) PARTITION BY HASH (mood);
  CREATE TABLE app.by_hash_0 PARTITION OF app.by_mood FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE app.by_hash_1 PARTITION OF app.by_mood FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  INSERT INTO app.by_mood SELECT mood, id FROM app.customers;
  CREATE TABLE "Odd ""one"""."Täble, x" ("a col" text, "ü" int); INSERT INTO "Odd ""one"""."Täble, x" VALUES ('x', 1), (NULL, NULL), ('', 3);
  CREATE TABLE app.nothing (); INSERT INTO app.nothing DEFAULT VALUES;
  CREATE TABLE app.empty (v int);
  CREATE SEQUENCE app.counter; SELECT setval('app.counter', 41);
  CREATE VIEW app.unpaid AS SELECT * FROM app.orders WHERE NOT paid;
  CREATE MATERIALIZED VIEW app.sums AS SELECT customer, sum(amount) AS total FROM app.orders GROUP BY customer;
  CREATE MATERIALIZED VIEW app.big_sums AS SELECT * FROM app.sums WHERE total > 1000000;
  CREATE UNIQUE INDEX ON app.sums (customer);
  CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := coalesce(NEW.note, '') || '!'; RETURN NEW; END $$;
  CREATE TRIGGER touched BEFORE INSERT OR UPDATE ON app.customers FOR EACH ROW EXECUTE FUNCTION app.touch();
  CREATE FUNCTION app.veto() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no %', tg_tag; END $$;
  COMMENT ON TABLE app.orders IS 'What''s "ordered"';
  ALTER TABLE app.orders OWNER TO shop_owner; GRANT SELECT ON app.orders TO shop_reader; GRANT USAGE ON SCHEMA app TO shop_reader;
  SELECT lo_from_bytea(4711, decode(repeat('00ff', 5000), 'hex')); COMMENT ON LARGE OBJECT 4711 IS 'large';
  CREATE EVENT TRIGGER vetoes ON ddl_command_start WHEN TAG IN ('REFRESH MATERIALIZED VIEW', 'CREATE INDEX') EXECUTE FUNCTION app.veto()`,
];
