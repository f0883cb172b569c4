import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noIntents, withContext } from '../../helpers/engine-context.ts';
import { makeBank } from '../../helpers/postgres/bank.ts';
import { startProxy, type Passing } from '../../helpers/postgres/proxy.ts';
import { roundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';

describe.runIf(majors.includes(15))('a checkpoint that is dropped', () => {
  const at = {} as { server: PostgresServer };
  beforeAll(async () => {
    at.server = await startServer(15);
    await at.server.run('postgres', 'CREATE DATABASE bank');
    await at.server.run('bank', makeBank);
  });
  afterAll(() => at.server[Symbol.asyncDispose]());

  test('while it is copied for the next rewind: nothing of it is left', async () => {
    const { server } = at;
    const trip = roundTrip(server);
    const { engine } = trip;
    const bank = trip.source('bank');
    const verbs = engine.checkpoints;
    if (verbs === undefined) throw new Error('there are no checkpoints');
    const id = 'one';
    await withContext((context) => verbs.create(bank, id, context));
    const kept = await withContext((context) => verbs.rewind(bank, id, context, noIntents));
    await withContext((context) => engine.undo(kept, context, { force: true }));
    let prepared = 0;
    await using proxy = await startProxy(server, {
      onStatement: async (sql): Promise<Passing> => {
        // What is looked up first is not there yet when it is looked for.
        if (!/^DROP DATABASE .*__belay_ck_/.test(sql)) return 'pass';
        prepared += 1;
        await withContext(async (context) => verbs.prepare?.(bank, id, context));
        return 'pass';
      },
    });
    await withContext((context) => verbs.drop({ ...bank, location: proxy.location('bank') }, id, context));
    expect(prepared).toBe(1);
    expect(await server.run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE '%belay%'`)).toEqual([]);
  });
});
