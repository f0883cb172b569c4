import path from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { Progress } from '../../../electron/core/base/ports.ts';
import { estimateRows } from '../../../electron/core/engines/sqlite/agent/estimate.ts';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import { drill } from '../../../electron/core/verify/drill.ts';
import { engineContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { sqliteSource } from '../../helpers/sqlite/capturing.ts';
import { run } from '../../helpers/sqlite/database.ts';
import { temporaryFolder } from '../../helpers/world.ts';

/** Enough that an agent has more than one report to make. */
const rows = 2_500_000;

function counted(progress: readonly Progress[]): readonly number[] {
  return progress.flatMap((one) => (one.rowsDone === undefined ? [] : [one.rowsDone]));
}

test('rows are told while a snapshot and a drill fingerprint, with their total where a snapshot before or the captured one has it', async () => {
  await using folder = await temporaryFolder('belay-progress');
  const file = path.join(folder.path, 'source.db');
  run(
    file,
    `PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b REAL);
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) INSERT INTO t SELECT i, 'row ' || i, i * 1.5 FROM n`,
  );
  const engine = createSqliteEngine();
  const source = sqliteSource(file);

  await using first = await engineContext();
  const sink = memorySink();
  const report = await engine.capture(source, { maxWriterWait: 5000 }, sink, first.context);
  const told = counted(first.progress);
  expect(told.length).toBeGreaterThan(1);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(Math.max(...told)).toBeLessThanOrEqual(rows);
  // The first time it is an estimate: these rowids leave no gaps.
  expect(new Set(first.progress.filter((one) => one.rowsDone !== undefined).map((one) => one.rowsTotal))).toEqual(new Set([rows]));

  run(file, "UPDATE t SET a = 'changed' WHERE id = 1");
  await using second = await engineContext();
  await engine.capture(source, { maxWriterWait: 5000, previous: report.memo, previousFingerprint: report.fingerprint }, memorySink(), second.context);
  const withTotal = second.progress.filter((one) => one.rowsDone !== undefined);
  expect(withTotal.length).toBeGreaterThan(1);
  expect(new Set(withTotal.map((one) => one.rowsTotal))).toEqual(new Set([rows]));

  await using third = await engineContext();
  const outcome = await drill(engine, sink.snapshot('sqlite', source.location, report.fingerprint), [], third.context);
  expect(outcome.result).toBe('passed');
  expect(third.progress.filter((one) => one.rowsDone !== undefined && one.rowsTotal === rows).length).toBeGreaterThan(1);
});

test('how many rows there are is estimated by a few places, or not at all', async () => {
  await using folder = await temporaryFolder('belay-progress');
  let made = 0;
  const estimateOf = (sql: string): number | undefined => {
    const file = path.join(folder.path, `${(made += 1)}.db`);
    run(file, sql);
    const db = new Database(file, { readonly: true });
    try {
      return estimateRows([db]);
    } finally {
      db.close();
    }
  };
  const numbers = (to: number): string => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${to})`;
  expect(estimateOf('CREATE TABLE t (a)')).toBe(0);
  expect(estimateOf(`CREATE TABLE t (a); ${numbers(700)} INSERT INTO t SELECT i FROM n; DELETE FROM t WHERE a % 3 = 0`)).toBe(467);
  const half = estimateOf(
    `CREATE TABLE t (id INTEGER PRIMARY KEY); ${numbers(50_000)} INSERT INTO t SELECT i * 2 FROM n; CREATE TABLE u (a); INSERT INTO u VALUES (1)`,
  );
  expect(half).toBeGreaterThan(45_000);
  expect(half).toBeLessThan(55_000);
  // Rowids that are moments or random say nothing of each other.
  expect(estimateOf(`CREATE TABLE t (id INTEGER PRIMARY KEY); ${numbers(5000)} INSERT INTO t SELECT i * 1000000 FROM n`)).toBeUndefined();
  expect(estimateOf("CREATE TABLE t (k TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO t VALUES ('a')")).toBeUndefined();
  expect(estimateOf('CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (-9223372036854775808), (9223372036854775807)')).toBeUndefined();
});
