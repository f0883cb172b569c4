import { damaged } from '../format/bytes.ts';
import { MAX_FRAME } from '../format/limits.ts';
import { decodeSegment, decodeSegmentSync, makeDictionary, DICTIONARY_PREFIX } from '../format/segment.ts';
import type { IndexTable } from '../index-table.ts';
import { missingChunk } from './faults.ts';
import type { FrameRuns } from './frame-runs.ts';

/** Up to this, decoding on the spot takes less of this thread than the way to the thread pool and back (20 us against 40). */
const SYNC_BYTES = 48 << 10;

interface Held {
  readonly raw: Promise<Buffer>;
  readonly bytes: number;
}

/** Yields the bytes of a base chunk that are proved by its id; used where the quick way gave wrong data. */
export type ProvedBase = (entry: number) => Promise<Uint8Array>;

/**
 * Raw bytes of segments, those used last kept up to `limit` bytes. Bytes are shared: never to be changed, and not proved by any
 * id yet. Several readers may share one cache; a segment that two want at once is decoded once.
 */
export class SegmentCache {
  private readonly table: IndexTable;
  private readonly limit: number;
  private readonly held = new Map<number, Held>();
  private bytes = 0;

  constructor(table: IndexTable, limit: number) {
    this.table = table;
    this.limit = limit;
  }

  has(segment: number): boolean {
    return this.held.has(segment);
  }

  /** The raw bytes of a segment; a delta's bases come through the same cache, from plain segments only. */
  get(segment: number, runs: FrameRuns): Promise<Buffer> {
    const known = this.held.get(segment);
    if (known !== undefined) {
      this.held.delete(segment);
      this.held.set(segment, known);
      runs.drop(segment);
      return known.raw;
    }
    const raw = this.decode(segment, runs);
    this.put(segment, raw);
    return raw;
  }

  /** Keeps the raw bytes of a segment that somebody else decodes; forgets them should that fail. */
  put(segment: number, raw: Promise<Buffer>): void {
    this.forget(segment);
    this.keep(segment, { raw, bytes: this.table.segmentPlace(segment).raw });
    raw.catch(() => {
      this.forget(segment);
    });
  }

  private keep(segment: number, held: Held): void {
    this.held.set(segment, held);
    this.bytes += held.bytes;
    for (const oldest of this.held.keys()) {
      if (this.bytes <= this.limit || oldest === segment) break;
      this.forget(oldest);
    }
  }

  /** Drops a segment whose bytes turned out wrong, or that is not wanted again. */
  forget(segment: number): void {
    const held = this.held.get(segment);
    if (held === undefined) return;
    this.held.delete(segment);
    this.bytes -= held.bytes;
  }

  /** The raw bytes of a segment that nobody will want again: its bases come through the cache, it does not enter it itself. */
  async decode(segment: number, runs: FrameRuns): Promise<Buffer> {
    const place = this.table.segmentPlace(segment);
    if (!place.delta) return decodeSegment(await runs.take(segment), place);
    const [plain, bases] = await Promise.all([runs.take(segment), this.quickBases(segment, runs)]);
    return decodeDelta(plain, place, bases);
  }

  private async quickBases(segment: number, runs: FrameRuns): Promise<Uint8Array[]> {
    const entries = [...this.table.basesOf(segment)];
    checkDictionary(this.table, entries);
    const raws = await Promise.all(
      entries.map((entry) => {
        if (!this.table.hasPlain(entry)) throw missingChunk(this.table, entry);
        return this.get(this.table.segmentOf(entry), runs);
      }),
    );
    return raws.map((raw, i) => {
      const entry = entries[i] ?? 0;
      return raw.subarray(this.table.atOf(entry), this.table.atOf(entry) + this.table.lengthOf(entry));
    });
  }

  /** Decodes a delta anew from bases that are each proved by their id, past the cache. */
  async decodeProved(segment: number, runs: FrameRuns, base: ProvedBase): Promise<Buffer> {
    const place = this.table.segmentPlace(segment);
    const plain = await runs.take(segment);
    if (!place.delta) return decodeSegment(plain, place);
    const entries = [...this.table.basesOf(segment)];
    checkDictionary(this.table, entries);
    const bases: Uint8Array[] = [];
    for (const entry of entries) bases.push(await base(entry));
    return decodeDelta(plain, place, bases);
  }
}

function decodeDelta(plain: Uint8Array, place: { readonly codec: 16 | 32; readonly raw: number }, bases: readonly Uint8Array[]): Promise<Buffer> | Buffer {
  const dictionary = makeDictionary(bases);
  return place.raw <= SYNC_BYTES ? decodeSegmentSync(plain, place, dictionary) : decodeSegment(plain, place, dictionary);
}

function checkDictionary(table: IndexTable, entries: readonly number[]): void {
  const length = entries.reduce((sum, entry) => sum + table.lengthOf(entry), DICTIONARY_PREFIX);
  if (length > MAX_FRAME) throw damaged('The bases of a delta are longer than a dictionary may be.');
}
