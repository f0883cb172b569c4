import { readFileSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { isAppError } from '../../../electron/core/base/errors.ts';
import { browsePage } from '../../../electron/core/engines/sqlite/agent/browse.ts';
import { fileFacts, inventoryOf, selfChecks } from '../../../electron/core/engines/sqlite/agent/checks.ts';
import { wrapSqlite } from '../../../electron/core/engines/sqlite/agent/connection.ts';
import { fingerprintFiles } from '../../../electron/core/engines/sqlite/agent/fingerprint.ts';
import { closeFiles, openFiles } from '../../../electron/core/engines/sqlite/agent/hold.ts';
import type { OpenFile } from '../../../electron/core/engines/sqlite/agent/hold.ts';
import { looksEncrypted } from '../../../electron/core/engines/sqlite/header.ts';
import { recogniseNative } from '../../../electron/core/engines/sqlite/native.ts';
import { Wrong } from '../target.ts';
import type { FuzzTarget } from '../target.ts';
import { scratchFile } from './scratch.ts';

/** A database of a few pages with one of each kind of object. */
function database(make: string, pageSize: number): Uint8Array {
  const file = scratchFile('seed.sqlite', new Uint8Array(0));
  rmSync(file);
  const db = new Database(file);
  db.pragma(`page_size = ${pageSize}`);
  db.exec(make);
  db.close();
  return readFileSync(file);
}

const plain = `
CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b BLOB, c REAL, g AS (a || 'x'), s AS (c * 2) STORED);
CREATE INDEX i ON t(a, c DESC) WHERE b IS NOT NULL;
CREATE VIEW v AS SELECT a, count(*) FROM t GROUP BY a;
CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET c = 1 WHERE id = new.id; END;
CREATE TABLE w(k TEXT PRIMARY KEY, n INT) WITHOUT ROWID;
CREATE TABLE q(id INTEGER PRIMARY KEY AUTOINCREMENT, t REFERENCES t(id)) STRICT;
INSERT INTO t(a, b, c) VALUES ('one', x'00ff', 1.5), ('two', NULL, -0.0), ('three', zeroblob(700), 1e300);
INSERT INTO w VALUES ('k', 1), ('l', 2);
`.replace(' STRICT', '');
const searching = `
CREATE VIRTUAL TABLE f USING fts5(a, b);
INSERT INTO f VALUES ('some words', 'to find'), ('and others', 'too');
CREATE VIRTUAL TABLE o USING rtree(id, x0, x1);
INSERT INTO o VALUES (1, 0, 1), (2, 1, 3);
`;

async function readAll(path: string): Promise<void> {
  await sqlite(() => Promise.resolve(recogniseNative(path)));
  let files: readonly OpenFile[] = [];
  await sqlite(() => {
    files = openFiles([{ name: 'main', path, real: path, access: 'read' }], 0);
  });
  try {
    await sqlite(() => fileFacts(files));
    await sqlite(() => inventoryOf(files));
    await sqlite(() =>
      fingerprintFiles(
        files,
        () => undefined,
        () => undefined,
      ),
    );
    await sqlite(() => selfChecks(files));
    for (const name of ['t', 'w', 'v', 'f', 'o']) await sqlite(() => browsePage(files, name, 0, 10, null));
  } finally {
    closeFiles(files);
  }
}

/** As the agent: what SQLite refuses is told as an error of ours. */
async function sqlite(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    const told = wrapSqlite(error);
    if (!isAppError(told)) throw told;
  }
}

export const sqliteTargets: readonly FuzzTarget[] = [
  {
    name: 'sqlite-file',
    title: 'a database file: recognised, opened, fingerprinted, checked, looked into',
    form: 'bytes',
    weight: 0.6,
    seeds: () => [database(plain, 512), database(plain, 1024), database(searching, 512)],
    run: (input) => {
      looksEncrypted(Buffer.from(input.subarray(0, 4096)), input.length);
      return readAll(scratchFile('file.sqlite', input));
    },
  },
  {
    name: 'sqlite-schema',
    title: 'a database whose schema was written by hand',
    form: 'text',
    words: [
      ...[
        'CREATE TABLE ',
        'CREATE VIEW v AS ',
        'CREATE TRIGGER r AFTER INSERT ON t BEGIN ',
        ' END',
        'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 100) SELECT * FROM n',
        "load_extension('/x')",
      ],
      ...[
        "writefile('/x','y')",
        'ATTACH ',
        'PRAGMA ',
        'USING fts5(a)',
        'USING missing(a)',
        'GENERATED ALWAYS AS (',
        'COLLATE none',
        'REFERENCES t',
        'WITHOUT ROWID',
        '"',
        "'",
        '(',
        ')',
        ',',
        '--',
        '/*',
        '\u0000',
      ],
    ],
    weight: 0.4,
    largest: 4096,
    seeds: () =>
      plain
        .split('\n')
        .filter((line) => line.startsWith('CREATE'))
        .map((line) => Buffer.from(line.replace(/;$/, ''))),
    run: (input) => {
      const path = scratchFile('schema.sqlite', new Uint8Array(0));
      rmSync(path);
      const db = new Database(path).unsafeMode(true);
      try {
        db.exec('CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 2), (3, NULL); PRAGMA writable_schema = ON');
        db.prepare("INSERT INTO sqlite_schema(type, name, tbl_name, rootpage, sql) VALUES (?, 'x', 't', 2, ?)").run(
          ['table', 'view', 'trigger', 'index'][(input[0] ?? 0) % 4],
          Buffer.from(input).toString('utf8'),
        );
      } finally {
        db.close();
      }
      return readAll(path);
    },
  },
  {
    name: 'sqlite-wal',
    title: 'a log beside a database file',
    form: 'bytes',
    weight: 0.3,
    seeds: () => [wal()],
    run: async (input) => {
      const path = scratchFile('logged.sqlite', logged.main);
      rmSync(`${path}-shm`, { force: true });
      scratchFile('logged.sqlite-wal', input);
      await readAll(path);
      if (readFileSync(path).length > logged.main.length + input.length) throw new Wrong('Reading made the file longer.');
    },
  },
];

const logged = { main: new Uint8Array(0) };

function wal(): Uint8Array {
  const file = scratchFile('wal.sqlite', new Uint8Array(0));
  rmSync(file);
  const db = new Database(file);
  db.pragma('page_size = 512');
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE t(a); INSERT INTO t VALUES (1)');
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.exec("INSERT INTO t VALUES ('in the log'), (zeroblob(900))");
  const log = readFileSync(`${file}-wal`);
  logged.main = readFileSync(file);
  db.close();
  return log;
}
