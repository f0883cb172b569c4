import type { IndexTable } from '../index-table.ts';
import { breathe, breather } from '../read/breathe.ts';

/** One chunk as it lies in a segment. */
export interface Piece {
  readonly entry: number;
  readonly at: number;
  readonly length: number;
}

/**
 * The index turned round: the chunks of each segment. Typed arrays, 12 bytes a copy of a chunk and 4 a segment; a snapshot of the
 * table as it was when this was made.
 */
export class SegmentContents {
  private readonly starts: Uint32Array;
  private readonly pieces: Uint32Array;

  private constructor(starts: Uint32Array, pieces: Uint32Array) {
    this.starts = starts;
    this.pieces = pieces;
  }

  static async make(table: IndexTable): Promise<SegmentContents> {
    const starts = new Uint32Array(table.segments + 1);
    const breath = breather();
    const each = async (visit: (segment: number, entry: number, at: number, length: number) => void): Promise<void> => {
      for (let entry = 0; entry < table.size; entry++) {
        if (breath.due()) await breathe();
        if (!table.has(entry)) continue;
        if (table.copyCount(entry) === 1) visit(table.segmentOf(entry), entry, table.atOf(entry), table.lengthOf(entry));
        else for (const copy of table.copies(entry)) visit(copy.segment, entry, copy.at, copy.length);
      }
    };
    await each((segment) => {
      starts[segment + 1] = (starts[segment + 1] ?? 0) + 1;
    });
    for (let segment = 0; segment < table.segments; segment++) starts[segment + 1] = (starts[segment + 1] ?? 0) + (starts[segment] ?? 0);
    const next = starts.slice();
    const pieces = new Uint32Array((starts[table.segments] ?? 0) * 3);
    await each((segment, entry, at, length) => {
      const place = next[segment] ?? 0;
      next[segment] = place + 1;
      pieces[place * 3] = entry;
      pieces[place * 3 + 1] = at;
      pieces[place * 3 + 2] = length;
    });
    return new SegmentContents(starts, pieces);
  }

  count(segment: number): number {
    return (this.starts[segment + 1] ?? 0) - (this.starts[segment] ?? 0);
  }

  /** The chunks of a segment, in no order. */
  *of(segment: number): Generator<Piece> {
    const end = this.starts[segment + 1] ?? 0;
    for (let i = this.starts[segment] ?? 0; i < end; i++) {
      yield { entry: this.pieces[i * 3] ?? 0, at: this.pieces[i * 3 + 1] ?? 0, length: this.pieces[i * 3 + 2] ?? 0 };
    }
  }
}
