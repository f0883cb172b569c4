import { isAppError } from '../../base/errors.ts';
import { release } from '../../base/memory.ts';
import type { IndexTable, SegmentPlace } from '../index-table.ts';
import type { PackFiles } from './pack-files.ts';

/** One read of a pack takes neighbours up to this size; a gap up to the other is read over. */
const RUN_BYTES = 1 << 20;
const GAP_BYTES = 32 << 10;

interface Run {
  readonly pack: number;
  readonly from: number;
  to: number;
  bytes: Promise<Uint8Array> | undefined;
  /** Frames announced and neither taken nor dropped. */
  left: number;
}

/**
 * The sealed frames that one reader will want soon, read in runs of neighbours. Each frame is handed out once; a run's bytes are
 * freed with its last frame. Holds no more than what was announced and not yet taken.
 */
export class FrameRuns {
  private readonly table: IndexTable;
  private readonly packs: PackFiles;
  private readonly planned = new Map<number, Run>();

  constructor(table: IndexTable, packs: PackFiles) {
    this.table = table;
    this.packs = packs;
  }

  /** Announces segments that will be taken; those announced before are left as they are. */
  announce(segments: Iterable<number>): void {
    const places: { readonly segment: number; readonly place: SegmentPlace }[] = [];
    for (const segment of new Set(segments)) {
      if (!this.planned.has(segment)) places.push({ segment, place: this.table.segmentPlace(segment) });
    }
    places.sort((a, b) => a.place.pack - b.place.pack || a.place.offset - b.place.offset);
    let run: Run | undefined;
    for (const { segment, place } of places) {
      const end = place.offset + place.stored;
      const joins = run !== undefined && run.pack === place.pack && place.offset - run.to <= GAP_BYTES && end - run.from <= RUN_BYTES;
      if (run !== undefined && joins) run.to = Math.max(run.to, end);
      else run = { pack: place.pack, from: place.offset, to: end, bytes: undefined, left: 0 };
      run.left++;
      this.planned.set(segment, run);
    }
  }

  /**
   * The plaintext of a segment's frame; any copy of the pack serves. Throws `repository.damaged`, `repository.missing`, and what
   * the store throws.
   */
  async take(segment: number): Promise<Buffer> {
    const place = this.table.segmentPlace(segment);
    const pack = this.table.pack(place.pack);
    const run = this.planned.get(segment) ?? { pack: place.pack, from: place.offset, to: place.offset + place.stored, bytes: undefined, left: 1 };
    this.planned.delete(segment);
    run.bytes ??= this.packs.range(pack, run.from, run.to - run.from);
    try {
      const bytes = await run.bytes;
      const frame = await this.packs.open(pack, place, bytes.subarray(place.offset - run.from, place.offset - run.from + place.stored));
      this.used(run);
      return frame;
    } catch (error) {
      // Another copy may still yield this frame; if none does, that attempt's error says what is wrong.
      if (isAppError(error)) return this.packs.frame(pack, place);
      throw error;
    }
  }

  /** Forgets an announced segment that turned out to be at hand. */
  drop(segment: number): void {
    const run = this.planned.get(segment);
    this.planned.delete(segment);
    if (run !== undefined) this.used(run);
  }

  /** Gives a run's bytes back with its last frame. Where a frame did not open they are left to the garbage collector. */
  private used(run: Run): void {
    run.left--;
    if (run.left > 0) return;
    run.bytes?.then(release, () => undefined);
    run.bytes = undefined;
  }
}
