import type { BlobStore } from '../blob-store.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import { Locks } from '../lock/lock.ts';
import { lockPorts } from '../lock/world.ts';
import type { RepositoryPorts } from '../lock/world.ts';
import type { Fact, Problem } from '../repository.ts';
import { Headroom } from '../store/headroom.ts';
import { historyOf } from './history.ts';
import type { HighWaterMark, History } from './history.ts';
import { RepositoryJournal } from './journal.ts';
import type { JournalState } from './journal.ts';
import { Manifests } from './manifests.ts';
import type { ManifestEntry } from './manifest-files.ts';
import type { ManifestState } from './manifests.ts';
import { RememberedManifests } from './remembered-manifests.ts';
import type { ManifestMemory } from './remembered-manifests.ts';

/** Where marks are kept: outside the repository, one for each. */
export interface HighWater {
  get(repository: string): Promise<HighWaterMark | undefined>;
  /** Durable when it resolves. */
  raise(repository: string, mark: HighWaterMark): Promise<void>;
  /** Takes what is there now, higher or not: somebody said so. */
  reset(repository: string, mark: HighWaterMark): Promise<void>;
}

export interface Standing {
  readonly history: History;
  readonly manifests: ManifestState;
  readonly journal: JournalState;
  /** Everything found wrong with manifests, journal and their chains. */
  readonly problems: readonly Problem[];
}

export interface GroundParts {
  readonly store: BlobStore;
  readonly keys: KeyMaterial;
  /** 32 hex digits. */
  readonly id: string;
  readonly ports: RepositoryPorts;
  readonly highWater?: HighWater | undefined;
  readonly memory?: ManifestMemory | undefined;
}

/** What every part of an open repository stands on: its files, keys and locks, its journal and manifests. */
export class Ground {
  readonly store: BlobStore;
  readonly keys: KeyMaterial;
  readonly id: string;
  readonly ports: RepositoryPorts;
  readonly locks: Locks;
  readonly headroom: Headroom;
  readonly journal: RepositoryJournal;
  readonly manifests: Manifests;
  readonly #highWater: HighWater | undefined;
  #raised = '';
  #last: { readonly mark: string; readonly standing: Standing } | undefined;

  constructor(parts: GroundParts) {
    const { store, keys, ports } = parts;
    this.store = store;
    this.keys = keys;
    this.id = parts.id;
    this.ports = ports;
    this.locks = new Locks(lockPorts(store, ports));
    this.headroom = new Headroom(store, ports);
    this.journal = new RepositoryJournal(store, keys, ports);
    this.manifests = new Manifests(
      store,
      keys,
      parts.memory === undefined ? undefined : new RememberedManifests({ memory: parts.memory, repository: parts.id, keys, random: ports.random }),
    );
    this.#highWater = parts.highWater;
  }

  /**
   * Reads what is new of manifests and journal and follows their chains, against the mark that is kept elsewhere; raises the mark
   * where nothing was rolled back. The manifests are read first: one that is forgotten meanwhile has its tombstone by then.
   */
  async read(signal?: AbortSignal): Promise<Standing> {
    const mark = await this.mark();
    const manifests = await this.manifests.read(signal);
    const journal = await this.journal.read(signal);
    const last = this.#last;
    // Of ten thousand snapshots it takes a while, and memory, and most of the time nothing is new.
    if (last?.mark === told(mark) && last.standing.manifests === manifests && last.standing.journal === journal) return last.standing;
    const history = historyOf(manifests, journal, mark);
    const problems = [...history.problems, ...journal.problems];
    const standing = { history, manifests, journal, problems };
    if (!problems.some((problem) => problem.kind === 'rolled-back')) await this.#raise(history, journal);
    // One that was raised to this very state misses nothing of it.
    this.#last = { mark: told(await this.mark()), standing };
    return standing;
  }

  /** Snapshots that the last read knew, by id; a manifest never changes. */
  get known(): ReadonlyMap<string, ManifestEntry> {
    return this.#last?.standing.history.kept ?? new Map();
  }

  /** `read` of the disk alone, nothing from memory. */
  async readAnew(signal?: AbortSignal): Promise<Standing> {
    this.manifests.forget();
    this.journal.forget();
    return this.read(signal);
  }

  /** What was seen of this repository before, as it is kept elsewhere. */
  async mark(): Promise<HighWaterMark | undefined> {
    return this.#highWater?.get(this.id);
  }

  /** Appends facts, durably, and raises the mark. */
  async record(facts: readonly Fact[]): Promise<void> {
    await this.journal.append(facts);
    await this.read();
  }

  /** Makes the state of now the mark that is kept elsewhere, after somebody accepted what is lost. */
  async acceptMark(): Promise<void> {
    const { history, journal } = await this.read();
    await this.#highWater?.reset(this.id, this.#markOf(history, journal));
  }

  async #raise(history: History, journal: JournalState): Promise<void> {
    if (this.#highWater === undefined) return;
    const mark = this.#markOf(history, journal);
    const raised = [mark.seq, mark.hash, ...journal.heads].join(' ');
    if (raised === this.#raised) return;
    await this.#highWater.raise(this.id, mark);
    this.#raised = raised;
  }

  #markOf(history: History, journal: JournalState): HighWaterMark {
    const { seq, hash } = history.newest ?? { seq: 0, hash: '' };
    return { seq, hash, at: this.ports.clock.now(), journal: journal.heads };
  }
}

function told(mark: HighWaterMark | undefined): string {
  return JSON.stringify(mark ?? null);
}
