import { NONE } from '../index-table.ts';
import type { ChunkBases } from './draft.ts';
import type { Known } from './known.ts';
import type { ParentList, Places } from './parent-list.ts';

/** Goes along the parent's list of a stream and says where each chunk stood there and what a new one may be built on. */
export interface Cursor {
  /** A chunk that is stored already. Returns its place in the parent's list, or `NONE`. */
  stored(entry: number): number;
  /** A new chunk. */
  fresh(): ChunkBases;
}

const nothing: ChunkBases = { own: NONE, near: [] };

/** Without a parent. */
export const noCursor: Cursor = { stored: () => NONE, fresh: () => nothing };

/**
 * For streams cut by content: a stored chunk moves the cursor to just after its place; a new one replaces the chunk under the
 * cursor, has its neighbours beside, and moves it on by one. Any answer is correct; a good one makes small deltas.
 */
export class ContentCursor implements Cursor {
  readonly #list: ParentList;
  readonly #places: Places;
  readonly #known: Known;
  #at = 0;

  constructor(list: ParentList, places: Places, known: Known) {
    this.#list = list;
    this.#places = places;
    this.#known = known;
  }

  stored(entry: number): number {
    // A chunk that stands in several places (zeros) would make the cursor leap: what is expected here comes first.
    const place = this.#list.chunks[this.#at] === entry ? this.#at : this.#places.find(this.#list, entry);
    this.#at = place === NONE ? this.#at + 1 : place + 1;
    return place;
  }

  fresh(): ChunkBases {
    const at = this.#at;
    this.#at += 1;
    const near = [this.#root(at - 1), this.#root(at + 1)];
    const own = this.#root(at);
    if (own !== NONE) return { own, near };
    // At the end of the parent's list, and where a root is gone, a neighbour is better than nothing.
    return { own: near.find((root) => root !== NONE) ?? NONE, near: [] };
  }

  #root(at: number): number {
    const entry = this.#list.chunks[at];
    return entry === undefined ? NONE : this.#known.rootOf(entry);
  }
}

/** For streams on a fixed grid: the chunk at the same place, and no other. */
export class GridCursor implements Cursor {
  readonly #list: ParentList;
  readonly #known: Known;
  #at = 0;

  constructor(list: ParentList, known: Known) {
    this.#list = list;
    this.#known = known;
  }

  stored(): number {
    const at = this.#at;
    this.#at += 1;
    return at < this.#list.chunks.length ? at : NONE;
  }

  fresh(): ChunkBases {
    const entry = this.#list.chunks[this.#at];
    this.#at += 1;
    return entry === undefined ? nothing : { own: this.#known.rootOf(entry), near: [] };
  }
}
