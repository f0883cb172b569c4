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
  /** By entry of a base: stored bytes of the chunks that were made from it. */
  readonly #differences: Float32Array;

  private constructor(table: IndexTable, census: Census, reach: Reach) {
    this.table = table;
    this.#census = census;
    this.#reach = reach;
    this.#newest = new Uint32Array(table.size);
    this.#differences = new Float32Array(table.size);
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

  /** Stored bytes of all differences of a family. */
  differences(root: number): number {
    return this.#differences[root] ?? 0;
  }

  /** 0: data, 1: metadata. */
  kindOf(root: number): 0 | 1 {
    return this.#kind(this.#census.base(root).segment);
  }

  #add(entry: number): void {
    const copy = this.#census.copyOf(entry);
    if (!this.table.isDelta(copy.segment)) return;
    const root = ownBase(this.table, copy.segment, copy.at);
    if (root === NONE) return;
    this.#differences[root] = (this.#differences[root] ?? 0) + copy.length * this.#ratio(copy.segment);
    const known = (this.#newest[root] ?? 0) - 1;
    if (known === NONE || this.#reach.age(entry) < this.#reach.age(known)) this.#newest[root] = entry + 1;
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
