import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineSource } from '../../../electron/core/engines/engine.ts';
import { noIntents, withContext } from '../../helpers/engine-context.ts';
import { startProxy, type ProxyOptions } from '../../helpers/postgres/proxy.ts';
import { roundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';

describe.runIf(majors.includes(15))('swaps by a role that may not end every session', () => {
  const at = {} as { server: PostgresServer };
  beforeAll(async () => {
    at.server = await startServer(15);
    await at.server.run('postgres', 'CREATE ROLE owner LOGIN CREATEDB');
    await at.server.run('postgres', 'CREATE DATABASE shop OWNER owner');
    await at.server.run('shop', 'CREATE TABLE orders (id int); ALTER TABLE orders OWNER TO owner; INSERT INTO orders VALUES (1)');
  });
  afterAll(() => at.server[Symbol.asyncDispose]());

  const through = async (options: ProxyOptions, work: (source: EngineSource) => Promise<void>): Promise<void> => {
    await using proxy = await startProxy(at.server, options);
    await work({ name: 'shop', engine: 'postgres', location: { ...proxy.location('shop'), user: 'owner' } });
  };
  const verbs = () => {
    const { checkpoints } = roundTrip(at.server).engine;
    if (checkpoints === undefined) throw new Error('there are no checkpoints');
    return checkpoints;
  };

  test("a superuser's session that goes by itself is waited for, and the role's own ones are ended beside it", async () => {
    const [guest, own] = [await at.server.connect('shop'), await at.server.connect('shop', { user: 'owner' })];
    const ended = new Promise((resolve) => own.once('end', resolve));
    own.on('error', () => undefined);
    let refused = 0;
    const onStatement = async (sql: string): Promise<'pass'> => {
      if (!sql.includes('pg_terminate_backend')) return 'pass';
      refused += 1;
      if (refused === 5) await guest.end();
      return 'pass';
    };
    await through({ onStatement }, async (source) => {
      await withContext((context) => verbs().create(source, 'one', context));
      await ended;
    });
    expect(refused).toBeGreaterThanOrEqual(5);
    expect(await at.server.run('postgres', `SELECT count(*)::int AS count FROM pg_database WHERE datname LIKE 'shop__belay_%'`)).toEqual([{ count: 2 }]);
  });

  test('the connection by which they are ended is lost while it is committed: told as what it is, done', async () => {
    let renaming = false;
    let tell: () => void = () => undefined;
    const lost = new Promise<void>((resolve) => (tell = resolve));
    const onStatement = async (sql: string): Promise<'pass'> => {
      renaming ||= sql.startsWith('ALTER DATABASE') && sql.includes(' RENAME TO ');
      if (renaming && sql === 'COMMIT') await lost;
      return 'pass';
    };
    const onAnswer = (sql: string): 'pass' | 'lose' => {
      if (!renaming || !sql.includes('pg_stat_activity')) return 'pass';
      tell();
      return 'lose';
    };
    await through({ onAnswer, onStatement }, async (source) => {
      await withContext((context) => verbs().rewind(source, 'one', context, noIntents));
    });
    expect(await at.server.run('postgres', `SELECT count(*)::int AS count FROM pg_database WHERE datname LIKE 'shop__belay_undo_%'`)).toEqual([{ count: 1 }]);
  });

  test('a spare whose removal was broken off is no spare: the rewind makes another', async () => {
    const [spare] = await at.server.run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE 'shop__belay_copy_ck%'`);
    if (spare === undefined) await through({}, (source) => withContext(async (context) => verbs().prepare?.(source, 'one', context)));
    await at.server.run('postgres', `UPDATE pg_database SET datconnlimit = -2 WHERE datname LIKE 'shop__belay_copy_ck%'`);
    await at.server.run('shop', 'INSERT INTO orders VALUES (2)');
    await through({}, async (source) => {
      await withContext((context) => verbs().rewind(source, 'one', context, noIntents));
    });
    expect(await at.server.run('shop', 'SELECT id FROM orders')).toEqual([{ id: 1 }]);
  });

  test('what a killed checkpoint left of a database with a long name goes with the next one', async () => {
    const name = `shop_${'x'.repeat(50)}`;
    const left = `${name.slice(0, 63 - '__belay_ck_0123456789ab'.length)}__belay_ck_0123456789ab`;
    await at.server.run('postgres', `CREATE DATABASE ${name} OWNER owner`);
    await at.server.run('postgres', `CREATE DATABASE ${left} OWNER owner`);
    await through({}, async (source) => {
      await withContext((context) => verbs().create({ ...source, location: { ...source.location, database: name } }, 'two', context));
    });
    expect(await at.server.run('postgres', `SELECT FROM pg_database WHERE datname = '${left}'`)).toEqual([]);
  });
});
