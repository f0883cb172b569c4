import { expect, test } from 'vitest';
import { verifyCopy } from '../../../electron/core/verify/drill.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { contentOf } from '../../helpers/postgres/compare.ts';
import { roundTrip, type Taken } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';

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

/** The verdict on a copy that something is done to between its restore and the comparison, and how often the rows of `large` were read for it. */
async function verdict(server: PostgresServer, { snapshot }: Taken, change: (database: string) => Promise<void> = () => Promise.resolve()) {
  const trip = roundTrip(server);
  const reads = () => server.log().split(/COPY "public"\."large" .* TO STDOUT/).length - 1;
  const before = reads();
  const copy = await trip.restore(snapshot, 'checked', 'throw-away');
  await change(String(copy.location['database']));
  const { result, differences } = await withContext((context) => verifyCopy(trip.engine, copy, snapshot, [], context));
  await withContext((context) => trip.engine.discard(copy, context));
  return { result, differences: differences.map((one) => one.statement), reads: reads() - before };
}

test.runIf(majors.includes(15))('rows that were read while indexes were built are compared, and read again where they changed since', async () => {
  await using server = await startServer(15, ['log_statement=all']);
  await server.run('postgres', 'CREATE DATABASE wide TEMPLATE template0');
  await server.run('wide', sql);
  const taken = await roundTrip(server).capture('wide');
  expect(await verdict(server, taken)).toEqual({ result: 'passed', differences: [], reads: 1 });
  const damaged = await verdict(server, taken, async (database) => {
    await server.run(database, 'DELETE FROM owned WHERE id = 7; DELETE FROM large WHERE id = 7');
    await counted(server, database);
  });
  expect(damaged).toMatchObject({ result: 'failed', reads: 2 });
  expect(damaged.differences).toContain('table "public.large" has 3,999 rows, expected 4,000');
});

test.runIf(majors.includes(15))('an index that does not match its table is named by the check of a copy', async () => {
  await using server = await startServer(15);
  await server.run('postgres', 'CREATE DATABASE wide TEMPLATE template0');
  await server.run('wide', sql);
  const trip = roundTrip(server);
  const { snapshot } = await trip.capture('wide');
  const copy = await trip.restore(snapshot, 'checked', 'throw-away');
  await server.run(String(copy.location['database']), `UPDATE lookup SET name = 'another' WHERE kind = 5`);
  const checks = await withContext((context) => trip.engine.selfCheck({ kind: 'copy', copy }, context));
  await withContext((context) => trip.engine.discard(copy, context));
  expect(checks[1]).toEqual({ name: 'indexes match their tables', result: 'failed', findings: [expect.stringContaining('large_name: heap tuple')] });
});

/** Resolves when the server has counted what was deleted from `large`. */
async function counted(server: PostgresServer, database: string): Promise<void> {
  for (;;) {
    const [row] = await server.run(database, `SELECT pg_stat_get_tuples_deleted('large'::regclass)::int AS n`);
    if (row?.['n'] === 1) return;
  }
}

test.runIf(majors.includes(15))('what an index changes in rows that were loaded before it is a difference', async () => {
  await using server = await startServer(15, ['log_statement=all']);
  await server.run('postgres', 'CREATE DATABASE wide TEMPLATE template0');
  await server.run('wide', sql);
  await server.run(
    'wide',
    `CREATE FUNCTION writes(k int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$ BEGIN UPDATE public.large SET filler = 'written' WHERE id = 3; RETURN k; END $$;
    CREATE FUNCTION looks_away(k int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN public.writes(k); END $$;
    CREATE TABLE small (id int);
    INSERT INTO small VALUES (1);
    CREATE INDEX small_id ON small (looks_away(id));
    UPDATE large SET filler = 'not written' WHERE id = 3`,
  );
  const found = await verdict(server, await roundTrip(server).capture('wide'));
  expect(found).toMatchObject({ result: 'failed', reads: 1 });
  expect(found.differences.join()).toContain('content of table "public.large"');
});
