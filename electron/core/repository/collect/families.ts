import { TYPE_METADATA } from '../format/sealed.ts';
import { NONE } from '../index-table.ts';
import type { IndexTable } from '../index-table.ts';
import { ownBase } from '../own-base.ts';
import type { Census } from './census.ts';
import type { Pace } from './pace.ts';
import type { Reach } from './reach.ts';

/** What was made from what: each base that is held, with the chunks that snapshots reach and that are stored as differences to it. */
export class Families {
  readonly table: IndexTable;
  /** Stored bytes of data, and of metadata with both copies, of everything that is needed. */
  readonly stored: [number, number] = [0, 0];
  readonly #census: Census;
  readonly #reach: Reach;
  /** By entry of a base: 1 + the entry of the newest chunk that was made from it. */
  readonly #newest: Uint32Array;
  /** By entry of a base: how far off the nearest chunk is that was made from it: what its segment takes stored, as a share of its raw bytes. */
  readonly #nearest: Float32Array;
  /** By entry of a base: the age of that nearest chunk. It is the guess of the age of a base that no snapshot reaches. */
  readonly #nearestAge: Uint16Array;
  /** By entry of a base: stored bytes that are saved if its heir takes its place. */
  readonly #gain: Float32Array;

  private constructor(table: IndexTable, census: Census, reach: Reach) {
    this.table = table;
    this.#census = census;
    this.#reach = reach;
    this.#newest = new Uint32Array(table.size);
    this.#nearest = new Float32Array(table.size).fill(Infinity);
    this.#nearestAge = new Uint16Array(table.size);
    this.#gain = new Float32Array(table.size);
  }

  static async take(table: IndexTable, census: Census, reach: Reach, pace: Pace): Promise<Families> {
    const families = new Families(table, census, reach);
    for (let segment = 0; segment < table.segments; segment += 1) {
      if (pace.due()) await pace.rest();
      families.#count(segment);
    }
    for (let entry = 0; entry < table.size; entry += 1) {
      if (pace.due()) await pace.rest();
      if (reach.reached.has(entry)) families.#add(entry);
    }
    for (let entry = 0; entry < table.size; entry += 1) {
      if (pace.due()) await pace.rest();
      if (reach.reached.has(entry)) families.#weigh(entry);
    }
    return families;
  }

  /** The newest chunk of a base's family, or `NONE`: where nothing was made from it, or where no chunk of the family is newer than itself. */
  heirOf(root: number): number {
    const newest = (this.#newest[root] ?? 0) - 1;
    if (newest === NONE) return NONE;
    return this.#reach.reached.has(root) && this.#reach.age(root) <= this.#reach.age(newest) ? NONE : newest;
  }

  /** Stored bytes of a chunk's base by itself. */
  plainBytes(root: number): number {
    return this.table.lengthOf(root) * this.#ratio(this.#census.base(root).segment);
  }

  /** What the newest chunk of a family takes as a difference, as a share of what it would take by itself. It must have an heir. */
  drift(root: number): number {
    return this.#ratio(this.#census.copyOf(this.heirOf(root)).segment) / this.#ratio(this.#census.base(root).segment);
  }

  /**
   * Stored bytes that are saved where the heir takes the root's place, reckoned as if content went along a line: a chunk between the two is nearer to the heir by
   * what it is away from the root, one from before the root is further away by the whole way, and so is the root itself where it is kept. Below 0 where more of
   * what is kept lies near the root. It must have an heir.
   */
  gain(root: number): number {
    return (this.#gain[root] ?? 0) - (this.#reach.reached.has(root) ? this.drift(root) * this.plainBytes(root) : 0);
  }

  /** 0: data, 1: metadata. */
  kindOf(root: number): 0 | 1 {
    return this.#kind(this.#census.base(root).segment);
  }

  /** The base of a chunk that is stored as a difference, with the segment of that; or undefined. */
  #made(entry: number): { readonly root: number; readonly segment: number } | undefined {
    const { segment, at } = this.#census.copyOf(entry);
    if (!this.table.isDelta(segment)) return undefined;
    const root = ownBase(this.table, segment, at);
    return root === NONE || !this.#census.isHeld(root) ? undefined : { root, segment };
  }

  #add(entry: number): void {
    const made = this.#made(entry);
    if (made === undefined) return;
    const { root, segment } = made;
    const away = this.#ratio(segment);
    if (away < (this.#nearest[root] ?? Infinity)) {
      this.#nearest[root] = away;
      this.#nearestAge[root] = this.#reach.age(entry);
    }
    const known = (this.#newest[root] ?? 0) - 1;
    if (known === NONE || this.#reach.age(entry) < this.#reach.age(known)) this.#newest[root] = entry + 1;
  }

  #weigh(entry: number): void {
    const made = this.#made(entry);
    if (made === undefined) return;
    const { root, segment } = made;
    const heir = this.heirOf(root);
    if (heir === NONE) return;
    const length = this.table.lengthOf(entry);
    const way = length * this.#ratio(this.#census.copyOf(heir).segment);
    const rootAge = this.#reach.reached.has(root) ? this.#reach.age(root) : (this.#nearestAge[root] ?? 0);
    const between = this.#reach.age(entry) <= rootAge;
    this.#gain[root] = (this.#gain[root] ?? 0) + (between ? 2 * length * this.#ratio(segment) - way : -way);
  }

  #count(segment: number): void {
    const kind = this.#kind(segment);
    this.stored[kind] += (this.#census.used[segment] ?? 0) * this.#ratio(segment) * (kind + 1);
  }

  #kind(segment: number): 0 | 1 {
    return this.table.pack(this.table.segmentPlace(segment).pack).type === TYPE_METADATA ? 1 : 0;
  }

  #ratio(segment: number): number {
    const { stored, raw } = this.table.segmentPlace(segment);
    return stored / Math.max(raw, 1);
  }
}
