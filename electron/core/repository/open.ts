import { AppError, BugError, isAppError } from '../base/errors.ts';
import type { Task } from '../base/ports.ts';
import type { BlobStore } from './blob-store.ts';
import { checkAndRecord } from './collect/checked.ts';
import { collect } from './collect/collect.ts';
import { forget, planForget } from './collect/forget.ts';
import { planCollect } from './collect/plan.ts';
import type { Config } from './format/config.ts';
import type { Manifest } from './format/manifest.ts';
import { Ground } from './journal/ground.ts';
import type { HighWater } from './journal/ground.ts';
import { journalDamaged } from './journal/journal.ts';
import type { ManifestMemory } from './journal/remembered-manifests.ts';
import { openConfig, ownId, readConfigs } from './keys/config-files.ts';
import { keyRing } from './keys/key-ring.ts';
import { beginLocked } from './lock/locked-writer.ts';
import type { RepositoryPorts } from './lock/world.ts';
import { loadIndex } from './read/load-index.ts';
import { SnapshotReader } from './read/reader.ts';
import { acceptLoss, planAcceptLoss } from './repair/accept-loss.ts';
import { repair } from './repair/repair.ts';
import type {
  BeginOptions,
  CheckOptions,
  CheckReport,
  CollectOptions,
  CollectPlan,
  CollectReport,
  Fact,
  ForgetPlan,
  KeyRing,
  LockInfo,
  LossPlan,
  Problem,
  ReadOptions,
  RecordedFact,
  RepairReport,
  Repository,
  RepositoryInfo,
  RepositoryUsage,
  SnapshotRecord,
  SnapshotWriter,
  StoredObject,
  Unlock,
} from './repository.ts';
import { openLocalFolder } from './store/local-folder.ts';
import { repositoryUsage } from './usage.ts';

export interface OpenOptions {
  readonly unlock: Unlock;
  /** Where the newest state that was seen is kept: what a rolled-back repository is recognised by. */
  readonly highWater?: HighWater;
  /** Where it is kept what was decoded of many manifests, so that the next opening need not do it again. */
  readonly memory?: ManifestMemory;
}

/**
 * What a repository's config says, without a key and not authenticated. Throws `repository.missing`, `repository.foreign`,
 * `repository.newer-format`, `repository.damaged`, and what opening the folder throws.
 */
export async function lookAtRepository(location: string, ports: RepositoryPorts): Promise<RepositoryInfo> {
  const store = await openLocalFolder(location, ports);
  const { copies } = await readConfigs(store);
  const configs = copies.map((copy) => copy.unverified.config);
  // A copy that was changed may bear any id; where the files do not tell, opening says so.
  const id = await ownId(
    store,
    configs.map((config) => config.repository),
  ).catch((error: unknown) => {
    if (isAppError(error)) return undefined;
    throw error;
  });
  const config = configs.find((one) => one.repository === id) ?? configs[0];
  if (config === undefined) throw new BugError('A config was neither read nor missed.');
  return infoOf(config, store);
}

/**
 * Opens a repository; writes nothing. A read-only disk serves for listing, restoring and checking. Throws what `lookAtRepository`
 * throws, `repository.passphrase-needed` and `repository.passphrase-wrong`.
 */
export async function openRepository(location: string, options: OpenOptions, ports: RepositoryPorts): Promise<Repository> {
  const store = await openLocalFolder(location, ports);
  const { config, keys, problems } = await openConfig(store, options.unlock);
  const ground = new Ground({ store, keys, id: config.repository, ports, highWater: options.highWater, memory: options.memory });
  return new OpenRepository(ground, config, problems);
}

function infoOf(config: Config, store: BlobStore): RepositoryInfo {
  return {
    id: config.repository,
    format: 1,
    createdAt: config.created,
    protection: config.protection,
    chunkAverage: config.chunkAverage,
    location: store.location,
    readOnly: store.readOnly,
  };
}

/** How long a listing of the index is taken for granted. */
const LOOK_MS = 2000;

interface Reading {
  /** Paths of the index files that it was loaded from. */
  readonly listing: string;
  /** Snapshots that were known before the listing. */
  readonly covers: ReadonlyMap<string, unknown>;
  readonly looked: number;
  readonly reader: Promise<SnapshotReader>;
}

class OpenRepository implements Repository {
  readonly info: RepositoryInfo;
  readonly keys: KeyRing;
  readonly #ground: Ground;
  /** What was found wrong with config and key slots at opening, and not mended since. */
  #found: readonly Problem[];
  readonly #config: Config;
  #reading: Reading | undefined;
  #writer: SnapshotWriter | undefined;
  #closed = false;

  constructor(ground: Ground, config: Config, found: readonly Problem[]) {
    this.#ground = ground;
    this.#found = found;
    this.#config = config;
    this.info = infoOf(config, ground.store);
    this.keys = keyRing({ store: ground.store, keys: ground.keys, protection: config.protection, ...ground.ports, lock: () => ground.locks.take('exclusive') });
  }

  async snapshots(): Promise<{ readonly snapshots: readonly SnapshotRecord[]; readonly problems: readonly Problem[] }> {
    const { history, problems } = await this.#ground.read();
    return { snapshots: history.snapshots, problems: [...this.#found, ...problems] };
  }

  async *objects(snapshotId: string, signal?: AbortSignal): AsyncIterable<StoredObject> {
    const manifest = await this.#manifest(snapshotId);
    yield* (await this.#reader(snapshotId)).objects(manifest, signal);
  }

  async *read(snapshotId: string, objectName: string, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    const manifest = await this.#manifest(snapshotId);
    yield* (await this.#reader(snapshotId)).object(manifest, objectName, options);
  }

  async begin(options: BeginOptions, task: Task): Promise<SnapshotWriter> {
    this.#mustWrite();
    // The writer's thread loads an index of its own; this one's memory is given back until someone reads.
    this.#reading = undefined;
    const writer = await beginLocked(this.#ground, this.#config, options.parent, task);
    this.#writer = writer;
    if (this.#closed) await writer.abort();
    void writer.released.then(() => {
      if (this.#writer === writer) this.#writer = undefined;
    });
    return writer;
  }

  async record(facts: readonly Fact[]): Promise<void> {
    this.#mustWrite();
    await this.#ground.record(facts);
  }

  async facts(): Promise<readonly RecordedFact[]> {
    const { journal, problems } = await this.#ground.read();
    const broken = [...journal.problems, ...problems.filter((problem) => problem.kind === 'rolled-back' && problem.file.startsWith('journal/'))];
    if (broken.length > 0) throw journalDamaged(broken);
    return journal.facts;
  }

  check(options: CheckOptions, task: Task): Promise<CheckReport> {
    return checkAndRecord(this.#ground, options, task);
  }

  planForget(snapshotIds: readonly string[], task: Task): Promise<ForgetPlan> {
    return planForget(this.#ground, snapshotIds, task);
  }

  async forget(plan: ForgetPlan, task: Task): Promise<void> {
    this.#mustWrite();
    await forget(this.#ground, plan, task);
  }

  async planCollect(options: CollectOptions, task: Task): Promise<CollectPlan> {
    return (await planCollect(this.#ground, options, task)).plan;
  }

  async collect(plan: CollectPlan, task: Task): Promise<CollectReport> {
    this.#mustWrite();
    this.#reading = undefined;
    return collect(this.#ground, plan, task);
  }

  async repair(options: { readonly dryRun: boolean }, task: Task): Promise<RepairReport> {
    if (!options.dryRun) this.#mustWrite();
    this.#reading = undefined;
    const report = await repair(this.#ground, options, task);
    if (!options.dryRun) this.#found = this.#found.filter((problem) => !report.mended.some(({ file }) => file === problem.file));
    return report;
  }

  planAcceptLoss(task: Task): Promise<LossPlan> {
    return planAcceptLoss(this.#ground, task);
  }

  async acceptLoss(plan: LossPlan, task: Task): Promise<void> {
    this.#mustWrite();
    await acceptLoss(this.#ground, plan, task);
  }

  usage(): Promise<RepositoryUsage> {
    return repositoryUsage(this.#ground.store);
  }

  locks(): Promise<readonly LockInfo[]> {
    return this.#ground.locks.list();
  }

  breakLock(instance: string): Promise<void> {
    return this.#ground.locks.break(instance);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#reading = undefined;
    await this.#writer?.abort();
  }

  #mustWrite(): void {
    if (!this.info.readOnly) return;
    throw new AppError('repository.read-only', `${this.info.location} cannot be written here.`, {
      hint: 'Mount it for writing, or give this user the right to write. Listing, restoring and checking work as it is.',
      details: { path: this.info.location },
    });
  }

  async #manifest(snapshotId: string): Promise<Manifest> {
    const known = this.#ground.known.get(snapshotId);
    if (known !== undefined) return known.manifest;
    const { history } = await this.#ground.read();
    const kept = history.kept.get(snapshotId);
    if (kept !== undefined) return kept.manifest;
    if (history.lost.some((one) => one.id === snapshotId)) {
      throw new AppError('repository.damaged', `The manifest of snapshot ${snapshotId} cannot be read.`, {
        hint: 'Run "belay repair", or put the file back from a mirror.',
        details: { snapshot: snapshotId },
      });
    }
    throw new AppError('snapshot.unknown', `There is no snapshot ${snapshotId}.`, { hint: 'See "belay list".', details: { snapshot: snapshotId } });
  }

  /**
   * The reader over the index. An index that was loaded when a snapshot's manifest was known holds all of it; besides, the
   * listing is looked at every two seconds, because a collector elsewhere may have moved things about.
   */
  async #reader(snapshotId: string): Promise<SnapshotReader> {
    const { store, keys, ports, known } = this.#ground;
    const now = ports.clock.monotonic();
    const held = this.#reading;
    if (held?.covers.has(snapshotId) === true && now - held.looked < LOOK_MS) return held.reader;
    const listing = (await store.paths('index')).join(' ');
    if (this.#reading?.listing === listing) {
      this.#reading = { ...this.#reading, covers: known, looked: now };
      return this.#reading.reader;
    }
    const reader = loadIndex(store, keys, { unindexed: 'use' }).then(({ table }) => new SnapshotReader(store, keys, table));
    const reading = { listing, covers: known, looked: now, reader };
    this.#reading = reading;
    reader.catch(() => {
      if (this.#reading?.reader === reader) this.#reading = undefined;
    });
    return reader;
  }
}
