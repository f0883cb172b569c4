import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { CancelledError } from '../../../base/errors.ts';
import { systemClock } from '../../../base/system.ts';
import { openConnection, pragmaNumber, sqliteCode, wrapSqlite, type Connection } from './connection.ts';
import { copyOut, overwriteDatabase, stillBusy } from './overwrite.ts';
import type { ReplacedFile } from './protocol.ts';

/** From one look at a locked target to the next. */
const pollMs = 20;

/**
 * Writes each `from` over its `to`, as `overwriteDatabase` does, keeping what is overwritten in `keep`: durable before anything is
 * written, and the very content that the writing replaces. Writers wait from the moment that it is copied. Between that and the lock
 * of the writing they get an instant; where one commits in it, the content is kept anew. All files are kept at one instant; of a set,
 * what is committed to a later file while an earlier one is written is kept with that later one.
 * Throws `target.busy` where a target stays locked for `busyMs`, and as `overwriteDatabase`.
 */
export async function replaceContents(files: readonly ReplacedFile[], busyMs: number, progress: (pages: number, of: number) => void): Promise<number> {
  const targets: Target[] = [];
  try {
    for (const file of files) targets.push(new Target(file, busyMs));
    for (const target of targets) target.lock();
    for (const target of targets) await target.keep();
    let pages = 0;
    for (const target of targets) {
      pages += await overwritten(target, busyMs, progress);
      target.markDone();
    }
    return pages;
  } finally {
    for (const target of targets) target.close();
  }
}

async function overwritten(target: Target, busyMs: number, progress: (pages: number, of: number) => void): Promise<number> {
  for (;;) {
    let changed = false;
    try {
      return await overwriteDatabase(target.file.from, target.file.to, busyMs, progress, {
        release: () => target.unlock(),
        locked: () => {
          changed = !target.isUnchanged();
          if (changed) throw new CancelledError();
        },
      });
    } catch (error) {
      if (!changed) throw error;
    }
    target.lock();
    await target.keep();
  }
}

/** A database that will be overwritten, and the connection that keeps others from writing into it meanwhile. */
class Target {
  readonly file: ReplacedFile;
  readonly #busyMs: number;
  readonly #db: Connection;
  /** Closed last: closing any descriptor of a file drops the locks that this process has on it. */
  readonly #bytes: number;
  #stamp = '';

  constructor(file: ReplacedFile, busyMs: number) {
    this.file = file;
    this.#busyMs = busyMs;
    this.#bytes = openSync(file.to, 'r');
    try {
      this.#db = openConnection(file.to, 'write', 0);
    } catch (error) {
      closeSync(this.#bytes);
      throw wrapSqlite(error);
    }
  }

  /** From here on nobody else writes. */
  lock(): void {
    const since = systemClock.monotonic();
    for (;;) {
      if (!process.connected) throw new CancelledError();
      try {
        this.#db.exec('BEGIN IMMEDIATE');
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

  /**
   * The content of now into `keep`, on the disk when it resolves. What an earlier try kept there stays until it is replaced: of a set,
   * another file may be overwritten already, and what a crash leaves is put back only where everything is kept.
   */
  async keep(): Promise<void> {
    const { keep } = this.file;
    const part = `${keep}.part`;
    rmSync(part, { force: true });
    this.#stamp = this.#now();
    // SQLite copies out of no connection that holds a write lock: another one reads what that lock keeps as it is.
    const reader = openConnection(this.file.to, 'read', this.#busyMs);
    try {
      await copyOut(reader, part);
    } finally {
      reader.close();
    }
    // A database of no bytes has nothing to copy, and is kept all the same.
    closeSync(openSync(part, 'a'));
    sync(part, 'r+');
    renameSync(part, keep);
    sync(dirname(keep), 'r');
  }

  /** On the disk when it returns: from here on the target is known to have been overwritten, whatever is written into it next. */
  markDone(): void {
    const { done } = this.file;
    const handle = openSync(done, 'w');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    sync(dirname(done), 'r');
  }

  /** Whether nobody has committed since `keep`. To be asked while somebody's lock keeps everybody from committing. */
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

function sync(path: string, flags: 'r' | 'r+'): void {
  if (flags === 'r' && process.platform === 'win32') return;
  const handle = openSync(path, flags);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
