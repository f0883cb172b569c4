import type { IndexTable } from '../index-table.ts';
import { NONE } from '../index-table.ts';
import { ownBase } from '../own-base.ts';

/** What to do with a chunk that turned up: nothing, store it in any form, or store it plain because deltas are built on it. */
export type Claim = 'stored' | 'new' | 'new-plain';

class Bits {
  #bytes = new Uint8Array(1024);

  has(index: number): boolean {
    return ((this.#bytes[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  add(index: number): void {
    const at = index >>> 3;
    if (at >= this.#bytes.length) {
      const larger = new Uint8Array(Math.max(at + 1, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[at] = (this.#bytes[at] ?? 0) | (1 << (index & 7));
  }
}

/**
 * Which chunks are stored, on their way, or allowed as bases. Only segments that the index named when the snapshot began may
 * serve as bases: what this snapshot writes itself is not durable yet.
 */
export class Known {
  readonly table: IndexTable;
  /** Segments numbered below are those of the index as it was loaded. */
  readonly #published: number;
  readonly #onTheWay = new Bits();
  readonly #named = new Bits();

  constructor(table: IndexTable) {
    this.table = table;
    this.#published = table.segments;
    for (let segment = 0; segment < table.segments; segment++) {
      for (const base of table.basesOf(segment)) this.#named.add(base);
    }
  }

  /** Says what to do with the chunk and takes it as on its way from now on. */
  claim(entry: number): Claim {
    if (this.#onTheWay.has(entry)) return 'stored';
    const lost = this.#named.has(entry) && !this.table.hasPlain(entry);
    if (!lost && this.#isReadable(entry)) return 'stored';
    this.#onTheWay.add(entry);
    return this.#named.has(entry) ? 'new-plain' : 'new';
  }

  /** The chunk to build on where `entry` is what the parent had: itself where plain, else what its delta was built on; or `NONE`. */
  rootOf(entry: number): number {
    if (entry === NONE) return NONE;
    const segment = this.table.segmentOf(entry);
    if (segment === NONE || segment >= this.#published) return NONE;
    if (!this.table.isDelta(segment)) return entry;
    const root = ownBase(this.table, segment, this.table.atOf(entry));
    return root !== NONE && this.#isBase(root) ? root : NONE;
  }

  /** Stored bytes per raw byte of the plain segment that holds a base: what storing its like without a base would cost. */
  plainRatio(base: number): number {
    const place = this.table.segmentPlace(this.table.segmentOf(base));
    return place.stored / Math.max(place.raw, 1);
  }

  #isBase(entry: number): boolean {
    return this.table.hasPlain(entry) && this.table.segmentOf(entry) < this.#published;
  }

  /** A delta whose base is gone from the index cannot be decoded: its chunks are stored anew. */
  #isReadable(entry: number): boolean {
    if (!this.table.has(entry)) return false;
    const segment = this.table.segmentOf(entry);
    if (!this.table.isDelta(segment)) return true;
    return this.table.basesOf(segment).every((base) => this.table.hasPlain(base));
  }
}
