import { TYPE_METADATA } from '../format/sealed.ts';
import { NONE } from '../index-table.ts';
import type { IndexTable } from '../index-table.ts';
import { Bits } from './bits.ts';
import type { Census } from './census.ts';
import { Families } from './families.ts';
import { paceOf } from './pace.ts';
import type { Pace } from './pace.ts';
import type { Reach } from './reach.ts';

/** A root gives way when its newest chunk takes, as a difference to it, more than this share of what it would take by itself. */
const MOST_DRIFT = 0.08;
/** Roots give way when that frees this share of what is stored, for data and for metadata apart: each time writes most of it anew. */
const WORTH = 0.15;

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
  /** At most so many bytes are written, each once: packs that are written again and heirs. */
  readonly bytes: number;
  /** `bytes`, with both copies of metadata. */
  readonly bytesWritten: number;
  readonly #families: Families;
  readonly #givesWay: Bits;
  readonly #isHeir: Bits;
  readonly #segments: Bits;

  private constructor(families: Families, given: Given, segments: Bits, packs: ReadonlySet<number>) {
    const { table } = families;
    this.#families = families;
    this.roots = given.roots;
    this.heirs = given.heirs;
    this.#givesWay = given.givesWay;
    this.#isHeir = given.isHeir;
    this.#segments = segments;
    this.packs = packs;
    let [bytes, bytesWritten] = [given.heirs.bytes, given.heirs.bytesWritten];
    for (const number of packs) {
      const pack = table.pack(number);
      bytes += pack.bytes;
      bytesWritten += pack.bytes * copiesOf(pack.type);
    }
    this.bytes = bytes;
    this.bytesWritten = bytesWritten;
  }

  /** Undefined where it would free little. Throws `CancelledError`. */
  static async plan(table: IndexTable, census: Census, reach: Reach, signal?: AbortSignal): Promise<Rebase | undefined> {
    const pace = paceOf(signal);
    const families = await Families.take(table, census, reach, pace);
    const due = await dueRoots(families, census, pace);
    if (due.length === 0) return undefined;
    const given = await give(families, await inOrder(due, table, census, pace), census, pace);
    const segments = new Bits(table.segments);
    const packs = new Set<number>();
    const affect = (segment: number): void => {
      segments.add(segment);
      packs.add(table.segmentPlace(segment).pack);
    };
    for (let segment = 0; segment < table.segments; segment += 1) {
      if (pace.due()) await pace.rest();
      if (table.isDelta(segment) && table.basesOf(segment).some((base) => given.givesWay.has(base))) affect(segment);
    }
    for (const root of given.roots) {
      if (pace.due()) await pace.rest();
      if (reach.reached.has(root)) affect(census.copyOf(root).segment);
    }
    return new Rebase(families, given, segments, packs);
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
}

interface Given {
  readonly roots: Uint32Array;
  readonly givesWay: Bits;
  readonly isHeir: Bits;
  readonly heirs: Written;
}

async function dueRoots(families: Families, census: Census, pace: Pace): Promise<readonly number[]> {
  const { table, stored } = families;
  const gain: [number, number] = [0, 0];
  const roots: readonly [number[], number[]] = [[], []];
  const due = (root: number, kind: 0 | 1): number => {
    if (families.heirOf(root) === NONE) return census.isHeldOnly(root) ? families.plainBytes(root) : 0;
    return families.drift(root) > MOST_DRIFT ? Math.max(0, families.gain(root)) * (kind + 1) : 0;
  };
  for (let root = 0; root < table.size; root += 1) {
    if (pace.due()) await pace.rest();
    if (!census.isHeld(root)) continue;
    const kind = families.kindOf(root);
    const one = due(root, kind);
    if (one === 0) continue;
    gain[kind] += one;
    roots[kind].push(root);
  }
  return roots.filter((_roots, kind) => (gain[kind] ?? 0) > WORTH * (stored[kind] ?? 0)).flat();
}

async function give(families: Families, roots: Uint32Array, census: Census, pace: Pace): Promise<Given> {
  const { table } = families;
  const [givesWay, isHeir] = [new Bits(table.size), new Bits(table.size)];
  let [bytes, bytesWritten] = [0, 0];
  for (const root of roots) {
    if (pace.due()) await pace.rest();
    givesWay.add(root);
    const heir = families.heirOf(root);
    if (heir === NONE) continue;
    isHeir.add(heir);
    const { pack, stored, raw } = table.segmentPlace(census.base(root).segment);
    const one = Math.ceil((table.lengthOf(heir) * stored) / raw);
    bytes += one;
    bytesWritten += one * copiesOf(table.pack(pack).type);
  }
  return { roots, givesWay, isHeir, heirs: { bytes, bytesWritten } };
}

function copiesOf(type: number): number {
  return type === TYPE_METADATA ? 2 : 1;
}

/** By segment, and within each by place: counted apart, since a million of them are not sorted in one turn. */
async function inOrder(roots: readonly number[], table: IndexTable, census: Census, pace: Pace): Promise<Uint32Array> {
  const ends = new Uint32Array(table.segments + 1);
  for (const root of roots) {
    if (pace.due()) await pace.rest();
    const { segment } = census.base(root);
    ends[segment + 1] = (ends[segment + 1] ?? 0) + 1;
  }
  for (let segment = 0; segment < table.segments; segment += 1) ends[segment + 1] = (ends[segment + 1] ?? 0) + (ends[segment] ?? 0);
  const ordered = new Uint32Array(roots.length);
  const next = ends.slice();
  for (const root of roots) {
    if (pace.due()) await pace.rest();
    const { segment } = census.base(root);
    const place = next[segment] ?? 0;
    ordered[place] = root;
    next[segment] = place + 1;
  }
  for (let segment = 0; segment < table.segments; segment += 1) {
    const some = ordered.subarray(ends[segment] ?? 0, ends[segment + 1] ?? 0);
    for (let i = 0; i < some.length; i += 1) if (pace.due()) await pace.rest();
    some.sort((a, b) => census.base(a).at - census.base(b).at);
  }
  return ordered;
}
