import path from 'node:path';
import { setImmediate as yieldNow } from 'node:timers/promises';
import { syncFolder } from '../base/durable-file.ts';
import { BugError, throwIfCancelled } from '../base/errors.ts';
import type { Clock, Log } from '../base/ports.ts';
import type { Problem, RecordedFact, SnapshotRecord, StoredObject } from '../repository/repository.ts';
import { catalogError, timed } from './connection.ts';
import { dumpLines } from './dump.ts';
import { subjectOf, withFact } from './facts.ts';
import { openOrSetAside, removeCatalog, replaceCatalog } from './opening.ts';
import type { Notice } from './opening.ts';
import { createQueries } from './queries.ts';
import type { Queries, SnapshotFilter } from './queries.ts';
import { openStore } from './store.ts';
import type { HighestOf, Store } from './store.ts';
import type { CatalogObject } from './rows.ts';

export interface CatalogEntry {
  readonly snapshot: SnapshotRecord;
  readonly objects: Iterable<StoredObject> | AsyncIterable<StoredObject>;
}

/**
 * What the window and the lists read: a cache of the repository in one SQLite file, never the only place of anything. Reads
 * and single changes are synchronous and short; the two that write object tables give way to the event loop between batches.
 * A change that was reported as done survives a power cut.
 */
export interface Catalog {
  readonly libraryVersion: string;
  /** The file that was set aside at opening, where it was damaged or no catalog. */
  readonly notice: Notice | undefined;
  /** The repository that the content is of; undefined where the catalog was never filled and must be. */
  repositoryId(): string | undefined;

  /**
   * Builds the whole content anew in a file beside, then puts it in place at once: readers see the old content until then, and
   * after a crash too. Changes made meanwhile hold in both. `problems` is asked when all entries were read.
   */
  replaceAll(repositoryId: string, entries: AsyncIterable<CatalogEntry>, problems: () => readonly Problem[], signal?: AbortSignal): Promise<void>;
  /** Lists a snapshot, or lists it anew, with its objects; it shows with all of them when this resolves. */
  upsertSnapshot(record: SnapshotRecord, objects: CatalogEntry['objects']): Promise<void>;
  /** Brings a listed snapshot's facts (tags, pin, note, proofs) up to date. False where it is not listed. */
  updateSnapshot(record: SnapshotRecord): boolean;
  /** The same for many of them, of which only those are written that are listed otherwise. Gives way to the event loop every few hundred. */
  updateSnapshots(records: readonly SnapshotRecord[]): Promise<void>;
  /** Applies one of the repository journal's facts to the snapshot that it is about, where that is listed. */
  applyFact(fact: RecordedFact): void;
  /** False where it was not listed. */
  removeSnapshot(id: string): boolean;
  setProblems(problems: readonly Problem[]): void;
  /** What was noted last under that name by `note`; undefined where nothing was, or the catalog was written anew since. */
  noted(name: 'drills'): string | undefined;
  /** Notes what else was read from the repository, for who cannot wait until it is open. Writes only where it is another text. */
  note(name: 'drills', text: string): void;

  ids(): readonly string[];
  /** Newest first (by number). `total` counts all that match. */
  list(filter: SnapshotFilter): { readonly snapshots: readonly SnapshotRecord[]; readonly total: number };
  /** The same for lists of thousands: gives way to the event loop every few hundred. A change in between may show. */
  listInTurns(filter: SnapshotFilter): Promise<{ readonly snapshots: readonly SnapshotRecord[]; readonly total: number }>;
  /** The source's newest snapshots, newest first (by number). */
  recent(source: string, limit: number): readonly SnapshotRecord[];
  /** Throws `snapshot.unknown`, `input.ambiguous`. */
  get(ref: string): SnapshotRecord;
  byId(id: string): SnapshotRecord | undefined;
  /** Snapshots that were taken on top of this one, oldest first, at most 100. */
  childrenOf(id: string): readonly SnapshotRecord[];
  /** The source's newest snapshot: what `latest:<source>` means. */
  newest(source: string): SnapshotRecord | undefined;
  /** The source's newest snapshot whose highest level is `proved`. */
  newestProved(source: string): SnapshotRecord | undefined;
  /** In the repository's order. Unknown ids have none. */
  objects(id: string, page: { readonly limit: number; readonly offset: number }): { readonly objects: readonly CatalogObject[]; readonly total: number };
  problems(): readonly Problem[];
  /** Everything that the catalog says, one canonical line a fact: two catalogs that say the same dump the same. */
  dump(): readonly string[];
  /** Safe to call twice. */
  close(): void;
}

export interface CatalogPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly highest: HighestOf;
}

const ROWS_A_COMMIT = 1000;
const SNAPSHOTS_A_TURN = 500;

/**
 * Opens the catalog in `file`, made where it is missing, brought to the newest version. Throws `catalog.newer`,
 * `home.unusable`. Damaged and foreign files are set aside: see `notice`.
 */
export function openCatalog(file: string, ports: CatalogPorts): Catalog {
  const { highest, log } = ports;
  const time = timed(ports);
  const building = `${file}.building`;
  removeCatalog(building);
  const opened = openOrSetAside(file, highest, time);
  if (opened.notice !== undefined) log.warn('catalog set aside', { ...opened.notice });
  const over = (store: Store): { readonly store: Store; readonly queries: Queries } => {
    try {
      return { store, queries: createQueries(store.reader, time) };
    } catch (error) {
      store.close();
      throw error;
    }
  };
  let now: ReturnType<typeof over> | undefined = over(opened.store);
  let closed = false;
  /** What is open; where a swap failed, it is opened again at the next use, so that a host outlives a disk that failed for a moment. */
  const at = (): ReturnType<typeof over> => {
    if (now === undefined && closed) throw new BugError('the catalog was closed');
    return (now ??= time('open', () => over(openStore(file, highest, time))));
  };
  let last: Promise<unknown> = Promise.resolve();
  /** Changes that take more than one turn run one after the other. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const run = last.then(work);
    last = run.catch(() => undefined);
    return run;
  };
  /** Snapshots changed while a rebuild runs: their records, or undefined for removed ones. */
  let touched: Map<string, SnapshotRecord | undefined> | undefined;

  const sweep = (): void => {
    at()
      .store.sweep()
      .catch((error: unknown) => log.error('the catalog could not sweep', { error }));
  };
  const touch = (id: string, record: SnapshotRecord | undefined): void => void touched?.set(id, record);

  /**
   * Puts the finished file in place of the open one; synchronous, so that no reader sees anything between. The open one is whole in its
   * file first: its log is removed on the way, and a disk that fails just then would leave a file without what lay there.
   */
  const swap = (): void => {
    const { store } = at();
    now = undefined;
    try {
      store.closeWhole();
      replaceCatalog(building, file);
    } finally {
      store.close();
    }
    at();
  };
  const fill: Catalog['replaceAll'] = async (repositoryId, entries, problems, signal) => {
    removeCatalog(building);
    const changed = (touched = new Map<string, SnapshotRecord | undefined>());
    const next = openStore(building, highest, time);
    try {
      next.begin();
      let waiting = 0;
      for await (const { snapshot, objects } of entries) {
        throwIfCancelled(signal);
        waiting += 1 + (await next.put(snapshot, objects));
        if (waiting < ROWS_A_COMMIT) continue;
        next.commit();
        next.begin();
        waiting = 0;
        await yieldNow();
      }
      next.commit();
      for (const [id, record] of changed) {
        if (record === undefined) next.remove(id);
        else next.update(record);
      }
      next.setProblems(problems());
      next.setMeta('repository', repositoryId);
      next.closeWhole();
      swap();
    } catch (error) {
      next.close();
      removeCatalog(building);
      throw error;
    } finally {
      touched = undefined;
    }
    sweep();
    await syncFolder(path.dirname(file));
  };
  const rebuild: Catalog['replaceAll'] = (...args) =>
    fill(...args).catch((error: unknown) => {
      throw catalogError(error);
    });

  sweep();
  const catalog: Catalog = {
    libraryVersion: at().store.libraryVersion,
    notice: opened.notice,
    repositoryId: () => at().queries.meta('repository'),
    replaceAll: (...args) => inTurn(() => rebuild(...args)),
    upsertSnapshot: (record, objects) =>
      inTurn(async () => {
        await at().store.put(record, objects);
        sweep();
      }),
    updateSnapshot(record) {
      const listed = at().store.update(record);
      if (listed) touch(record.id, record);
      return listed;
    },
    async updateSnapshots(records) {
      for (let from = 0; from < records.length; from += SNAPSHOTS_A_TURN) {
        for (const record of at().store.updateChanged(records.slice(from, from + SNAPSHOTS_A_TURN))) touch(record.id, record);
        await yieldNow();
      }
    },
    applyFact(recorded) {
      const id = subjectOf(recorded.fact);
      const record = id === undefined ? undefined : at().queries.byId(id);
      if (record === undefined) return;
      const changed = withFact(record, recorded);
      if (changed === undefined) catalog.removeSnapshot(record.id);
      else catalog.updateSnapshot(changed);
    },
    removeSnapshot(id) {
      const listed = at().store.remove(id);
      touch(id, undefined);
      if (listed) sweep();
      return listed;
    },
    setProblems: (problems) => at().store.setProblems(problems),
    noted: (name) => at().queries.meta(`noted-${name}`),
    note(name, text) {
      if (at().queries.meta(`noted-${name}`) !== text) at().store.setMeta(`noted-${name}`, text);
    },
    ids: () => at().queries.ids(),
    list: (filter) => at().queries.list(filter),
    async listInTurns(filter) {
      const { limit, offset } = filter;
      const first = at().queries.list({ ...filter, limit: Math.min(limit, SNAPSHOTS_A_TURN) });
      const snapshots = [...first.snapshots];
      while (snapshots.length < limit && snapshots.length + offset < first.total) {
        await yieldNow();
        const more = at().queries.list({ ...filter, limit: Math.min(limit - snapshots.length, SNAPSHOTS_A_TURN), offset: offset + snapshots.length });
        if (more.snapshots.length === 0) break;
        snapshots.push(...more.snapshots);
      }
      return { snapshots, total: first.total };
    },
    recent: (source, limit) => at().queries.recent(source, limit),
    get: (ref) => at().queries.get(ref),
    byId: (id) => at().queries.byId(id),
    childrenOf: (id) => at().queries.childrenOf(id),
    newest: (source) => at().queries.newest(source),
    newestProved: (source) => at().queries.newestProved(source),
    objects: (id, page) => at().queries.objects(id, page),
    problems: () => at().queries.problems(),
    dump: () => time('dump', () => dumpLines(at().store.reader)),
    close() {
      if (closed) return;
      closed = true;
      now?.store.close();
    },
  };
  return catalog;
}
