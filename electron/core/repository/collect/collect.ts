import { AppError, isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { Task } from '../../base/ports.ts';
import { openIndexFile } from '../format/index-file.ts';
import type { PackEntry } from '../format/index-file.ts';
import { TYPE_METADATA, TYPE_PACK } from '../format/sealed.ts';
import type { Ground } from '../journal/ground.ts';
import { packCopyPath, packPath } from '../index-table.ts';
import type { HeldLock } from '../lock/lock.ts';
import type { CollectPlan, CollectReport } from '../repository.ts';
import { quarantined } from './epochs.ts';
import { writeIndex } from './index-writer.ts';
import { pathsOf, planCollect } from './plan.ts';
import type { CollectWork } from './plan.ts';
import { Repacker } from './repack.ts';

/** Wall time and monotonic time may part by this much while a plan is made; more is a clock that jumped. */
const CLOCK_JUMP_MS = 600_000;

/**
 * Carries out exactly the plan, under the exclusive lock: deletes what is ripe in quarantine; copies what is needed of mostly dead
 * packs; publishes one index in place of all; only then renames old packs and index files into quarantine. A crash at any moment
 * leaves files that the next run takes. Throws `input.confirmation-needed` where the plan no longer fits, and as `planCollect`.
 */
export async function collect(ground: Ground, plan: CollectPlan, task: Task): Promise<CollectReport> {
  const lock = await ground.headroom.spend(() => ground.locks.take('exclusive', task.signal));
  try {
    const { clock } = ground.ports;
    const [wall, monotonic] = [clock.now(), clock.monotonic()];
    const work = await planCollect(ground, { purgeNow: plan.purgeNow, ...(plan.budget === undefined ? {} : { budget: plan.budget }) }, task);
    if (work.plan.hash !== plan.hash) throw changed();
    if (Math.abs(clock.now() - wall - (clock.monotonic() - monotonic)) > CLOCK_JUMP_MS) throw clockJumped();
    return await carriedOut(ground, lock, work, task);
  } finally {
    await lock.release();
  }
}

/**
 * What a disk says of its room is not all: it may have no file more to give, or somebody else takes the room meanwhile. Then nothing is copied, and what needs no
 * room is done.
 */
async function carriedOut(ground: Ground, lock: HeldLock, work: CollectWork, task: Task): Promise<CollectReport> {
  const collection = new Collection(ground, lock, work, task);
  try {
    return await collection.run();
  } catch (error) {
    if (!isAppError(error, 'repository.no-space') || !collection.stoppedCopying) throw error;
    const less = await planCollect(ground, { purgeNow: work.plan.purgeNow, budget: 0 }, task);
    const report = await new Collection(ground, lock, less, task).run();
    return { ...report, notes: [`Nothing was copied, since there is no room for it. ${error.message}`, ...report.notes] };
  }
}

/** Carries out a piece of work that was planned under the lock that is held. */
export function carryOut(ground: Ground, lock: HeldLock, work: CollectWork, task: Task): Promise<CollectReport> {
  return new Collection(ground, lock, work, task).run();
}

class Collection {
  readonly #ground: Ground;
  readonly #lock: HeldLock;
  readonly #work: CollectWork;
  readonly #task: Task;
  /** Whether the disk was full while packs were copied, before anything was taken out. */
  stoppedCopying = false;
  #quarantined = 0;
  #rewritten = 0;
  readonly #published: string[] = [];

  constructor(ground: Ground, lock: HeldLock, work: CollectWork, task: Task) {
    this.#ground = ground;
    this.#lock = lock;
    this.#work = work;
    this.#task = task;
  }

  async run(): Promise<CollectReport> {
    const { purge, drop, rewrite, reindex, inventory, plan } = this.#work;
    await this.#each('deleting what is ripe', purge, async ({ path }) => {
      await this.#ground.store.remove(path);
    });
    for (const path of inventory.standing.history.leftovers) await this.#takeOut(path);
    const fresh = await this.#copied();
    const index = reindex ? await this.#publishIndex(fresh) : undefined;
    const old = reindex ? inventory.indexFiles.map((entry) => entry.path).filter((path) => !(index ?? []).includes(path)) : [];
    const packs = [...drop, ...rewrite].flatMap((pack) => pathsOf(inventory, pack));
    await this.#each('taking old files out', [...old, ...packs], (path) => this.#takeOut(path));
    const freed = purge.reduce((sum, entry) => sum + entry.bytes, 0);
    const report = { freed, quarantined: this.#quarantined, rewritten: this.#rewritten, packsDropped: plan.packsDropped };
    await this.#ground.headroom.spend(() =>
      this.#ground.record([
        { kind: 'operation', what: 'collect', details: { ...report, epoch: this.#work.epoch, packsRewritten: rewrite.length, purgeNow: plan.purgeNow } },
      ]),
    );
    await this.#ground.headroom.refill();
    return { ...report, notes: plan.skipped };
  }

  /** The packs that were copied. Where the disk is full those that are there already go again: nothing names them. */
  async #copied(): Promise<readonly PackEntry[]> {
    const fresh: PackEntry[] = [];
    try {
      await this.#repack(fresh);
      return fresh;
    } catch (error) {
      if (!isAppError(error, 'repository.no-space')) throw error;
      await this.#lock.assertHeld();
      for (const path of this.#published) await this.#ground.store.remove(path);
      this.stoppedCopying = true;
      throw error;
    }
  }

  async #repack(fresh: PackEntry[]): Promise<void> {
    const { rewrite, inventory, rebase } = this.#work;
    const { table } = inventory;
    let done = 0;
    for (const type of [TYPE_PACK, TYPE_METADATA] as const) {
      const repacker = new Repacker(this.#ground, this.#work, type, async (entry, bytes) => {
        for (const path of [packPath(entry), packCopyPath(entry)]) {
          if (path === undefined) continue;
          await this.#publish(path, bytes);
          this.#published.push(path);
          this.#rewritten += bytes.length;
        }
        fresh.push(entry);
      });
      if (rebase !== undefined) {
        const before = fresh.length;
        await repacker.promote(this.#task);
        for (const entry of fresh.slice(before)) table.addEntry(entry);
      }
      for (const pack of rewrite.filter((one) => table.pack(one).type === type)) {
        this.#task.progress({ stage: `copying pack ${done + 1} of ${rewrite.length}` });
        await repacker.copy(pack, this.#task);
        done += 1;
      }
      await repacker.finish();
    }
  }

  /** One index over everything that stays, in as many files as it needs; the last one supersedes all that were there. */
  async #publishIndex(fresh: readonly PackEntry[]): Promise<readonly string[]> {
    const { inventory, drop, rewrite } = this.#work;
    this.#task.progress({ stage: 'writing the index' });
    const gone = new Set([...drop, ...rewrite].map((pack) => inventory.table.pack(pack).name));
    const paths: string[] = [];
    await writeIndex(this.#ground, this.#stays(gone, fresh), [...inventory.index.files, ...inventory.index.superseded], async (name, bytes) => {
      await this.#ground.headroom.spend(() => this.#publish(`index/${name}`, bytes));
      paths.push(`index/${name}`);
    });
    return paths;
  }

  async *#stays(gone: ReadonlySet<string>, fresh: readonly PackEntry[]): AsyncGenerator<PackEntry> {
    const { store, keys } = this.#ground;
    const { index } = this.#work.inventory;
    const seen = new Set(gone);
    const once = (entry: PackEntry): boolean => {
      const first = !seen.has(entry.name);
      seen.add(entry.name);
      return first;
    };
    for (const name of index.files) {
      throwIfCancelled(this.#task.signal);
      for (const entry of openIndexFile(await store.read(`index/${name}`), keys).packs) if (once(entry)) yield entry;
    }
    for (const entry of [...index.unindexed, ...fresh]) if (once(entry)) yield entry;
  }

  async #publish(path: string, bytes: Uint8Array): Promise<void> {
    await this.#lock.assertHeld();
    await this.#ground.store.publish(path, [bytes], { ifExists: 'same' });
  }

  /** Renames a file into this run's quarantine, under the path that it had. */
  async #takeOut(path: string): Promise<void> {
    await this.#lock.assertHeld();
    const { store } = this.#ground;
    this.#quarantined += (await store.size(path)) ?? 0;
    await this.#ground.headroom.spend(() => store.move(path, quarantined(this.#work.epoch, path)));
  }

  async #each<T>(stage: string, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    for (const [i, item] of items.entries()) {
      throwIfCancelled(this.#task.signal);
      this.#task.progress({ stage: `${stage}: ${i + 1} of ${items.length}` });
      await this.#lock.assertHeld();
      await work(item);
    }
  }
}

export function changed(): AppError {
  return new AppError('input.confirmation-needed', 'The repository has changed since the plan was made.', { hint: 'Look at the new plan and confirm it.' });
}

function clockJumped(): AppError {
  return new AppError('repository.io', "The machine's clock jumped while the plan was made.", {
    hint: 'Set the clock, then start over. Nothing was changed.',
    retryable: true,
  });
}
