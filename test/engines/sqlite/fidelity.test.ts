import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { compareFingerprints } from '../../../electron/core/engines/fingerprint.ts';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { describeDatabase } from '../../helpers/sqlite/database.ts';
import { makeEverything, type Shape } from '../../helpers/sqlite/everything.ts';
import { captureFile, sqliteSource } from '../../helpers/sqlite/capturing.ts';
import { temporaryFolder } from '../../helpers/world.ts';

const engine = createSqliteEngine();

const shapes: readonly Shape[] = [
  { pageSize: 512, encoding: 'UTF-8', autoVacuum: 0, journal: 'delete' },
  { pageSize: 1024, encoding: 'UTF-16le', autoVacuum: 1, journal: 'truncate' },
  { pageSize: 2048, encoding: 'UTF-16be', autoVacuum: 2, journal: 'persist' },
  { pageSize: 4096, encoding: 'UTF-8', autoVacuum: 1, journal: 'wal' },
  { pageSize: 8192, encoding: 'UTF-16le', autoVacuum: 0, journal: 'memory' },
  { pageSize: 16_384, encoding: 'UTF-8', autoVacuum: 2, journal: 'off' },
  { pageSize: 32_768, encoding: 'UTF-16be', autoVacuum: 0, journal: 'wal' },
  { pageSize: 65_536, encoding: 'UTF-8', autoVacuum: 0, journal: 'wal' },
  { pageSize: 4096, encoding: 'UTF-8', autoVacuum: 0, journal: 'delete', reserved: 32 },
  { pageSize: 1024, encoding: 'UTF-8', autoVacuum: 0, journal: 'wal', reserved: 12 },
];

for (const shape of shapes) {
  test(`everything survives: ${JSON.stringify(shape)}`, async () => {
    await using folder = await temporaryFolder('belay-fidelity');
    const file = path.join(folder.path, 'source.db');
    makeEverything(file, shape);
    const bytes = readFileSync(file);
    if (shape.reserved !== undefined) expect(bytes[20]).toBe(shape.reserved);
    const expected = describeDatabase(file);
    expect(expected.length).toBeGreaterThan(300);

    const { report, snapshot, sink } = await captureFile(engine, file);
    // Closed cleanly, the file alone is the database: its very bytes are the snapshot.
    expect(sink.bytes('file/main').equals(bytes)).toBe(true);
    expect(readFileSync(file).equals(bytes)).toBe(true);

    const location = { path: path.join(folder.path, 'restored.db') };
    await withContext(async (context) => {
      const copy = await engine.restore(snapshot, { location, mode: 'new' }, context, () => Promise.resolve());
      expect(await engine.fingerprint({ kind: 'copy', copy }, context)).toEqual(report.fingerprint);
      expect(compareFingerprints(report.fingerprint, await engine.fingerprint({ kind: 'source', source: sqliteSource(file) }, context))).toEqual([]);
      await engine.promote(copy, { location, mode: 'new' }, context, () => Promise.resolve());
    });
    expect(describeDatabase(location.path)).toEqual(expected);
  });
}

test('what ANALYZE gathered is restored and compared: sqlite_stat1 and the samples of sqlite_stat4', async () => {
  await using folder = await temporaryFolder('belay-fidelity');
  const file = path.join(folder.path, 'source.db');
  // Only this library gathers samples; the other reader of these tests reads them all the same.
  const { default: Database } = await import('better-sqlite3');
  const db = new Database(file);
  db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, skewed INTEGER, word TEXT); CREATE INDEX by_skewed ON t (skewed, word); CREATE TABLE none (a); CREATE INDEX by_a ON none (a);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT i, CASE WHEN i % 10 THEN 7 ELSE i END, 'w' || i FROM n; ANALYZE`);
  db.close();
  const expected = describeDatabase(file);
  expect(expected.filter((line) => line.startsWith('sqlite_stat4:')).length).toBeGreaterThan(10);
  expect(expected.filter((line) => line.startsWith('sqlite_stat1:')).length).toBeGreaterThan(0);
  const { report, snapshot } = await captureFile(engine, file);
  const rows = new Map(report.fingerprint.items.filter((item) => item.kind === 'table').map((item) => [item.name, item.rows]));
  expect(rows.get('sqlite_stat4')).toBeGreaterThan(10);
  expect(rows.get('none')).toBe(0);
  const location = { path: path.join(folder.path, 'restored.db') };
  await withContext(async (context) => {
    const copy = await engine.restore(snapshot, { location, mode: 'throw-away' }, context, () => Promise.resolve());
    expect(describeDatabase(location.path)).toEqual(expected);
    const changed = new Database(location.path);
    changed.unsafeMode(true);
    changed.exec("UPDATE sqlite_stat4 SET nlt = '0 0 1' WHERE rowid = 3");
    changed.close();
    const differences = compareFingerprints(report.fingerprint, await engine.fingerprint({ kind: 'copy', copy }, context));
    expect(differences.map((one) => one.name)).toEqual(['sqlite_stat4']);
  });
});

test('what the fingerprint cannot look into is said, and the rest is compared', async () => {
  await using folder = await temporaryFolder('belay-fidelity');
  const file = path.join(folder.path, 'source.db');
  makeEverything(file, { pageSize: 4096, encoding: 'UTF-8', autoVacuum: 0, journal: 'wal' });
  const { report } = await captureFile(engine, file);
  expect(report.warnings).toEqual([
    expect.stringContaining('virtual table foreign_module uses a module that is not there'),
    expect.stringContaining('table foreign_key_order cannot be read'),
  ]);
  const names = report.fingerprint.items.filter((item) => item.kind === 'table').map((item) => item.name);
  expect(names).toEqual(
    expect.arrayContaining([
      'foreign_module_vocab',
      'foreign_collation',
      'foreign_key_order',
      'search5_data',
      'boxes_node',
      'sqlite_sequence',
      'sqlite_stat1',
      'downwards',
      'hidden',
      'wide',
    ]),
  );
  expect(report.fingerprint.items.filter((item) => item.hash.startsWith('unreadable')).map((item) => item.name)).toEqual(['foreign_key_order']);
});

test('rows that refer to none are told by the self check and do not fail it', async () => {
  await using folder = await temporaryFolder('belay-fidelity');
  const file = path.join(folder.path, 'source.db');
  makeEverything(file, { pageSize: 4096, encoding: 'UTF-8', autoVacuum: 0, journal: 'delete' });
  const checks = await withContext((context) => engine.selfCheck({ kind: 'source', source: sqliteSource(file) }, context));
  const keys = checks.find((check) => check.name === 'foreign keys');
  expect(keys).toMatchObject({ result: 'passed' });
  expect(keys?.findings.join()).toContain('row 2 of children refers to a row of parents');
});

test('a captured empty file is an empty file again', async () => {
  await using folder = await temporaryFolder('belay-fidelity');
  const file = path.join(folder.path, 'empty.db');
  writeFileSync(file, '');
  const sink = memorySink();
  const { report, snapshot } = await captureFile(engine, file, sink);
  expect(report.warnings.join()).toContain('empty (0 bytes)');
  const location = { path: path.join(folder.path, 'restored.db') };
  await withContext((context) => engine.restore(snapshot, { location, mode: 'throw-away' }, context, () => Promise.resolve()));
  expect(readFileSync(location.path)).toHaveLength(0);
});
