import { BugError } from '../../base/errors.ts';
import { MAX_FRAME } from '../format/limits.ts';
import type { Framing } from '../format/table.ts';
import { createScanner, gearWindow, type GearScanner } from './gear.ts';
import { createRowEnds, type RowEnds, type Window } from './rows.ts';

export interface CutterOptions {
  /** Average chunk, a power of two, bytes. */
  readonly average: number;
  readonly framing: Framing;
  /** Lends the cutter's memory and loops, from `newScanner` of the same average; not asked for where the framing needs none. */
  readonly scanner: () => GearScanner;
}

/** One chunk: `bytes` is a view that is valid until the call returns; `rows` end in it (0 for `none`). */
export type OnChunk = (bytes: Uint8Array, rows: number) => void;

/** Bytes taken at a time; longer buffers are taken in slices of this. */
const intake = 1 << 20;

export interface CutLimits {
  readonly min: number;
  readonly max: number;
  /** Longest chunk where the cut moved on to a row's end. */
  readonly maxWithRow: number;
}

export function cutLimits(average: number): CutLimits {
  return { min: average / 4, max: Math.min(average * 4, MAX_FRAME), maxWithRow: Math.min(average * 8, MAX_FRAME) };
}

/** Memory and loops of one cutter at a time; to be used again for the next stream, because it holds more than a MiB. */
export function newScanner(gear: Uint8Array, average: number, kind: 'auto' | 'wasm' | 'plain' = 'auto'): GearScanner {
  return createScanner(gear, cutLimits(average).maxWithRow + intake, kind);
}

/** Cuts one stream into chunks. */
export interface Cutter {
  /**
   * Takes `bytes` (free again on return) and calls `emit` for every chunk that is complete. `rowEnds`, for `entries`:
   * ascending offsets within `bytes`, each just past the last byte of an entry.
   */
  push(bytes: Uint8Array, emit: OnChunk, rowEnds?: Uint32Array): void;
  /** The stream ended: what is left is the last chunk. */
  finish(emit: OnChunk): void;
}

export function createCutter(options: CutterOptions): Cutter {
  return options.framing === 'pages' ? new GridCutter(options.average) : new ContentCutter(options);
}

/**
 * Chunks of one fixed length: for pages that keep their places, where a cut chosen by content only moves when the content
 * changes. A changed page then changes exactly one chunk, and its base is the chunk at the same place.
 */
class GridCutter implements Cutter {
  readonly #step: number;
  readonly #open: Uint8Array;
  #filled = 0;

  constructor(step: number) {
    this.#step = step;
    this.#open = new Uint8Array(step);
  }

  push(bytes: Uint8Array, emit: OnChunk): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#filled === 0 && bytes.length - at >= this.#step) {
        emit(bytes.subarray(at, at + this.#step), 0);
        at += this.#step;
        continue;
      }
      const part = bytes.subarray(at, at + this.#step - this.#filled);
      this.#open.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#step) this.finish(emit);
    }
  }

  finish(emit: OnChunk): void {
    const length = this.#filled;
    this.#filled = 0;
    if (length > 0) emit(this.#open.subarray(0, length), 0);
  }
}

/**
 * Cuts one stream at places chosen by its content. A chunk has at least `min` bytes (the last one of a stream apart) and at
 * most `max`; with framing, the cut moves on to the next row end where the chunk stays within `maxWithRow`. Cut points
 * depend only on the content, the gear table and the framing: not on how the stream is split into buffers, nor on the scanner.
 */
export class ContentCutter implements Cutter {
  readonly #scanner: GearScanner;
  readonly #rows: RowEnds | undefined;
  readonly #limits: CutLimits;
  readonly #average: number;
  /** Harder to meet before the average, easier after it, so that sizes gather around it. */
  readonly #maskBefore: number;
  readonly #maskAfter: number;
  readonly #head: number;
  /** Bytes `[#start, #stop)` of the area are at hand; `#offset` is the stream offset of `#start`, where the open chunk begins. */
  #start: number;
  #stop: number;
  #offset = 0;
  /** Up to here the open chunk was looked through. */
  #at: number;
  /** Where the content says to cut while the row end is being looked for; 0 where not known. */
  #candidate = 0;

  constructor(options: CutterOptions) {
    const bits = Math.log2(options.average);
    if (!Number.isInteger(bits) || bits < 8 || bits > 18) throw new RangeError('The average chunk is a power of two from 256 to 262144.');
    this.#average = options.average;
    this.#limits = cutLimits(options.average);
    this.#maskBefore = -1 << (32 - (bits + 1));
    this.#maskAfter = -1 << (32 - (bits - 1));
    this.#head = this.#limits.maxWithRow;
    this.#scanner = options.scanner();
    if (this.#scanner.area.length < this.#head + intake) throw new BugError('The scanner was made for another average.');
    this.#rows = createRowEnds(options.framing, (from, to, value) => this.#scanner.count(from, to, value));
    this.#start = this.#head;
    this.#stop = this.#head;
    this.#at = this.#head;
  }

  push(bytes: Uint8Array, emit: OnChunk, rowEnds?: Uint32Array): void {
    if (rowEnds !== undefined) this.#rows?.announce(this.#offset + (this.#stop - this.#start), rowEnds);
    for (let from = 0; from < bytes.length; from += intake) {
      this.#take(bytes.subarray(from, from + intake));
      this.#cut(emit);
    }
  }

  finish(emit: OnChunk): void {
    if (this.#stop > this.#start) this.#emit(this.#stop, emit, true);
  }

  /** Moves what is left of the open chunk before the intake area, so that chunks always lie in one piece. */
  #take(bytes: Uint8Array): void {
    const { area } = this.#scanner;
    const left = this.#stop - this.#start;
    const start = this.#head - left;
    if (start !== this.#start) {
      area.copyWithin(start, this.#start, this.#stop);
      const shift = start - this.#start;
      this.#at += shift;
      if (this.#candidate !== 0) this.#candidate += shift;
      this.#start = start;
    }
    area.set(bytes, this.#head);
    this.#stop = this.#head + bytes.length;
  }

  #cut(emit: OnChunk): void {
    for (;;) {
      if (this.#candidate === 0) this.#candidate = this.#search();
      if (this.#candidate === 0) return;
      const cut = this.#rows === undefined ? this.#candidate : this.#moveToRowEnd(this.#rows);
      if (cut === 0) return;
      this.#emit(cut, emit, false);
    }
  }

  /** The place that the content chooses, or 0 where more bytes are needed. */
  #search(): number {
    const start = this.#start;
    const stop = this.#stop;
    const first = start + this.#limits.min;
    if (this.#at < first) {
      if (stop < first) return 0;
      this.#scanner.warm(first - gearWindow, first);
      this.#at = first;
    }
    return this.#roll(start + this.#average, this.#maskBefore) || this.#roll(start + this.#limits.max, this.#maskAfter) || this.#atMost(stop);
  }

  #roll(until: number, mask: number): number {
    const to = Math.min(until, this.#stop);
    if (this.#at >= to) return 0;
    const hit = this.#scanner.scan(this.#at, to, mask);
    this.#at = hit === 0 ? to : hit;
    return hit;
  }

  #atMost(stop: number): number {
    const longest = this.#start + this.#limits.max;
    return stop >= longest ? longest : 0;
  }

  /** The row end that the cut moves to, the candidate itself where none is near enough, 0 where more bytes are needed. */
  #moveToRowEnd(rows: RowEnds): number {
    const window = this.#window();
    const toOffset = this.#offset - this.#start;
    const limit = this.#offset + this.#limits.maxWithRow;
    const end = rows.next(window, this.#candidate + toOffset, limit);
    if (end !== undefined) return end - toOffset;
    return window.to >= limit ? this.#candidate : 0;
  }

  #emit(cut: number, emit: OnChunk, last: boolean): void {
    const length = cut - this.#start;
    const rows = this.#rows?.ended(this.#window(), this.#offset, this.#offset + length, last) ?? 0;
    emit(this.#scanner.area.subarray(this.#start, cut), rows);
    this.#start = cut;
    this.#at = cut;
    this.#offset += length;
    this.#candidate = 0;
  }

  #window(): Window {
    return { area: this.#scanner.area, at: this.#start, from: this.#offset, to: this.#offset + (this.#stop - this.#start) };
  }
}
