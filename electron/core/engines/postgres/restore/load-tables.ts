import type { EngineContext, SnapshotContent } from '../../engine.ts';
import type { ArchiveEntry } from '../archive/archive.ts';
import { earlyIndexes, largeBytes, makeEarly } from './early-indexes.ts';
import { Looker, type EarlyLook } from './early-looks.ts';
import type { StoredTable } from './objects.ts';
import type { Skeleton } from './post-data.ts';
import { loadRows } from './rows-in.ts';
import type { Work } from './works.ts';

export interface LoadingTables {
  readonly skeleton: Skeleton;
  readonly entries: readonly ArchiveEntry[];
  readonly snapshot: SnapshotContent;
  readonly tables: readonly StoredTable[];
  /** The captured database's own. */
  readonly searchPath: string;
  readonly context: EngineContext;
}

export interface LoadedTables {
  /** Entries of the last section that are made already. */
  readonly made: readonly number[];
  /** What was read of the tables while others loaded and indexes were built. */
  readonly look: EarlyLook | undefined;
}

/**
 * Loads the rows of all tables. As soon as one session has none left, the indexes of large tables are built, and the tables and indexes that are done are
 * read for the comparison: an index may take one processor longer than everything else.
 */
export async function loadTables({ skeleton, entries, snapshot, tables, searchPath, context }: LoadingTables): Promise<LoadedTables> {
  const { place, leftOut } = skeleton;
  const early = earlyIndexes(entries, leftOut, tables);
  const looker = tables.some((table) => table.bytes >= largeBytes) ? await Looker.at(place, context) : undefined;
  const made: number[] = [];
  const make = async (ids: readonly number[]): Promise<void> => {
    if (ids.length > 0 && (await makeEarly(skeleton, ids))) made.push(...ids);
  };
  const whenLoaded = (table: StoredTable): readonly Work[] => {
    const { constraints, indexes } = early.get(table.object) ?? { constraints: [], indexes: [] };
    const checks = async (): Promise<readonly Work[]> => (await looker?.indexesOf(table)) ?? [];
    const index = async (id: number): Promise<readonly Work[]> => {
      await make([id]);
      return checks();
    };
    const begin = async (): Promise<readonly Work[]> => {
      await make(constraints);
      return [...indexes.map((id) => ({ run: () => index(id) })), ...(looker?.rowsOf(table) ?? []), ...(await checks())];
    };
    return table.bytes < largeBytes ? [] : [{ run: begin }];
  };
  await loadRows({ place, snapshot, tables, searchPath, whenLoaded, context });
  return { made, look: looker?.look };
}
