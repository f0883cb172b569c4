import { existsSync, statSync } from 'node:fs';
import { AppError, BugError, CancelledError } from '../../../base/errors.ts';
import { systemClock } from '../../../base/system.ts';
import { openConnection, pragmaNumber, pragmaText, sqliteCode, wrapSqlite } from './connection.ts';

const pagesAStep = 2000;
/** From one look at a locked target to the next. */
const pollMs = 20;

/** Called while the writing begins: by whoever keeps others from the target until then. */
export interface Gate {
  /** The writing stands ready and takes the lock at once: what the caller holds is to be let go now. */
  readonly release: () => void;
  /** The target is locked and nothing is written yet. What this throws ends the writing. */
  readonly locked: () => void;
}

/**
 * Writes the database at `from` over the one at `to` by SQLite's backup: one transaction of the target's, so that programs that
 * have it open see the old content or the new, and a crash leaves the old one to their own recovery.
 * Throws `target.busy` where the target stays locked for `busyMs`.
 */
export async function overwriteDatabase(
  from: string,
  to: string,
  busyMs: number,
  progress: (bytes: number, of: number) => void,
  gate: Gate = { release: () => undefined, locked: () => undefined },
): Promise<number> {
  assertSameLayout(from, to);
  givePage(from);
  const source = openConnection(from, 'read', busyMs);
  let pageSize = 0;
  const since = systemClock.monotonic();
  let moved = since;
  let left = Infinity;
  const onStep = ({ totalPages: of, remainingPages }: { readonly totalPages: number; readonly remainingPages: number }): number => {
    if (!process.connected) throw new CancelledError();
    // The driver's first step moves no page: it only takes the lock.
    if (left === Infinity) gate.locked();
    const now = systemClock.monotonic();
    if (remainingPages < left) moved = now;
    else if (left !== Infinity && now - moved > busyMs) throw stillBusy(now - since);
    // A step on a locked target changes nothing and returns at once: time has to pass between two of them.
    if (remainingPages === left) pause(pollMs);
    left = remainingPages;
    progress((of - remainingPages) * pageSize, of * pageSize);
    return pagesAStep;
  };
  try {
    pageSize = pragmaNumber(source, 'page_size');
    for (;;) {
      const writing = source.backup(to, { progress: onStep });
      gate.release();
      const { totalPages } = await writing;
      // The driver takes a first step that met a locked target for the end of the copy: nothing was counted, nothing written.
      if (totalPages > 0) return totalPages;
      if (!process.connected) throw new CancelledError();
      if (systemClock.monotonic() - since > busyMs) throw stillBusy(systemClock.monotonic() - since);
      pause(pollMs);
    }
  } catch (error) {
    throw sqliteCode(error)?.startsWith('SQLITE_BUSY') === true ? stillBusy(busyMs) : wrapSqlite(error);
  } finally {
    source.close();
  }
}

/** A database of no bytes gets its first page, so that a copy of it has something to count. `path` is Belay's own file. */
function givePage(path: string): void {
  if (statSync(path).size > 0) return;
  const db = openConnection(path, 'write', 0);
  try {
    db.pragma('user_version = 0');
  } finally {
    db.close();
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

export function stillBusy(ms: number): AppError {
  return new AppError('target.busy', `Another process kept the database locked for ${Math.round(ms / 1000)} seconds.`, {
    hint: 'End its long transaction, or stop it and restore by replacing the file.',
    retryable: true,
  });
}

/** SQLite cannot change the page size of a database that is in WAL mode. */
function assertSameLayout(from: string, to: string): void {
  if (!existsSync(to)) throw new AppError('target.missing', `There is no database at ${to} to write into.`, { hint: 'Restore by replacing the file instead.' });
  const source = openConnection(from, 'read', 0);
  const target = openConnection(to, 'read', 1000);
  try {
    if (pragmaText(target, 'journal_mode') !== 'wal') return;
    const [wanted, have] = [pragmaNumber(source, 'page_size'), pragmaNumber(target, 'page_size')];
    if (wanted === have) return;
    throw new AppError(
      'engine.unsupported',
      `The target has pages of ${have} bytes and is in WAL mode, the snapshot has pages of ${wanted}: it cannot be written in place.`,
      {
        hint: 'Stop the programs that have it open, then restore by replacing the file.',
      },
    );
  } finally {
    source.close();
    target.close();
  }
}

/** A file as the connection's open transaction sees it, written by SQLite into a new file. */
export async function copyOut(source: ReturnType<typeof openConnection>, to: string): Promise<number> {
  if (existsSync(to)) throw new AppError('target.exists', `${to} exists.`, { hint: 'Name a path that does not exist.' });
  const { totalPages } = await source.backup(to, { progress: () => pagesAStep });
  if (totalPages < pragmaNumber(source, 'page_count')) throw new BugError('a copy into a new file ended early');
  return totalPages;
}

/** Lets SQLite recover what a crash left beside the file, as any program that opens it would. Returns the journal mode. */
export function settleFile(path: string, busyMs: number): string {
  const db = openConnection(path, 'write', busyMs);
  try {
    pragmaNumber(db, 'schema_version');
    return pragmaText(db, 'journal_mode');
  } finally {
    db.close();
  }
}

/** True where nobody else reads or writes the file at this instant. */
export function exclusiveIsFree(path: string): boolean {
  const db = openConnection(path, 'write', 0);
  try {
    db.exec('BEGIN EXCLUSIVE');
    db.exec('ROLLBACK');
    return true;
  } catch (error) {
    if (sqliteCode(error)?.startsWith('SQLITE_BUSY') === true) return false;
    throw error;
  } finally {
    db.close();
  }
}
