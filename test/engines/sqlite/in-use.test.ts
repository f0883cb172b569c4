import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { isAppError, isCancelled } from '../../../electron/core/base/errors.ts';
import type { RestoredCopy, RestoreTarget, UndoRecord } from '../../../electron/core/engines/engine.ts';
import { compareFingerprints } from '../../../electron/core/engines/fingerprint.ts';
import { withAgent } from '../../../electron/core/engines/sqlite/client.ts';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { childAgents, openInAgent } from '../../helpers/sqlite/agents.ts';
import { brokenLaws, makeBank } from '../../helpers/sqlite/bank.ts';
import { captureFile, sqliteSource, type CapturedFile } from '../../helpers/sqlite/capturing.ts';
import { run, value } from '../../helpers/sqlite/database.ts';
import { holdWriteLock } from '../../helpers/sqlite/locker.ts';
import { until } from '../../helpers/sqlite/until.ts';
import { startWriter } from '../../helpers/sqlite/writer.ts';
import { temporaryFolder } from '../../helpers/world.ts';
import { timed } from '../../helpers/timed.ts';

const engine = createSqliteEngine();
const noIntent = (): Promise<void> => Promise.resolve();

const restore = (captured: CapturedFile, target: RestoreTarget): Promise<RestoredCopy> =>
  withContext((context) => engine.restore(captured.snapshot, target, context, noIntent));
const promote = (copy: RestoredCopy, target: RestoreTarget): Promise<UndoRecord> => withContext((context) => engine.promote(copy, target, context, noIntent));

for (const journal of ['wal', 'delete'] as const) {
  describe(`a running program has the target open, journal_mode=${journal}`, () => {
    test('it is not replaced: the program is named and the way in place offered', async () => {
      await using folder = await temporaryFolder('belay-in-use');
      const file = path.join(folder.path, 'bank.db');
      makeBank(file, { journal });
      const captured = await captureFile(engine, file);
      await using writer = await startWriter(file, { pauseMs: 20 });
      const target: RestoreTarget = { location: { path: file }, mode: 'replace' };
      const preflight = await withContext((context) => engine.preflight(captured.snapshot, target, context));
      expect(preflight.blockers).toMatchObject([
        { code: 'target.busy', statement: expect.stringContaining(`process ${writer.pid}`), hint: expect.stringContaining('in place') },
      ]);
      const copy = await restore(captured, target);
      const failed = await promote(copy, target).catch((error: unknown) => error);
      expect(isAppError(failed, 'target.busy')).toBe(true);
      await withContext((context) => engine.discard(copy, context));
      await writer.stop();
      expect(brokenLaws(file)).toEqual([]);
      expect(readdirSync(folder.path)).toEqual(['bank.db']);
    });

    test('in place it sees the content change, goes on with it, and undo brings the old content back', async () => {
      await using folder = await temporaryFolder('belay-in-use');
      const file = path.join(folder.path, 'bank.db');
      makeBank(file, { journal, filler: 500 });
      run(
        file,
        "INSERT INTO transfers (id, note) VALUES (100000, 'before'); INSERT INTO entries VALUES (100000, 1, 0, NULL), (100000, 2, 0, NULL); UPDATE counters SET value = value + 2",
      );
      const captured = await captureFile(engine, file);
      run(file, "UPDATE transfers SET note = 'a bad migration' WHERE id = 100000; DROP TABLE filler");
      run(file, 'CREATE TABLE filler (id INTEGER PRIMARY KEY, body BLOB)');
      const target: RestoreTarget = { location: { path: file }, mode: 'in-place' };
      const copy = await restore(captured, target);

      await using writer = await startWriter(file, { pauseMs: 20 });
      const undo = await promote(copy, target);
      expect(value(file, 'SELECT note FROM transfers WHERE id = 100000')).toBe('before');
      expect(value(file, 'SELECT count(*) FROM filler')).toBe(500);
      // The program goes on in the restored content.
      const count = (): number => Number(value(file, 'SELECT count(*) FROM transfers'));
      const now = count();
      await until(() => count() > now);
      const changed = await withContext((context) => engine.undo(undo, context, { force: false })).catch((error: unknown) => error);
      expect(isAppError(changed, 'undo.target-changed')).toBe(true);
      await withContext((context) => engine.undo(undo, context, { force: true }));
      expect(value(file, 'SELECT note FROM transfers WHERE id = 100000')).toBe('a bad migration');
      await writer.stop();
      expect(brokenLaws(file)).toEqual([]);
      expect(readdirSync(folder.path)).toEqual(['bank.db']);
    });

    test('a program that keeps the file locked is waited for, then told, and nothing was changed', async () => {
      await using folder = await temporaryFolder('belay-in-use');
      const file = path.join(folder.path, 'bank.db');
      makeBank(file, { journal });
      const captured = await captureFile(engine, file);
      const target: RestoreTarget = { location: { path: file }, mode: 'in-place' };
      const copy = await restore(captured, target);
      await using writer = await startWriter(file, { pragmas: 'BEGIN IMMEDIATE; UPDATE counters SET value = value; COMMIT; PRAGMA locking_mode = EXCLUSIVE' });
      const failed = await promote(copy, target).catch((error: unknown) => error);
      expect(isAppError(failed) && ['target.busy', 'source.unreachable'].includes(failed.code)).toBe(true);
      await withContext((context) => engine.discard(copy, context));
      await writer.stop();
      expect(brokenLaws(file)).toEqual([]);
    });
  });
}

for (const journal of ['wal', 'delete'] as const) {
  test(`a program in the middle of a transaction is waited for, and then the content is there, journal_mode=${journal}`, async () => {
    await using folder = await temporaryFolder('belay-in-use');
    const file = path.join(folder.path, 'bank.db');
    makeBank(file, { journal });
    const captured = await captureFile(engine, file);
    run(file, "UPDATE accounts SET name = 'a bad migration'");
    const target: RestoreTarget = { location: { path: file }, mode: 'in-place' };
    const copy = await restore(captured, target);
    const letGo = await holdWriteLock(file);
    const promoted = promote(copy, target);
    // There is room for the old content, and the target is open: nothing but the lock is in the way.
    await until(() => readdirSync(folder.path).some((name) => name.startsWith('.belay-undo-')) && openInAgent(file));
    await letGo();
    const undo = await promoted;
    expect(value(file, 'SELECT name FROM accounts WHERE id = 1')).toBe('account 1');
    const letGoAgain = await holdWriteLock(file);
    const undone = withContext((context) => engine.undo(undo, context, { force: true }));
    await until(() => openInAgent('/.belay-undo-'));
    await letGoAgain();
    await undone;
    expect(value(file, 'SELECT name FROM accounts WHERE id = 1')).toBe('a bad migration');
  });

  test(`beside a program that never stops writing, every row that it committed is in the live file or in the kept one, journal_mode=${journal}`, async () => {
    await using folder = await temporaryFolder('belay-in-use');
    const file = path.join(folder.path, 'seen.db');
    run(
      file,
      `PRAGMA journal_mode = ${journal}; CREATE TABLE seen (n INTEGER); WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 10) INSERT INTO seen SELECT n FROM t`,
    );
    const captured = await captureFile(engine, file);
    const target: RestoreTarget = { location: { path: file }, mode: 'in-place' };
    const child = spawn(process.execPath, [fileURLToPath(new URL('../../helpers/sqlite/counting-child.ts', import.meta.url)), file], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    for (const turn of [1, 2, 3]) {
      const before = Number(value(file, 'SELECT max(n) FROM seen'));
      await until(() => Number(value(file, 'SELECT max(n) FROM seen')) > before + 20);
      const copy = await restore(captured, target);
      const undo = await promote(copy, target);
      const kept = path.join(undo.kept, 'seen.db');
      await until(() => Number(value(file, 'SELECT max(n) FROM seen')) > 10);
      const overwritten = Number(value(kept, 'SELECT max(n) FROM seen'));
      expect([turn, value(file, 'SELECT min(n) FROM seen WHERE n > 10')]).toEqual([turn, overwritten + 1]);
      expect(value(kept, 'SELECT count(*) FROM seen WHERE n > 10')).toBe(overwritten - Number(value(kept, 'SELECT min(n) FROM seen WHERE n > 10')) + 1);
      await withContext((context) => engine.discardUndo(undo, context));
    }
    const last = new Promise<string>((resolve) => {
      child.stdout.once('data', (text: Buffer) => {
        resolve(text.toString('utf8'));
      });
    });
    child.stdin.end();
    const written = Number(await last);
    expect(value(file, 'SELECT max(n) FROM seen')).toBe(written);
  });

  test(`a target that stays locked is told, never taken for written, journal_mode=${journal}`, async () => {
    await using folder = await temporaryFolder('belay-in-use');
    const [from, to] = [path.join(folder.path, 'from.db'), path.join(folder.path, 'to.db')];
    makeBank(from, { journal });
    makeBank(to, { journal, filler: 10 });
    const letGo = await holdWriteLock(to);
    const failed = await withContext((context) => withAgent({}, context, (agent) => agent.call('overwrite', { from, to, busyMs: 200 }))).catch(
      (error: unknown) => error,
    );
    expect(isAppError(failed, 'target.busy')).toBe(true);
    await letGo();
    expect(value(to, 'SELECT count(*) FROM filler')).toBe(10);
    await withContext((context) => withAgent({}, context, (agent) => agent.call('overwrite', { from, to, busyMs: 200 })));
    expect(value(to, 'SELECT count(*) FROM filler')).toBe(0);
  });
}

test('an empty database is written over a full one too', async () => {
  await using folder = await temporaryFolder('belay-in-use');
  const [from, to] = [path.join(folder.path, 'from.db'), path.join(folder.path, 'to.db')];
  writeFileSync(from, '');
  makeBank(to, { journal: 'delete' });
  await withContext((context) => withAgent({}, context, (agent) => agent.call('overwrite', { from, to, busyMs: 200 })));
  expect(value(to, 'SELECT count(*) FROM sqlite_schema')).toBe(0);
});

test('an agent killed in the middle of writing into the live file leaves the old content to recovery', async () => {
  await using folder = await temporaryFolder('belay-in-use');
  const file = path.join(folder.path, 'bank.db');
  makeBank(file, { journal: 'delete', filler: 40_000 });
  const captured = await captureFile(engine, file);
  run(file, "UPDATE accounts SET name = 'new ' || id; UPDATE filler SET body = randomblob(900)");
  const old = await withContext((context) => engine.fingerprint({ kind: 'source', source: sqliteSource(file) }, context));
  const target: RestoreTarget = { location: { path: file }, mode: 'in-place' };
  const copy = await restore(captured, target);
  let noted: UndoRecord | undefined;
  let killed = false;
  let told = 0;
  const failed = await withContext((context) =>
    engine.promote(
      copy,
      target,
      {
        ...context,
        progress: ({ stage, bytesDone = 0, bytesTotal = 1 }) => {
          if (killed || !stage.startsWith('writing into') || bytesDone < bytesTotal / 4) return;
          killed = true;
          told = bytesTotal;
          for (const pid of childAgents()) process.kill(pid, 'SIGKILL');
        },
      },
      (undo) => {
        noted = undo;
        return Promise.resolve();
      },
    ),
  ).catch((error: unknown) => error);
  expect(killed).toBe(true);
  // Bytes, not pages.
  expect(told).toBeGreaterThan(5_000_000);
  expect(isAppError(failed, 'tool.failed')).toBe(true);
  expect(readdirSync(folder.path)).toContain('bank.db-journal');
  if (noted === undefined) throw new Error('no intent');
  const undo = noted;
  expect(await withContext((context) => engine.recover(undo, context))).toBe('rolled-back');
  expect(compareFingerprints(old, await withContext((context) => engine.fingerprint({ kind: 'source', source: sqliteSource(file) }, context)))).toEqual([]);
  await withContext((context) => engine.discard(copy, context));
  expect(readdirSync(folder.path)).toEqual(['bank.db']);
});

test("what the file system answers beside the live file is told as the target's, not as a condition that nobody expected", async () => {
  await using folder = await temporaryFolder('belay-in-use');
  const [from, to] = [path.join(folder.path, 'from.db'), path.join(folder.path, 'to.db')];
  for (const file of [from, to]) run(file, 'CREATE TABLE t (a)');
  const files = [{ from, to, keep: path.join(folder.path, 'kept.db'), done: path.join(folder.path, 'nowhere', 'done') }];
  const failed = await withContext((context) => withAgent({}, context, (agent) => agent.call('replace', { files, busyMs: 200 }))).catch(
    (error: unknown) => error,
  );
  expect(isAppError(failed, 'target.missing'), String(failed)).toBe(true);
});

test('cancelled while writing into the live file, within two seconds, the old content stays', timed, async () => {
  await using folder = await temporaryFolder('belay-in-use');
  const file = path.join(folder.path, 'bank.db');
  makeBank(file, { journal: 'delete', filler: 40_000 });
  const captured = await captureFile(engine, file);
  run(file, "UPDATE accounts SET name = 'new ' || id; UPDATE filler SET body = randomblob(900)");
  const target: RestoreTarget = { location: { path: file }, mode: 'in-place' };
  const copy = await restore(captured, target);
  const controller = new AbortController();
  let since = 0;
  let noted: UndoRecord | undefined;
  const failed = await withContext(
    (context) =>
      engine.promote(
        copy,
        target,
        {
          ...context,
          progress: ({ stage, bytesDone = 0 }) => {
            if (since > 0 || !stage.startsWith('writing into') || bytesDone === 0) return;
            since = performance.now();
            controller.abort();
          },
        },
        (undo) => {
          noted = undo;
          return Promise.resolve();
        },
      ),
    controller.signal,
  ).catch((error: unknown) => error);
  expect(isCancelled(failed)).toBe(true);
  expect(performance.now() - since).toBeLessThan(2000);
  if (noted === undefined) throw new Error('no intent');
  const undo = noted;
  // Taking back a large transaction may take longer than a cancellation: recovery, which always follows, ends it.
  expect(await withContext((context) => engine.recover(undo, context))).toBe('rolled-back');
  await withContext((context) => engine.discard(copy, context));
  expect(readdirSync(folder.path)).toEqual(['bank.db']);
  expect(value(file, 'SELECT name FROM accounts WHERE id = 1')).toBe('new 1');
  expect(brokenLaws(file)).toEqual([]);
});

describe('pages of another size in place', () => {
  test('a target in WAL mode cannot change its page size: refused before anything is written', async () => {
    await using folder = await temporaryFolder('belay-in-use');
    const [small, large] = [path.join(folder.path, 'small.db'), path.join(folder.path, 'large.db')];
    makeBank(small, { journal: 'wal', pageSize: 1024 });
    makeBank(large, { journal: 'wal', pageSize: 8192 });
    const captured = await captureFile(engine, small);
    const before = readFileSync(large);
    const target: RestoreTarget = { location: { path: large }, mode: 'in-place' };
    const preflight = await withContext((context) => engine.preflight(captured.snapshot, target, context));
    expect(preflight.blockers.map((blocker) => blocker.code)).toEqual(['engine.unsupported']);
    const copy = await restore(captured, target);
    const failed = await promote(copy, target).catch((error: unknown) => error);
    expect(isAppError(failed, 'engine.unsupported')).toBe(true);
    await withContext((context) => engine.discard(copy, context));
    expect(readFileSync(large).equals(before)).toBe(true);
  });

  test('one with a rollback journal takes the pages of the snapshot', async () => {
    await using folder = await temporaryFolder('belay-in-use');
    const [small, large] = [path.join(folder.path, 'small.db'), path.join(folder.path, 'large.db')];
    makeBank(small, { journal: 'delete', pageSize: 1024, filler: 50 });
    makeBank(large, { journal: 'delete', pageSize: 8192 });
    const captured = await captureFile(engine, small);
    const target: RestoreTarget = { location: { path: large }, mode: 'in-place' };
    const undo = await promote(await restore(captured, target), target);
    expect(value(large, 'PRAGMA page_size')).toBe(1024);
    expect(value(large, 'SELECT count(*) FROM filler')).toBe(50);
    await withContext((context) => engine.undo(undo, context, { force: false }));
    expect(value(large, 'PRAGMA page_size')).toBe(8192);
    expect(brokenLaws(large)).toEqual([]);
  });
});
