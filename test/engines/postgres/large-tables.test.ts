import { expect, test } from 'vitest';
import { contentOf } from '../../helpers/postgres/compare.ts';
import { roundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer } from '../../helpers/postgres/server.ts';

const sql = `
  CREATE TABLE lookup (kind int PRIMARY KEY, name text);
  INSERT INTO lookup SELECT g, 'kind ' || g FROM generate_series(0, 9) g;
  CREATE FUNCTION name_of(k int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN (SELECT name FROM public.lookup WHERE kind = k); END $$;
  CREATE TABLE large (id int PRIMARY KEY, kind int NOT NULL, code text UNIQUE, filler text);
  INSERT INTO large SELECT g, g % 10, 'code ' || g, repeat('x', 9000) FROM generate_series(1, 4000) g;
  CREATE INDEX large_kind ON large (kind, id DESC);
  CREATE INDEX large_name ON large (name_of(kind));
  CREATE INDEX large_some ON large (id) WHERE kind = 3;
  ALTER TABLE large CLUSTER ON large_kind;
  ALTER TABLE large REPLICA IDENTITY USING INDEX large_pkey;
  COMMENT ON INDEX large_kind IS 'by kind';
  CREATE TABLE owned (id int PRIMARY KEY, large int REFERENCES large, code text REFERENCES large (code));
  INSERT INTO owned SELECT g, g, 'code ' || g FROM generate_series(1, 100) g;`;

test.runIf(majors.includes(15))('a large table, whose indexes are made while others load, comes back with each of them once, and usable', async () => {
  await using server = await startServer(15);
  await server.run('postgres', 'CREATE DATABASE wide TEMPLATE template0');
  await server.run('wide', sql);
  const before = await contentOf(server, 'wide');
  const trip = roundTrip(server);
  const { snapshot } = await trip.capture('wide');
  await trip.place(snapshot, 'wide_again');
  expect(await contentOf(server, 'wide_again')).toEqual(before);
  const indexes = await server.run(
    'wide_again',
    `SELECT indexrelid::regclass::text AS name, indisvalid AS valid FROM pg_index WHERE indrelid = 'large'::regclass ORDER BY 1`,
  );
  expect(indexes).toEqual(['large_code_key', 'large_kind', 'large_name', 'large_pkey', 'large_some'].map((name) => ({ name, valid: true })));
  const client = await server.connect('wide_again');
  await client.query('SET enable_seqscan = off');
  const found = await client.query(`SELECT count(*)::int AS n FROM large WHERE name_of(kind) = 'kind 7'`);
  await client.end();
  expect(found.rows).toEqual([{ n: 400 }]);
});
