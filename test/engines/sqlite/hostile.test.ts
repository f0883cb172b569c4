import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import type { EngineSource } from '../../../electron/core/engines/engine.ts';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { value } from '../../helpers/sqlite/database.ts';
import { photograph } from '../../helpers/sqlite/states.ts';
import { temporaryFolder } from '../../helpers/world.ts';

const engine = createSqliteEngine();

/** Takes the file in as `belay import` does: recognised, fingerprinted, copied out of what it is. Its folder must stay as it was. */
async function takenIn(file: string, copyTo: string): Promise<string> {
  const before = photograph(path.dirname(file));
  const outcome = await withContext(async (context) => {
    try {
      const native = await engine.recogniseNative(file, context);
      if (native === undefined) return 'not recognised';
      const source: EngineSource = engine.nativeSource(native);
      const print = await engine.fingerprint({ kind: 'source', source }, context);
      const content = engine.nativeContent(native, print, path.join(context.temporaryFolder, 'loose'));
      const copy = await engine.restore(content, { location: { path: copyTo }, mode: 'throw-away' }, context, () => Promise.resolve());
      await engine.fingerprint({ kind: 'copy', copy }, context);
      return 'taken';
    } catch (error) {
      if (isAppError(error)) return error.code;
      throw error;
    }
  });
  expect(photograph(path.dirname(file))).toEqual(before);
  return outcome;
}

const raw = (file: string, sql: string): void => {
  const db = new Database(file).unsafeMode(true);
  try {
    db.exec(sql);
  } finally {
    db.close();
  }
};

const rows = "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'one'), (2, 'two');";
const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n';

describe('a database file of somebody else', () => {
  /** What is in the schema, and what comes of it. */
  const schemas: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'views without end, triggers on everything and a trigger that would run for ever',
      `${rows} CREATE VIEW v AS ${endless}; CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO t(b) SELECT i FROM (${endless}); END; CREATE TRIGGER w INSTEAD OF INSERT ON v BEGIN DELETE FROM t; END;`,
      ['taken'],
    ],
    [
      'generated columns of a hundred megabytes a row',
      `${rows} CREATE TABLE g(a, b AS (zeroblob(100000000)), c AS (hex(zeroblob(50000000)))); INSERT INTO g VALUES (1);`,
      ['taken'],
    ],
    [
      'functions that write and load, from a view, a default, an index',
      `${rows} CREATE VIEW v AS SELECT writefile('OUT', b), load_extension('OUT') FROM t; CREATE TABLE d(a DEFAULT (load_extension('OUT'))); INSERT INTO t VALUES (3, 'x');`,
      ['taken'],
    ],
    [
      'full-text and spatial tables with shadows that were spoilt',
      `${rows} CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('words of it'); CREATE VIRTUAL TABLE o USING rtree(id, a, b); INSERT INTO o VALUES (1, 2, 3); UPDATE f_data SET block = x'00'; DELETE FROM f_docsize; UPDATE o_node SET data = x'ffffffffffffffff'; PRAGMA writable_schema = ON;`,
      ['taken', 'source.damaged', 'source.unsupported'],
    ],
    [
      'a schema with a table on the first page, on one that is not there, and statements that are none',
      `${rows} PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 1 WHERE name = 't'; INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 99999, 'CREATE TABLE x(a)'), ('table', 'y', 'y', 2, 'DROP TABLE t'), ('view', 'z', 'z', 0, 'ATTACH ''OUT'' AS o');`,
      ['taken', 'source.damaged', 'source.unsupported'],
    ],
  ];

  test.each(schemas)('with %s', async (_name, sql, outcomes) => {
    await using folder = await temporaryFolder('belay-hostile');
    await using elsewhere = await temporaryFolder('belay-hostile');
    const file = path.join(folder.path, 'theirs.db');
    const out = path.join(elsewhere.path, 'out');
    raw(file, sql.replaceAll('OUT', out));
    const began = performance.now();
    expect(outcomes).toContain(await takenIn(file, path.join(elsewhere.path, 'copy.db')));
    expect(performance.now() - began).toBeLessThan(60_000);
    expect(existsSync(out)).toBe(false);
  });

  test('with a log beside it that belongs to another file, or is none', async () => {
    await using folder = await temporaryFolder('belay-hostile');
    const file = path.join(folder.path, 'theirs.db');
    await using elsewhere = await temporaryFolder('belay-hostile');
    const copy = path.join(elsewhere.path, 'copy');
    raw(file, `PRAGMA journal_mode = WAL; ${rows}`);
    const frame = Buffer.alloc(32 + 2 * (24 + 4096), 0xff);
    Buffer.from('377f0682002de21800001000', 'hex').copy(frame);
    writeFileSync(`${file}-wal`, frame);
    const before = readFileSync(file);
    const outcome = await withContext((context) => engine.recogniseNative(file, context)).then((native) => native?.beside);
    expect(outcome).toEqual([`${file}-wal`]);
    expect(['taken', 'source.damaged']).toContain(await takenIn(file, copy));
    expect(readFileSync(file).equals(before)).toBe(true);
    if (existsSync(copy)) expect(Number(value(copy, 'SELECT count(*) FROM t'))).toBe(2);
  });

  test('looking into a view without end ends when it is cancelled', async () => {
    await using folder = await temporaryFolder('belay-hostile');
    const file = path.join(folder.path, 'theirs.db');
    raw(file, `${rows} CREATE VIEW v AS ${endless};`);
    const stop = new AbortController();
    const source = { kind: 'source', source: { name: 'theirs', engine: 'sqlite', location: { path: file } } } as const;
    const looking = withContext((context) => engine.browse(source, { object: 'v', offset: 0, limit: 10 }, context), stop.signal);
    setTimeout(() => stop.abort(), 1500);
    await expect(looking).rejects.toMatchObject({ name: 'CancelledError' });
  });
});
