import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import type { SourceLocation } from '../../../electron/core/engines/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { brokenLaws, makeBank, transfer } from '../../helpers/postgres/bank.ts';
import { startProxy } from '../../helpers/postgres/proxy.ts';
import { roundTrip, type Taken } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

/** Beside the bank: orders that come and go together with their lines. */
const makeOrders = `
  CREATE TABLE orders (id serial PRIMARY KEY, lines int NOT NULL);
  CREATE TABLE lines (order_id int NOT NULL REFERENCES orders ON DELETE CASCADE, text text);`;

async function order(client: Awaited<ReturnType<PostgresServer['connect']>>, seed: number): Promise<void> {
  const lines = (seed % 4) + 1;
  await client.query(`WITH made AS (INSERT INTO orders (lines) VALUES (${lines}) RETURNING id)
    INSERT INTO lines SELECT id, 'line ' || g FROM made, generate_series(1, ${lines}) g`);
}

interface Writers {
  commits(): number;
  stop(): Promise<void>;
}

async function startWriters(server: PostgresServer, database: string): Promise<Writers> {
  let over = false;
  let commits = 0;
  // One that transfers: two would wait for each other's accounts.
  const work = [transfer, order, order].map(async (write, i) => {
    const client = await server.connect(database);
    for (let round = 0; !over; round += 1) {
      await write(client, round * 13 + i);
      if (write === order && round % 5 === 4) await client.query('DELETE FROM orders WHERE id = (SELECT min(id) FROM orders)');
      commits += 1;
    }
    await client.end();
  });
  return {
    commits: () => commits,
    stop: async () => {
      over = true;
      await Promise.all(work);
    },
  };
}

describe.runIf(majors.includes(15))('a source that is written meanwhile', () => {
  const at = {} as { server: PostgresServer };
  beforeAll(async () => {
    at.server = await startServer(15);
    await at.server.run('postgres', 'CREATE DATABASE busy');
    await at.server.run('busy', `${makeBank}; ${makeOrders}`);
  });
  afterAll(async () => {
    await at.server[Symbol.asyncDispose]();
  });

  /** Every buffer that is written waits until something was committed. */
  const capture = async (writers: Writers, location: SourceLocation): Promise<Taken> => {
    const { engine } = roundTrip(at.server);
    let seen = writers.commits();
    const sink = memorySink({
      onWrite: async () => {
        while (writers.commits() < seen + 3) await new Promise((resolve) => setImmediate(resolve));
        seen = writers.commits();
      },
    });
    const report = await withContext((context) => engine.capture({ name: 'busy', engine: 'postgres', location }, { maxWriterWait: 5000 }, sink, context));
    return { sink, report, snapshot: sink.snapshot('postgres', location, report.fingerprint) };
  };

  const broken = async (taken: Taken): Promise<readonly string[]> => {
    const { server } = at;
    const trip = roundTrip(server);
    const snapshot = { ...taken.snapshot, location: locationOn(server, 'busy') };
    const copy = await trip.restore(snapshot, 'busy_again');
    const client = await server.connect(String(copy.location['database']));
    try {
      const { rows } = await client.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM orders o WHERE lines <> (SELECT count(*) FROM lines WHERE order_id = o.id)',
      );
      const apart = rows[0]?.n === 0 ? [] : [`${rows[0]?.n ?? 0} orders do not have the lines that they say`];
      return [...(await brokenLaws(client)), ...apart];
    } finally {
      await client.end();
      await withContext((context) => trip.engine.discard(copy, context));
    }
  };

  test('every snapshot restores to a state that keeps its laws', async () => {
    const writers = await startWriters(at.server, 'busy');
    const taken: Taken[] = [];
    for (let round = 0; round < 3; round += 1) taken.push(await capture(writers, locationOn(at.server, 'busy')));
    await writers.stop();
    for (const one of taken) expect(await broken(one)).toEqual([]);
    const counts = taken.map(({ report }) => report.fingerprint.items.find((item) => item.kind === 'table' && item.name === 'public.transfers')?.rows ?? 0);
    expect(new Set(counts).size).toBe(taken.length);
  });

  test('the laws tell a capture from which the shared snapshot was taken out', async () => {
    await using proxy = await startProxy(at.server, {
      onStatement: (sql) => {
        const shared = /^BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '[^']*'/.exec(sql)?.[0];
        return shared === undefined ? 'pass' : { instead: sql.replace(shared, 'BEGIN READ ONLY'.padEnd(shared.length, ' ')) };
      },
    });
    const writers = await startWriters(at.server, 'busy');
    const taken = await capture(writers, proxy.location('busy'));
    await writers.stop();
    const found = await broken(taken).catch((error: unknown) => (isAppError(error) ? [error.code] : Promise.reject(error as Error)));
    expect(found).not.toEqual([]);
  });
});
