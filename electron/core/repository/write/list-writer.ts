import { CHUNK_LIST } from '../format/crypto.ts';
import type { ChunkIds } from '../format/crypto.ts';
import { ListBuilder } from '../format/list.ts';
import type { LeafEntry, ListTotals } from '../format/list.ts';
import { NONE } from '../index-table.ts';
import type { ChunkBases } from './draft.ts';
import type { Known } from './known.ts';
import type { Lane } from './lane.ts';
import type { ParentList } from './parent-list.ts';

/** A chunk as the list names it, and where it stood in the parent's list (`NONE` where it did not). */
export interface ListedChunk extends LeafEntry {
  readonly place: number;
}

export interface ListWriterParts {
  readonly ids: ChunkIds;
  readonly known: Known;
  /** Where list nodes go. */
  readonly lane: Lane;
  readonly parent: ParentList | undefined;
}

/**
 * Writes the list of one stream, node by node as it grows. A leaf that is new is built on the parent's leaf in which its chunks
 * stood: with few rows changed all over a table nearly every leaf changes, each only a little.
 */
export class ListWriter {
  readonly #parts: ListWriterParts;
  readonly #builder: ListBuilder;
  /** First and last known place in the parent's list among the chunks of the open leaf. */
  #first: number = NONE;
  #last: number = NONE;

  constructor(parts: ListWriterParts) {
    this.#parts = parts;
    this.#builder = new ListBuilder((node) => this.#store(node));
  }

  async add(chunk: ListedChunk): Promise<void> {
    if (chunk.place !== NONE) {
      if (this.#first === NONE) this.#first = chunk.place;
      this.#last = chunk.place;
    }
    await this.#builder.add(chunk);
  }

  async finish(): Promise<{ readonly root: Uint8Array } & ListTotals> {
    return this.#builder.finish();
  }

  #store(node: Uint8Array): Promise<Uint8Array> {
    const isLeaf = node[0] === 0;
    const bases = isLeaf ? this.#leafBases() : { own: NONE, near: [] };
    const { ids, known, lane } = this.#parts;
    const id = ids.of(CHUNK_LIST, node);
    const entry = known.table.intern(id);
    const claim = known.claim(entry);
    if (claim === 'new') lane.add({ entry, id, bytes: node }, bases);
    if (claim === 'new-plain') lane.addPlain({ entry, id, bytes: node });
    return Promise.resolve(id);
  }

  #leafBases(): ChunkBases {
    const own = this.#leafRoot(this.#first);
    const last = this.#leafRoot(this.#last);
    this.#first = NONE;
    this.#last = NONE;
    return own === NONE ? { own: last, near: [] } : { own, near: last === own ? [] : [last] };
  }

  /** What the parent's leaf that held the chunk at `place` is built on, or is. */
  #leafRoot(place: number): number {
    const { parent, known } = this.#parts;
    if (parent === undefined || place === NONE) return NONE;
    let low = 0;
    let high = parent.leaves.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((parent.leaves[middle]?.first ?? 0) <= place) low = middle;
      else high = middle - 1;
    }
    return known.rootOf(parent.leaves[low]?.entry ?? NONE);
  }
}
