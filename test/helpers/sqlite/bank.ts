import type { DatabaseSync } from 'node:sqlite';
import { run, withDatabase } from './database.ts';

/**
 * A database whose content obeys laws that every committed state keeps and hardly any torn one does: the sum of all balances is
 * constant, each transfer has exactly two entries, and the number of entries is kept in a counter.
 */
export const accounts = 200;
export const startBalance = 1000;

export function makeBank(path: string, options: { readonly journal: string; readonly filler?: number; readonly pageSize?: number }): void {
  withDatabase(path, (db) => {
    db.exec(`PRAGMA page_size = ${options.pageSize ?? 4096}; PRAGMA journal_mode = ${options.journal}; PRAGMA synchronous = OFF;`);
    db.exec(`
      CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT NOT NULL, balance INTEGER NOT NULL);
      CREATE TABLE transfers (id INTEGER PRIMARY KEY, note TEXT, at REAL);
      CREATE TABLE entries (transfer INTEGER NOT NULL REFERENCES transfers (id), account INTEGER NOT NULL REFERENCES accounts (id), amount INTEGER NOT NULL, padding BLOB);
      CREATE INDEX entries_of_transfer ON entries (transfer);
      CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
      INSERT INTO counters VALUES ('entries', 0);
      CREATE TABLE filler (id INTEGER PRIMARY KEY, body BLOB);
    `);
    db.exec('BEGIN');
    const insert = db.prepare('INSERT INTO accounts VALUES (?, ?, ?)');
    for (let id = 1; id <= accounts; id += 1) insert.run(id, `account ${id}`, startBalance);
    const fill = db.prepare('INSERT INTO filler VALUES (?, randomblob(900))');
    for (let id = 1; id <= (options.filler ?? 0); id += 1) fill.run(id);
    db.exec('COMMIT');
  });
}

/** One committed transfer. Touches pages all over the file. */
export function transfer(db: DatabaseSync, seed: number): void {
  const from = (seed * 7919) % accounts;
  const to = (from + 1 + ((seed * 104729) % (accounts - 1))) % accounts;
  const amount = (seed % 50) + 1;
  db.exec('BEGIN IMMEDIATE');
  try {
    const { lastInsertRowid } = db.prepare('INSERT INTO transfers (note, at) VALUES (?, ?)').run(`transfer ${seed}`, seed / 7);
    const entry = db.prepare('INSERT INTO entries VALUES (?, ?, ?, randomblob(120))');
    const move = db.prepare('UPDATE accounts SET balance = balance + ? WHERE id = ?');
    for (const [account, change] of [
      [from + 1, -amount],
      [to + 1, amount],
    ] as const) {
      move.run(change, account);
      entry.run(lastInsertRowid, account, change);
    }
    db.exec("UPDATE counters SET value = value + 2 WHERE name = 'entries'");
    db.prepare('UPDATE filler SET body = randomblob(900) WHERE id = 1 + (? % (SELECT max(1, count(*)) FROM filler))').run(seed * 31);
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

/** The laws that the content breaks, none for a state that was committed. */
export function brokenLaws(path: string): readonly string[] {
  return withDatabase(path, (db) => {
    const one = (sql: string): number => Number(Object.values(db.prepare(sql).get() ?? {})[0]);
    const broken: string[] = [];
    const total = one('SELECT sum(balance) FROM accounts');
    if (total !== accounts * startBalance) broken.push(`the balances sum up to ${total}`);
    if (one('SELECT count(*) FROM accounts') !== accounts) broken.push('accounts are missing');
    const odd = one(
      'SELECT count(*) FROM (SELECT t.id FROM transfers t LEFT JOIN entries e ON e.transfer = t.id GROUP BY t.id HAVING count(e.amount) <> 2 OR sum(e.amount) <> 0)',
    );
    if (odd !== 0) broken.push(`${odd} transfers without their two entries`);
    const orphans = one('SELECT count(*) FROM entries WHERE transfer NOT IN (SELECT id FROM transfers)');
    if (orphans !== 0) broken.push(`${orphans} entries without transfer`);
    const counted = one("SELECT value FROM counters WHERE name = 'entries'");
    const entries = one('SELECT count(*) FROM entries');
    if (counted !== entries) broken.push(`${entries} entries, counted ${counted}`);
    const unbalanced = one(
      `SELECT count(*) FROM accounts a WHERE balance <> ${startBalance} + (SELECT coalesce(sum(amount), 0) FROM entries e WHERE e.account = a.id)`,
    );
    if (unbalanced !== 0) broken.push(`${unbalanced} accounts that do not follow from their entries`);
    const check = String(Object.values(db.prepare('PRAGMA integrity_check').get() ?? {})[0]);
    if (check !== 'ok') broken.push(`integrity: ${check}`);
    return broken;
  });
}

export function plantIndex(path: string): void {
  run(path, 'CREATE INDEX planted_index ON accounts (name)');
}
