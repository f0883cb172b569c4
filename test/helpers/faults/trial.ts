import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { belay } from './preload.ts';

/**
 * One installation with one small database, put back to a known state before each trial. Everything lies below `folder`, always at
 * the same paths, since the data directory names them.
 */
export class Trial {
  readonly home: string;
  readonly database: string;
  readonly #folder: string;
  readonly #kept: string;

  constructor(folder: string, kept: string) {
    this.#folder = folder;
    this.#kept = kept;
    this.home = join(folder, 'home');
    this.database = join(folder, 'app', 'shop.db');
  }

  /** The database in its state number `state`; states differ in every table. */
  write(state: number): void {
    mkdirSync(join(this.#folder, 'app'), { recursive: true });
    const database = new DatabaseSync(this.database);
    database.exec('CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, label TEXT, amount REAL)');
    database.exec('CREATE TABLE IF NOT EXISTS history (state INTEGER)');
    database.exec('BEGIN');
    const insert = database.prepare('INSERT OR REPLACE INTO items VALUES (?, ?, ?)');
    for (let id = 0; id < 2000; id += 1) if (id % (state + 1) === 0) insert.run(id, `item ${id} of state ${state}`, id * state);
    database.prepare('INSERT INTO history VALUES (?)').run(state);
    database.exec('COMMIT');
    database.close();
  }

  /** Hash of the database's rows, by code that the product does not share. */
  content(path = this.database): string {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const check = database.prepare('PRAGMA integrity_check').all();
      if (JSON.stringify(check) !== '[{"integrity_check":"ok"}]') throw new Error(`${path} is damaged: ${JSON.stringify(check)}`);
      const hash = createHash('sha256');
      for (const table of ['items', 'history']) hash.update(JSON.stringify(database.prepare(`SELECT rowid, * FROM ${table} ORDER BY rowid`).all()));
      return hash.digest('hex');
    } finally {
      database.close();
    }
  }

  keep(): void {
    rmSync(this.#kept, { recursive: true, force: true });
    cpSync(this.#folder, this.#kept, { recursive: true, preserveTimestamps: true, filter: (source) => !source.endsWith('lost+found') });
  }

  putBack(): void {
    for (const name of readdirSync(this.#folder)) if (name !== 'lost+found') rmSync(join(this.#folder, name), { recursive: true, force: true });
    cpSync(this.#kept, this.#folder, { recursive: true, preserveTimestamps: true });
  }

  /** Exports a snapshot and returns its content's hash. */
  async exported(snapshot: string): Promise<string> {
    const to = join(this.#folder, `export-${snapshot}.db`);
    rmSync(to, { force: true });
    await belay(['export', snapshot, '--to', to], this.home);
    const content = this.content(to);
    rmSync(to);
    return content;
  }

  /** Ids of the snapshots that are listed, oldest first. */
  async listed(): Promise<string[]> {
    const { snapshots } = await belay(['list'], this.home);
    if (!Array.isArray(snapshots)) throw new Error('no list');
    return snapshots.map((one: { id: string }) => one.id).toReversed();
  }

  /** Names of leftovers: temporary files in the repository or the data directory, half copies beside the database. */
  leftovers(): string[] {
    const below = (folder: string): string[] => {
      try {
        return readdirSync(folder, { recursive: true }).map(String);
      } catch {
        return [];
      }
    };
    const beside = readdirSync(join(this.#folder, 'app')).filter((name) => !name.startsWith('shop.db') && !name.startsWith('.belay-undo'));
    return [...below(join(this.home, 'tmp')).map((name) => `home/tmp/${name}`), ...below(join(this.home, 'repository', 'tmp')).map((name) => `repository/tmp/${name}`), ...beside];
  }
}

/** A file's SHA-256. */
export function fileHash(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
