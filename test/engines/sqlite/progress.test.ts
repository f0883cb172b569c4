import path from 'node:path';
import { expect, test } from 'vitest';
import type { Progress } from '../../../electron/core/base/ports.ts';
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

test(
  'rows are told while a snapshot and a drill fingerprint, with their total where a snapshot before or the captured one has it',
  { timeout: 120_000 },
  async () => {
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
    expect(first.progress.some((one) => one.rowsTotal !== undefined)).toBe(false);

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
  },
);
