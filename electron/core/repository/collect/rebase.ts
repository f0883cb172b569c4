import { TYPE_METADATA } from '../format/sealed.ts';
import { NONE } from '../index-table.ts';
import type { IndexTable } from '../index-table.ts';
import { breathe } from '../read/breathe.ts';
import { Bits } from './bits.ts';
import type { Census } from './census.ts';
import { Families } from './families.ts';
import type { Reach } from './reach.ts';

/** A root gives way when its newest chunk takes, as a difference to it, more than this share of what it would take by itself. */
const MOST_DRIFT = 0.08;
/** Differences to an heir take about this share of what those to a root that drifted away take. */
const LEFT = 0.5;
/** Roots give way when that frees this share of what is stored, for data and for metadata apart: each time writes most of it anew. */
const WORTH = 0.08;

interface Written {
  readonly bytes: number;
  readonly bytesWritten: number;
}

/**
 * Which bases give way, and to what. Everything that changes is stored as a difference to a root: a chunk of long ago, from which the newest chunks drift
 * away. Then the newest of its family is its heir: stored plain, with everything else of the family, the root included where a snapshot reaches it, as
 * differences to it. A root that no snapshot reaches and that only stands beside other bases gives way to nothing.
 */
export class Rebase {
  /** Roots that give way, in the order in which they lie in packs: neighbours of a stream stay neighbours. */
  readonly roots: Uint32Array;
  /** Packs with a segment that names such a root, or that holds one which a snapshot reaches: they are written again, all of them. */
  readonly packs: ReadonlySet<number>;
  /** What the heirs take, as reckoned from the roots: stored once, and with every copy of a metadata pack. */
  readonly heirs: Written;
  readonly #table: IndexTable;
  readonly #families: Families;
  readonly #givesWay: Bits;
  readonly #isHeir: Bits;
  readonly #segments: Bits;

  private constructor(families: Families, census: Census, reach: Reach, roots: Uint32Array) {
    const { table } = families;
    this.#table = table;
    this.#families = families;
    this.roots = roots;
    this.#givesWay = new Bits(table.size);
    this.#isHeir = new Bits(table.size);
    for (const root of roots) {
      this.#givesWay.add(root);
      if (families.heirOf(root) !== NONE) this.#isHeir.add(families.heirOf(root));
    }
    this.#segments = this.#affected(census, reach);
    this.packs = this.#packsOf(this.#segments);
    this.heirs = this.#heirsWritten(census);
  }

  /** Undefined where it would free little. */
  static async plan(table: IndexTable, census: Census, reach: Reach): Promise<Rebase | undefined> {
    const families = await Families.take(table, census, reach);
    const gain = [0, 0];
    const roots: number[] = [];
    const due = (root: number): number => {
      const kind = families.kindOf(root);
      if (families.heirOf(root) === NONE) return census.isHeldOnly(root) ? families.plainBytes(root) : 0;
      return families.drift(root) > MOST_DRIFT ? LEFT * families.differences(root) * (kind + 1) : 0;
    };
    for (const root of families.roots()) {
      const one = due(root);
      if (one === 0) continue;
      gain[families.kindOf(root)] = (gain[families.kindOf(root)] ?? 0) + one;
      roots.push(root);
    }
    await breathe();
    const worth = gain.map((bytes, kind) => bytes > WORTH * (families.stored[kind] ?? 0));
    const chosen = roots.filter((root) => worth[families.kindOf(root)] === true);
    return chosen.length === 0 ? undefined : new Rebase(families, census, reach, inOrder(chosen, census));
  }

  /** At most so many bytes are written, each once: packs that are written again and heirs. */
  get bytes(): number {
    return [...this.packs].reduce((sum, pack) => sum + this.#table.pack(pack).bytes, this.heirs.bytes);
  }

  /** `bytes`, with both copies of metadata. */
  get bytesWritten(): number {
    return [...this.packs].reduce((sum, pack) => sum + this.#table.pack(pack).bytes * this.#copies(pack), this.heirs.bytesWritten);
  }

  isHeir(entry: number): boolean {
    return this.#isHeir.has(entry);
  }

  /** What to build on in the place of `base`: itself, its heir, or `NONE`. */
  inPlaceOf(base: number): number {
    return base !== NONE && this.#givesWay.has(base) ? this.#families.heirOf(base) : base;
  }

  /** Whether a segment names a root that gives way, or holds one which a snapshot reaches. */
  isAffected(segment: number): boolean {
    return this.#segments.has(segment);
  }

  #affected(census: Census, reach: Reach): Bits {
    const table = this.#table;
    const affected = new Bits(table.segments);
    for (let segment = 0; segment < table.segments; segment += 1) {
      if (table.isDelta(segment) && table.basesOf(segment).some((base) => this.#givesWay.has(base))) affected.add(segment);
    }
    for (const root of this.roots) if (reach.reached.has(root)) affected.add(census.copyOf(root).segment);
    return affected;
  }

  #packsOf(segments: Bits): ReadonlySet<number> {
    const packs = new Set<number>();
    for (let segment = 0; segment < this.#table.segments; segment += 1) if (segments.has(segment)) packs.add(this.#table.segmentPlace(segment).pack);
    return packs;
  }

  #copies(pack: number): number {
    return this.#table.pack(pack).type === TYPE_METADATA ? 2 : 1;
  }

  #heirsWritten(census: Census): Written {
    let [bytes, bytesWritten] = [0, 0];
    for (const root of this.roots) {
      const heir = this.#families.heirOf(root);
      if (heir === NONE) continue;
      const { pack, stored, raw } = this.#table.segmentPlace(census.base(root).segment);
      const one = Math.ceil((this.#table.lengthOf(heir) * stored) / raw);
      bytes += one;
      bytesWritten += one * this.#copies(pack);
    }
    return { bytes, bytesWritten };
  }
}

function inOrder(roots: readonly number[], census: Census): Uint32Array {
  return Uint32Array.from(roots).sort((a, b) => {
    const [one, other] = [census.base(a), census.base(b)];
    return one.segment - other.segment || one.at - other.at;
  });
}
