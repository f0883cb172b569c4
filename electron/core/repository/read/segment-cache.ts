import { release } from '../../base/memory.ts';
import { damaged } from '../format/bytes.ts';
import { MAX_FRAME } from '../format/limits.ts';
import { CODEC_ZSTD } from '../format/pack.ts';
import { DICTIONARY_PREFIX, decodeSegment, decodeSegmentSync, makeDictionary } from '../format/segment.ts';
import type { SegmentForm } from '../format/segment.ts';
import type { IndexTable } from '../index-table.ts';
import { missingChunk } from './faults.ts';
import type { FrameRuns } from './frame-runs.ts';

/** Up to this, decoding on the spot takes less of this thread than the way to the thread pool and back (20 us against 40). */
const SYNC_BYTES = 48 << 10;

interface Held {
  readonly raw: Promise<Buffer>;
  readonly bytes: number;
  /** Uses under way. */
  pins: number;
  dropped: boolean;
}

/** Yields the bytes of a base chunk that are proved by its id; used where the quick way gave wrong data. */
export type ProvedBase = (entry: number) => Promise<Uint8Array>;

/**
 * Raw bytes of segments, those used last kept up to `limit` bytes. Bytes are shared: never to be changed, and not proved by any
 * id yet. Several readers may share one cache; a segment that two want at once is decoded once. Memory is given back as soon as
 * nobody can have it: left to the garbage collector, it would run forty times a gigabyte.
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

  /** Begins to decode a segment that will be used soon; a delta's bases come through the same cache, from plain segments only. */
  fetch(segment: number, runs: FrameRuns): void {
    this.hold(segment, runs);
  }

  /** Runs `take` on the raw bytes of a segment. They are gone when it returns: it keeps no view of them. */
  async use<T>(segment: number, runs: FrameRuns, take: (raw: Buffer) => T): Promise<T> {
    const held = this.hold(segment, runs);
    held.pins++;
    try {
      return take(await held.raw);
    } finally {
      held.pins--;
      giveBack(held);
    }
  }

  /** Keeps the raw bytes of a segment that the caller decodes. The caller calls what is returned when it is done with them. */
  put(segment: number, raw: Promise<Buffer>): () => void {
    this.forget(segment);
    const held = this.keep(segment, raw);
    held.pins++;
    return () => {
      held.pins--;
      giveBack(held);
    };
  }

  private hold(segment: number, runs: FrameRuns): Held {
    const known = this.held.get(segment);
    if (known === undefined) return this.keep(segment, this.decode(segment, runs));
    this.held.delete(segment);
    this.held.set(segment, known);
    runs.drop(segment);
    return known;
  }

  private keep(segment: number, raw: Promise<Buffer>): Held {
    const held: Held = { raw, bytes: this.table.segmentPlace(segment).raw, pins: 0, dropped: false };
    this.held.set(segment, held);
    this.bytes += held.bytes;
    for (const oldest of this.held.keys()) {
      if (this.bytes <= this.limit || oldest === segment) break;
      this.forget(oldest);
    }
    raw.catch(() => {
      if (this.held.get(segment) === held) this.forget(segment);
    });
    return held;
  }

  /** Drops a segment whose bytes turned out wrong, or that is not wanted again. */
  forget(segment: number): void {
    const held = this.held.get(segment);
    if (held === undefined) return;
    this.held.delete(segment);
    this.bytes -= held.bytes;
    held.dropped = true;
    giveBack(held);
  }

  /** The raw bytes of a segment that nobody will want again: its bases come through the cache, it does not enter it itself. */
  async decode(segment: number, runs: FrameRuns): Promise<Buffer> {
    const place = this.table.segmentPlace(segment);
    if (!place.delta) return decodePlain(await runs.take(segment), place);
    const [plain, dictionary] = await Promise.all([runs.take(segment), this.dictionary(segment, runs)]);
    return decodeDelta(plain, place, dictionary);
  }

  /** The dictionary of a delta; its bases are not proved. */
  private async dictionary(segment: number, runs: FrameRuns): Promise<Uint8Array> {
    const entries = [...this.table.basesOf(segment)];
    const dictionary = new Uint8Array(dictionaryBytes(this.table, entries));
    let next = DICTIONARY_PREFIX;
    await Promise.all(
      entries.map((entry) => {
        if (!this.table.hasPlain(entry)) throw missingChunk(this.table, entry);
        const to = next;
        const from = this.table.atOf(entry);
        const length = this.table.lengthOf(entry);
        next += length;
        return this.use(this.table.segmentOf(entry), runs, (raw) => {
          dictionary.set(raw.subarray(from, from + length), to);
        });
      }),
    );
    return dictionary;
  }

  /** Decodes a segment anew, past the cache, a delta from bases that are each proved by their id. */
  async decodeProved(segment: number, runs: FrameRuns, base: ProvedBase): Promise<Buffer> {
    const place = this.table.segmentPlace(segment);
    const plain = await runs.take(segment);
    if (!place.delta) return decodePlain(plain, place);
    const entries = [...this.table.basesOf(segment)];
    dictionaryBytes(this.table, entries);
    const bases: Uint8Array[] = [];
    for (const entry of entries) bases.push(await base(entry));
    return decodeDelta(plain, place, makeDictionary(bases));
  }
}

function giveBack(held: Held): void {
  if (held.dropped && held.pins === 0) held.raw.then(release, () => undefined);
}

async function decodePlain(plain: Buffer, place: SegmentForm): Promise<Buffer> {
  const raw = await decodeSegment(plain, place);
  if (place.codec === CODEC_ZSTD) release(plain);
  return raw;
}

async function decodeDelta(plain: Buffer, place: SegmentForm, dictionary: Uint8Array): Promise<Buffer> {
  const raw = place.raw <= SYNC_BYTES ? decodeSegmentSync(plain, place, dictionary) : await decodeSegment(plain, place, dictionary);
  release(dictionary);
  return raw;
}

/** Length of the dictionary over these bases. Throws `repository.damaged` where it is longer than one may be. */
function dictionaryBytes(table: IndexTable, entries: readonly number[]): number {
  const length = entries.reduce((sum, entry) => sum + table.lengthOf(entry), DICTIONARY_PREFIX);
  if (length > MAX_FRAME) throw damaged('The bases of a delta are longer than a dictionary may be.');
  return length;
}
