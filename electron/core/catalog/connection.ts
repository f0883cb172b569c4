import Sqlite from 'better-sqlite3';
import type { Database } from 'better-sqlite3';
import { isDiskFull, ROOM_FOR_HOME } from '../base/full-disk.ts';
import { AppError, BugError, systemCode } from '../base/errors.ts';
import type { Clock, Log } from '../base/ports.ts';

/** Older libraries can corrupt a WAL file that two connections use (fixed in 3.51.3). */
const LIBRARY_FLOOR: readonly [number, number, number] = [3, 51, 3];
const SLOW_MS = 50;

/** Throws `tool.missing` where the SQLite library is older than what a catalog may be trusted to. */
export function assertLibrary(version: string): void {
  const parts = version.split('.').map(Number);
  for (const [at, least] of LIBRARY_FLOOR.entries()) {
    const found = parts[at] ?? 0;
    if (found > least) return;
    if (found < least || Number.isNaN(found)) {
      throw new AppError('tool.missing', `The SQLite library has version ${version}; ${LIBRARY_FLOOR.join('.')} or newer is needed.`, {
        hint: "Install Belay's dependencies again: npm ci",
        details: { version },
      });
    }
  }
}

/**
 * Opens the catalog's file with what every connection must have, and proves that it has it: full syncs (the library's own
 * default for WAL loses acknowledged commits in a power cut), foreign keys, no memory mapping, no trust in the schema.
 */
export function connect(file: string, mode: 'writer' | 'reader'): Database {
  const db = new Sqlite(file, mode === 'reader' ? { readonly: true, fileMustExist: true, timeout: 1000 } : { timeout: 1000 });
  try {
    assertLibrary(text(db, 'select sqlite_version()'));
    if (mode === 'writer') db.pragma('journal_mode = WAL');
    else db.pragma('query_only = ON');
    assertFullSync(db);
    db.pragma('foreign_keys = ON');
    db.pragma('trusted_schema = OFF');
    db.pragma('mmap_size = 0');
    assertSetting(db, 'journal_mode', 'wal');
    assertSetting(db, 'foreign_keys', 1);
    assertSetting(db, 'trusted_schema', 0);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Makes the connection sync what it commits and checkpoints, and proves that it does. */
export function assertFullSync(db: Database): void {
  db.pragma('synchronous = FULL');
  assertSetting(db, 'synchronous', 2);
}

function assertSetting(db: Database, name: string, wanted: string | number): void {
  const found = db.pragma(name, { simple: true });
  if (found !== wanted) throw new BugError(`the catalog's connection has ${name} = ${String(found)}, not ${String(wanted)}`);
}

export function text(db: Database, sql: string): string {
  return String(db.prepare(sql).pluck().get());
}

/** Why SQLite or the file system refused, by its code: content that is no sound database, or the system around it. */
export function faultOf(error: unknown): 'damaged' | 'system' | undefined {
  if (error instanceof Sqlite.SqliteError) return /^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code) ? 'damaged' : 'system';
  // The catalog's files are also made, renamed and removed without SQLite.
  return error instanceof AppError || !/^E[A-Z0-9]+$/.test(systemCode(error) ?? '') ? undefined : 'system';
}

/** Runs a query under its name: slow ones are logged by it, and SQLite's errors get the catalog's codes. */
export type Timed = <T>(name: string, query: () => T) => T;

export function timed(ports: { readonly clock: Clock; readonly log: Log }): Timed {
  return (name, query) => {
    const started = ports.clock.monotonic();
    try {
      return query();
    } catch (error) {
      throw catalogError(error);
    } finally {
      const took = ports.clock.monotonic() - started;
      if (took > SLOW_MS) ports.log.warn('slow catalog query', { query: name, ms: Math.round(took) });
    }
  };
}

/** SQLite's errors as `catalog.damaged` or `home.unusable`; others as they are. */
export function catalogError(error: unknown): unknown {
  switch (faultOf(error)) {
    case 'damaged':
      return new AppError('catalog.damaged', 'The catalog is damaged.', {
        hint: 'Run `belay rebuild-catalog`; the snapshots themselves are in the repository.',
        cause: error,
      });
    case 'system':
      return new AppError('home.unusable', isDiskFull(error) ? 'The catalog cannot be written: its disk is full.' : 'The catalog cannot be read or written.', {
        hint: isDiskFull(error) ? ROOM_FOR_HOME : 'Check room and rights on the disk of the data directory.',
        cause: error,
        retryable: true,
      });
    case undefined:
      return error;
  }
}
