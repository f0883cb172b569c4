import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashTable } from '../../../electron/core/engines/sqlite/agent/hash-table.ts';
import { readTable } from '../../../electron/core/engines/sqlite/agent/schema.ts';
import { oddValues } from '../../helpers/sqlite/everything.ts';

type Db = Database.Database;
type Encoding = 'UTF-8' | 'UTF-16le' | 'UTF-16be';

function memory(encoding: Encoding = 'UTF-8'): Db {
  const db = new Database(':memory:');
  db.pragma(`encoding = '${encoding}'`);
  return db;
}

async function hashOf(db: Db, table = 't'): Promise<string> {
  const { rows, hash } = await hashTable(db, readTable(db, table), db.pragma('encoding', { simple: true }) !== 'UTF-8', () => undefined);
  expect(rows).toBe(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  return hash;
}

/** The table's content exactly, by another way than the hash's. */
function exactly(db: Db, columns: readonly string[]): string {
  const cells = columns.map(
    (name) => `typeof(${name}), CASE typeof(${name}) WHEN 'real' THEN ${name} WHEN 'integer' THEN CAST(${name} AS TEXT) ELSE hex(CAST(${name} AS BLOB)) END`,
  );
  const rows = db.prepare(`SELECT ${cells.join()} FROM t`).raw().all();
  return JSON.stringify(rows, (_key, cell: unknown) => (typeof cell === 'number' ? Buffer.from(new Float64Array([cell]).buffer).toString('hex') : cell));
}

const shapes = [
  'id INTEGER PRIMARY KEY, a, b TEXT, c INTEGER, d REAL, e BLOB, f NUMERIC',
  'a, b TEXT, c INTEGER, d REAL, e BLOB, f NUMERIC',
  'k TEXT PRIMARY KEY, a, b TEXT, c INTEGER, d REAL, e BLOB, f NUMERIC',
] as const;
const columns = ['a', 'b', 'c', 'd', 'e', 'f'] as const;

/** A cell as SQL text: odd ones, and arbitrary ones of each type. */
const cell = fc.oneof(
  fc.constantFrom(...oddValues.filter((odd) => !odd.includes('random'))),
  fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Number.isInteger(number) ? number.toExponential() : String(number))),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => `x'${Buffer.from(bytes).toString('hex')}'`),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => `CAST(x'${Buffer.from(bytes).toString('hex')}' AS TEXT)`),
);
const row = fc.array(cell, { minLength: columns.length, maxLength: columns.length });

function fill(db: Db, shape: string, rows: readonly (readonly string[])[]): void {
  db.exec(`CREATE TABLE t (${shape})${shape.startsWith('k ') ? ' WITHOUT ROWID' : ''}`);
  for (const [i, values] of rows.entries()) {
    const key = shape.startsWith('k ') ? `'key ${i}',` : '';
    db.exec(`INSERT INTO t (${key === '' ? '' : 'k,'}${columns.join()}) VALUES (${key}${values.join()})`);
  }
}

describe('two tables have one hash exactly where their content is the same', () => {
  for (const encoding of ['UTF-8', 'UTF-16le', 'UTF-16be'] as const) {
    for (const shape of shapes) {
      test(`${encoding}, ${shape}`, async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 8 }), fc.nat(), fc.nat(), cell, async (rows, which, where, other) => {
            const [one, two] = [memory(encoding), memory(encoding)];
            try {
              fill(one, shape, rows);
              const changed = rows.map((values, i) => values.map((value, j) => (i === which % rows.length && j === where % columns.length ? other : value)));
              fill(two, shape, changed);
              const same = exactly(one, columns) === exactly(two, columns);
              expect((await hashOf(one)) === (await hashOf(two))).toBe(same);
            } finally {
              one.close();
              two.close();
            }
          }),
          { numRuns: 120 },
        );
      });
    }
  }
});

describe('values that look alike', () => {
  const pairs: readonly (readonly [string, string])[] = [
    ['1', "'1'"],
    ['1', '1.0'],
    ['0.0', '-0.0'],
    ['0', 'NULL'],
    ["''", 'NULL'],
    ["''", "x''"],
    ["'a'", "x'61'"],
    ['9007199254740993', '9007199254740992'],
    ['9007199254740993', '9007199254740992.0'],
    ['0.1', '0.10000000000000002'],
    ['1e-320', '0.0'],
    ['9e999', '1.7976931348623157e308'],
    ["CAST(x'6100' AS TEXT)", "'a'"],
    ["CAST(x'610062' AS TEXT)", "CAST(x'610063' AS TEXT)"],
    ["CAST(x'ff' AS TEXT)", "CAST(x'efbfbd' AS TEXT)"],
    ["CAST(x'ff' AS TEXT)", "CAST(x'fe' AS TEXT)"],
    ["'null'", 'NULL'],
    ["'[1]'", "'[1,2]'"],
    ['char(233)', "'e' || char(769)"],
  ];
  for (const type of ['', 'TEXT', 'INTEGER', 'REAL', 'BLOB', 'NUMERIC', 'ANY']) {
    test(`in a column of type ${JSON.stringify(type)}`, async () => {
      for (const [a, b] of pairs) {
        const hashes: string[] = [];
        const contents: string[] = [];
        for (const literal of [a, b]) {
          const db = memory();
          db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, a ${type}); INSERT INTO t VALUES (1, 'x'), (2, ${literal === '-0.0' ? 'NULL' : literal})`);
          // A literal loses the sign of zero; a bound value keeps it.
          if (literal === '-0.0') db.prepare('UPDATE t SET a = ? WHERE id = 2').run(-0);
          contents.push(exactly(db, ['a']));
          hashes.push(await hashOf(db));
          db.close();
        }
        expect(hashes[0] === hashes[1], `${a} and ${b}`).toBe(contents[0] === contents[1]);
      }
    });
  }

  test('text that is not valid UTF-16', async () => {
    for (const encoding of ['UTF-16le', 'UTF-16be'] as const) {
      const hashes = new Set<string>();
      const texts = encoding === 'UTF-16le' ? ['00d8', '01d8', '00dc', 'fdff', '00d800d8'] : ['d800', 'd801', 'dc00', 'fffd', 'd800d800'];
      for (const hex of texts) {
        const db = memory(encoding);
        db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, CAST(x'${hex}' AS TEXT))`);
        hashes.add(await hashOf(db));
        db.close();
      }
      expect(hashes.size, encoding).toBe(texts.length);
    }
  });

  test('what is in one column is not in its neighbour', async () => {
    const hashes = new Set<string>();
    for (const values of ["('ab', 'c')", "('a', 'bc')", "('abc', '')", "('', 'abc')", "('abc', NULL)", "(NULL, 'abc')", `('a","b', 'c')`, `('a', 'b","c')`]) {
      const db = memory();
      db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); INSERT INTO t (a, b) VALUES ${values}`);
      hashes.add(await hashOf(db));
      db.close();
    }
    expect(hashes.size).toBe(8);
  });

  test('neither is a blob in its neighbouring row', async () => {
    const hashes = new Set<string>();
    for (const values of ["(x'6162'), (x'63')", "(x'61'), (x'6263')", "(x'616263'), (x'')", "(x'616263'), (NULL)", "(NULL), (x'616263')"]) {
      const db = memory();
      db.exec(`CREATE TABLE t (a BLOB); INSERT INTO t VALUES ${values}`);
      hashes.add(await hashOf(db));
      db.close();
    }
    expect(hashes.size).toBe(5);
  });
});

describe('how the rows lie does not matter, which they are does', () => {
  const big = (db: Db, order: string): void => {
    db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT, number REAL, bytes BLOB);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
      INSERT INTO t SELECT i * i * 3 - 7, 'word ' || i || CASE i % 700 WHEN 0 THEN printf('%.*c', 300000, 'x') ELSE '' END, i / 3.0, CAST('blob' || i AS BLOB) FROM n ORDER BY ${order};`);
  };

  test('order of insertion, page size and holes', async () => {
    const hashes = new Set<string>();
    for (const [order, pageSize] of [
      ['i', 4096],
      ['-i', 512],
      ['i * 7919 % 5000', 65_536],
    ] as const) {
      const db = memory();
      db.pragma(`page_size = ${pageSize}`);
      big(db, order);
      hashes.add(await hashOf(db));
      db.close();
    }
    expect(hashes.size).toBe(1);
  });

  test('one of many rows changed, moved, lost or doubled', async () => {
    const hashes = new Set<string>();
    const changes = [
      '',
      "UPDATE t SET word = word || '.' WHERE word LIKE 'word 4321%'",
      'UPDATE t SET id = id + 1 WHERE id = (SELECT max(id) FROM t)',
      'UPDATE t SET id = id - 1 WHERE id = (SELECT min(id) FROM t)',
      'DELETE FROM t WHERE id = (SELECT id FROM t LIMIT 1 OFFSET 2500)',
      'INSERT INTO t SELECT id + 1, word, number, bytes FROM t LIMIT 1 OFFSET 2500',
      'UPDATE t SET number = number + 1e-9 WHERE id = (SELECT id FROM t LIMIT 1 OFFSET 4999)',
      "UPDATE t SET bytes = x'00' WHERE id = (SELECT id FROM t LIMIT 1 OFFSET 255)",
      "UPDATE t SET bytes = 'text' WHERE id = (SELECT id FROM t LIMIT 1 OFFSET 256)",
    ];
    for (const change of changes) {
      const db = memory();
      big(db, 'i');
      db.exec(change);
      hashes.add(await hashOf(db));
      db.close();
    }
    expect(hashes.size).toBe(changes.length);
  });

  test('a key that runs over all of 64 bits', async () => {
    const db = memory();
    db.exec(
      'CREATE TABLE t (a TEXT); INSERT INTO t (rowid, a) VALUES (-9223372036854775808, 1), (-1, 2), (0, 3), (1, 4), (4611686018427387904, 5), (9223372036854775807, 6)',
    );
    const before = await hashOf(db);
    db.exec('UPDATE t SET rowid = 4611686018427387905 WHERE a = 5');
    expect(await hashOf(db)).not.toBe(before);
    db.close();
  });
});

test('known answers: a library that prints or orders values differently would make old snapshots look unequal', async () => {
  const db = memory();
  db.exec(`
    CREATE TABLE plain (id INTEGER PRIMARY KEY, t TEXT, i INTEGER);
    INSERT INTO plain VALUES (1, 'quote " back \\ tab' || char(9, 127, 1, 8232) || CAST(x'00ff' AS TEXT), -9223372036854775808), (2, NULL, 0), (3, '', 42);
    CREATE TABLE lanes (i INTEGER, r REAL, b BLOB, x);
    INSERT INTO lanes VALUES (1, 0.1, x'00ff', 'text'), (2, -1e-320, NULL, 1.5), (NULL, 9e999, x'', x'01');
    CREATE TABLE keyed (k TEXT, n INTEGER, v, PRIMARY KEY (k, n)) WITHOUT ROWID;
    INSERT INTO keyed VALUES ('b', 1, 'x'), ('a', 2, 2), ('a', 1, NULL);
  `);
  expect(await hashOf(db, 'plain')).toBe('ca934b8553e484b9909a334dfa0af9efbc3daf57db93ba2291b92fc46fdda01d');
  expect(await hashOf(db, 'lanes')).toBe('55614ccc8b5528d83854858b1366bf1991aa21787732fc8ed4bb72aa3faa5c49');
  expect(await hashOf(db, 'keyed')).toBe('6b1fc05e61d050ca8adff7989794681a9e1ac0473b9e2b30e03061e5622a2546');
  const wide = memory('UTF-16le');
  wide.exec("CREATE TABLE t (a TEXT, b INTEGER); INSERT INTO t VALUES ('é' || CAST(x'00d8' AS TEXT), 7), (NULL, NULL)");
  expect(await hashOf(wide)).toBe('f20f51f881f666e88962b19b8b6424cc704f959f7d181c961e260d391baf37ef');
  db.close();
  wide.close();
});
