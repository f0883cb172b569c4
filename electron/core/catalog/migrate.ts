import type { Database } from 'better-sqlite3';
import { AppError, BugError } from '../base/errors.ts';

export interface Migration {
  /** The catalog's version after it; one more than the migration before. */
  readonly version: number;
  readonly sql: string;
}

/** `BELC`: marks a SQLite file as a catalog of ours. */
export const APPLICATION_ID = 0x42454c43;

/**
 * Brings the catalog to the newest version, each step in a transaction of its own with its version number: a crash leaves a
 * whole version. Throws `catalog.newer` for a catalog that a newer Belay wrote, before anything is changed.
 */
export function migrate(db: Database, steps: readonly Migration[]): void {
  const version = versionOf(db);
  if (version > steps.length) {
    throw new AppError('catalog.newer', 'The catalog was written by a newer Belay.', {
      hint: 'Use the newer Belay with this data directory, or another data directory (BELAY_HOME).',
      details: { version, known: steps.length },
    });
  }
  for (const [at, step] of steps.entries()) {
    if (step.version !== at + 1) throw new BugError(`migration ${String(at + 1)} calls itself ${String(step.version)}`);
    if (step.version <= version) continue;
    db.transaction(() => {
      db.exec(step.sql);
      db.pragma(`application_id = ${String(APPLICATION_ID)}`);
      db.pragma(`user_version = ${String(step.version)}`);
    }).immediate();
  }
}

export function versionOf(db: Database): number {
  const version = db.pragma('user_version', { simple: true });
  return typeof version === 'number' ? version : 0;
}
