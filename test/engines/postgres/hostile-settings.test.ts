import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drill, verifyCopy } from '../../../electron/core/verify/drill.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { contentOf } from '../../helpers/postgres/compare.ts';
import { roundTrip, type RoundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

const content = `
  CREATE SCHEMA evil; CREATE SCHEMA app;
  CREATE TABLE app.t (id int PRIMARY KEY, f float8, d date, ts timestamptz, i interval, b bytea, s text, x text GENERATED ALWAYS AS (upper(s)) STORED);
  INSERT INTO app.t SELECT g, g / 3.0, '2026-02-03', '2026-02-03 04:05:06.789+05', '1 mon 2 days 03:04:05', decode('00ff5c', 'hex'), 'a\\b' || g FROM generate_series(1, 5000) g;
  CREATE INDEX ON app.t (s); CREATE MATERIALIZED VIEW app.m AS SELECT count(*) AS n, max(ts) AS at FROM app.t;
  CREATE VIEW app.v AS SELECT id, s FROM app.t WHERE d > '2026-01-02'::date;
  ALTER TABLE app.t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON app.t USING (id > 0);
  CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.s = NEW.s || ''!''; RETURN NEW; END';
  CREATE FUNCTION evil.count_star() RETURNS int LANGUAGE sql AS 'SELECT 0';
  CREATE FUNCTION evil.quote_ident(text) RETURNS text LANGUAGE sql AS 'SELECT ''nothing''::text';
  CREATE FUNCTION evil.format_type(oid, int) RETURNS text LANGUAGE sql AS 'SELECT ''nothing''::text';
  CREATE TABLE evil.pg_class (oid oid, relname name); CREATE TABLE evil.pg_database (oid oid, datname name);
`;
const hostile = (major: number): readonly (readonly [string, string])[] => [
  ['statement_timeout', '1ms'],
  ['lock_timeout', '1ms'],
  ['idle_in_transaction_session_timeout', '1ms'],
  ...(major >= 14 ? ([['idle_session_timeout', '1ms']] as const) : []),
  ...(major >= 17 ? ([['transaction_timeout', '200ms']] as const) : []),
  ['default_transaction_read_only', 'on'],
  ['default_transaction_isolation', 'serializable'],
  ['default_transaction_deferrable', 'on'],
  ['search_path', 'evil, pg_catalog'],
  ['row_security', 'on'],
  ['bytea_output', 'escape'],
  ['DateStyle', 'German, DMY'],
  ['IntervalStyle', 'sql_standard'],
  ['TimeZone', 'Asia/Kathmandu'],
  ['extra_float_digits', '-15'],
  ['standard_conforming_strings', 'off'],
  ['escape_string_warning', 'off'],
  ['backslash_quote', 'off'],
  ['client_encoding', 'LATIN1'],
  ['xmloption', 'document'],
  ['quote_all_identifiers', 'on'],
  ['array_nulls', 'off'],
  ['transform_null_equals', 'on'],
  ['session_replication_role', 'replica'],
  ['check_function_bodies', 'on'],
  ['client_min_messages', 'debug5'],
  ['lc_messages', 'C'],
  ['lc_monetary', 'C.UTF-8'],
  ['zero_damaged_pages', 'on'],
];

for (const major of [15, 17].filter((one) => majors.includes(one)))
  describe(`hostile settings of the database and the role, on ${major}`, () => {
    const at = {} as { server: PostgresServer; trip: RoundTrip };
    beforeAll(async () => {
      at.server = await startServer(major);
      at.trip = roundTrip(at.server);
      const { server } = at;
      await server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
      await server.run('shop', content);
    });
    afterAll(async () => {
      await at.server[Symbol.asyncDispose]();
    });

    test.each(major === 15 ? ['database'] : ['role', 'role in database'])(
      'of a %s: captured, drilled, restored, merged and taken back as without',
      async (where) => {
        const { server, trip } = at;
        const plain = await contentOf(server, 'shop');
        const whole = where === 'database' ? 'DATABASE shop' : where === 'role' ? `ROLE ${server.superuser}` : `ROLE ${server.superuser} IN DATABASE shop`;
        const set = hostile(major).map(([name, value]) => `ALTER ${whole} SET ${name} = ${name === 'search_path' ? value : `'${value}'`}`);
        const client = await server.connect('postgres');
        try {
          await client.query('SET statement_timeout = 0');
          for (const one of set) await client.query(one);
          const { snapshot } = await trip.capture('shop');
          const verdict = await withContext((context) => drill(trip.engine, snapshot, [], context));
          expect(verdict).toMatchObject({ result: 'passed' });
          const copy = await trip.restore(snapshot, 'again');
          expect(await withContext((context) => verifyCopy(trip.engine, copy, snapshot, [], context))).toMatchObject({ result: 'passed' });
          const undo = await withContext((context) =>
            trip.engine.promote(copy, { location: locationOn(server, 'again'), mode: 'new' }, context, () => Promise.resolve()),
          );
          await withContext((context) => trip.engine.undo(undo, context, { force: false }));
          await client.query(`SET session_replication_role = origin`);
          const { merge } = trip.engine;
          if (merge === undefined) throw new Error('no merge');
          await client.query(`ALTER ${whole} RESET ALL`);
          await server.run('shop', `DELETE FROM app.t WHERE id < 10; UPDATE app.t SET f = 7, b = '\\x00', ts = '2020-01-01' WHERE id BETWEEN 10 AND 20`);
          for (const one of set) await client.query(one);
          const request = { tables: ['app.t'], differing: 'replace' as const };
          const done = await withContext((context) => merge.run(snapshot, trip.source('shop'), request, context, () => Promise.resolve()));
          expect(done.plan.tables).toMatchObject([{ missing: 9, differing: 11 }]);
          await client.query(`ALTER ${whole} RESET ALL`);
          expect(await contentOf(server, 'shop')).toEqual(plain);
          for (const one of set) await client.query(one);
          await withContext((context) => trip.engine.undo(done.undo, context, { force: false }));
          await withContext((context) => merge.run(snapshot, trip.source('shop'), request, context, () => Promise.resolve()));
        } finally {
          await client.query(`ALTER ${whole} RESET ALL`);
          await client.end();
        }
        expect(await contentOf(server, 'shop')).toEqual(plain);
      },
    );
  });
