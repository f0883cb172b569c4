import { isAppError } from '../../base/errors.ts';
import type { AppError } from '../../base/errors.ts';
import { numberedPath } from '../format/manifest.ts';
import type { Task } from '../../base/ports.ts';
import type { Config } from '../format/config.ts';
import { damageOf } from '../journal/damage.ts';
import type { Ground } from '../journal/ground.ts';
import type { GroupWriter, ManifestFields, SnapshotRecord, SnapshotWriter } from '../repository.ts';
import type { HeldLock } from './lock.ts';
import { beginSnapshot } from '../write/writer.ts';
import type { RunningWriter } from '../write/writer.ts';

type ObjectFields = Parameters<SnapshotWriter['object']>[0];

/**
 * Takes the writer lock, then starts the writer: it loads the index after the lock, so it never relies on what a collect took out.
 * The lock is let go when the writer's thread has ended, whatever the reason. A parent that is not there is no parent.
 */
export async function beginLocked(
  ground: Ground,
  config: Config,
  parent: string | undefined,
  task: Task,
): Promise<SnapshotWriter & { readonly released: Promise<void> }> {
  const lock = await ground.locks.take('writer', task.signal);
  try {
    const { history, journal } = await ground.read(task.signal);
    const kept = parent === undefined ? undefined : history.kept.get(parent);
    const writer = await beginSnapshot(
      {
        store: ground.store.describe(),
        keys: ground.keys,
        chunkAverage: config.chunkAverage,
        damaged: damageOf(journal.facts).packs,
        pad: config.protection === 'keys',
        ...(kept === undefined ? {} : { parent: { id: kept.id, tableList: kept.manifest.table.list } }),
        assertHeld: () => lock.assertHeld(),
        link: () => nextLink(ground),
      },
      task,
    );
    return new LockedWriter(ground, writer, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The number of the next manifest and the hash that it names: over kept and forgotten ones, taken under the lock. */
async function nextLink(ground: Ground): Promise<{ readonly seq: number; readonly previous: string | null }> {
  const { newest } = (await ground.read()).history;
  return newest === undefined ? { seq: 1, previous: null } : { seq: newest.seq + 1, previous: newest.hash };
}

async function release(ground: Ground, lock: { readonly instance: string; release(): Promise<void> }): Promise<void> {
  try {
    await lock.release();
  } catch (error) {
    // Stale for everyone once this process has ended; until then its holder is seen to live.
    ground.ports.log.warn('the lock could not be removed', { instance: lock.instance, error });
  }
}

class LockedWriter implements SnapshotWriter {
  readonly released: Promise<void>;
  readonly #ground: Ground;
  readonly #writer: RunningWriter;
  /** What the look at the lock after the last publish said, where it was lost. */
  #lost: AppError | undefined;

  constructor(ground: Ground, writer: RunningWriter, lock: HeldLock) {
    this.#ground = ground;
    this.#writer = writer;
    this.released = writer.ended.then(() => this.#release(lock));
  }

  group(name: string, framing: Parameters<SnapshotWriter['group']>[1]): Promise<GroupWriter> {
    return this.#writer.group(name, framing);
  }

  object(row: ObjectFields): Promise<void> {
    return this.#writer.object(row);
  }

  async commit(fields: ManifestFields): Promise<SnapshotRecord> {
    const record = await this.#writer.commit(fields);
    await this.released;
    if (this.#lost !== undefined) {
      await this.#withdraw(record);
      throw this.#lost;
    }
    await this.#afterwards();
    return record;
  }

  async #release(lock: HeldLock): Promise<void> {
    try {
      await lock.assertHeld();
    } catch (error) {
      if (isAppError(error, 'repository.lock-lost')) this.#lost = error;
      // A store that cannot be asked now says nothing of the lock, which stood before the manifest was published.
      else this.#ground.ports.log.warn('the lock could not be looked at after the last publish', { instance: lock.instance, error });
    }
    await release(this.#ground, lock);
  }

  /**
   * Who is suspended between the look at the lock and the rename publishes a manifest when others wrote since: it bears a number that is
   * theirs by now, and its packs may have been collected. It was not acknowledged to anybody; it goes, unless another one names it already.
   */
  async #withdraw(record: SnapshotRecord): Promise<void> {
    const { store, manifests, ports } = this.#ground;
    const { manifests: standing } = await manifests.read();
    if (standing.some(({ manifest }) => manifest.previous?.startsWith(record.id) === true)) return;
    for (const folder of ['snapshots', 'snapshots.copy']) await store.remove(numberedPath(folder, record.seq, record.id));
    ports.log.warn('a snapshot whose lock was lost before it was acknowledged was taken back', { snapshot: record.id, seq: record.seq });
  }

  /** The snapshot is acknowledged; what is useful besides must not make it look failed. */
  async #afterwards(): Promise<void> {
    const ground = this.#ground;
    try {
      await ground.read();
      await ground.headroom.refill();
    } catch (error) {
      ground.ports.log.warn('after a snapshot, its mark or the reserve could not be written', { error });
    }
  }

  async abort(): Promise<void> {
    await this.#writer.abort();
    await this.released;
  }

  progress(): ReturnType<SnapshotWriter['progress']> {
    return this.#writer.progress();
  }
}
