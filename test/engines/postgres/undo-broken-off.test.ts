import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CancelledError } from '../../../electron/core/base/errors.ts';
import type { EngineContext, SnapshotContent, UndoRecord } from '../../../electron/core/engines/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { startProxy, type ProxyOptions } from '../../helpers/postgres/proxy.ts';
import { roundTrip, type RoundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

interface Names {
  readonly kept: string;
  readonly replaced: string;
}

describe.runIf(majors.includes(15))('an undo that is broken off', () => {
  const at = {} as { server: PostgresServer; trip: RoundTrip; snapshot: SnapshotContent; record: UndoRecord; names: Names };
  const run = (database: string, sql: string) => at.server.run(database, sql);
  const noIntent = (): Promise<void> => Promise.resolve();
  /** What stands under which name, each told by what it was made of. */
  const stands = async (): Promise<Readonly<Record<string, string>>> => {
    const names = (await run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE 'shop%' AND datconnlimit <> -2`)).map((row) =>
      String(row['datname']),
    );
    const found: Record<string, string> = {};
    for (const name of names) {
      const rows = await run(name, "SELECT string_agg(id::text, ' ' ORDER BY id) AS ids FROM orders");
      found[name] = String(rows[0]?.['ids']);
    }
    return found;
  };
  const undo = (context: EngineContext, record: UndoRecord, force = false): Promise<void> => at.trip.engine.undo(record, context, { force });
  const recover = () => withContext((context) => at.trip.engine.recover(at.record, context));
  /** As SIGKILL leaves it just behind the renames. */
  const renamed = async (): Promise<void> => {
    await run('postgres', `ALTER DATABASE shop RENAME TO "${at.names.replaced}"`);
    await run('postgres', `ALTER DATABASE "${at.names.kept}" RENAME TO shop`);
  };
  const through = async (options: ProxyOptions, work: (record: UndoRecord) => Promise<void>): Promise<void> => {
    await using proxy = await startProxy(at.server, options);
    await work({ ...at.record, target: proxy.location('shop') });
  };

  beforeAll(async () => {
    at.server = await startServer(15);
    at.trip = roundTrip(at.server);
    await run('postgres', 'CREATE DATABASE origin TEMPLATE template0');
    await run('origin', 'CREATE TABLE orders (id int); INSERT INTO orders VALUES (1), (2)');
    at.snapshot = (await at.trip.capture('origin')).snapshot;
  });
  afterAll(() => at.server[Symbol.asyncDispose]());

  // Restored is "1 2", kept is "9".
  beforeEach(async () => {
    const left = await run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE 'shop%'`);
    for (const { datname } of left) await run('postgres', `DROP DATABASE "${String(datname)}" WITH (FORCE)`);
    await run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
    await run('shop', 'CREATE TABLE orders (id int); INSERT INTO orders VALUES (9)');
    const copy = await at.trip.restore(at.snapshot, 'shop', 'replace');
    const target = { location: locationOn(at.server, 'shop'), mode: 'replace' as const };
    at.record = await withContext((context) => at.trip.engine.promote(copy, target, context, noIntent));
    at.names = at.record.data as unknown as Names;
  });

  test('just behind the renames, and nothing was written: it is brought to its end', async () => {
    await renamed();
    expect(await recover()).toBe('rolled-back');
    expect(await stands()).toEqual({ shop: '9' });
  });

  test('just behind the renames, and somebody had written while it looked: nothing is dropped, and nothing is undone', async () => {
    await run('shop', 'INSERT INTO orders VALUES (3)');
    await renamed();
    expect(await recover()).toBe('promoted');
    expect(await stands()).toEqual({ shop: '1 2 3', [at.names.kept]: '9' });
    await withContext((context) => expect(undo(context, at.record)).rejects.toMatchObject({ code: 'undo.target-changed' }));
  });

  test('over a database that somebody made there since, as --force does: that one goes back', async () => {
    await run('postgres', 'DROP DATABASE shop');
    await run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
    await run('shop', 'CREATE TABLE orders (id int); INSERT INTO orders VALUES (7)');
    await renamed();
    expect(await recover()).toBe('promoted');
    expect(await stands()).toEqual({ shop: '7', [at.names.kept]: '9' });
    await withContext((context) => undo(context, at.record, true));
    expect(await stands()).toEqual({ shop: '9' });
  });

  /** Writes once, when the first look reads. */
  const writing = () => {
    let wrote = false;
    return async (sql: string): Promise<'pass'> => {
      if (!wrote && /^COPY .*orders/.test(sql)) {
        wrote = true;
        await run('shop', 'INSERT INTO orders VALUES (3)');
      }
      return 'pass';
    };
  };

  test('by a cancel in its second look: what was written meanwhile is where it was', async () => {
    const stop = new AbortController();
    let looks = 0;
    const write = writing();
    const onStatement = async (sql: string): Promise<'pass'> => {
      if (/^COPY .*orders/.test(sql)) looks += 1;
      if (looks === 2) stop.abort();
      return write(sql);
    };
    await through({ onStatement }, (record) => withContext((context) => expect(undo(context, record)).rejects.toBeInstanceOf(CancelledError), stop.signal));
    expect(looks).toBe(2);
    expect(await stands()).toEqual({ shop: '1 2 3', [at.names.kept]: '9' });
  });

  test('by a connection that is lost with the answer to the renames: what was written meanwhile is not dropped', async () => {
    let renaming = false;
    const lose = (sql: string): 'pass' | 'lose' => {
      renaming ||= sql.startsWith('ALTER DATABASE');
      return renaming && sql === 'COMMIT' ? 'lose' : 'pass';
    };
    await through({ onStatement: writing(), onAnswer: lose }, (record) =>
      withContext((context) => expect(undo(context, record)).rejects.toMatchObject({ code: 'source.unreachable' })),
    );
    expect(await stands()).toEqual({ shop: '9', [at.names.replaced]: '1 2 3' });
    expect(await recover()).toBe('promoted');
    expect(await stands()).toEqual({ shop: '1 2 3', [at.names.kept]: '9' });
  });

  test('a kept one whose removal was broken off is no kept one: the restored one stays, and the ruin goes', async () => {
    await run('postgres', `UPDATE pg_database SET datconnlimit = -2 WHERE datname = '${at.names.kept}'`);
    await withContext((context) => expect(undo(context, at.record, true)).rejects.toMatchObject({ code: 'undo.nothing' }));
    expect(await stands()).toEqual({ shop: '1 2' });
    await withContext((context) => at.trip.engine.discardUndo(at.record, context));
    expect(await run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE 'shop%'`)).toEqual([{ datname: 'shop' }]);
  });

  test('discarding it, once begun, is not broken off by a cancel', async () => {
    const stop = new AbortController();
    const onStatement = (sql: string): 'pass' => {
      if (sql.startsWith('DROP DATABASE')) stop.abort();
      return 'pass';
    };
    await through({ onStatement }, (record) => withContext((context) => at.trip.engine.discardUndo(record, context), stop.signal));
    expect(stop.signal.aborted).toBe(true);
    expect(await stands()).toEqual({ shop: '1 2' });
  });
});
