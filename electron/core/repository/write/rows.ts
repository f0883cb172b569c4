import { AppError } from '../../base/errors.ts';
import type { Framing } from '../format/table.ts';

/** The bytes that are at hand: those of the stream from offset `from` to offset `to` lie in `area`, `at` onwards. */
export interface Window {
  readonly area: Uint8Array;
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** Knows where rows end in one stream. Offsets are those of the stream; a row's end is the offset just past its last byte. */
export interface RowEnds {
  /** The first row end at or after `offset` (and at most `limit`), or undefined where the bytes at hand do not show one. */
  next(window: Window, offset: number, limit: number): number | undefined;
  /** How many rows end in `(start, cut]`. Called once a chunk, in order. `last`: the stream ends at `cut`. */
  ended(window: Window, start: number, cut: number, last: boolean): number;
  /** Ends handed over beside the bytes that begin at stream offset `from` (`entries` only). */
  announce(from: number, ends: Uint32Array): void;
}

export function createRowEnds(framing: Framing, count: (from: number, to: number, value: number) => number): RowEnds | undefined {
  switch (framing) {
    case 'none':
    case 'pages':
      return undefined;
    case 'lines':
      return new LineEnds(count);
    case 'bson':
      return new ListedEnds(bsonEnd);
    case 'entries':
      return new ListedEnds(undefined);
  }
}

const lineFeed = 10;

/** A row ends after LF; the end of the stream ends a row that has begun. */
class LineEnds implements RowEnds {
  readonly #count: (from: number, to: number, value: number) => number;

  constructor(count: (from: number, to: number, value: number) => number) {
    this.#count = count;
  }

  next(window: Window, offset: number, limit: number): number | undefined {
    const shift = window.at - window.from;
    const found = window.area.subarray(offset - 1 + shift, Math.min(limit, window.to) + shift).indexOf(lineFeed);
    return found === -1 ? undefined : offset + found;
  }

  ended(window: Window, start: number, cut: number, last: boolean): number {
    const shift = window.at - window.from;
    const rows = this.#count(start + shift, cut + shift, lineFeed);
    return last && cut > start && window.area[cut - 1 + shift] !== lineFeed ? rows + 1 : rows;
  }

  announce(): void {
    // Lines show their own ends.
  }
}

/** End of the document that begins at `offset`, or undefined where its length is not at hand. */
function bsonEnd(window: Window, offset: number): number | undefined {
  if (offset + 4 > window.to) return undefined;
  const at = offset - window.from + window.at;
  const length = new DataView(window.area.buffer, window.area.byteOffset + at, 4).getInt32(0, true);
  if (length < 5) {
    throw new AppError('source.damaged', 'The stream of documents is not valid BSON: a document has an impossible length.', {
      details: { offset, length },
      hint: 'Check the source; nothing of this snapshot was kept.',
    });
  }
  return offset + length;
}

/** Ends that come one after the other: read from length prefixes, or announced. */
class ListedEnds implements RowEnds {
  readonly #follow: ((window: Window, offset: number) => number | undefined) | undefined;
  #pending: number[] = [];
  #taken = 0;
  #lastKnown = 0;

  constructor(follow: ((window: Window, offset: number) => number | undefined) | undefined) {
    this.#follow = follow;
  }

  announce(from: number, ends: Uint32Array): void {
    for (const end of ends) {
      const offset = from + end;
      if (offset < this.#lastKnown) throw new RangeError('Row ends must not go backwards.');
      this.#push(offset);
    }
  }

  next(window: Window, offset: number, limit: number): number | undefined {
    this.#extend(window, offset);
    for (let i = this.#taken; i < this.#pending.length; i++) {
      const end = this.#pending[i] as number;
      if (end >= offset) return end <= Math.min(limit, window.to) ? end : undefined;
    }
    return undefined;
  }

  ended(window: Window, start: number, cut: number): number {
    this.#extend(window, cut);
    let rows = 0;
    while (this.#taken < this.#pending.length && (this.#pending[this.#taken] as number) <= cut) {
      if ((this.#pending[this.#taken] as number) > start) rows++;
      this.#taken++;
    }
    if (this.#taken > 4096) {
      this.#pending = this.#pending.slice(this.#taken);
      this.#taken = 0;
    }
    return rows;
  }

  /** Follows the lengths until an end at or after `offset` is known. */
  #extend(window: Window, offset: number): void {
    if (this.#follow === undefined) return;
    while (this.#lastKnown < offset) {
      const end = this.#follow(window, this.#lastKnown);
      if (end === undefined) return;
      this.#push(end);
    }
  }

  #push(offset: number): void {
    this.#pending.push(offset);
    this.#lastKnown = offset;
  }
}
