import { packPath } from '../index-table.ts';
import type { ChunkCopy, IndexTable } from '../index-table.ts';
import { breathe, breather } from '../read/breathe.ts';
import type { DamagedPack } from '../repository.ts';
import type { SegmentContents } from './contents.ts';

/** Stands for the file that would hold a chunk which nothing here holds. */
export const NOWHERE = 'packs';

/**
 * Which copies of chunks are bad, and which chunks are therefore lost: those of which no copy is left, and those of deltas whose
 * bases are lost. Each loss is blamed on one file.
 */
export class Losses {
  private readonly table: IndexTable;
  private readonly contents: SegmentContents;
  private readonly badSegments = new Map<number, string>();
  /** Of the bad segments, those that are sound themselves but lack a base. */
  private readonly baseless = new Set<number>();
  private readonly badChunks = new Map<number, Map<number, string>>();

  constructor(table: IndexTable, contents: SegmentContents) {
    this.table = table;
    this.contents = contents;
  }

  get any(): boolean {
    return this.badSegments.size > 0 || this.badChunks.size > 0;
  }

  /** No copy of the segment's frame opens, or it does not decode. */
  segment(segment: number, file: string): void {
    if (!this.badSegments.has(segment)) this.badSegments.set(segment, file);
  }

  /** The segment decodes, but this chunk in it is not what its id names. */
  chunk(entry: number, segment: number, file: string): void {
    const copies = this.badChunks.get(entry) ?? new Map<number, string>();
    copies.set(segment, file);
    this.badChunks.set(entry, copies);
  }

  isBad(segment: number): boolean {
    return this.badSegments.has(segment);
  }

  private blame(entry: number, copy: ChunkCopy): string | undefined {
    return this.badSegments.get(copy.segment) ?? this.badChunks.get(entry)?.get(copy.segment);
  }

  /** The file to blame where none of these copies is good, else undefined. */
  private lostAmong(entry: number, copies: readonly ChunkCopy[]): string | undefined {
    let first: string | undefined;
    for (const copy of copies) {
      const file = this.blame(entry, copy);
      if (file === undefined) return undefined;
      first ??= file;
    }
    return first ?? NOWHERE;
  }

  /** The file to blame where the chunk of an entry cannot be had, else undefined. */
  lostTo(entry: number): string | undefined {
    if (!this.table.has(entry)) return NOWHERE;
    if (!this.any) return undefined;
    return this.lostAmong(entry, this.table.copies(entry));
  }

  /**
   * Marks every delta of which a base cannot be had from a plain segment. Call when all that is known of plain segments is known.
   * `orphan` is told of deltas whose base lies in no plain segment at all.
   */
  async spreadToDeltas(orphan: (segment: number, file: string) => void): Promise<void> {
    const { table } = this;
    const breath = breather();
    for (let segment = 0; segment < table.segments; segment++) {
      if (breath.due()) await breathe();
      for (const base of table.basesOf(segment)) {
        if (table.hasPlain(base)) {
          if (!this.any) continue;
          const file = this.lostAmong(
            base,
            table.copies(base).filter((copy) => !table.isDelta(copy.segment)),
          );
          if (file !== undefined) this.lacksBase(segment, file);
        } else {
          const file = packPath(table.pack(table.segmentPlace(segment).pack));
          orphan(segment, file);
          this.lacksBase(segment, file);
        }
      }
    }
  }

  private lacksBase(segment: number, file: string): void {
    if (this.isBad(segment)) return;
    this.segment(segment, file);
    this.baseless.add(segment);
  }

  /** The segments that are bad themselves, by pack; those that only lack a base are sound again as soon as it is. */
  damaged(): readonly DamagedPack[] {
    const frames = new Map<number, number[]>();
    const segments = new Set([...this.badSegments.keys(), ...[...this.badChunks.values()].flatMap((copies) => [...copies.keys()])]);
    for (const segment of segments) {
      if (this.baseless.has(segment)) continue;
      const { pack, frame } = this.table.segmentPlace(segment);
      frames.set(pack, [...(frames.get(pack) ?? []), frame]);
    }
    return [...frames].map(([pack, list]) => ({ pack: this.table.pack(pack).name, frames: list.toSorted((a, b) => a - b) }));
  }

  /** Files to which a chunk is lost, reachable or not. */
  blamed(): ReadonlySet<string> {
    const files = new Set<string>();
    const add = (entry: number): void => {
      const file = this.lostTo(entry);
      if (file !== undefined) files.add(file);
    };
    for (const segment of this.badSegments.keys()) for (const { entry } of this.contents.of(segment)) add(entry);
    for (const entry of this.badChunks.keys()) add(entry);
    return files;
  }
}
