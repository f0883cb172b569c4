import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

interface WriteOptions {
  readonly rows?: number;
  /** How long locks of others are waited for, milliseconds. */
  readonly patience?: number;
  /** Told the hash of the new state before anybody else can see it. */
  readonly before?: (content: string) => void;
}

/** Writes a state of that number into a database, made where it is missing; every state differs from every other. Returns its hash. */
export function writeState(path: string, state: number, options: WriteOptions = {}): string {
  const { rows = 400, patience = 60_000, before } = options;
  const database = new DatabaseSync(path, { timeout: patience });
  try {
    database.exec('BEGIN IMMEDIATE');
    database.exec('CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, label TEXT, amount REAL)');
    database.exec('CREATE TABLE IF NOT EXISTS history (state INTEGER)');
    const insert = database.prepare('INSERT OR REPLACE INTO items VALUES (?, ?, ?)');
    for (let id = 0; id < rows; id += 1) if ((id + state) % 3 > 0) insert.run(id, `item ${id} of state ${state} ${'x'.repeat((id * state) % 900)}`, id * state);
    database.prepare('INSERT INTO history VALUES (?)').run(state);
    const content = hashOf(database);
    before?.(content);
    database.exec('COMMIT');
    return content;
  } finally {
    database.close();
  }
}

/** Hash of a database's rows, by code that the product does not share. Throws where the file is no sound database. */
export function contentOf(path: string, patience = 60_000): string {
  if (!existsSync(path)) throw new Error(`${path} is gone`);
  const database = new DatabaseSync(path, { readOnly: true, timeout: patience });
  try {
    database.exec('BEGIN');
    const check = JSON.stringify(database.prepare('PRAGMA integrity_check').all());
    if (check !== '[{"integrity_check":"ok"}]') throw new Error(`${path} is damaged: ${check}`);
    return hashOf(database);
  } finally {
    database.close();
  }
}

/** Whether somebody else's lock is why a database was not read or written. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && [5, 6].includes(error.errcode & 0xff);
}

function hashOf(database: DatabaseSync): string {
  const hash = createHash('sha256');
  for (const table of ['items', 'history']) hash.update(JSON.stringify(database.prepare(`SELECT rowid, * FROM ${table} ORDER BY rowid`).all()));
  return hash.digest('hex');
}
