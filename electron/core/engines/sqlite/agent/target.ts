import { closeSync, fsyncSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { CancelledError } from '../../../base/errors.ts';
import { systemClock } from '../../../base/system.ts';
import { openConnection, pragmaNumber, sqliteCode, wrapSqlite, type Connection } from './connection.ts';
import { overwriteDatabase, stillBusy } from './overwrite.ts';

/** From one look at a locked target to the next. */
const pollMs = 20;

/** A database that will be overwritten, and the connection that keeps others from writing into it meanwhile. */
export class Target {
  readonly path: string;
  readonly #busyMs: number;
  readonly #db: Connection;
  /** Closed last: closing any descriptor of a file drops the locks that this process has on it. */
  readonly #bytes: number;
  #stamp = '';

  constructor(path: string, busyMs: number) {
    this.path = path;
    this.#busyMs = busyMs;
    this.#bytes = openSync(path, 'r');
    try {
      this.#db = openConnection(path, 'write', 0);
    } catch (error) {
      closeSync(this.#bytes);
      throw wrapSqlite(error);
    }
  }

  /** From here on nobody else writes. */
  lock(): void {
    this.#whenFree(() => this.#db.exec('BEGIN IMMEDIATE'));
  }

  #whenFree(work: () => unknown): void {
    const since = systemClock.monotonic();
    for (;;) {
      if (!process.connected) throw new CancelledError();
      try {
        work();
        return;
      } catch (error) {
        if (sqliteCode(error)?.startsWith('SQLITE_BUSY') !== true) throw wrapSqlite(error);
        if (systemClock.monotonic() - since > this.#busyMs) throw stillBusy(this.#busyMs);
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pollMs);
    }
  }

  unlock(): void {
    if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
  }

  /** Lets SQLite finish what a crash left beside the target, and remembers the state that `isUnchanged` compares with. */
  note(): void {
    this.#whenFree(() => pragmaNumber(this.#db, 'schema_version'));
    this.#stamp = this.#now();
  }

  /** Whether nobody has committed since `note`. To be asked while somebody's lock keeps everybody from committing. */
  isUnchanged(): boolean {
    return this.#now() === this.#stamp;
  }

  close(): void {
    try {
      this.unlock();
    } finally {
      this.#db.close();
      closeSync(this.#bytes);
    }
  }

  /**
   * Changes with every commit of another connection: in WAL mode the connection's own count of those, else the change counter in the
   * file's header (bytes 24 to 27), which is read past SQLite because the lock of the writing shuts out readers too.
   */
  #now(): string {
    if (this.#isWal) return `wal ${pragmaNumber(this.#db, 'data_version')}`;
    const header = Buffer.alloc(4);
    readSync(this.#bytes, header, 0, 4, 24);
    return `file ${header.toString('hex')}`;
  }

  get #isWal(): boolean {
    const versions = Buffer.alloc(2);
    readSync(this.#bytes, versions, 0, 2, 18);
    return versions[0] === 2;
  }
}

/**
 * Overwrites the target, unless somebody committed since `note`: then undefined, and nothing was written. What the target has locked is let
 * go for the instant in which the writing takes its own lock.
 */
export async function overwriteUnchanged(
  target: Target,
  from: string,
  busyMs: number,
  progress: (bytes: number, of: number) => void,
): Promise<number | undefined> {
  let changed = false;
  try {
    return await overwriteDatabase(from, target.path, busyMs, progress, {
      release: () => target.unlock(),
      locked: () => {
        changed = !target.isUnchanged();
        if (changed) throw new CancelledError();
      },
    });
  } catch (error) {
    if (!changed) throw error;
    return undefined;
  }
}

/** An empty file whose making is on the disk when this returns. */
export function makeMark(path: string): void {
  const handle = openSync(path, 'w', 0o600);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  sync(dirname(path), 'r');
}

export function sync(path: string, flags: 'r' | 'r+'): void {
  if (flags === 'r' && process.platform === 'win32') return;
  const handle = openSync(path, flags);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
