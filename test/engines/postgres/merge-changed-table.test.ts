import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SnapshotContent } from '../../../electron/core/engines/engine.ts';
import type { MergeVerbs } from '../../../electron/core/engines/merging.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { roundTrip, type RoundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';

const content = `
  CREATE TABLE items (id int PRIMARY KEY, v varchar(10), n numeric(10, 2), code text NOT NULL UNIQUE, serial int GENERATED ALWAYS AS IDENTITY);
  INSERT INTO items (id, v, n, code) SELECT g, 'v' || g, g + 0.25, 'c' || g FROM generate_series(1, 6) g;
`;

describe.runIf(majors.includes(15))('rows merged into a table that changed since the snapshot', () => {
  const at = {} as { server: PostgresServer; trip: RoundTrip; merge: MergeVerbs; snapshot: SnapshotContent };
  beforeAll(async () => {
    at.server = await startServer(15);
    at.trip = roundTrip(at.server);
    const { merge } = at.trip.engine;
    if (merge === undefined) throw new Error('no merge');
    at.merge = merge;
    await at.server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
    await at.server.run('shop', content);
    at.snapshot = (await at.trip.capture('shop')).snapshot;
    await at.server.run('postgres', 'ALTER DATABASE shop RENAME TO origin');
  });
  afterAll(async () => {
    await at.server[Symbol.asyncDispose]();
  });

  /** A new copy of the database each time, in which two rows are missing, one differs, and `change` was made. */
  async function changed(change: string): Promise<void> {
    await at.server.run('postgres', 'DROP DATABASE IF EXISTS shop');
    await at.server.run('postgres', 'CREATE DATABASE shop TEMPLATE origin');
    await at.server.run('shop', `DELETE FROM items WHERE id IN (1, 2); UPDATE items SET v = 'live' WHERE id = 3; ${change}`);
  }
  const merge = (differing: 'keep' | 'replace' = 'keep') =>
    withContext((context) => at.merge.run(at.snapshot, at.trip.source('shop'), { tables: ['items'], differing }, context, () => Promise.resolve()));
  const rows = (): Promise<unknown> => at.server.run('shop', 'SELECT items::text AS row FROM items ORDER BY id');

  test.each([
    ['a type that takes the text and rounds it', 'ALTER TABLE items ALTER n TYPE numeric(10, 0)', /column n .*numeric\(10,0\).*numeric\(10,2\)/],
    ['a type that does not take the text', `ALTER TABLE items ALTER v TYPE int USING 0`, /column v .*integer.*character varying\(10\)/],
    ['a shorter text', 'ALTER TABLE items ALTER v TYPE varchar(4)', /column v .*character varying\(4\).*character varying\(10\)/],
    ['a new column that must have a value', `ALTER TABLE items ADD must text NOT NULL DEFAULT ''; ALTER TABLE items ALTER must DROP DEFAULT`, /column must/],
    ['a dropped column', 'ALTER TABLE items DROP v', /column v/],
    ['another key', 'ALTER TABLE items DROP CONSTRAINT items_pkey; ALTER TABLE items ADD PRIMARY KEY (code)', /key .*\(id\).*\(code\)/],
    ['no key but a unique column', 'ALTER TABLE items DROP CONSTRAINT items_pkey', /key .*\(id\).*\(code\)/],
  ])('%s: refused before anything is written, with the name', async (_what, change, message) => {
    await changed(change);
    const before = await rows();
    await expect(merge()).rejects.toMatchObject({ code: 'input.invalid', message: expect.stringMatching(message) as unknown });
    expect(await rows()).toEqual(before);
    expect(await at.server.run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE '%belay%'`)).toEqual([]);
  });

  test('wider types, new columns with a default and other order are taken', async () => {
    await changed(
      `ALTER TABLE items ALTER id TYPE bigint; ALTER TABLE items ALTER v TYPE text; ALTER TABLE items ADD more text NOT NULL DEFAULT 'x'; ALTER TABLE items ADD another text`,
    );
    expect((await merge()).plan.tables).toMatchObject([{ missing: 2, differing: 1 }]);
    expect(await at.server.run('shop', `SELECT id::int AS id, v, more FROM items WHERE id < 3 ORDER BY id`)).toEqual([
      { id: 1, v: 'v1', more: 'x' },
      { id: 2, v: 'v2', more: 'x' },
    ]);
  });

  test('a column that the server numbers by itself is replaced where it must be refused by name, else left alone', async () => {
    await changed('');
    const before = await rows();
    const done = await merge('replace');
    expect(await at.server.run('shop', `SELECT v, serial FROM items WHERE id = 3`)).toEqual([{ v: 'v3', serial: 3 }]);
    await withContext((context) => at.trip.engine.undo(done.undo, context, { force: false }));
    expect(await rows()).toEqual(before);
    await changed('UPDATE items SET serial = DEFAULT WHERE id = 3');
    await expect(merge('replace')).rejects.toMatchObject({ code: 'input.invalid', message: expect.stringMatching(/column serial/) as unknown });
  });
});

test.runIf(majors.includes(15))('a merge that was told as done outlives a crash, where the server itself does not wait for its log', async () => {
  await using server = await startServer(15, ['wal_writer_delay=10000', 'wal_writer_flush_after=1GB']);
  const { engine, ...trip } = roundTrip(server);
  await server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
  await server.run('shop', content);
  const { snapshot } = await trip.capture('shop');
  await server.run('shop', 'DELETE FROM items WHERE id = 1');
  const request = { tables: ['items'], differing: 'keep' as const };
  const done = await withContext(async (context) => engine.merge?.run(snapshot, trip.source('shop'), request, context, () => Promise.resolve()));
  await server.kill();
  await server.start();
  expect(await server.run('shop', 'SELECT v FROM items WHERE id = 1')).toEqual([{ v: 'v1' }]);
  expect(done?.plan.tables).toMatchObject([{ missing: 1 }]);
});
