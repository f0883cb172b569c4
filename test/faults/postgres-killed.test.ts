import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../electron/core/base/errors.ts';
import type { SnapshotContent, UndoRecord } from '../../electron/core/engines/engine.ts';
import { engineContext, withContext } from '../helpers/engine-context.ts';
import { memorySink } from '../helpers/memory-sink.ts';
import { brokenLaws, digest, makeBank, transfer } from '../helpers/postgres/bank.ts';
import { startProxy } from '../helpers/postgres/proxy.ts';
import { roundTrip, type RoundTrip, type Taken } from '../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../helpers/postgres/server.ts';
import { locationOn } from '../helpers/postgres/subject.ts';

const caught = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'no error').catch((error: unknown) => error);

describe.runIf(majors.includes(15))('a PostgreSQL server that is killed', () => {
  const at = {} as { server: PostgresServer; trip: RoundTrip; taken: Taken; before: string };
  const bankDigest = async (): Promise<string> => {
    const client = await at.server.connect('bank');
    try {
      expect(await brokenLaws(client)).toEqual([]);
      return await digest(client);
    } finally {
      await client.end();
    }
  };
  beforeAll(async () => {
    at.server = await startServer(15);
    at.trip = roundTrip(at.server);
    await at.server.run('postgres', 'CREATE DATABASE bank');
    const client = await at.server.connect('bank');
    await client.query(makeBank);
    for (let seed = 1; seed <= 10; seed += 1) await transfer(client, seed);
    await client.end();
    // A sequence that was used may jump ahead when its server is killed; after that it is where it is.
    await at.server.kill();
    await at.server.start();
    at.taken = await at.trip.capture('bank');
    at.before = await bankDigest();
  });
  afterAll(async () => {
    await at.server[Symbol.asyncDispose]();
  });

  /** Whatever is left on the server and in the operation's folder, once it is up. */
  const left = async (): Promise<readonly unknown[]> => {
    const databases = await at.server.run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE '%belay%'`);
    const sessions = await at.server.run('postgres', `SELECT query FROM pg_stat_activity WHERE application_name LIKE 'belay%'`);
    return [...databases, ...sessions];
  };
  /** The postmaster, or one of our sessions: then the server ends all others and recovers. */
  const kills = {
    'the whole server': () => at.server.kill(),
    'one of our sessions': async () => {
      // One in a transaction, which waits for us: one that is just ending is listed too, and killed it would take no other with it.
      const [row] = await at.server.run(
        'postgres',
        `SELECT pid FROM pg_stat_activity WHERE application_name = 'belay' AND datname <> 'postgres' AND xact_start IS NOT NULL ORDER BY xact_start DESC LIMIT 1`,
      );
      process.kill(Number(row?.['pid']), 'SIGKILL');
    },
  } as const;

  for (const [what, kill] of Object.entries(kills)) {
    test(`${what}, while it is captured: told, nothing left, and the next capture is whole`, async () => {
      const { server, trip } = at;
      await using made = await engineContext();
      let killed: Promise<void> | undefined;
      const sink = memorySink({ onWrite: () => (killed ??= kill()) });
      const failed = await caught(trip.engine.capture(trip.source('bank'), { maxWriterWait: 1000 }, sink, made.context));
      expect(isAppError(failed, 'source.unreachable'), `${String(failed)} ${JSON.stringify(failed)}`).toBe(true);
      expect(failed).toMatchObject({ retryable: true });
      await server.start();
      expect(await left()).toEqual([]);
      expect(await bankDigest()).toBe(at.before);
      expect((await trip.capture('bank')).report.fingerprint).toEqual(at.taken.report.fingerprint);
    });

    test.each(what === 'the whole server' ? ['skeleton', 'public.filler'] : ['public.filler'])(
      `${what}, while %s is restored: told, the target as it was, and the copy is removed afterwards`,
      async (object) => {
        const { server, trip, taken } = at;
        let killed: Promise<void> | undefined;
        let noted: Parameters<RoundTrip['engine']['discard']>[0] | undefined;
        const cut: SnapshotContent = {
          ...taken.snapshot,
          read: async function* (wanted, signal) {
            for await (const part of taken.snapshot.read(wanted, signal)) {
              // The definitions are read a first time before anything is made.
              if (wanted === object && noted !== undefined) await (killed ??= kill());
              yield part;
            }
          },
        };
        const target = { location: locationOn(server, 'bank'), mode: 'replace' } as const;
        const failed = await withContext((context) =>
          caught(
            trip.engine.restore(cut, target, context, (copy) => {
              noted = copy;
              return Promise.resolve();
            }),
          ),
        );
        expect(isAppError(failed, 'source.unreachable'), `${String(failed)} ${JSON.stringify(failed)}`).toBe(true);
        await server.start();
        if (noted === undefined) throw new Error('nothing was noted');
        const copy = noted;
        await withContext((context) => trip.engine.discard(copy, context));
        expect(await left()).toEqual([]);
        expect(await bankDigest()).toBe(at.before);
        const again = await trip.restore(taken.snapshot, 'bank', 'replace');
        await withContext((context) => trip.engine.discard(again, context));
      },
    );
  }

  test.each([
    ['before', /^BEGIN; SET LOCAL/],
    ['before', /^ALTER DATABASE "bank" RENAME/],
    ['before', /^ALTER DATABASE "bank__belay_copy.* RENAME/],
    ['before', /^COMMIT$/],
    ['after', /^COMMIT$/],
  ] as const)('killed %s the statement %s of a swap, it ends in the old or the new state', async (when, statement) => {
    const { server, trip, taken } = at;
    await server.run('bank', 'UPDATE accounts SET owner = owner || 1');
    const changed = await bankDigest();
    let killed: Promise<void> | undefined;
    const kill = async (moment: string, sql: string): Promise<boolean> => {
      if (moment !== when || !statement.test(sql)) return false;
      await (killed ??= server.kill());
      return true;
    };
    const copy = await trip.restore(taken.snapshot, 'bank', 'replace');
    await using proxy = await startProxy(server, {
      onStatement: async (sql) => ((await kill('before', sql)) ? 'hold' : 'pass'),
      onAnswer: async (sql) => ((await kill('after', sql)) ? 'lose' : 'pass'),
    });
    let noted: UndoRecord | undefined;
    const failed = await withContext((context) =>
      caught(
        trip.engine.promote(copy, { location: proxy.location('bank'), mode: 'replace' }, context, (undo) => {
          noted = { ...undo, target: locationOn(server, 'bank') };
          return Promise.resolve();
        }),
      ),
    );
    expect(killed).toBeDefined();
    expect(isAppError(failed, 'source.unreachable'), `${String(failed)} ${JSON.stringify(failed)}`).toBe(true);
    await server.start();
    if (noted === undefined) throw new Error('nothing was noted');
    const undo = noted;
    const end = await withContext((context) => trip.engine.recover(undo, context));
    expect(end).toBe(when === 'after' ? 'promoted' : 'rolled-back');
    expect(await bankDigest()).toBe(end === 'promoted' ? at.before : changed);
    if (end === 'promoted') await withContext((context) => trip.engine.undo(undo, context, { force: false }));
    else await withContext((context) => trip.engine.discard(copy, context));
    expect(await bankDigest()).toBe(changed);
    expect(await left()).toEqual([]);
    await server.run('bank', `UPDATE accounts SET owner = 'owner ' || id`);
    expect(await bankDigest()).toBe(at.before);
  });
});
