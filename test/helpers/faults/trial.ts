import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { BelayClient } from '../../../electron/contract/client.ts';
import { asHost } from './as-host.ts';

/**
 * One installation with one small database, put back to a known state before each trial. Everything lies below `folder`, always at
 * the same paths, since the data directory names them.
 */
export class Trial {
  readonly home: string;
  readonly database: string;
  /** Where a restore makes a new file. */
  readonly copy: string;
  readonly #folder: string;
  readonly #kept: string;

  constructor(folder: string, kept: string) {
    this.#folder = folder;
    this.#kept = kept;
    this.home = join(folder, 'home');
    this.database = join(folder, 'app', 'shop.db');
    this.copy = join(folder, 'app', 'copy.db');
  }

  /** The database in its state number `state`; states differ in every table. */
  write(state: number, rows = 2000): void {
    mkdirSync(join(this.#folder, 'app'), { recursive: true });
    const database = new DatabaseSync(this.database);
    database.exec('CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, label TEXT, amount REAL)');
    database.exec('CREATE TABLE IF NOT EXISTS history (state INTEGER)');
    database.exec('BEGIN');
    const insert = database.prepare('INSERT OR REPLACE INTO items VALUES (?, ?, ?)');
    for (let id = 0; id < rows; id += 1) if (id % (state + 1) === 0) insert.run(id, `item ${id} of state ${state}`, id * state);
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

  /** Opens the data directory as the next command would, in this process, and gives it back. */
  asHost<T>(work: (client: BelayClient) => Promise<T>): Promise<T> {
    return asHost(this.home, work);
  }

  /** A repository, the database as a source, and one snapshot of it. */
  async prepare(): Promise<string> {
    return this.asHost(async (client) => {
      await client.call('repository.init', {});
      await client.call('sources.add', { name: 'shop', location: { path: this.database }, baseFolder: '/' });
      const { snapshot } = await client.call('snapshot.create', { source: 'shop', level: 'captured' });
      return snapshot?.id ?? '';
    });
  }

  /** Exports a snapshot and returns its content's hash. */
  async exported(client: BelayClient, snapshot: string): Promise<string> {
    const to = join(this.#folder, 'app', 'shop.db.exported.sqlite');
    rmSync(to, { force: true });
    await client.call('export', { snapshot, to });
    const content = this.content(to);
    rmSync(to);
    return content;
  }

  /** Names of the copies for undo that lie beside the database. */
  undoFiles(): string[] {
    return readdirSync(join(this.#folder, 'app')).filter((name) => name.startsWith('.belay-undo'));
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
    const beside = readdirSync(join(this.#folder, 'app')).filter(
      (name) => !/^(shop|copy)\.db(-wal|-shm|-journal)?$/.test(name) && !name.startsWith('.belay-undo'),
    );
    return [
      ...below(join(this.home, 'tmp')).map((name) => `home/tmp/${name}`),
      ...below(join(this.home, 'repository', 'tmp')).map((name) => `repository/tmp/${name}`),
      ...beside,
    ];
  }
}

/** Ids of the snapshots that are listed, oldest first. */
export async function listed(client: BelayClient): Promise<string[]> {
  const { snapshots } = await client.call('snapshot.list', {});
  return snapshots.map((one) => one.id).toReversed();
}
