import { existsSync, openSync } from 'node:fs';
import type { AgentFile, HeldView } from './protocol.ts';
import { openConnection, pragmaNumber, pragmaText, sqliteCode, type Connection } from './connection.ts';
import { readWalIndex, type WalIndexHeader } from './wal-index.ts';

/** One open file of a set. */
export interface OpenFile {
  readonly name: string;
  readonly db: Connection;
  readonly real: string;
}

interface Held extends OpenFile {
  version: number;
  index: WalIndexHeader | undefined;
}

/**
 * Tries to find all files of a set unchanged over one instant. A try takes some tens of microseconds, so that even a writer
 * that commits without a pause leaves room for one of these.
 */
const tries = 3000;

/**
 * The wal-index is read through a descriptor that is never closed while the process lives: closing any descriptor of a file
 * drops the POSIX locks that this process, SQLite included, holds on it.
 */
const indexDescriptors = new Map<string, number>();

function indexDescriptor(real: string): number | undefined {
  const known = indexDescriptors.get(real);
  if (known !== undefined) return known;
  const file = `${real}-shm`;
  if (!existsSync(file)) return undefined;
  const opened = openSync(file, 'r');
  indexDescriptors.set(real, opened);
  return opened;
}

/** Opens every file of a set; what was opened is closed where one of them cannot be. */
export function openFiles(files: readonly AgentFile[], busyMs: number): readonly OpenFile[] {
  const open: OpenFile[] = [];
  try {
    for (const file of files) open.push({ name: file.name, real: file.real, db: openConnection(file.path, file.access, busyMs) });
    return open;
  } catch (error) {
    closeFiles(open);
    throw error;
  }
}

export function closeFiles(files: readonly OpenFile[]): void {
  for (const file of files) file.db.close();
}

/**
 * Begins a read transaction on every file so that there was an instant at which all of them were the newest state, and says
 * where the bytes of that state lie.
 *
 * With a rollback journal the shared lock itself keeps the file as it is. With a write-ahead log the state is: the newest frame
 * of each page among the first `frames` frames of the log, and the file for the rest. Which frames is told by the wal-index
 * while a transaction is open, and believed only where `data_version` shows that a second transaction, begun after reading it,
 * sees no newer commit than the first did. No checkpoint is run: nothing is written, and the bug of older libraries that a
 * checkpoint beside a writer can wake is not provoked.
 */
export function holdAll(files: readonly OpenFile[], busyMs: number): readonly HeldView[] {
  const held: Held[] = beginAll(files, busyMs);
  const logged = held.filter((file) => pragmaText(file.db, 'journal_mode') === 'wal');
  let pinned = logged.length === 0;
  for (let i = 0; i < tries && !pinned; i += 1) {
    for (const file of logged) {
      const descriptor = indexDescriptor(file.real);
      file.index = descriptor === undefined ? undefined : readWalIndex(descriptor);
    }
    pinned = beginAgain(logged) && logged.every((file) => file.index !== undefined);
  }
  return held.map((file) => viewOf(file, logged.includes(file), pinned));
}

/** How long one file is waited for while transactions on others are held. */
const sliceMs = 100;

/**
 * A writer that holds one file of a set may be waiting for another of them, so nothing is held while waiting for long.
 * Throws SQLite's busy error when `busyMs` have passed.
 */
function beginAll(files: readonly OpenFile[], busyMs: number): Held[] {
  const attempts = files.length === 1 ? 1 : Math.max(1, Math.ceil(busyMs / sliceMs));
  for (let attempt = 1; ; attempt += 1) {
    const held: Held[] = [];
    try {
      for (const file of files) {
        if (files.length > 1) file.db.pragma(`busy_timeout = ${sliceMs}`);
        held.push({ ...file, version: begin(file.db), index: undefined });
      }
      return held;
    } catch (error) {
      for (const file of held) file.db.exec('ROLLBACK');
      if (attempt >= attempts || sqliteCode(error)?.startsWith('SQLITE_BUSY') !== true) throw error;
    }
  }
}

/** Ends and begins the transactions of all `files`; true where none of them sees a newer state than before. */
function beginAgain(files: readonly Held[]): boolean {
  let same = true;
  for (const file of files) {
    file.db.exec('COMMIT');
    const version = begin(file.db);
    same &&= version === file.version;
    file.version = version;
  }
  return same;
}

/** Begins a read transaction that sees a state now. Returns a number that changes whenever another connection commits. */
function begin(db: Connection): number {
  db.exec('BEGIN');
  try {
    // The first read takes the lock; a busy handler or a hot journal shows here.
    pragmaNumber(db, 'schema_version');
    return pragmaNumber(db, 'data_version');
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** Lets writers in by ending the transactions. */
export function release(files: readonly OpenFile[]): readonly number[] {
  return files.map((file) => {
    const version = pragmaNumber(file.db, 'data_version');
    file.db.exec('COMMIT');
    return version;
  });
}

/** Begins again after `release`; true where nothing was written in between. */
export function holdAgain(files: readonly OpenFile[], versions: readonly number[]): boolean {
  return files.map((file, i) => begin(file.db) === versions[i]).every(Boolean);
}

function viewOf(file: Held, logged: boolean, pinned: boolean): HeldView {
  const pageSize = pragmaNumber(file.db, 'page_size');
  const pages = pragmaNumber(file.db, 'page_count');
  const view = { name: file.name, pageSize, pages };
  if (!logged) return { ...view, journal: 'rollback', pinned: true };
  const { index } = file;
  // SQLite's own count of the pages is an independent witness that the right frames were found.
  const agreed = index !== undefined && (index.pages === 0 || (index.pages === pages && index.pageSize === pageSize));
  if (!pinned || !agreed) return { ...view, journal: 'wal', pinned: false };
  return { ...view, journal: 'wal', wal: { frames: index.frames, salts: index.salts }, pinned: true };
}
