import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError, isCancelled } from '../../electron/core/base/errors.ts';
import type { EngineContext, RestoredCopy, SnapshotContent, SourceLocation } from '../../electron/core/engines/engine.ts';
import { engineContext, withContext } from '../helpers/engine-context.ts';
import { memorySink } from '../helpers/memory-sink.ts';
import { makeBank } from '../helpers/postgres/bank.ts';
import { startProxy, type Proxy } from '../helpers/postgres/proxy.ts';
import { roundTrip, type RoundTrip } from '../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../helpers/postgres/server.ts';
import { timed } from '../helpers/timed.ts';

/** What a verb needs, prepared over a connection that works. */
interface Prepared {
  /** Through the proxy, with one second for a connection. */
  readonly location: SourceLocation;
  readonly snapshot: SnapshotContent;
  /** For what takes one. */
  readonly copy: RestoredCopy | undefined;
}

type Run = (trip: RoundTrip, prepared: Prepared, context: EngineContext) => Promise<unknown>;
const noIntent = (): Promise<void> => Promise.resolve();
const source = (location: SourceLocation) => ({ name: 'bank', engine: 'postgres', location }) as const;
const copyOf = ({ copy, location }: Prepared): RestoredCopy => {
  if (copy === undefined) throw new Error('no copy');
  return { ...copy, location: { ...location, database: copy.location['database'] } };
};
const takesCopy = new Set(['promote', 'discard']);

/** Each verb with the statement at which nothing passes any more; by its own sessions, or by a tool's. */
const verbs: readonly (readonly [name: string, at: RegExp | 'connecting', run: Run])[] = [
  ['probe', 'connecting', (trip, { location }, context) => trip.engine.probe(source(location), context)],
  ['inventory', /SELECT count/, (trip, { location }, context) => trip.engine.inventory(source(location), context)],
  ['fingerprint', /^COPY/, (trip, { location }, context) => trip.engine.fingerprint({ kind: 'source', source: source(location) }, context)],
  ['capture, rows', /^COPY/, (trip, { location }, context) => trip.engine.capture(source(location), { maxWriterWait: 1000 }, memorySink(), context)],
  [
    'capture, pg_dump',
    /^LOCK TABLE (?!ONLY)/,
    (trip, { location }, context) => trip.engine.capture(source(location), { maxWriterWait: 1000 }, memorySink(), context),
  ],
  [
    'preflight',
    /rolname = current_user AS own/,
    (trip, { location, snapshot }, context) => trip.engine.preflight(snapshot, { location, mode: 'replace' }, context),
  ],
  [
    'restore, rows',
    /^COPY .* FROM STDIN/,
    (trip, { location, snapshot }, context) => trip.engine.restore(snapshot, { location, mode: 'replace' }, context, noIntent),
  ],
  [
    'restore, pg_restore',
    /^CREATE TABLE public/,
    (trip, { location, snapshot }, context) => trip.engine.restore(snapshot, { location, mode: 'replace' }, context, noIntent),
  ],
  ['promote', /^ALTER DATABASE/, (trip, all, context) => trip.engine.promote(copyOf(all), { location: all.location, mode: 'replace' }, context, noIntent)],
  [
    'checkpoint',
    /^CREATE DATABASE/,
    (trip, { location }, context) => trip.engine.checkpoints?.create(source(location), 'one', context) ?? Promise.reject(new Error('none')),
  ],
  ['discard', /^DROP DATABASE/, (trip, all, context) => trip.engine.discard(copyOf(all), context)],
];

/** Throws what the first of them throws, once none goes on. */
async function allEnded(work: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(work);
  await Promise.all(work);
}

describe.runIf(majors.includes(15))('a connection that stalls', () => {
  const at = {} as { server: PostgresServer; trip: RoundTrip; snapshot: SnapshotContent };
  beforeAll(async () => {
    at.server = await startServer(15, ['max_connections=100']);
    at.trip = roundTrip(at.server);
    await at.server.run('postgres', 'CREATE DATABASE bank');
    await at.server.run('bank', makeBank);
    at.snapshot = (await at.trip.capture('bank')).snapshot;
  });
  afterAll(async () => {
    await at.server[Symbol.asyncDispose]();
  });

  /** A database, a copy of it and a way there of its own for each verb; `work` gets what it does as `run` and the moment at which it stalls. */
  const each = async (
    group: string,
    how: 'all' | 'one',
    which: typeof verbs,
    work: (name: string, run: (context: EngineContext) => Promise<unknown>, stalled: Promise<void>) => Promise<void>,
  ): Promise<void> => {
    const { server, trip } = at;
    for (const i of which.keys()) await server.run('postgres', `CREATE DATABASE ${group}_${i} TEMPLATE bank`);
    await allEnded(
      which.map(async ([name, where, run], i) => {
        const database = `${group}_${i}`;
        let tell: () => void = () => undefined;
        const stalled = new Promise<void>((resolve) => (tell = resolve));
        const proxy: Proxy = await startProxy(server, {
          onStatement: (sql) => {
            if (where === 'connecting' || !where.test(sql)) return 'pass';
            if (how === 'all') proxy.stall();
            tell();
            return 'hold';
          },
        });
        await using closing = proxy;
        const location = { ...closing.location(database), connectTimeout: 1 };
        const copy = takesCopy.has(name) ? await trip.restore(at.snapshot, database, 'replace') : undefined;
        if (where === 'connecting') {
          proxy.stall();
          tell();
        }
        await work(name, (context) => run(trip, { location, copy, snapshot: at.snapshot }, context), stalled);
        proxy.resume();
        if (copy !== undefined) await withContext((context) => trip.engine.discard(copy, context));
      }),
    );
  };

  /** The databases of every verb, with what it could not remove where nothing passed any more. */
  const dropAll = async (): Promise<void> => {
    for (const { datname } of (await at.server.run('postgres', `SELECT datname FROM pg_database WHERE datname ~ '_\\d'`)) as { datname: string }[])
      await at.server.run('postgres', `DROP DATABASE "${datname}" WITH (FORCE)`);
  };

  const outcome = async (run: (context: EngineContext) => Promise<unknown>, context: EngineContext): Promise<unknown> =>
    run(context).then(
      () => 'no error',
      (error: unknown) => error,
    );

  const ends = (): Promise<void> =>
    each('ends', 'all', verbs, async (name, run) => {
      const since = performance.now();
      const failed = await withContext((context) => outcome(run, context));
      expect(isAppError(failed, 'source.unreachable'), `${name}: ${String(failed)}`).toBe(true);
      expect(performance.now() - since, name).toBeLessThan(12_000);
    });

  const endsAlone = (): Promise<void> => {
    const some = verbs.filter(([name]) => ['fingerprint', 'capture, rows', 'restore, rows', 'promote'].includes(name));
    return each('alone', 'one', some, async (name, run) => {
      const failed = await withContext((context) => outcome(run, context));
      expect(isAppError(failed, 'source.unreachable'), `${name}: ${String(failed)}`).toBe(true);
    });
  };

  /** What has something to remove waits for one more connection. */
  const cancels = (): Promise<void> =>
    each('cancels', 'all', verbs, async (name, run, stalled) => {
      const controller = new AbortController();
      await using made = await engineContext(controller.signal);
      const ending = outcome(run, made.context);
      await stalled;
      const since = performance.now();
      controller.abort();
      const failed = await ending;
      if (name === 'discard') return expect(isAppError(failed, 'source.unreachable'), String(failed)).toBe(true);
      expect(isCancelled(failed), `${name}: ${String(failed)}`).toBe(true);
      expect(performance.now() - since, name).toBeLessThan(name.startsWith('restore') || name === 'checkpoint' ? 5000 : 2000);
    });

  test(
    'every verb ends by itself and says that the server does not answer, also where one session stalls alone, and is cancelled within two seconds',
    timed,
    async () => {
      const { server, trip } = at;
      await dropAll();
      // One after the other: side by side they take the machine from each other, and the bounds are theirs.
      await cancels();
      await ends();
      await endsAlone();
      await dropAll();
      await expect.poll(() => server.run('postgres', `SELECT query FROM pg_stat_activity WHERE application_name LIKE 'belay%'`)).toEqual([]);
      expect(await server.run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE '%belay%'`)).toEqual([]);
      expect((await trip.capture('bank')).report.fingerprint).toEqual(at.snapshot.fingerprint);
    },
  );
});
