import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { roundTrip, type RoundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

describe.runIf(majors.includes(15))('servers that let few in', () => {
  const at = {} as { server: PostgresServer; trip: RoundTrip };
  beforeAll(async () => {
    at.server = await startServer(15);
    at.trip = roundTrip(at.server);
    await at.server.run('postgres', 'CREATE ROLE few LOGIN CREATEDB');
    await at.server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0 OWNER few');
    await at.server.run('shop', 'CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t OWNER TO few');
    await at.server.run('shop', 'INSERT INTO t SELECT generate_series(1, 1000)');
  });
  afterAll(async () => {
    await at.server[Symbol.asyncDispose]();
  });
  const capture = () => {
    const source = at.trip.source('shop');
    return withContext((context) =>
      at.trip.engine.capture({ ...source, location: { ...source.location, user: 'few' } }, { maxWriterWait: 5000 }, memorySink(), context),
    );
  };
  const left = (): Promise<unknown> => at.server.run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE '%belay%'`);

  test('a role with few connections: a snapshot or a restore fails with what to do, and leaves nothing', async () => {
    const limit = (connections: number): Promise<unknown> => at.server.run('postgres', `ALTER ROLE few CONNECTION LIMIT ${connections}`);
    const { snapshot } = await at.trip.capture('shop');
    const restore = () =>
      withContext((context) =>
        at.trip.engine.restore(snapshot, { location: { ...locationOn(at.server, 'again'), user: 'few' }, mode: 'new' }, context, () => Promise.resolve()),
      );
    const clear = {
      code: 'source.unreachable',
      message: expect.stringContaining('no connection left') as unknown,
      hint: expect.stringContaining('CONNECTION LIMIT') as unknown,
    };
    for (const connections of [1, 2, 3]) {
      await limit(connections);
      await expect(capture(), `capture with ${connections}`).rejects.toMatchObject(clear);
      expect(await left()).toEqual([]);
    }
    await limit(1);
    await expect(restore()).rejects.toMatchObject(clear);
    await limit(-1);
    expect(await left()).toEqual([]);
    // What a restore does one after the other needs no more.
    await limit(2);
    const copy = await restore();
    await withContext((context) => at.trip.engine.discard(copy, context));
    await limit(5);
    await capture();
  });

  test('a database that takes no connections is told as that, and a template is not swapped', async () => {
    await at.server.run('postgres', 'CREATE DATABASE shut TEMPLATE template0 ALLOW_CONNECTIONS false');
    for (const name of ['shut', 'template0'])
      await withContext((context) =>
        expect(at.trip.engine.probe(at.trip.source(name), context)).rejects.toMatchObject({
          code: 'source.denied',
          hint: expect.stringContaining('ALLOW_CONNECTIONS true') as unknown,
        }),
      );
    await at.server.run('postgres', 'CREATE DATABASE pattern TEMPLATE shop IS_TEMPLATE true');
    const { snapshot } = await at.trip.capture('pattern');
    const target = { location: locationOn(at.server, 'pattern'), mode: 'replace' as const };
    const { blockers } = await withContext((context) => at.trip.engine.preflight(snapshot, target, context));
    expect(blockers).toMatchObject([{ code: 'target.busy', statement: expect.stringContaining('template') as unknown }]);
  });

  test('a pooler that refuses settings with a login is told as that', async () => {
    // What PgBouncer says to a login with options.
    const said = Buffer.from('SFATAL\0C08P01\0Munsupported startup parameter: options\0\0');
    const head = Buffer.alloc(5);
    head.write('E');
    head.writeInt32BE(said.length + 4, 1);
    await using pooler = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(Buffer.concat([head, said])));
    }).listen(0, '127.0.0.1');
    await once(pooler, 'listening');
    const { port } = pooler.address() as AddressInfo;
    const location = { host: '127.0.0.1', port, database: 'shop', user: 'few', sslmode: 'disable' };
    await withContext((context) =>
      expect(at.trip.engine.probe({ name: 'shop', engine: 'postgres', location }, context)).rejects.toMatchObject({
        code: 'source.unsupported',
        hint: expect.stringContaining('not the pooler') as unknown,
      }),
    );
  });
});
