import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UndoRecord } from '../../../electron/core/engines/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { startProxy } from '../../helpers/postgres/proxy.ts';
import { roundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';

describe.runIf(majors.includes(15))('the undo of a merge', () => {
  const at = {} as { server: PostgresServer };
  beforeAll(async () => {
    at.server = await startServer(15);
    await at.server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
    await at.server.run('shop', 'CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items VALUES (1, $$a$$), (2, $$b$$)');
  });
  afterAll(() => at.server[Symbol.asyncDispose]());

  const merged = async (): Promise<UndoRecord> => {
    const trip = roundTrip(at.server);
    const { snapshot } = await trip.capture('shop');
    await at.server.run('shop', 'DELETE FROM items WHERE id = 2');
    const request = { tables: ['public.items'], differing: 'keep' as const };
    const done = await withContext(async (context) => trip.engine.merge?.run(snapshot, trip.source('shop'), request, context, () => Promise.resolve()));
    if (done === undefined) throw new Error('no merge');
    return done.undo;
  };
  const ids = async () => (await at.server.run('shop', 'SELECT id FROM items ORDER BY 1')).map((row) => row['id']);
  const kept = () => at.server.run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE '%__belay_%'`);

  test.each([
    ['DROP DATABASE', 'rolled-back', [1]],
    ['COMMIT', 'promoted', [1, 2]],
  ] as const)('broken off before %s: recovered as %s', async (before, end, left) => {
    const { engine } = roundTrip(at.server);
    const record = await merged();
    expect(await ids()).toEqual([1, 2]);
    let reached: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (reached = resolve));
    await using proxy = await startProxy(at.server, {
      onStatement: (sql) => {
        if (!sql.startsWith(before)) return 'pass';
        reached();
        return 'hold';
      },
    });
    const through = { ...record, target: proxy.location('shop') };
    const undone = withContext((context) => expect(engine.undo(through, context, { force: false })).rejects.toMatchObject({ code: 'source.unreachable' }));
    await held;
    proxy.resume();
    await undone;
    expect(await withContext((context) => engine.recover(record, context))).toBe(end);
    expect(await ids()).toEqual([...left]);
    expect(await kept()).toHaveLength(end === 'promoted' ? 1 : 0);
    if (end === 'promoted') await withContext((context) => engine.undo(record, context, { force: false }));
    expect(await ids()).toEqual([1]);
    await at.server.run('shop', 'INSERT INTO items VALUES (2, $$b$$)');
  });
});
