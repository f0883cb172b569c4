import { DELTA_SEGMENT_BYTES, MAX_FRAME, PLAIN_SEGMENT_BYTES } from '../format/limits.ts';
import { DICTIONARY_PREFIX } from '../format/segment.ts';
import { NONE } from '../index-table.ts';
import { DeltaDraft, Draft, type ChunkBases, type NewChunk } from './draft.ts';

/** Told what became of a delta. */
export interface DraftOwner {
  kept(): void;
  /** The delta was not worth keeping: its chunks are to be stored plain. Their bytes are views for the time of the call. */
  demoted(chunks: Iterable<NewChunk>): void;
}

/** Takes finished drafts. */
export interface DraftSink {
  submit(draft: Draft, owner: DraftOwner): void;
  /** Memory of that length for a draft. */
  memory(length: number): Buffer;
  lengthOf(entry: number): number;
}

/** After this many deltas in a row that were not worth keeping, only every `PROBE`th segment's worth of chunks is tried. */
const POOR = 8;
const PROBE = 16;

/**
 * Gathers the new chunks of one stream after the other into segments: one plain and one delta open at a time. Streams that are
 * written at the same time have a lane each, so that a segment holds neighbours; short streams share segments.
 */
export class Lane implements DraftOwner {
  readonly #sink: DraftSink;
  #plain: Draft | undefined;
  #delta: DeltaDraft | undefined;
  #poor = 0;
  #skipped = 0;

  constructor(sink: DraftSink) {
    this.#sink = sink;
  }

  add(chunk: NewChunk, bases: ChunkBases): void {
    const { own } = bases;
    const possible = own !== NONE && this.#sink.lengthOf(own) + DICTIONARY_PREFIX <= MAX_FRAME;
    if (!possible || this.#shouldSkip(chunk.bytes.length)) this.addPlain(chunk);
    else this.#addDelta(chunk, bases);
  }

  addPlain(chunk: NewChunk): void {
    const { length } = chunk.bytes;
    if (this.#plain?.fits(length) === false) this.flushPlain();
    this.#plain ??= new Draft(this.#sink.memory(Math.max(PLAIN_SEGMENT_BYTES, length)));
    this.#plain.add(chunk);
  }

  #addDelta(chunk: NewChunk, bases: ChunkBases): void {
    const { length } = chunk.bytes;
    if (this.#delta?.takes(length, bases.own) === false) this.flushDelta();
    this.#delta ??= new DeltaDraft(this.#sink.memory(Math.max(DELTA_SEGMENT_BYTES, length)), (entry) => this.#sink.lengthOf(entry));
    this.#delta.addWithBases(chunk, bases);
  }

  flushDelta(): void {
    const draft = this.#delta;
    this.#delta = undefined;
    if (draft !== undefined) this.#sink.submit(draft, this);
  }

  flushPlain(): void {
    const draft = this.#plain;
    this.#plain = undefined;
    if (draft !== undefined) this.#sink.submit(draft, this);
  }

  kept(): void {
    this.#poor = 0;
  }

  demoted(chunks: Iterable<NewChunk>): void {
    this.#poor += 1;
    for (const chunk of chunks) this.addPlain(chunk);
  }

  /** Where the parent's data does not help (everything was moved), trying it every time would double the work. */
  #shouldSkip(length: number): boolean {
    if (this.#poor < POOR) return false;
    this.#skipped += length;
    if (this.#skipped < PROBE * DELTA_SEGMENT_BYTES) return true;
    this.#skipped = 0;
    this.#poor = POOR - 1;
    return false;
  }
}
