import { expect, test } from 'vitest';
import { answerOf, Place, record } from '../../helpers/cli/belay.ts';
import { majors, startServer } from '../../helpers/postgres/server.ts';
import { twoSchemas } from '../../helpers/postgres/two-schemas.ts';

test.runIf(majors.includes(15))('on PostgreSQL: a part as a source, some tables restored, other roles at a restore, rows merged and taken back', async () => {
  await using server = await startServer(15, ['wal_level=logical']);
  await using place = await Place.make();
  await place.host();
  const address = (database: string): string => `postgres://${server.superuser}@${encodeURIComponent(server.socket)}:${server.port}/${database}`;
  const data = async (...argv: readonly string[]): Promise<Record<string, unknown>> => {
    const answer = answerOf(await place.run([...argv, '--json']));
    expect(answer, JSON.stringify(answer)).toMatchObject({ ok: true });
    return record(answer['data']);
  };
  const refused = async (...argv: readonly string[]): Promise<unknown> => answerOf(await place.run([...argv, '--json']))['error'];
  const count = async (database: string, table: string): Promise<unknown> => (await server.run(database, `SELECT count(*)::int AS n FROM ${table}`))[0]?.['n'];

  await server.run('postgres', 'CREATE ROLE gone');
  await server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
  await server.run('shop', `${twoSchemas}; ALTER TABLE app.customers OWNER TO gone`);
  await data('init', '--no-encryption');

  expect(await refused('source', 'add', address('shop'), '--schema', 'nowhere')).toMatchObject({ code: 'object.unknown' });
  expect(await refused('source', 'add', './x.db', '--table', 'x')).toMatchObject({ code: 'input.invalid' });
  await data('source', 'add', address('shop'), '--schema', 'app', '--schema-only-table', 'app.events');
  expect(await data('snap', 'shop', '--name', 'part', '--level', 'proved')).toMatchObject({
    snapshot: { proved: 'proved', part: ['only schemas app', 'without the rows of app.events'] },
    verification: { statement: expect.stringContaining('Only a part was captured') as unknown },
  });
  expect(await place.ok('show', 'part')).toContain('only schemas app');
  expect(await refused('rewind', 'shop', '--to', 'part')).toMatchObject({
    code: 'engine.unsupported',
    hint: expect.stringContaining('--accept-part') as unknown,
  });

  const some = await data('restore', 'part', '--to', 'some', '--table', 'app.orders', '--no-grants');
  expect(some).toMatchObject({ verification: { result: 'passed' } });
  expect(JSON.stringify(some)).toContain('foreign key orders orders_customer_fkey is left out');
  expect(await count('some', 'app.orders')).toBe(20);

  await server.run('shop', `ALTER TABLE app.customers OWNER TO ${server.superuser}`);
  await server.run('postgres', 'DROP ROLE gone');
  expect(await refused('restore', 'part', '--to', 'other')).toMatchObject({
    code: 'target.missing',
    hint: expect.stringContaining('--create-roles') as unknown,
  });
  const { undo } = await data('restore', 'part', '--to', 'other', '--create-roles');
  expect(await server.run('postgres', `SELECT rolcanlogin FROM pg_roles WHERE rolname = 'gone'`)).toEqual([{ rolcanlogin: false }]);
  await data('undo', String(record(undo)['id']));
  expect(await server.run('postgres', `SELECT 1 FROM pg_roles WHERE rolname = 'gone'`)).toEqual([]);

  // A migration is held against what the choices made of the snapshot, and undo knows what it left.
  const moved = await data('restore', 'part', '--to', 'moved', '--no-owner', '--migrate', `${process.execPath} --version`);
  expect(moved).toMatchObject({ verification: { result: 'passed' }, migration: { changed: 0 } });
  expect(await count('moved', 'app.events')).toBe(0);
  await data('undo', String(record(moved['undo'])['id']));

  await server.run(
    'shop',
    `DELETE FROM app.events; DELETE FROM billing.invoices; DELETE FROM app.orders WHERE id < 4; UPDATE app.customers SET name = 'x' WHERE id = 9`,
  );
  expect(await refused('restore', 'part', '--merge')).toMatchObject({ code: 'input.invalid' });
  expect(await refused('restore', 'part', '--to', 'more', '--no-safety-snapshot')).toMatchObject({ message: expect.stringContaining('--merge') as unknown });
  expect(await refused('export', 'part', '--table', 'app.orders', '--to', 'one.txt')).toMatchObject({
    code: 'input.invalid',
    hint: 'A table goes out as .csv, .ndjson. For that name all the same, add: --format .csv',
  });
  const plan = await data('restore', 'part', '--merge', '--table', 'app.orders', '--table', 'app.customers', '--dry-run');
  expect(plan).toMatchObject({
    tables: [
      { name: 'app.customers', missing: 0, differing: 1 },
      { name: 'app.orders', missing: 3 },
    ],
  });
  expect(await count('shop', 'app.orders')).toBe(17);
  const merged = await data('restore', 'part', '--merge', '--table', 'app.orders');
  expect(merged).toMatchObject({ undo: { what: 'merge' }, safety: { source: 'shop' } });
  expect(await count('shop', 'app.orders')).toBe(20);
  await data('undo', String(record(merged['undo'])['id']));
  expect(await count('shop', 'app.orders')).toBe(17);

  // A forced undo takes the whole database away, whatever part of it the source is.
  await data('rewind', 'shop', '--to', 'part', '--accept-part', '--no-owner', '--no-grants');
  await server.run('shop', 'CREATE SCHEMA aside; CREATE TABLE aside.new (id int); INSERT INTO aside.new VALUES (1), (2)');
  const forced = await data('undo', 'shop', '--force', '--yes');
  const { id } = record(forced['safety']);
  expect(JSON.stringify(await data('show', String(id)))).toContain('aside.new');
});
