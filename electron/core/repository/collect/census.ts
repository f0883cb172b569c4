import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import { sha256 } from '../format/crypto.ts';
import type { ChunkCopy, IndexTable } from '../index-table.ts';
import { breathe } from '../read/breathe.ts';
import type { ChunkSource } from '../read/chunk-source.ts';
import { missingChunk } from '../read/faults.ts';
import type { FrameRuns } from '../read/frame-runs.ts';
import { Bits } from './bits.ts';

const ENTRIES_A_BREATH = 1 << 14;
/** A segment holds up to 64 bases. */
const SEGMENTS_A_BREATH = 1 << 8;

/**
 * What of each segment is needed, by records of the index and never by lists: one copy of every reached chunk, and a plain copy of
 * every base of every segment that is needed at all, reached or not. Where a chunk has several copies, the one that is relied on is
 * read and compared with its id before the others may go.
 */
export class Census {
  /** By segment: raw bytes that are needed. 0: the segment is dead. */
  readonly used: Uint32Array;
  readonly #table: IndexTable;
  readonly #chooser: Chooser;
  readonly #reached: Bits;
  readonly #held: Bits;
  #heldOnly = 0;

  private constructor(source: ChunkSource, reached: Bits) {
    this.#table = source.table;
    this.#chooser = new Chooser(source);
    this.#reached = reached;
    this.#held = new Bits(source.table.size);
    this.used = new Uint32Array(source.table.segments);
  }

  /** Throws `repository.damaged` and `repository.chunk-missing` where something that is needed is not there. */
  static async take(source: ChunkSource, reached: Bits, signal?: AbortSignal): Promise<Census> {
    const census = new Census(source, reached);
    for (let entry = 0; entry < source.table.size; entry += 1) {
      if (entry % ENTRIES_A_BREATH === 0) await rest(signal);
      if (reached.has(entry)) census.#need(await census.#chooser.any(entry));
    }
    for (let segment = 0; segment < census.used.length; segment += 1) {
      if (segment % SEGMENTS_A_BREATH === 0) await rest(signal);
      if (!census.isDead(segment)) await census.hold(segment);
    }
    return census;
  }

  isDead(segment: number): boolean {
    return this.used[segment] === 0;
  }

  /** Raw bytes that no snapshot reaches and that are kept only because deltas are built on them. */
  get heldOnly(): number {
    return this.#heldOnly;
  }

  /** Keeps all bases of a segment that stays in the index. True where that made more needed than before. */
  async hold(segment: number): Promise<boolean> {
    let more = false;
    for (const base of this.#table.basesOf(segment)) {
      if (this.#held.has(base)) continue;
      const copy = await this.#chooser.plain(base);
      this.#held.add(base);
      const reached = this.#reached.has(base);
      if (reached && this.#chooser.chosen(base).segment === copy.segment) continue;
      this.#need(copy);
      more = true;
      if (!reached) this.#heldOnly += copy.length;
    }
    return more;
  }

  /** Whether deltas are built on a chunk, so that a plain copy of it is kept. */
  isHeld(entry: number): boolean {
    return this.#held.has(entry);
  }

  /** Whether a chunk is kept only because deltas are built on it. */
  isHeldOnly(entry: number): boolean {
    return this.#held.has(entry) && !this.#reached.has(entry);
  }

  /** Counts a base as held no more: whatever names it is written again without it. */
  giveUp(base: number): void {
    const copy = this.base(base);
    this.#held.delete(base);
    const reached = this.#reached.has(base);
    if (reached && this.#chooser.chosen(base).segment === copy.segment) return;
    this.used[copy.segment] = (this.used[copy.segment] ?? 0) - copy.length;
    if (!reached) this.#heldOnly -= copy.length;
  }

  /** The copy of a reached chunk that is relied on. */
  copyOf(entry: number): ChunkCopy {
    return this.#chooser.chosen(entry);
  }

  /** The copy of a base that is relied on. */
  base(entry: number): ChunkCopy {
    return this.#chooser.chosenPlain(entry);
  }

  /** Whether a copy of a chunk is one that is relied on. */
  relies(entry: number, copy: { readonly segment: number; readonly at: number }): boolean {
    const same = (one: ChunkCopy): boolean => one.segment === copy.segment && one.at === copy.at;
    return (this.#reached.has(entry) && same(this.#chooser.chosen(entry))) || (this.#held.has(entry) && same(this.#chooser.chosenPlain(entry)));
  }

  #need(copy: ChunkCopy): void {
    this.used[copy.segment] = (this.used[copy.segment] ?? 0) + copy.length;
  }
}

async function rest(signal: AbortSignal | undefined): Promise<void> {
  throwIfCancelled(signal);
  await breathe();
}

/** Which copy of a chunk to rely on. */
class Chooser {
  readonly #source: ChunkSource;
  readonly #table: IndexTable;
  readonly #runs: FrameRuns;
  /** Only where there was a choice. */
  readonly #chosen = new Map<number, ChunkCopy>();
  readonly #plain = new Map<number, ChunkCopy>();

  constructor(source: ChunkSource) {
    this.#source = source;
    this.#table = source.table;
    this.#runs = source.runs();
  }

  async any(entry: number): Promise<ChunkCopy> {
    const copies = this.#table.copies(entry);
    if (copies.length > 1 && !this.#chosen.has(entry)) this.#chosen.set(entry, await this.#sound(entry, copies));
    return this.chosen(entry);
  }

  async plain(entry: number): Promise<ChunkCopy> {
    const copies = this.#table.copies(entry).filter((copy) => !this.#table.isDelta(copy.segment));
    const chosen = this.#chosen.get(entry);
    if (chosen !== undefined && !this.#table.isDelta(chosen.segment)) this.#plain.set(entry, chosen);
    else if (copies.length > 1 && !this.#plain.has(entry)) this.#plain.set(entry, await this.#sound(entry, copies));
    return this.chosenPlain(entry);
  }

  chosen(entry: number): ChunkCopy {
    return this.#chosen.get(entry) ?? this.#only(entry, this.#table.copies(entry));
  }

  chosenPlain(entry: number): ChunkCopy {
    const copies = (): readonly ChunkCopy[] => this.#table.copies(entry).filter((copy) => !this.#table.isDelta(copy.segment));
    return this.#plain.get(entry) ?? this.#only(entry, copies());
  }

  #only(entry: number, copies: readonly ChunkCopy[]): ChunkCopy {
    const [first] = copies;
    if (first === undefined) throw missingChunk(this.#table, entry);
    return first;
  }

  /** The first copy that decodes to what its id names. Throws the first copy's error where none does. */
  async #sound(entry: number, copies: readonly ChunkCopy[]): Promise<ChunkCopy> {
    let first: unknown = missingChunk(this.#table, entry);
    for (const [i, copy] of copies.entries()) {
      try {
        const digest = await this.#source.cache.use(copy.segment, this.#runs, (raw) => sha256(raw.subarray(copy.at, copy.at + copy.length)));
        if (this.#source.isAnyKind(entry, copy, digest)) return copy;
      } catch (error) {
        if (!isAppError(error)) throw error;
        if (i === 0) first = error;
      }
    }
    throw first;
  }
}
