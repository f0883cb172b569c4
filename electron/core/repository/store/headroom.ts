import { isAppError } from '../../base/errors.ts';
import type { Random } from '../../base/ports.ts';
import type { BlobStore } from '../blob-store.ts';

export const RESERVE = 'reserve';
const LEAST_BYTES = 1 << 20;
/** It grows in few large steps, not with every snapshot. */
const STEP = 4;
/** A new index over everything is what a collect on a full disk needs. */
const INDEX_SHARE = 1.25;
/** The reserve is made again only where it does not matter. */
const PLENTY = 16;

/**
 * A file of no meaning that is given up when the disk is full, so that what frees space (a tombstone, a lock, an index file)
 * can still be written. Only forget and collect spend it.
 */
export class Headroom {
  readonly #store: BlobStore;
  readonly #random: Random;

  constructor(store: BlobStore, ports: { readonly random: Random }) {
    this.#store = store;
    this.#random = ports.random;
  }

  /** Runs `work`; once more without the reserve where the disk is full. `work` must leave nothing behind when it fails. */
  async spend<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isAppError(error, 'repository.no-space') || (await this.#store.size(RESERVE)) === undefined) throw error;
    }
    await this.#store.remove(RESERVE);
    return work();
  }

  /**
   * Makes the reserve where it is missing or has become too small, and where there is plenty of room. Random bytes: a file system
   * that compresses must keep them too. A reserve that cannot be made is no failure of what went before.
   */
  async refill(): Promise<void> {
    if (this.#store.readOnly) return;
    const index = (await this.#store.list('index')).reduce((sum, entry) => sum + entry.bytes, 0);
    let wanted = LEAST_BYTES;
    while (wanted < index * INDEX_SHARE) wanted *= STEP;
    if (((await this.#store.size(RESERVE)) ?? 0) >= wanted || ((await this.#store.free()) ?? 0) < wanted * PLENTY) return;
    const block = this.#random.bytes(LEAST_BYTES);
    await this.#store.publish(
      RESERVE,
      Array.from({ length: wanted / LEAST_BYTES }, () => block),
      { ifExists: 'replace' },
    );
  }
}
