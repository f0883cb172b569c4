import Database from 'better-sqlite3';
import { AppError } from '../../../base/errors.ts';
import type { ErrorCode } from '../../../../contract/errors.ts';
import { isAtLeast } from '../version.ts';

export type Connection = Database.Database;

/** Below this, two connections on one write-ahead log could corrupt the database (fixed upstream in 3.51.3). */
const floor = '3.51.3';

/** The version of the SQLite library. Throws `engine.unsupported` where it is older than the floor. */
export function assertLibrary(): string {
  const memory = new Database(':memory:');
  try {
    const version = memory.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '0';
    if (isAtLeast(version, floor)) return version;
    throw new AppError('engine.unsupported', `SQLite ${version} is older than ${floor}, which this version needs.`, {
      hint: 'Reinstall Belay: it comes with its own SQLite.',
    });
  } finally {
    memory.close();
  }
}

/**
 * Opens a file that exists. Nothing that the file's schema says is trusted: no functions with side effects from views and
 * triggers, no memory map, cells checked. A read connection cannot write.
 */
export function openConnection(path: string, access: 'read' | 'write', busyMs: number): Connection {
  const db = new Database(path, { readonly: access === 'read', fileMustExist: true, timeout: busyMs });
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  db.pragma('mmap_size = 0');
  if (access === 'read') db.pragma('query_only = ON');
  return db;
}

/** The first column of the first row of a pragma, as text. */
export function pragmaText(db: Connection, name: string): string {
  return String(db.pragma(name, { simple: true }));
}

export function pragmaNumber(db: Connection, name: string): number {
  return Number(db.pragma(name, { simple: true }));
}

/** SQLite's own result code of an error (`SQLITE_CORRUPT_INDEX`), else undefined. */
export function sqliteCode(error: unknown): string | undefined {
  return error instanceof Database.SqliteError ? error.code : undefined;
}

/**
 * True for what SQLite answers when a statement cannot be run: something that it names is not there (a function, a collation, a
 * module), or its values do not allow it.
 */
export function isStatementError(error: unknown): boolean {
  return sqliteCode(error)?.startsWith('SQLITE_ERROR') === true;
}

const codes: readonly (readonly [prefix: string, code: ErrorCode, message: string, hint: string])[] = [
  [
    'SQLITE_BUSY',
    'source.unreachable',
    'Another process holds the database locked.',
    'Try again when its long transaction has ended, or close the program that opened it exclusively.',
  ],
  ['SQLITE_LOCKED', 'source.unreachable', 'Another process holds the database locked.', 'Try again when its long transaction has ended.'],
  ['SQLITE_PROTOCOL', 'source.unreachable', 'The locks of the database are in too much use.', 'Try again.'],
  ['SQLITE_NOTADB', 'source.not-a-database', 'The file is not a SQLite database.', 'Check the path.'],
  [
    'SQLITE_CORRUPT',
    'source.damaged',
    'The database is damaged.',
    'Restore a snapshot from before the damage, or recover what is left with `sqlite3 FILE .recover`.',
  ],
  ['SQLITE_IOERR', 'source.unreachable', 'The system could not read the database.', 'Check the disk and its mount.'],
  ['SQLITE_CANTOPEN', 'source.denied', 'SQLite cannot open the database, or a file beside it.', 'Check who may read the file and its folder.'],
  ['SQLITE_PERM', 'source.denied', 'The system refuses access to the database.', 'Check who may read the file.'],
  ['SQLITE_READONLY', 'source.denied', 'The database cannot be written.', 'Check who may write the file and its folder.'],
  ['SQLITE_FULL', 'target.no-space', 'There is no space left for the database.', 'Free space on its disk.'],
  ['SQLITE_TOOBIG', 'source.unsupported', 'A value is larger than SQLite can hand out.', 'Shorten the value.'],
  ['SQLITE_NOMEM', 'source.unsupported', 'There is not enough memory to read the database.', 'Close other programs.'],
];

/** Errors of SQLite with our code and SQLite's own in `details.sqlite`; all others as they are. */
export function wrapSqlite(error: unknown): unknown {
  const sqlite = sqliteCode(error);
  if (sqlite === undefined) return error;
  const cause = error instanceof Error ? error.message : '';
  const [, code, message, hint] = codes.find(([prefix]) => sqlite.startsWith(prefix)) ?? [
    '',
    'source.unsupported' as const,
    'SQLite refused.',
    'See the cause.',
  ];
  const retryable = sqlite.startsWith('SQLITE_BUSY') || sqlite.startsWith('SQLITE_LOCKED');
  return new AppError(code, message, { hint, details: { sqlite }, cause: new Error(cause), retryable });
}
