import { expect, test } from 'vitest';
import { withContext } from '../../helpers/engine-context.ts';
import { roundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer } from '../../helpers/postgres/server.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

test.runIf(majors.includes(15))('a database that takes the target’s name between the look and the swap is not touched', async () => {
  await using server = await startServer(15);
  const { engine, ...trip } = roundTrip(server);
  await server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
  await server.run('shop', 'CREATE TABLE t (v text); INSERT INTO t VALUES (1)');
  const { snapshot } = await trip.capture('shop');
  const target = { location: locationOn(server, 'shop'), mode: 'replace' as const };
  const names = async (): Promise<unknown> =>
    (
      await server.run('postgres', `SELECT string_agg(datname, ' ' ORDER BY datname) AS names FROM pg_database WHERE datname LIKE 'shop%' OR datname = 'mine'`)
    )[0]?.['names'];
  const exchange = async (): Promise<void> => {
    await server.run('postgres', 'ALTER DATABASE shop RENAME TO mine');
    await server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
  };
  const putBack = async (): Promise<void> => {
    await server.run('postgres', 'DROP DATABASE shop');
    await server.run('postgres', 'ALTER DATABASE mine RENAME TO shop');
  };

  const copy = await trip.restore(snapshot, 'shop', 'replace');
  const before = await names();
  await withContext((context) => expect(engine.promote(copy, target, context, exchange)).rejects.toMatchObject({ code: 'target.busy' }));
  expect(await names()).toBe(`mine ${String(before)}`);
  await putBack();
  const undo = await withContext((context) => engine.promote(copy, target, context, () => Promise.resolve()));
  expect(await names()).toBe(`shop ${undo.kept}`);
  await withContext((context) => engine.undo(undo, context, { force: false }));
  expect(await names()).toBe('shop');
});
