import { DICTIONARY_PREFIX } from '../format/segment.ts';
import { ID_BYTES, MAX_BASES, MAX_FRAME } from '../format/limits.ts';
import { NONE } from '../index-table.ts';

/** A new chunk on its way into a segment. `bytes` is a view that is free again after the call that takes it. */
export interface NewChunk {
  readonly entry: number;
  /** 16 bytes. */
  readonly id: Uint8Array;
  readonly bytes: Uint8Array;
}

/** What a chunk may be built on: entries of plain, published chunks. */
export interface ChunkBases {
  /** What it replaces. */
  readonly own: number;
  /** What stood beside that. `NONE` stands for nothing. */
  readonly near: readonly number[];
}

/** Chunks gathered for one segment: their bytes back to back, their entries, ids and lengths. */
export class Draft {
  readonly entries: number[] = [];
  readonly lengths: number[] = [];
  readonly #memory: Buffer;
  #ids = Buffer.allocUnsafe(ID_BYTES * 16);
  #filled = 0;

  constructor(memory: Buffer) {
    this.#memory = memory;
  }

  get length(): number {
    return this.#filled;
  }

  get raw(): Buffer {
    return this.#memory.subarray(0, this.#filled);
  }

  get ids(): Uint8Array {
    return this.#ids.subarray(0, this.entries.length * ID_BYTES);
  }

  /** The whole memory, to be used again once nobody reads the segment. */
  get memory(): Buffer {
    return this.#memory;
  }

  fits(length: number): boolean {
    return this.#filled + length <= this.#memory.length;
  }

  add(chunk: NewChunk): void {
    const at = this.entries.length * ID_BYTES;
    if (at === this.#ids.length) this.#ids = Buffer.concat([this.#ids, Buffer.allocUnsafe(this.#ids.length)]);
    this.#ids.set(chunk.id, at);
    this.#memory.set(chunk.bytes, this.#filled);
    this.#filled += chunk.bytes.length;
    this.entries.push(chunk.entry);
    this.lengths.push(chunk.bytes.length);
  }

  /** The chunks again, as views. */
  *chunks(): Generator<NewChunk> {
    let at = 0;
    for (const [i, entry] of this.entries.entries()) {
      const length = this.lengths[i] ?? 0;
      yield { entry, id: this.#ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES), bytes: this.#memory.subarray(at, at + length) };
      at += length;
    }
  }
}

/** A draft with the bases that its dictionary will hold: first those that its chunks replace, in their order, then neighbours. */
export class DeltaDraft extends Draft {
  readonly #own: number[] = [];
  readonly #near: number[] = [];
  readonly #known = new Set<number>();
  readonly #lengthOf: (entry: number) => number;
  #dictionary = DICTIONARY_PREFIX;
  #byContent = false;

  constructor(memory: Buffer, lengthOf: (entry: number) => number) {
    super(memory);
    this.#lengthOf = lengthOf;
  }

  get bases(): readonly number[] {
    return [...this.#own, ...this.#near];
  }

  /** `pages`: every chunk stood in its place on a grid; `rows`: some were cut by their content. */
  get content(): 'pages' | 'rows' {
    return this.#byContent ? 'rows' : 'pages';
  }

  /** False where the chunk must go into another segment: no room, or its own base is already another chunk's. */
  takes(length: number, own: number): boolean {
    return this.fits(length) && !this.#own.includes(own) && this.#room(own);
  }

  addWithBases(chunk: NewChunk, bases: ChunkBases): void {
    this.add(chunk);
    this.#byContent ||= bases.near.length > 0;
    const { own } = bases;
    const near = this.#near.indexOf(own);
    if (near === -1) this.#count(own);
    else this.#near.splice(near, 1);
    this.#own.push(own);
    for (const entry of bases.near) {
      if (entry === NONE || this.#known.has(entry) || !this.#room(entry)) continue;
      this.#count(entry);
      this.#near.push(entry);
    }
  }

  #count(entry: number): void {
    this.#known.add(entry);
    this.#dictionary += this.#lengthOf(entry);
  }

  #room(entry: number): boolean {
    return this.#known.has(entry) || (this.#known.size < MAX_BASES && this.#dictionary + this.#lengthOf(entry) <= MAX_FRAME);
  }
}
