import { COPY_DATA, COPY_HEADER } from './line-sum-wasm.ts';
import type { RowSum } from './row-sum.ts';

export interface CopyWireEnds {
  /** Rows, in memory that is good until it returns. */
  readonly rows: (contents: Uint8Array) => void;
  /** Messages of any other kind, in whatever pieces; the bytes are its own. */
  readonly others: (bytes: Buffer) => void;
}

/**
 * Takes apart what a server sends during `COPY … TO STDOUT`: rows out of their messages and into `sum`, everything else (notices, errors, the end)
 * as it came. A message may lie across any number of pieces.
 */
export class CopyWire {
  readonly #sum: RowSum;
  readonly #ends: CopyWireEnds;
  /** The beginning of a message of which the header is not whole yet. */
  #header = Buffer.alloc(0);
  /** Bytes still to come of the present message, and whether it is one of rows. */
  #rest = 0;
  #ofRows = false;
  #over = false;

  constructor(sum: RowSum, ends: CopyWireEnds) {
    this.#sum = sum;
    this.#ends = ends;
  }

  /** No more rows come: from now on everything is given on as it is. To be called when a message of another kind was given. */
  over(): void {
    this.#over = true;
  }

  /** The next piece; the bytes stay the caller's. */
  take(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length) {
      const left = piece.subarray(at);
      if (this.#over) {
        this.#ends.others(Buffer.from(left));
        return;
      }
      if (this.#rest > 0) at += this.#continued(left);
      else if (this.#header.length > 0 || left.length < COPY_HEADER || left[0] !== Number(COPY_DATA)) at += this.#begun(left);
      else {
        const { taken, rest } = this.#sum.unframe(left, this.#ends.rows);
        at += taken;
        this.#rest = rest;
        this.#ofRows = true;
        // Its room may end within a header.
        if (taken === 0) at += this.#begun(left);
      }
    }
  }

  #continued(left: Uint8Array): number {
    const bytes = left.subarray(0, this.#rest);
    this.#rest -= bytes.length;
    if (this.#ofRows) {
      this.#sum.update(bytes);
      this.#ends.rows(bytes);
    } else this.#ends.others(Buffer.from(bytes));
    return bytes.length;
  }

  #begun(left: Uint8Array): number {
    const bytes = left.subarray(0, COPY_HEADER - this.#header.length);
    this.#header = Buffer.concat([this.#header, bytes]);
    if (this.#header.length < COPY_HEADER) return bytes.length;
    const header = this.#header;
    this.#header = Buffer.alloc(0);
    this.#ofRows = header[0] === Number(COPY_DATA);
    this.#rest = header.readUInt32BE(1) - 4;
    if (!this.#ofRows) this.#ends.others(header);
    return bytes.length;
  }
}
