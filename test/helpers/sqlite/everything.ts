import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

export interface Shape {
  readonly pageSize: number;
  readonly encoding: 'UTF-8' | 'UTF-16le' | 'UTF-16be';
  readonly autoVacuum: 0 | 1 | 2;
  readonly journal: 'delete' | 'truncate' | 'persist' | 'memory' | 'off' | 'wal';
  /** Bytes at the end of each page that SQLite leaves alone. */
  readonly reserved?: number;
}

/** A database with one of everything that must survive a round trip. */
export function makeEverything(path: string, shape: Shape): void {
  if (shape.reserved !== undefined) makeReserved(path, shape);
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: false, defensive: false });
  try {
    db.exec(`PRAGMA page_size = ${shape.pageSize}; PRAGMA encoding = '${shape.encoding}'; PRAGMA auto_vacuum = ${shape.autoVacuum};`);
    db.exec(`PRAGMA journal_mode = ${shape.journal}; PRAGMA user_version = -77; PRAGMA application_id = 1179925345;`);
    db.exec(objects);
    fillValues(db);
    fillSearch(db);
    db.exec(`
      INSERT INTO gaps (word) VALUES ('one'), ('two'), ('three'), ('four');
      DELETE FROM gaps WHERE word IN ('one', 'two');
      INSERT INTO numbered (word) VALUES ('a'), ('b'), ('c');
      DELETE FROM numbered WHERE id = 3;
      INSERT INTO keyed VALUES ('b', 2, 'x'), ('a', 1, 'y'), ('A', 1, 'z');
      INSERT INTO exact VALUES (1, 2.5, 'text', x'00ff', 'any');
      INSERT INTO computed (width, height) VALUES (3, 4), (5, 6);
      INSERT INTO children VALUES (1, 1), (2, 999);
      INSERT INTO parents VALUES (1, 'there');
      INSERT INTO wide (c0, c1999) VALUES (1, 'last');
      INSERT INTO "sp'ec""ial\nname" VALUES (1);
      CREATE TABLE gone (body BLOB);
      INSERT INTO gone SELECT randomblob(3000) FROM json_each('[1,2,3,4,5,6,7,8]');
      DROP TABLE gone;
      ANALYZE;
    `);
    plantForeign(db);
  } finally {
    db.close();
  }
}

/** An empty database whose pages keep some bytes back: SQLite takes it from the header, no statement sets it. */
function makeReserved(path: string, shape: Shape): void {
  const reserved = shape.reserved ?? 0;
  const db = new DatabaseSync(path);
  db.exec(
    `PRAGMA page_size = ${shape.pageSize}; PRAGMA encoding = '${shape.encoding}'; PRAGMA auto_vacuum = ${shape.autoVacuum}; CREATE TABLE t (a); DROP TABLE t;`,
  );
  if (shape.autoVacuum === 0) db.exec('VACUUM');
  db.close();
  const bytes = readFileSync(path).subarray(0, shape.pageSize);
  bytes[20] = reserved;
  bytes.writeUInt16BE(shape.pageSize - reserved, 105);
  bytes.writeUInt32BE(1, 28);
  bytes.writeUInt32BE(0, 32);
  bytes.writeUInt32BE(0, 36);
  writeFileSync(path, bytes);
}

const wideColumns = Array.from({ length: 2000 }, (_, i) => `c${i}`).join();

const objects = `
  CREATE TABLE vals (id INTEGER PRIMARY KEY, any_, i INTEGER, t TEXT, r REAL, n NUMERIC, b BLOB);
  CREATE TABLE gaps (word TEXT);
  CREATE TABLE numbered (id INTEGER PRIMARY KEY AUTOINCREMENT, word TEXT);
  CREATE TABLE keyed (a TEXT COLLATE NOCASE, b INTEGER, c TEXT COLLATE BINARY, PRIMARY KEY (a, c)) WITHOUT ROWID;
  CREATE TABLE downwards (a INTEGER, b TEXT, PRIMARY KEY (a DESC)) WITHOUT ROWID;
  INSERT INTO downwards VALUES (1, 'x'), (2, 'y'), (-3, 'z');
  CREATE TABLE hidden (rowid TEXT, _rowid_ TEXT, oid TEXT);
  INSERT INTO hidden VALUES ('a', 'b', 'c'), ('d', 'e', 'f');
  CREATE TABLE exact (i INT, r REAL, t TEXT, b BLOB, a ANY) STRICT;
  CREATE TABLE computed (width INTEGER, height INTEGER, area INTEGER GENERATED ALWAYS AS (width * height) STORED, edge INTEGER AS (2 * (width + height)) VIRTUAL);
  CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT CHECK (length(name) > 0));
  CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);
  CREATE TABLE loop_a (id INTEGER PRIMARY KEY, other INTEGER REFERENCES loop_b (id));
  CREATE TABLE loop_b (id INTEGER PRIMARY KEY, other INTEGER REFERENCES loop_a (id));
  CREATE TABLE wide (${wideColumns});
  CREATE TABLE empty (a, b);
  CREATE TABLE "sp'ec""ial\nname" ("co""l'umn" INTEGER);
  CREATE UNIQUE INDEX by_word ON gaps (word COLLATE NOCASE DESC) WHERE word IS NOT NULL;
  CREATE INDEX by_length ON gaps (length(word), word);
  CREATE VIEW both AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3) SELECT x, word FROM c, gaps;
  CREATE TRIGGER on_view INSTEAD OF INSERT ON both BEGIN INSERT INTO gaps (word) VALUES (new.word); END;
  CREATE TRIGGER after_word AFTER UPDATE OF word ON gaps WHEN new.word <> old.word BEGIN UPDATE numbered SET word = new.word WHERE id = 1; END;
`;

/** Values that reading in the usual way would lose. */
export const oddValues = [
  'NULL',
  '0',
  '-0.0',
  '0.0',
  '1',
  '1.0',
  "'1'",
  "x'31'",
  '9223372036854775807',
  '-9223372036854775808',
  '9007199254740993',
  '9007199254740992.0',
  '1e-320',
  '4.9e-324',
  '1.7976931348623157e308',
  '9e999',
  '-9e999',
  '0.1',
  '0.30000000000000004',
  '0.3',
  "''",
  "x''",
  'zeroblob(70000)',
  "CAST(x'610062' AS TEXT)",
  "CAST(x'00' AS TEXT)",
  "CAST(x'fffe80' AS TEXT)",
  "CAST(x'd800' AS TEXT)",
  "CAST(x'efbfbd' AS TEXT)",
  "'quote '' double \" back \\ slash'",
  'char(9, 10, 13, 127, 1)',
  "'e' || char(769)",
  'char(233)',
  'char(128512)',
  "printf('%.*c', 200000, 'x')",
  'randomblob(5000)',
  "'[1,2]'",
  "'null'",
  "'1e5'",
] as const;

function fillValues(db: DatabaseSync): void {
  // Real zero with a sign and the like only keep their form as bound values or computed ones.
  for (const odd of oddValues) db.exec(`INSERT INTO vals (any_, i, t, r, n, b) VALUES (${odd}, ${odd}, ${odd}, ${odd}, ${odd}, ${odd})`);
  db.prepare('INSERT INTO vals (id, any_, r) VALUES (?, ?, ?)').run(-5n, -0, -0);
  db.prepare('INSERT INTO vals (id, any_) VALUES (?, ?)').run(9223372036854775807n, 5e-324);
  db.prepare('INSERT INTO vals (id, any_) VALUES (?, ?)').run(-9223372036854775808n, Number.NaN);
}

function fillSearch(db: DatabaseSync): void {
  db.exec(`
    CREATE VIRTUAL TABLE search3 USING fts3(title, body);
    CREATE VIRTUAL TABLE search4 USING fts4(title, body, tokenize=porter, prefix='2,3');
    CREATE VIRTUAL TABLE search5 USING fts5(title, body, tokenize='unicode61 remove_diacritics 2');
    CREATE VIRTUAL TABLE contentless USING fts5(body, content='');
    CREATE TABLE articles (id INTEGER PRIMARY KEY, body TEXT);
    CREATE VIRTUAL TABLE external USING fts5(body, content='articles', content_rowid='id');
    CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, y0, y1, +label TEXT);
    CREATE VIRTUAL TABLE shapes USING geopoly(label);
    INSERT INTO articles (body) VALUES ('the quick brown fox'), ('jumps over');
    INSERT INTO external (rowid, body) SELECT id, body FROM articles;
    INSERT INTO contentless (rowid, body) VALUES (1, 'only the index');
    INSERT INTO boxes VALUES (1, 0.5, 1.5, -2, 2, 'box'), (2, 10, 11, 10, 11, 'other');
    INSERT INTO shapes (_shape, label) VALUES ('[[0,0],[1,0],[0.5,1],[0,0]]', 'triangle');
  `);
  for (const table of ['search3', 'search4', 'search5']) {
    const insert = db.prepare(`INSERT INTO ${table} (title, body) VALUES (?, ?)`);
    for (let i = 0; i < 50; i += 1) insert.run(`title ${i}`, `body of ${i} with words like belay, rope and ${i * 7}`);
  }
}

/** Objects of libraries that are not there: a virtual table of an unknown module, a column and an index with an unknown collation. */
function plantForeign(db: DatabaseSync): void {
  db.exec(`
    CREATE TABLE foreign_collation (a TEXT, b TEXT);
    CREATE INDEX foreign_index ON foreign_collation (b);
    INSERT INTO foreign_collation VALUES ('x', 'y'), ('z', 'w');
    CREATE TABLE foreign_key_order (k TEXT, v TEXT, PRIMARY KEY (k)) WITHOUT ROWID;
    INSERT INTO foreign_key_order VALUES ('k1', 'v1'), ('k2', 'v2');
    PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = 'CREATE TABLE foreign_collation (a TEXT COLLATE unicode_nocase, b TEXT)' WHERE name = 'foreign_collation';
    UPDATE sqlite_schema SET sql = 'CREATE INDEX foreign_index ON foreign_collation (b COLLATE localized)' WHERE name = 'foreign_index';
    UPDATE sqlite_schema SET sql = 'CREATE TABLE foreign_key_order (k TEXT COLLATE localized, v TEXT, PRIMARY KEY (k)) WITHOUT ROWID' WHERE name = 'foreign_key_order';
    INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('table', 'foreign_module', 'foreign_module', 0, 'CREATE VIRTUAL TABLE foreign_module USING spellfix1');
    CREATE TABLE foreign_module_vocab (id INTEGER PRIMARY KEY, word TEXT);
    INSERT INTO foreign_module_vocab (word) VALUES ('belay');
  `);
}
