import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAppError, isCancelled } from '../../../electron/core/base/errors.ts';
import type { EngineContext, FingerprintTarget } from '../../../electron/core/engines/engine.ts';
import { compareFingerprints } from '../../../electron/core/engines/fingerprint.ts';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { sqliteSource } from '../../helpers/sqlite/capturing.ts';
import { run, withDatabase } from '../../helpers/sqlite/database.ts';
import { makeEverything } from '../../helpers/sqlite/everything.ts';
import { photograph } from '../../helpers/sqlite/states.ts';
import { temporaryFolder } from '../../helpers/world.ts';
import { timed } from '../../helpers/timed.ts';

const engine = createSqliteEngine();
const at = (file: string): FingerprintTarget => ({ kind: 'source', source: sqliteSource(file) });

test('cells are exact, whatever JSON could not carry', async () => {
  await using folder = await temporaryFolder('belay-looking');
  const file = path.join(folder.path, 'cells.db');
  run(
    file,
    "CREATE TABLE t (v); INSERT INTO t VALUES (NULL), (1), (1.0), (9007199254740993), (0.1), (9e999), (''), ('\u20ac \"x\"'), (x''), (x'00ff'), (CAST(x'ff00' AS TEXT)), (CAST(x'6100' AS TEXT))",
  );
  withDatabase(file, (db) => db.prepare('INSERT INTO t VALUES (?)').run(-0));
  const expected = [
    null,
    1,
    { $: 'real', v: '1' },
    { $: 'int64', v: '9007199254740993' },
    0.1,
    { $: 'real', v: 'Infinity' },
    '',
    '€ "x"',
    { $: 'blob', v: '' },
    { $: 'blob', v: 'AP8=' },
    { $: 'text', v: '/wA=' },
    'a\0',
    { $: 'real', v: '-0' },
  ];
  const page = await withContext((context) => engine.browse(at(file), { object: 't', offset: 0, limit: 100 }, context));
  expect(page.rows.map((row) => row[0])).toEqual(expected);
  const queried = await withContext((context) => engine.query(at(file), 'SELECT v FROM t -- all of them', context));
  expect(queried.rows.map((row) => row[0])).toEqual(expected);
  expect(queried.columns).toEqual([{ name: 'v', type: '' }]);
});

test('text of UTF-16 databases, valid and not', async () => {
  await using folder = await temporaryFolder('belay-looking');
  const file = path.join(folder.path, 'wide.db');
  run(file, "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (v); INSERT INTO t VALUES ('é😀'), (CAST(x'00d8' AS TEXT))");
  const page = await withContext((context) => engine.browse(at(file), { object: 't', offset: 0, limit: 10 }, context));
  expect(page.rows).toEqual([['é😀'], [{ $: 'text', v: 'ANg=' }]]);
});

describe('a query only reads', () => {
  test('what writes, reaches other files, or is no single statement is refused, and nothing changes', async () => {
    await using folder = await temporaryFolder('belay-looking');
    const file = path.join(folder.path, 'q.db');
    run(file, 'CREATE TABLE t (v); INSERT INTO t VALUES (1), (2)');
    const before = photograph(folder.path);
    const other = path.join(folder.path, 'other.db');
    for (const sql of [
      'DELETE FROM t',
      'INSERT INTO t VALUES (3) RETURNING v',
      'DROP TABLE t',
      `ATTACH '${other}' AS other`,
      `VACUUM INTO '${other}'`,
      'SELECT 1; SELECT 2',
      'SELECT 1) UNION SELECT (2',
      'PRAGMA writable_schema = ON',
      'SELECT ?',
      'SELECT nothing FROM nowhere',
      "SELECT load_extension('x')",
      'not sql at all',
      '',
      'BEGIN IMMEDIATE',
    ]) {
      const failed = await withContext((context) => engine.query(at(file), sql, context)).catch((error: unknown) => error);
      expect(isAppError(failed, 'input.invalid'), `${sql}: ${String(failed)}`).toBe(true);
    }
    expect(photograph(folder.path)).toEqual(before);
  });

  test('pragmas that tell something are let through', async () => {
    await using folder = await temporaryFolder('belay-looking');
    const file = path.join(folder.path, 'q.db');
    run(file, 'CREATE TABLE t (v)');
    const page = await withContext((context) => engine.query(at(file), 'PRAGMA integrity_check', context));
    expect(page.rows).toEqual([['ok']]);
  });

  test('one that never ends is ended by its signal within two seconds', timed, async () => {
    await using folder = await temporaryFolder('belay-looking');
    const file = path.join(folder.path, 'q.db');
    run(file, 'CREATE TABLE t (v)');
    const controller = new AbortController();
    const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n';
    let since = 0;
    const aborting = setTimeout(() => {
      since = performance.now();
      controller.abort();
    }, 1500);
    const failed = await withContext((context) => engine.query(at(file), endless, context), controller.signal).catch((error: unknown) => error);
    clearTimeout(aborting);
    expect(isCancelled(failed)).toBe(true);
    expect(performance.now() - since).toBeLessThan(2000);
  });
});

describe('differences are named down to the column', () => {
  const explain = async (one: string, two: string, limit = 20): Promise<readonly string[]> =>
    withContext(async (context) => {
      const [expected, found] = [await engine.fingerprint(at(one), context), await engine.fingerprint(at(two), context)];
      return (await engine.explain(at(one), at(two), compareFingerprints(expected, found), limit, context)).map((difference) => difference.statement);
    });

  async function pair(schema: string, change: string, folder: string): Promise<readonly string[]> {
    const [one, two] = [path.join(folder, 'one.db'), path.join(folder, 'two.db')];
    for (const file of [one, two]) run(file, schema);
    run(two, change);
    return explain(one, two);
  }

  const rows =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, price REAL, data BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT i * 2, 'name ' || i, i / 4.0, CAST(i AS BLOB) FROM n;";

  test('a changed, a lost and an added row', async () => {
    await using folder = await temporaryFolder('belay-looking');
    const told = await pair(
      rows,
      "UPDATE t SET name = 'else', price = 7 WHERE id = 2468; DELETE FROM t WHERE id = 4000; INSERT INTO t VALUES (-5, 'low', 1, NULL), (3333, 'between', 1, NULL), (99999, 'high', 1, NULL)",
      folder.path,
    );
    expect(told).toEqual([
      'table "t" has 3,002 rows, expected 3,000',
      'row id = -5 of "t" was not there at capture',
      `row id = 2468 of "t": column "name" is 'else', expected 'name 1234'; "price" is 7.0, expected 308.5`,
      'row id = 3333 of "t" was not there at capture',
      'row id = 4000 of "t" is missing',
      'row id = 99999 of "t" was not there at capture',
    ]);
  });

  test('rows without a key of their own, by rowid; and tables without rowid, by their key', async () => {
    await using folder = await temporaryFolder('belay-looking');
    const told = await pair(
      `CREATE TABLE t (a TEXT, b); INSERT INTO t VALUES ('x', 1), ('y', 2), ('z', x'01'); CREATE TABLE k (a TEXT, b INTEGER, v, PRIMARY KEY (a, b)) WITHOUT ROWID; INSERT INTO k VALUES ('it''s', 1, 'p'), ('it''s', 2, 'q');`,
      "UPDATE t SET b = '2' WHERE a = 'y'; UPDATE k SET v = NULL WHERE b = 2",
      folder.path,
    );
    expect(told).toEqual([
      'the content of table "k" differs',
      `row a = 'it's', b = 2 of "k": column "v" is NULL, expected 'q'`,
      'the content of table "t" differs',
      `row rowid = 2 of "t": column "b" is '2', expected 2`,
    ]);
  });

  test('a column, an index, a view, a trigger and a setting', async () => {
    await using folder = await temporaryFolder('belay-looking');
    const told = await pair(
      'CREATE TABLE t (a, b); CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a FROM t; CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END;',
      "DROP INDEX i; CREATE INDEX i ON t (a, b); DROP VIEW v; CREATE VIEW v AS SELECT b FROM t; DROP TRIGGER r; ALTER TABLE t ADD COLUMN c TEXT NOT NULL DEFAULT ''; PRAGMA user_version = 7",
      folder.path,
    );
    expect(told).toEqual([
      'column "c" of "t" was not there at capture',
      'column "b" of "i" was not there at capture',
      'setting "user_version" is 7, expected 0',
      'the content of table "t" differs',
      'trigger "r" on "t" is missing',
      'view "v" is CREATE VIEW v AS SELECT b FROM t, expected CREATE VIEW v AS SELECT a FROM t',
    ]);
  });

  test('comments and white space are no difference', async () => {
    await using folder = await temporaryFolder('belay-looking');
    const [one, two] = [path.join(folder.path, 'one.db'), path.join(folder.path, 'two.db')];
    run(one, "CREATE TABLE t (a TEXT DEFAULT 'x  y', b INTEGER)");
    run(two, "CREATE TABLE t(a TEXT /* what */ DEFAULT 'x  y',\n  b   INTEGER -- more\n)");
    expect(await explain(one, two)).toEqual([]);
    run(two, "DROP TABLE t; CREATE TABLE t (a TEXT DEFAULT 'x y', b INTEGER)");
    expect((await explain(one, two)).join()).toContain('column "a" of "t"');
  });

  test('no more rows than were asked for', async () => {
    await using folder = await temporaryFolder('belay-looking');
    const [one, two] = [path.join(folder.path, 'one.db'), path.join(folder.path, 'two.db')];
    for (const file of [one, two]) run(file, rows);
    run(two, 'UPDATE t SET price = price + 1');
    expect(await explain(one, two, 3)).toHaveLength(1 + 3);
  });
});

test('a fingerprint reports rows and ends within two seconds when it is cancelled', timed, async () => {
  await using folder = await temporaryFolder('belay-looking');
  const file = path.join(folder.path, 'big.db');
  run(
    file,
    "PRAGMA synchronous = OFF; CREATE TABLE t (a TEXT, b REAL, c BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600000) INSERT INTO t SELECT 'some words ' || i, i / 3.0, randomblob(20) FROM n",
  );
  const controller = new AbortController();
  let since = 0;
  let rows = 0;
  const watching = (context: EngineContext): EngineContext => ({
    ...context,
    progress: ({ rowsDone = 0 }) => {
      rows = rowsDone;
      if (rows > 0 && since === 0) {
        since = performance.now();
        controller.abort();
      }
    },
  });
  const failed = await withContext((context) => engine.fingerprint(at(file), watching(context)), controller.signal).catch((error: unknown) => error);
  expect(isCancelled(failed)).toBe(true);
  expect(rows).toBeGreaterThan(0);
  expect(performance.now() - since).toBeLessThan(2000);
});

test('probe and inventory tell what is there', async () => {
  await using folder = await temporaryFolder('belay-looking');
  const file = path.join(folder.path, 'all.db');
  makeEverything(file, { pageSize: 4096, encoding: 'UTF-16le', autoVacuum: 1, journal: 'wal' });
  const probe = await withContext((context) => engine.probe(sqliteSource(file), context));
  expect(Object.fromEntries(probe.facts.map((fact) => [fact.name, fact.value]))).toMatchObject({
    file: file,
    encoding: 'UTF-16le',
    'journal mode': 'wal',
    user_version: '-77',
    'page size': '4096',
  });
  const { items } = await withContext((context) => engine.inventory(sqliteSource(file), context));
  expect(items).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'gaps', kind: 'table', rows: 2, bytes: 4096 }),
      expect.objectContaining({ name: 'by_word', kind: 'index', bytes: 4096 }),
      expect.objectContaining({ name: 'search5', kind: 'virtual table' }),
      expect.objectContaining({ name: 'both', kind: 'view' }),
      expect.objectContaining({ name: 'on_view', kind: 'trigger' }),
    ]),
  );
});
