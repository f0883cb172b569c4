import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import { compareFingerprints } from '../../../electron/core/engines/fingerprint.ts';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { childAgents } from '../../helpers/sqlite/agents.ts';
import { brokenLaws, makeBank, transfer } from '../../helpers/sqlite/bank.ts';
import { captureFile, sqliteSource, type CapturedFile } from '../../helpers/sqlite/capturing.ts';
import { run, value, withDatabase } from '../../helpers/sqlite/database.ts';
import { startPairWriter } from '../../helpers/sqlite/pair.ts';
import { until } from '../../helpers/sqlite/until.ts';
import { startWriter } from '../../helpers/sqlite/writer.ts';
import { temporaryFolder } from '../../helpers/world.ts';
import { timed } from '../../helpers/timed.ts';

const engine = createSqliteEngine();

/** Restores what was captured and judges it by its laws and by the fingerprint that was taken inside the held transaction. */
async function expectWhole(captured: CapturedFile, folder: string): Promise<number> {
  const location = { path: path.join(folder, `restored-${Math.round(performance.now() * 1000)}.db`) };
  await withContext(async (context) => {
    const copy = await engine.restore(captured.snapshot, { location, mode: 'new' }, context, () => Promise.resolve());
    expect(compareFingerprints(captured.report.fingerprint, await engine.fingerprint({ kind: 'copy', copy }, context))).toEqual([]);
    await engine.promote(copy, { location, mode: 'new' }, context, () => Promise.resolve());
  });
  expect(brokenLaws(location.path)).toEqual([]);
  return Number(value(location.path, 'SELECT count(*) FROM transfers'));
}

describe('writers without a pause beside a capture', () => {
  for (const journal of ['delete', 'truncate', 'persist', 'memory', 'off'] as const) {
    test(`rollback, journal_mode=${journal}`, async () => {
      await using folder = await temporaryFolder('belay-live');
      const file = path.join(folder.path, 'bank.db');
      makeBank(file, { journal, filler: 6000 });
      await using writer = await startWriter(file, { pragmas: `PRAGMA journal_mode = ${journal}; PRAGMA synchronous = OFF;` });
      const counts: number[] = [];
      for (let round = 0; round < 3; round += 1) counts.push(await expectWhole(await captureFile(engine, file), folder.path));
      const { commits } = await writer.stop();
      expect(commits).toBeGreaterThan(3);
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
      expect(brokenLaws(file)).toEqual([]);
    });
  }

  for (const [name, checkpointEvery, pragmas] of [
    ['checkpoints by SQLite itself', 0, 'PRAGMA synchronous = OFF'],
    ['checkpoints that begin the log anew all the time', 3, 'PRAGMA synchronous = OFF'],
    ['no checkpoint at all', 0, 'PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0'],
  ] as const) {
    test(`write-ahead log, ${name}`, async () => {
      await using folder = await temporaryFolder('belay-live');
      const file = path.join(folder.path, 'bank.db');
      makeBank(file, { journal: 'wal', filler: 6000 });
      await using writer = await startWriter(file, { checkpointEvery, pragmas });
      let seen = 0;
      for (let round = 0; round < 4; round += 1) {
        // While the stream waits here the writer goes on: nobody is held up, and what it writes is not in the snapshot.
        let waits = 3;
        const sink = memorySink({
          onWrite: async () => {
            if (waits-- <= 0) return;
            const before = logState(file);
            await until(() => logState(file) !== before);
          },
        });
        const captured = await captureFile(engine, file, sink);
        expect(waits).toBeLessThanOrEqual(0);
        const count = await expectWhole(captured, folder.path);
        expect(count).toBeGreaterThanOrEqual(seen);
        seen = count;
      }
      await writer.stop();
      expect(brokenLaws(file)).toEqual([]);
    });
  }
});

/** Changes whenever the log is written. */
function logState(file: string): string {
  const { size, mtimeNs } = statSync(`${file}-wal`, { bigint: true });
  return `${size}:${mtimeNs}`;
}

describe('the log begun anew under a held view', () => {
  test('a view that is wholly in the file stays what it was when the log is overwritten', async () => {
    await using folder = await temporaryFolder('belay-live');
    const file = path.join(folder.path, 'bank.db');
    makeBank(file, { journal: 'wal', filler: 3000 });
    await using writer = await startWriter(file, { checkpointEvery: 1, pauseMs: 1 });
    for (let round = 0; round < 5; round += 1) {
      let waits = 3;
      const sink = memorySink({
        onWrite: async () => {
          if (waits-- <= 0) return;
          const before = logState(file);
          await until(() => logState(file) !== before);
        },
      });
      await expectWhole(await captureFile(engine, file, sink), folder.path);
    }
    await writer.stop();
  });

  test('a log that a reader keeps from being checkpointed is read over the file', async () => {
    await using folder = await temporaryFolder('belay-live');
    const file = path.join(folder.path, 'bank.db');
    makeBank(file, { journal: 'wal', filler: 2000 });
    await using writer = await startWriter(file, { pragmas: 'PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF' });
    await until(() => statSync(`${file}-wal`).size > 3_000_000);
    await writer.kill();
    // Opened and killed: log and index lie beside, nobody has it open.
    const captured = await captureFile(engine, file);
    expect(captured.report.endProofs[0]?.proof).toMatch(/[1-9]\d* of them in the log/);
    const count = await expectWhole(captured, folder.path);
    expect(count).toBe(Number(value(file, 'SELECT count(*) FROM transfers')));
    expect(count).toBeGreaterThan(100);
  });
});

describe('writers wait no longer than they may', () => {
  test('a quiet database is captured however long it takes, and writers are let in between', async () => {
    await using folder = await temporaryFolder('belay-live');
    const file = path.join(folder.path, 'bank.db');
    makeBank(file, { journal: 'delete', filler: 5000 });
    const since = performance.now();
    const sink = memorySink({ onWrite: () => until(() => performance.now() - since > 700) });
    const captured = await captureFile(engine, file, sink, 200);
    expect(captured.report.warnings.join()).toMatch(/writers had to wait for up to/);
    await expectWhole(captured, folder.path);
  });

  test('a busy one fails cleanly instead of holding its writers up for longer', timed, async () => {
    await using folder = await temporaryFolder('belay-live');
    const file = path.join(folder.path, 'bank.db');
    makeBank(file, { journal: 'delete', filler: 5000 });
    await using writer = await startWriter(file);
    const since = performance.now();
    const sink = memorySink({ onWrite: () => until(() => performance.now() - since > 900) });
    const failed = await captureFile(engine, file, sink, 300).catch((error: unknown) => error);
    expect(isAppError(failed, 'source.changed-during-capture')).toBe(true);
    expect(isAppError(failed) && failed.retryable).toBe(true);
    const { longest } = await writer.stop();
    expect(longest).toBeGreaterThan(100);
    expect(longest).toBeLessThan(3000);
  });

  test('in a write-ahead log nobody waits', timed, async () => {
    await using folder = await temporaryFolder('belay-live');
    const file = path.join(folder.path, 'bank.db');
    makeBank(file, { journal: 'wal', filler: 3000 });
    await using writer = await startWriter(file, { pauseMs: 1 });
    const since = performance.now();
    const sink = memorySink({ onWrite: () => until(() => performance.now() - since > 1500) });
    const captured = await captureFile(engine, file, sink, 100);
    expect(captured.report.warnings).toEqual([]);
    const { longest } = await writer.stop();
    expect(longest).toBeLessThan(1000);
    await expectWhole(captured, folder.path);
  });

  test('a transaction that holds the database exclusively is waited for, then told', async () => {
    await using folder = await temporaryFolder('belay-live');
    const file = path.join(folder.path, 'bank.db');
    makeBank(file, { journal: 'delete' });
    await using writer = await startWriter(file, { pragmas: 'PRAGMA locking_mode = EXCLUSIVE' });
    const failed = await captureFile(engine, file, memorySink(), 300).catch((error: unknown) => error);
    expect(isAppError(failed, 'source.unreachable')).toBe(true);
    expect(isAppError(failed) && failed.retryable).toBe(true);
    await writer.stop();
  });
});

test('a source that only seems not to have changed gets its own fingerprint', async () => {
  await using folder = await temporaryFolder('belay-live');
  const file = path.join(folder.path, 'bank.db');
  makeBank(file, { journal: 'delete', filler: 100 });
  utimesSync(file, 1_800_000_000, 1_800_000_000);
  const first = await captureFile(engine, file);
  const marks = readFileSync(file).subarray(24, 40);
  run(file, 'UPDATE accounts SET balance = balance + 1 WHERE id = 7');
  const bytes = readFileSync(file);
  bytes.set(marks, 24);
  writeFileSync(file, bytes);
  utimesSync(file, 1_800_000_000, 1_800_000_000);

  const sink = memorySink({ parent: new Map([['file/main', first.sink.bytes('file/main')]]) });
  const options = { maxWriterWait: 5000, previous: first.report.memo, previousFingerprint: first.report.fingerprint };
  const report = await withContext((context) => engine.capture(sqliteSource(file), options, sink, context));
  expect(report.memo).toEqual(first.report.memo);
  expect(compareFingerprints(first.report.fingerprint, report.fingerprint).map((difference) => difference.name)).toEqual(['accounts']);
});

test('a capture whose transaction is lost half-way fails', async () => {
  await using folder = await temporaryFolder('belay-live');
  const file = path.join(folder.path, 'bank.db');
  makeBank(file, { journal: 'wal', filler: 5000 });
  const sink = memorySink({
    onWrite: () => {
      for (const pid of childAgents()) process.kill(pid, 'SIGKILL');
    },
  });
  const failed = await captureFile(engine, file, sink).catch((error: unknown) => error);
  expect(isAppError(failed, 'tool.failed')).toBe(true);
  expect(brokenLaws(file)).toEqual([]);
});

test('a loose file that somebody writes is refused, or captured as it was between two of their writes', async () => {
  await using folder = await temporaryFolder('belay-live');
  const file = path.join(folder.path, 'bank.db');
  makeBank(file, { journal: 'delete', filler: 20_000 });
  await using writer = await startWriter(file, { pragmas: 'PRAGMA synchronous = OFF' });
  const source = { ...sqliteSource(file), location: { path: file, loose: true } };
  for (let refused = 0; refused < 3;) {
    const sink = memorySink();
    const captured = await withContext((context) => engine.capture(source, { maxWriterWait: 1000 }, sink, context)).catch((error: unknown) => error);
    if (isAppError(captured)) {
      expect(captured.code).toBe('source.changed-during-capture');
      refused += 1;
      continue;
    }
    const taken = path.join(folder.path, 'taken.db');
    writeFileSync(taken, sink.bytes('file/main'));
    expect(brokenLaws(taken)).toEqual([]);
  }
  await writer.stop();
});

test('files of a set are seen at one instant', async () => {
  await using folder = await temporaryFolder('belay-live');
  const [one, two] = [path.join(folder.path, 'one.db'), path.join(folder.path, 'two.db')];
  for (const file of [one, two]) run(file, 'PRAGMA journal_mode = DELETE; CREATE TABLE n (id INTEGER PRIMARY KEY, value INTEGER); INSERT INTO n VALUES (1, 0)');
  // With rollback journals a transaction over two files is one: both values move together.
  await using writer = await startPairWriter(one, two);
  for (let round = 0; round < 10; round += 1) {
    const sink = memorySink();
    const source = { ...sqliteSource(one), location: { path: one, attached: [{ name: 'two', path: two }] } };
    const report = await withContext((context) => engine.capture(source, { maxWriterWait: 5000 }, sink, context));
    expect(report.consistency).toBe('transaction');
    const location = { path: path.join(folder.path, `r${round}.db`), attached: [{ name: 'two', path: path.join(folder.path, `r${round}.two.db`) }] };
    await withContext((context) =>
      engine.restore(sink.snapshot('sqlite', source.location, report.fingerprint), { location, mode: 'throw-away' }, context, () => Promise.resolve()),
    );
    expect(value(location.path, 'SELECT value FROM n')).toBe(value(location.attached[0]?.path ?? '', 'SELECT value FROM n'));
  }
  expect(await writer.stop()).toBeGreaterThan(20);
});

test('the writer of these tests breaks the laws when it is copied as it runs', async () => {
  await using folder = await temporaryFolder('belay-live');
  const file = path.join(folder.path, 'bank.db');
  makeBank(file, { journal: 'wal', filler: 1000 });
  withDatabase(file, (db) => transfer(db, 1));
  run(file, 'UPDATE accounts SET balance = balance + 1 WHERE id = 3');
  expect(brokenLaws(file)).not.toEqual([]);
});
