import Sqlite from 'better-sqlite3';
import { existsSync, renameSync, statSync } from 'node:fs';
import { unlinkIfThereSync } from '../base/durable-file.ts';
import { AppError } from '../base/errors.ts';
import { assertFullSync, catalogError, faultOf } from './connection.ts';
import type { Timed } from './connection.ts';
import { APPLICATION_ID } from './migrate.ts';
import { openStore } from './store.ts';
import type { HighestOf, Store } from './store.ts';

/** A file that could not serve as catalog and was moved out of the way, never deleted. */
export interface Notice {
  readonly statement: string;
  readonly setAside: string;
}

/** Reading all of a larger file at each start would take longer than the event loop may stand still. */
const CHECKED_UP_TO = 48 * 2 ** 20;

/** Opens or makes the catalog's file. One that is damaged, or no catalog, is set aside and a new one begun: the notice says so. */
export function openOrSetAside(file: string, highest: HighestOf, time: Timed): { readonly store: Store; readonly notice: Notice | undefined } {
  const why = existsSync(file) ? unfit(file) : undefined;
  const notice = why === undefined ? undefined : setAside(file, why);
  try {
    return { store: openStore(file, highest, time), notice };
  } catch (error) {
    if (notice !== undefined || faultOf(error) !== 'damaged') throw asAppError(file, error);
    return { store: openStore(file, highest, time), notice: setAside(file, 'it is damaged') };
  }
}

/** Moves the file and what SQLite keeps beside it to a free name. */
export function setAside(file: string, why: string): Notice {
  let number = 1;
  while (existsSync(`${file}.set-aside-${String(number)}`)) number += 1;
  const to = `${file}.set-aside-${String(number)}`;
  for (const ending of ['-wal', '-shm', '']) if (existsSync(file + ending)) renameSync(file + ending, to + ending);
  return { statement: `The catalog was set aside and is built anew: ${why}.`, setAside: to };
}

/** Puts a finished catalog in the place of another that is closed; the other's leftovers would mix with it. */
export function replaceCatalog(finished: string, file: string): void {
  for (const ending of ['-wal', '-shm']) unlinkIfThereSync(file + ending);
  renameSync(finished, file);
}

export function removeCatalog(file: string): void {
  try {
    for (const ending of ['', '-wal', '-shm']) unlinkIfThereSync(file + ending);
  } catch (error) {
    throw catalogError(error);
  }
}

/** Why the file cannot be a catalog; undefined where it can. Throws for what the system refuses. */
function unfit(file: string): string | undefined {
  const found = statSync(file);
  if (!found.isFile()) throw new AppError('home.unusable', `The catalog is not a file: ${file}`, { hint: 'Move it away, then try again.', details: { file } });
  if (found.size === 0) return undefined;
  try {
    // Not read-only: a WAL that a crash left is to be taken up first.
    const db = new Sqlite(file, { fileMustExist: true, timeout: 1000 });
    try {
      // Closing it writes what a WAL still holds into the file.
      assertFullSync(db);
      const application = db.pragma('application_id', { simple: true });
      const tables = db.prepare('select count(*) from sqlite_schema').pluck().get();
      if (application !== APPLICATION_ID) return tables === 0 ? undefined : "the file there is another program's database";
      const verdict = found.size > CHECKED_UP_TO ? 'ok' : db.pragma('quick_check(1)', { simple: true });
      return verdict === 'ok' ? undefined : 'it is damaged';
    } finally {
      db.close();
    }
  } catch (error) {
    if (faultOf(error) === 'damaged') return 'it is damaged';
    throw asAppError(file, error);
  }
}

function asAppError(file: string, error: unknown): unknown {
  const known = catalogError(error);
  if (!(known instanceof AppError)) return known;
  return new AppError(known.code, `${known.message} (${file})`, {
    ...(known.hint === undefined ? {} : { hint: known.hint }),
    details: { ...known.details, file },
    cause: known.cause,
    retryable: known.retryable,
  });
}
