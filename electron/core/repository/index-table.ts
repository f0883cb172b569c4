import { BugError } from '../base/errors.ts';
import { ID_BYTES } from './format/limits.ts';
import type { Codec } from './format/pack.ts';
import type { PackEntry } from './format/index-file.ts';
import { IdSet, NONE } from './id-set.ts';
import { SEGMENT_DELTA, SEGMENT_PADDING } from './format/pack.ts';
import { HEADER_BYTES, TYPE_METADATA } from './format/sealed.ts';
import type { TYPE_PACK } from './format/sealed.ts';

export { NONE };
const ABSENT = 0xffffffff;

/** Where one segment lies and how it decodes. */
export interface SegmentPlace {
  /** Number of the pack in the table. */
  readonly pack: number;
  /** Number of its frame in the pack: the nonce. */
  readonly frame: number;
  /** From the beginning of the file. */
  readonly offset: number;
  readonly stored: number;
  readonly raw: number;
  readonly codec: Codec;
  readonly delta: boolean;
}

/** One copy of a chunk: a range of a segment's raw bytes. */
export interface ChunkCopy {
  readonly segment: number;
  readonly at: number;
  readonly length: number;
}

export interface PackPlace {
  /** 32 hex digits; empty while the pack is being written. */
  readonly name: string;
  readonly type: typeof TYPE_PACK | typeof TYPE_METADATA;
  readonly bytes: number;
}

function grown(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  if (length <= array.length) return array;
  const larger = new Uint32Array(Math.max(length, Math.ceil(array.length * 1.5), 1024));
  larger.set(array);
  return larger;
}

/**
 * Every chunk of a repository in memory: id -> copies (pack, segment, place). Typed arrays: 36 to 44 bytes a chunk, 28 a segment,
 * 4 a named base, no object for either. Entries, segments and packs are numbered from 0 in order of arrival and never move, so
 * that a number may be kept. One thread at a time.
 */
export class IndexTable {
  private readonly ids: IdSet;
  /** Per entry: segment, place, length of its best copy. */
  private entrySegment: Uint32Array<ArrayBuffer>;
  private entryAt: Uint32Array<ArrayBuffer>;
  private entryLength: Uint32Array<ArrayBuffer>;
  /** Copies beyond the best one; rare. */
  private readonly more = new Map<number, ChunkCopy[]>();

  private segmentCount = 0;
  /** Per segment: pack, frame, offset, stored, raw, first base in `bases`, codec | delta << 8. */
  private segmentWords: Uint32Array<ArrayBuffer>;
  private baseCount = 0;
  private bases: Uint32Array<ArrayBuffer>;
  private readonly packs: PackPlace[] = [];
  private readonly packNumbers = new Map<string, number>();

  /** `expected`: number of chunks to make room for at once; the table grows beyond it as needed. */
  constructor(expected = 1024) {
    this.ids = new IdSet(expected);
    this.entrySegment = new Uint32Array(expected);
    this.entryAt = new Uint32Array(expected);
    this.entryLength = new Uint32Array(expected);
    this.segmentWords = new Uint32Array(7 * 256);
    this.bases = new Uint32Array(256);
  }

  /** Number of entries: ids ever seen, those named only as bases included. */
  get size(): number {
    return this.ids.size;
  }

  get segments(): number {
    return this.segmentCount;
  }

  get packCount(): number {
    return this.packs.length;
  }

  /** Bytes of the typed arrays. */
  get memory(): number {
    const entries = this.entrySegment.byteLength + this.entryAt.byteLength + this.entryLength.byteLength;
    return this.ids.memory + entries + this.segmentWords.byteLength + this.bases.byteLength;
  }

  /** Entry of the id at `id[offset .. offset + 16)`, or `NONE`. An entry may have no copy: see `has`. */
  lookup(id: Uint8Array, offset = 0): number {
    return this.ids.lookup(id, offset);
  }

  /** Entry of the id, made without a copy where it is new. */
  intern(id: Uint8Array, offset = 0): number {
    const before = this.ids.size;
    const entry = this.ids.intern(id, offset);
    if (entry < before) return entry;
    if (entry >= this.entrySegment.length) {
      const length = Math.ceil(entry * 1.5) + 1024;
      this.entrySegment = grown(this.entrySegment, length);
      this.entryAt = grown(this.entryAt, length);
      this.entryLength = grown(this.entryLength, length);
    }
    this.entrySegment[entry] = ABSENT;
    return entry;
  }

  /** Whether any copy of the entry is known. */
  has(entry: number): boolean {
    return this.entrySegment[entry] !== ABSENT;
  }

  /** Whether a copy of the entry lies in a plain segment: only then may it serve as a delta base. */
  hasPlain(entry: number): boolean {
    const segment = this.entrySegment[entry] ?? ABSENT;
    return segment !== ABSENT && !this.isDelta(segment);
  }

  /** The entry's id: 16 fresh bytes. */
  idOf(entry: number): Uint8Array {
    return this.ids.idOf(entry);
  }

  /** Whether the entry's id is the 16 bytes at `id[offset ..]`. */
  isId(entry: number, id: Uint8Array, offset = 0): boolean {
    return this.ids.isId(entry, id, offset);
  }

  /** Length of the chunk. Of an entry without a copy: 0. */
  lengthOf(entry: number): number {
    return this.entryLength[entry] ?? 0;
  }

  /** Segment of the entry's best copy (a plain one where there is one), or `NONE`. */
  segmentOf(entry: number): number {
    const segment = this.entrySegment[entry] ?? ABSENT;
    return segment === ABSENT ? NONE : segment;
  }

  /** Where in its segment's raw bytes the best copy begins. */
  atOf(entry: number): number {
    return this.entryAt[entry] ?? 0;
  }

  /** Number of copies of the entry. */
  copyCount(entry: number): number {
    return this.has(entry) ? 1 + (this.more.get(entry)?.length ?? 0) : 0;
  }

  /** Every copy of the entry, the best one first. */
  copies(entry: number): readonly ChunkCopy[] {
    if (!this.has(entry)) return [];
    const best = { segment: this.segmentOf(entry), at: this.atOf(entry), length: this.lengthOf(entry) };
    const others = this.more.get(entry);
    return others === undefined ? [best] : [best, ...others];
  }

  /** Adds a copy of the chunk. A plain copy comes before deltas; else the first stays the best. The same copy twice is once. */
  place(entry: number, segment: number, at: number, length: number): void {
    const held = this.entrySegment[entry] ?? ABSENT;
    if (held === ABSENT) {
      this.setBest(entry, segment, at, length);
      return;
    }
    if (held === segment && this.entryAt[entry] === at) return;
    const copy = { segment, at, length };
    const others = this.more.get(entry) ?? [];
    if (others.some((other) => other.segment === segment && other.at === at)) return;
    if (this.isDelta(held) && !this.isDelta(segment)) {
      others.unshift({ segment: held, at: this.atOf(entry), length: this.lengthOf(entry) });
      this.setBest(entry, segment, at, length);
    } else {
      others.push(copy);
    }
    this.more.set(entry, others);
  }

  private setBest(entry: number, segment: number, at: number, length: number): void {
    this.entrySegment[entry] = segment;
    this.entryAt[entry] = at;
    this.entryLength[entry] = length;
  }

  /** `intern` and `place` in one. Returns the entry. */
  add(id: Uint8Array, offset: number, segment: number, at: number, length: number): number {
    const entry = this.intern(id, offset);
    this.place(entry, segment, at, length);
    return entry;
  }

  /** Adds a segment; `bases`: entries of its bases in the order of the dictionary, empty for a plain one. Returns its number. */
  addSegment(place: Omit<SegmentPlace, 'delta'>, bases: ArrayLike<number> = []): number {
    const segment = this.segmentCount++;
    this.segmentWords = grown(this.segmentWords, (this.segmentCount + 1) * 7);
    this.bases = grown(this.bases, this.baseCount + bases.length);
    const words = this.segmentWords;
    const at = segment * 7;
    words[at] = place.pack;
    words[at + 1] = place.frame;
    words[at + 2] = place.offset;
    words[at + 3] = place.stored;
    words[at + 4] = place.raw;
    words[at + 5] = this.baseCount;
    words[at + 6] = place.codec | (bases.length > 0 ? 256 : 0);
    for (let i = 0; i < bases.length; i++) this.bases[this.baseCount++] = bases[i] ?? 0;
    words[at + 12] = this.baseCount;
    return segment;
  }

  isDelta(segment: number): boolean {
    return ((this.segmentWords[segment * 7 + 6] ?? 0) & 256) !== 0;
  }

  segmentPlace(segment: number): SegmentPlace {
    if (segment < 0 || segment >= this.segmentCount) throw new BugError(`There is no segment ${String(segment)}.`);
    const words = this.segmentWords;
    const at = segment * 7;
    const flags = words[at + 6] ?? 0;
    return {
      pack: words[at] ?? 0,
      frame: words[at + 1] ?? 0,
      offset: words[at + 2] ?? 0,
      stored: words[at + 3] ?? 0,
      raw: words[at + 4] ?? 0,
      codec: (flags & 255) === 16 ? 16 : 32,
      delta: (flags & 256) !== 0,
    };
  }

  /** Entries of the segment's bases in the order of the dictionary: a view, empty for a plain segment. */
  basesOf(segment: number): Uint32Array {
    return this.bases.subarray(this.segmentWords[segment * 7 + 5] ?? 0, this.segmentWords[segment * 7 + 12] ?? 0);
  }

  /** Adds a pack; its name and size may follow by `namePack` when it is published. Returns its number. */
  addPack(pack: PackPlace): number {
    const number = this.packs.length;
    this.packs.push(pack);
    if (pack.name !== '') this.packNumbers.set(pack.name, number);
    return number;
  }

  namePack(number: number, name: string, bytes: number): void {
    this.packs[number] = { ...this.pack(number), name, bytes };
    this.packNumbers.set(name, number);
  }

  pack(number: number): PackPlace {
    const pack = this.packs[number];
    if (pack === undefined) throw new BugError(`There is no pack ${String(number)}.`);
    return pack;
  }

  /** Number of the pack of that name, or `NONE`. */
  packNumber(name: string): number {
    return this.packNumbers.get(name) ?? NONE;
  }

  /**
   * Adds everything that an index file (or a pack's own footer) says of a pack: pack, segments, chunks, bases. A pack that is
   * known already adds nothing. The chunks of segments that are damaged get no copy there.
   */
  addEntry(entry: PackEntry, damage?: { has(pack: string, frame: number): boolean }): void {
    if (this.packNumbers.has(entry.name)) return;
    const pack = this.addPack({ name: entry.name, type: entry.type, bytes: entry.bytes });
    const { baseIds, records } = entry.footer;
    const baseEntries = new Uint32Array(baseIds.length / ID_BYTES);
    for (let i = 0; i < baseEntries.length; i++) baseEntries[i] = this.intern(baseIds, i * ID_BYTES);
    let offset = HEADER_BYTES;
    for (const [frame, record] of records.entries()) {
      if (record.kind !== SEGMENT_PADDING) {
        const bases = record.kind === SEGMENT_DELTA ? record.bases.map((base) => baseEntries[base] ?? 0) : [];
        const segment = this.addSegment({ pack, frame, offset, stored: record.stored, raw: record.raw, codec: record.codec }, bases);
        let at = 0;
        const sound = damage?.has(entry.name, frame) !== true;
        for (const [i, length] of record.lengths.entries()) {
          if (sound) this.add(record.ids, i * ID_BYTES, segment, at, length);
          else this.intern(record.ids, i * ID_BYTES);
          at += length;
        }
      }
      offset += record.stored;
    }
  }
}

/** Path of a pack below the repository. Metadata packs have a second copy at `packCopyPath`. */
export function packPath(pack: Pick<PackPlace, 'name' | 'type'>): string {
  return pack.type === TYPE_METADATA ? `meta/${pack.name}` : `packs/${pack.name.slice(0, 2)}/${pack.name}`;
}

export function packCopyPath(pack: Pick<PackPlace, 'name' | 'type'>): string | undefined {
  return pack.type === TYPE_METADATA ? `meta.copy/${pack.name}` : undefined;
}
