import { TYPE_METADATA } from '../format/sealed.ts';
import { NONE } from '../index-table.ts';
import type { IndexTable } from '../index-table.ts';
import { ownBase } from '../own-base.ts';
import { breathe } from '../read/breathe.ts';
import type { Census } from './census.ts';
import type { Reach } from './reach.ts';

const ENTRIES_A_BREATH = 1 << 14;

/** What was made from what: each base that is held, with the chunks that snapshots reach and that are stored as differences to it. */
export class Families {
  readonly table: IndexTable;
  /** Stored bytes of data, and of metadata with both copies, of everything that is needed. */
  readonly stored: readonly [number, number];
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
    this.stored = this.#sum();
  }

  static async take(table: IndexTable, census: Census, reach: Reach): Promise<Families> {
    const families = new Families(table, census, reach);
    for (let entry = 0; entry < table.size; entry += 1) {
      if (entry % ENTRIES_A_BREATH === 0) await breathe();
      if (reach.reached.has(entry)) families.#add(entry);
    }
    return families;
  }

  /** Bases that are held. */
  *roots(): Generator<number> {
    for (let entry = 0; entry < this.table.size; entry += 1) if (this.#census.isHeld(entry)) yield entry;
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

  #sum(): [number, number] {
    const stored: [number, number] = [0, 0];
    for (let segment = 0; segment < this.table.segments; segment += 1) {
      const kind = this.#kind(segment);
      stored[kind] += (this.#census.used[segment] ?? 0) * this.#ratio(segment) * (kind + 1);
    }
    return stored;
  }

  #kind(segment: number): 0 | 1 {
    return this.table.pack(this.table.segmentPlace(segment).pack).type === TYPE_METADATA ? 1 : 0;
  }

  #ratio(segment: number): number {
    const { stored, raw } = this.table.segmentPlace(segment);
    return stored / Math.max(raw, 1);
  }
}
