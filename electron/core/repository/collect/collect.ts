import { AppError, isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { Task } from '../../base/ports.ts';
import { openIndexFile } from '../format/index-file.ts';
import type { PackEntry } from '../format/index-file.ts';
import { TYPE_METADATA, TYPE_PACK } from '../format/sealed.ts';
import type { Ground } from '../journal/ground.ts';
import { packCopyPath, packPath } from '../index-table.ts';
import type { HeldLock } from '../lock/lock.ts';
import { readPackEntry } from '../read/load-index.ts';
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
    return await new Collection(ground, lock, work, task).run('copying what there is room for');
  } finally {
    await lock.release();
  }
}

/**
 * Carries out a piece of work that was planned under the lock that is held. Throws `repository.no-space` where its packs cannot all be copied: what was to be
 * deleted is gone then, and nothing else has changed.
 */
export function carryOut(ground: Ground, lock: HeldLock, work: CollectWork, task: Task): Promise<CollectReport> {
  return new Collection(ground, lock, work, task).run('copying all or nothing');
}

type FreshPack = Omit<PackEntry, 'footer'>;

class Collection {
  readonly #ground: Ground;
  readonly #lock: HeldLock;
  readonly #task: Task;
  readonly #purgeNow: boolean;
  #work: CollectWork;
  #freed = 0;
  #quarantined = 0;
  #rewritten = 0;
  /** Packs that were copied, and the paths that they lie at. Their footers are read back where they are needed: those of three million chunks would take 200 MB here. */
  #fresh: FreshPack[] = [];
  #published: string[] = [];

  constructor(ground: Ground, lock: HeldLock, work: CollectWork, task: Task) {
    this.#ground = ground;
    this.#lock = lock;
    this.#work = work;
    this.#task = task;
    this.#purgeNow = work.plan.purgeNow;
  }

  async run(how: 'copying all or nothing' | 'copying what there is room for'): Promise<CollectReport> {
    await this.#makeRoom();
    const notes: string[] = [];
    try {
      await this.#copy();
    } catch (error) {
      if (!isAppError(error, 'repository.no-space')) throw error;
      await this.#removeCopies();
      if (how === 'copying all or nothing') throw error;
      notes.push(`Nothing was copied, since there is no room for it. ${error.message}`);
      await this.#planWithoutCopying();
    }
    await this.#exchange();
    return this.#report(notes);
  }

  /** Deletes what is ripe, and takes leftovers of a forget that was interrupted out of the way. */
  async #makeRoom(): Promise<void> {
    const { purge, inventory } = this.#work;
    await this.#each('deleting what is ripe', purge, async ({ path, bytes }) => {
      await this.#ground.store.remove(path);
      this.#freed += bytes;
    });
    for (const path of inventory.standing.history.leftovers) await this.#takeOut(path);
  }

  /**
   * What a disk says of its room is not all: it may have no file more to give, or somebody else takes the room meanwhile. Then what needs no room is done. What was
   * ripe is deleted by now, so that this plan must not insist on deleting anything.
   */
  async #planWithoutCopying(): Promise<void> {
    this.#work = await planCollect(this.#ground, { purgeNow: false, budget: 0 }, this.#task);
    await this.#makeRoom();
  }

  /** Publishes the new index, then takes out what it replaces and what nothing needs. */
  async #exchange(): Promise<void> {
    const { drop, rewrite, reindex, inventory } = this.#work;
    const index = reindex ? await this.#publishIndex() : [];
    const old = reindex ? inventory.indexFiles.map((entry) => entry.path).filter((path) => !index.includes(path)) : [];
    const packs = [...drop, ...rewrite].flatMap((pack) => pathsOf(inventory, pack));
    await this.#each('taking old files out', [...old, ...packs], (path) => this.#takeOut(path));
  }

  async #report(notes: readonly string[]): Promise<CollectReport> {
    const { plan, rewrite, epoch } = this.#work;
    const report = { freed: this.#freed, quarantined: this.#quarantined, rewritten: this.#rewritten, packsDropped: plan.packsDropped };
    await this.#ground.headroom.spend(() =>
      this.#ground.record([{ kind: 'operation', what: 'collect', details: { ...report, epoch, packsRewritten: rewrite.length, purgeNow: this.#purgeNow } }]),
    );
    await this.#ground.headroom.refillAfter(this.#ground.ports.log);
    return { ...report, notes: [...notes, ...plan.skipped] };
  }

  /** Removes the packs that were copied so far: nothing names them. */
  async #removeCopies(): Promise<void> {
    await this.#lock.assertHeld();
    for (const path of this.#published) await this.#ground.store.remove(path);
    this.#published = [];
    this.#fresh = [];
    this.#rewritten = 0;
  }

  async #copy(): Promise<void> {
    const { rewrite, inventory, rebase } = this.#work;
    const { table } = inventory;
    let done = 0;
    for (const type of [TYPE_PACK, TYPE_METADATA] as const) {
      const repacker = new Repacker(this.#ground, this.#work, type, async ({ name }, bytes) => {
        const entry = { name, type, bytes: bytes.length };
        for (const path of [packPath(entry), packCopyPath(entry)]) {
          if (path === undefined) continue;
          // Before it is written: what fails behind the rename may have its name all the same.
          this.#published.push(path);
          await this.#publish(path, bytes);
          this.#rewritten += bytes.length;
        }
        this.#fresh.push(entry);
      });
      if (rebase !== undefined) {
        const before = this.#fresh.length;
        await repacker.promote(this.#task);
        for (const pack of this.#fresh.slice(before)) table.addEntry(await this.#readBack(pack));
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
  async #publishIndex(): Promise<readonly string[]> {
    const { inventory, drop, rewrite } = this.#work;
    this.#task.progress({ stage: 'writing the index' });
    const gone = new Set([...drop, ...rewrite].map((pack) => inventory.table.pack(pack).name));
    const paths: string[] = [];
    await writeIndex(this.#ground, this.#stays(gone), [...inventory.index.files, ...inventory.index.superseded], async (name, bytes) => {
      await this.#ground.headroom.spend(() => this.#publish(`index/${name}`, bytes));
      paths.push(`index/${name}`);
    });
    return paths;
  }

  async *#stays(gone: ReadonlySet<string>): AsyncGenerator<PackEntry> {
    const { store, keys } = this.#ground;
    const { index } = this.#work.inventory;
    const seen = new Set(gone);
    const once = (entry: FreshPack): boolean => {
      const first = !seen.has(entry.name);
      seen.add(entry.name);
      return first;
    };
    for (const name of index.files) {
      throwIfCancelled(this.#task.signal);
      for (const entry of openIndexFile(await store.read(`index/${name}`), keys).packs) if (once(entry)) yield entry;
    }
    for (const entry of index.unindexed) if (once(entry)) yield entry;
    for (const pack of this.#fresh) if (once(pack)) yield await this.#readBack(pack);
  }

  /** What the index says of a pack that was copied, from the file that was published. Throws `repository.damaged` where that does not hold it. */
  #readBack(pack: FreshPack): Promise<PackEntry> {
    const { store, keys } = this.#ground;
    return readPackEntry(store, keys, { path: packPath(pack), bytes: pack.bytes }, pack.name, pack.type);
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
