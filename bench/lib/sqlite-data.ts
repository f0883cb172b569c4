import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { dice } from '../../electron/core/engines/sqlite/demo/random.ts';
import type { Dice } from '../../electron/core/engines/sqlite/demo/random.ts';
import { cities, familyNames, givenNames, prose } from '../../electron/core/engines/sqlite/demo/words.ts';

export interface BenchDatabase {
  readonly bytes: number;
  readonly rows: number;
}

export interface ChurnOptions {
  /** Part of the rows to change, 0.01 for one in a hundred. */
  readonly fraction: number;
  /** `random`: rows picked uniformly over the whole table; `clustered`: four runs of neighbours. */
  readonly mode: 'random' | 'clustered';
  readonly seed: number;
}

export interface Churned {
  readonly updated: number;
  readonly inserted: number;
  readonly deleted: number;
}

const schema = `
CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, city TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE documents (
  id INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES accounts (id),
  reference TEXT NOT NULL,
  status TEXT NOT NULL,
  amount REAL NOT NULL,
  attributes TEXT NOT NULL,
  body TEXT,
  thumbnail BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
`;
const indexes = `
CREATE INDEX documents_of_account ON documents (account_id, created_at);
CREATE UNIQUE INDEX documents_reference ON documents (reference);
CREATE INDEX documents_open ON documents (created_at) WHERE status = 'open';
`;
const start = Date.UTC(2024, 0, 1);
const statuses = ['done', 'done', 'done', 'open', 'failed'] as const;
/** Bytes of file that one row of `documents` costs, indexes and its share of accounts included. Measured. */
const bytesPerRow = 538;

/**
 * Makes a database of about `bytes` at `path`, which must not exist: one wide table of mixed widths (JSON, running text, keys,
 * amounts, timestamps, small incompressible blobs), a table of accounts, three indexes; pages of 4 KiB, journal mode WAL,
 * closed cleanly. The same seed makes the same file. zstd makes it three to four times smaller, as such tables do.
 */
export function makeBenchDatabase(path: string, bytes: number, seed: number): BenchDatabase {
  const rows = Math.max(100, Math.round(bytes / bytesPerRow));
  const random = dice(seed);
  const database = new Database(path);
  try {
    database.exec('PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536');
    database.exec(schema);
    const makeRow = rowMaker(random, accountsFor(rows));
    database.transaction(() => {
      const account = database.prepare('INSERT INTO accounts VALUES (?, ?, ?, ?, ?)');
      for (let id = 1; id <= accountsFor(rows); id++) {
        const [given, family] = [random.pick(givenNames), random.pick(familyNames)];
        account.run(id, `${given} ${family}`, `${given}.${family}.${id}@example.org`.toLowerCase(), random.pick(cities), start + id * 60_000);
      }
      const document = database.prepare(insertDocument);
      for (let id = 1; id <= rows; id++) document.run(makeRow(id));
    })();
    database.exec(indexes);
    database.exec('ANALYZE');
    database.pragma('journal_mode = WAL');
  } finally {
    database.close();
  }
  return { bytes: statSync(path).size, rows };
}

/**
 * Changes rows of a database made by `makeBenchDatabase`: `fraction` of them get a new status, amount, attribute and time, and
 * a hundredth as many are inserted and deleted. Committed and checkpointed: the file alone holds everything. The same
 * seed changes the same rows.
 */
export function churn(path: string, { fraction, mode, seed }: ChurnOptions): Churned {
  const random = dice(seed);
  const database = new Database(path, { fileMustExist: true });
  try {
    database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -65536');
    const last = database.prepare<[], number>('SELECT max(id) FROM documents').pluck().get() ?? 0;
    const wanted = Math.max(1, Math.round(last * fraction));
    const few = Math.ceil(wanted / 100);
    const update = database.prepare(
      "UPDATE documents SET status = ?, amount = ?, updated_at = updated_at + ?, attributes = json_set(attributes, '$.revision', ?, '$.editor', ?) WHERE id = ?",
    );
    const makeRow = rowMaker(random, database.prepare<[], number>('SELECT max(id) FROM accounts').pluck().get() ?? 1);
    const counts = database.transaction(() => {
      let updated = 0;
      for (const id of pickIds(random, last, wanted, mode)) {
        updated += update.run(
          random.pick(statuses),
          random.whole(100, 5_000_000) / 100,
          random.whole(1, 9_999_999),
          random.whole(2, 99),
          random.pick(givenNames),
          id,
        ).changes;
      }
      const remove = database.prepare('DELETE FROM documents WHERE id = ?');
      let deleted = 0;
      for (const id of pickIds(random, last, few, mode)) deleted += remove.run(id).changes;
      const insert = database.prepare(insertDocument);
      for (let id = last + 1; id <= last + few; id++) insert.run(makeRow(id));
      return { updated, inserted: few, deleted };
    })();
    database.pragma('wal_checkpoint(TRUNCATE)');
    return counts;
  } finally {
    database.close();
  }
}

const insertDocument = 'INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';

function accountsFor(rows: number): number {
  return Math.max(1, Math.round(rows / 20));
}

/** Makes rows out of a stock of texts, so that the database is made at the speed of SQLite and not of this script. */
function rowMaker(random: Dice, accounts: number): (id: number) => unknown[] {
  const texts = Array.from({ length: 1_500 }, () => prose(random, random.whole(5, 60)));
  const noise = random.bytes(1 << 20);
  return (id) => {
    const createdAt = start + id * 7_000 + random.whole(0, 6_999);
    const at = random.whole(0, noise.length - 512);
    const attributes = JSON.stringify({
      revision: 1,
      editor: random.pick(givenNames),
      channel: random.skewed(['web', 'mail', 'phone', 'import']),
      priority: random.whole(1, 5),
      labels: [random.skewed(cities), random.skewed(cities)],
      session: noise.toString('hex', at, at + 6),
    });
    return [
      id,
      random.whole(1, accounts),
      `DOC-${noise.toString('hex', at + 16, at + 20)}-${id}`,
      random.pick(statuses),
      random.whole(100, 5_000_000) / 100,
      attributes,
      random.chance(0.85) ? `${random.skewed(texts)} ${random.pick(texts)}` : null,
      random.chance(0.06) ? noise.subarray(at, at + random.whole(64, 400)) : null,
      createdAt,
      createdAt + random.whole(0, 86_400_000),
    ];
  };
}

function pickIds(random: Dice, last: number, count: number, mode: ChurnOptions['mode']): Set<number> {
  const ids = new Set<number>();
  const most = Math.min(count, last);
  if (mode === 'random') {
    while (ids.size < most) ids.add(random.whole(1, last));
    return ids;
  }
  const runs = Math.min(4, most);
  for (let run = 0; run < runs; run++) {
    const length = Math.floor((most * (run + 1)) / runs) - Math.floor((most * run) / runs);
    const first = random.whole(1, Math.max(1, last - length));
    for (let id = first; id < first + length; id++) ids.add(id);
  }
  return ids;
}
