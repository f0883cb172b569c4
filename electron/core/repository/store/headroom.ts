import { isAppError } from '../../base/errors.ts';
import type { Log, Random } from '../../base/ports.ts';
import type { BlobStore } from '../blob-store.ts';

export const RESERVE = 'reserve';
/** Making room takes a file for each lock, index and folder of quarantine; where there is room in bytes and no file more, pieces are what there is. */
const PIECES = 32;
const LEAST_BYTES = 1 << 20;
/** It grows in few large steps, not with every snapshot. */
const STEP = 4;
/** A new index over everything is what a collect on a full disk needs. */
const INDEX_SHARE = 1.25;
/** The reserve is made again only where it does not matter. */
const PLENTY = 16;

/**
 * Files of no meaning that are given up, piece by piece, when the disk is full, so that what frees space (a tombstone, a lock, an
 * index file) can still be written. Only forget, check and collect spend them.
 */
export class Headroom {
  readonly #store: BlobStore;
  readonly #random: Random;

  constructor(store: BlobStore, ports: { readonly random: Random }) {
    this.#store = store;
    this.#random = ports.random;
  }

  /**
   * Runs `work`; where the disk is full, again and again with one piece less, as long as there are any. `work` must leave nothing
   * behind when it fails.
   */
  async spend<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isAppError(error, 'repository.no-space')) throw error;
        const [piece] = await this.#store.list(RESERVE);
        if (piece === undefined) throw error;
        await this.#store.remove(piece.path);
      }
    }
  }

  /**
   * Makes the reserve where pieces are missing or have become too small, and where there is plenty of room. Random bytes: a file
   * system that compresses must keep them too.
   */
  async refill(): Promise<void> {
    if (this.#store.readOnly) return;
    const index = (await this.#store.list('index')).reduce((sum, entry) => sum + entry.bytes, 0);
    let wanted = LEAST_BYTES;
    while (wanted < index * INDEX_SHARE) wanted *= STEP;
    const pieces = new Map((await this.#store.list(RESERVE)).map((entry) => [entry.path, entry.bytes]));
    const lacking = Array.from({ length: PIECES }, (_none, i) => `${RESERVE}/${String(i).padStart(2, '0')}`).filter(
      (path) => (pieces.get(path) ?? 0) < wanted / PIECES,
    );
    if (lacking.length === 0 || ((await this.#store.free()) ?? 0) < wanted * PLENTY) return;
    const bytes = this.#random.bytes(wanted / PIECES);
    for (const path of lacking) await this.#store.publish(path, [bytes], { ifExists: 'replace' });
  }

  /** `refill` once the work is done: what stands in its way is logged, and makes no failure of what was done. A disk with room may have no file more to give. */
  async refillAfter(log: Log): Promise<void> {
    try {
      await this.refill();
    } catch (error) {
      if (!isAppError(error)) throw error;
      log.warn('the reserve of the repository could not be made', { error });
    }
  }
}
