import { BugError, isAppError } from '../../base/errors.ts';
import { release } from '../../base/memory.ts';
import type { BlobStore } from '../blob-store.ts';
import type { ChunkIds, ChunkKind } from '../format/crypto.ts';
import { MAX_FRAME } from '../format/limits.ts';
import { CODEC_ZSTD } from '../format/pack.ts';
import { DICTIONARY_PREFIX, decodeSegment } from '../format/segment.ts';
import { packPath } from '../index-table.ts';
import type { IndexTable, SegmentPlace } from '../index-table.ts';
import type { PackFiles } from '../read/pack-files.ts';

export interface BaseSourceParts {
  readonly store: BlobStore;
  readonly packs: PackFiles;
  readonly table: IndexTable;
  readonly ids: ChunkIds;
  /** Most bytes of decoded segments kept. */
  readonly limit: number;
}

interface Held {
  raw: Promise<Buffer>;
  readonly bytes: number;
  /** Entries of it that were compared with their ids. */
  readonly proved: Set<number>;
}

/**
 * The bytes of bases: from plain segments, each chunk compared with its id before its first use. Bases come nearly in order, so a
 * small cache suffices. Other than a reader's cache it hands out copies only, so that what leaves it is given back at once.
 */
export class BaseSource {
  readonly #parts: BaseSourceParts;
  readonly #held = new Map<number, Held>();
  #bytes = 0;

  constructor(parts: BaseSourceParts) {
    this.#parts = parts;
  }

  /**
   * The dictionary over these entries, each a chunk of one of the kinds: 8 zero bytes, then the chunks in order. Undefined where
   * one of them cannot be had. Memory of the caller's own.
   */
  async dictionary(entries: readonly number[], kinds: readonly ChunkKind[]): Promise<Uint8Array | undefined> {
    const { table } = this.#parts;
    const length = entries.reduce((sum, entry) => sum + table.lengthOf(entry), DICTIONARY_PREFIX);
    if (length > MAX_FRAME) throw new BugError('A dictionary is at most 1 MiB.');
    const dictionary = Buffer.allocUnsafeSlow(length).fill(0, 0, DICTIONARY_PREFIX);
    let at = DICTIONARY_PREFIX;
    for (const entry of entries) {
      if (!(await this.#copy(entry, kinds, dictionary, at))) return undefined;
      at += table.lengthOf(entry);
    }
    return dictionary;
  }

  async #copy(entry: number, kinds: readonly ChunkKind[], into: Buffer, at: number): Promise<boolean> {
    const { table, ids } = this.#parts;
    const segment = table.segmentOf(entry);
    try {
      const held = this.#segment(segment);
      const raw = await held.raw;
      // Another dictionary may have pushed the segment out just now.
      if (raw.length === 0) return await this.#copy(entry, kinds, into, at);
      const bytes = raw.subarray(table.atOf(entry), table.atOf(entry) + table.lengthOf(entry));
      if (!held.proved.has(entry)) {
        if (!kinds.some((kind) => table.isId(entry, ids.of(kind, bytes)))) return false;
        held.proved.add(entry);
      }
      into.set(bytes, at);
      return true;
    } catch (error) {
      if (isAppError(error)) return false;
      throw error;
    }
  }

  #segment(segment: number): Held {
    const known = this.#held.get(segment);
    if (known !== undefined) {
      this.#held.delete(segment);
      this.#held.set(segment, known);
      return known;
    }
    const place = this.#parts.table.segmentPlace(segment);
    if (place.delta) throw new BugError('A base lies in a plain segment.');
    const held: Held = { raw: this.#decode(place), bytes: place.raw, proved: new Set() };
    this.#held.set(segment, held);
    this.#bytes += held.bytes;
    held.raw.catch(() => {
      this.#drop(segment, held);
    });
    for (const [oldest, other] of this.#held) {
      if (this.#bytes <= this.#parts.limit || oldest === segment) break;
      this.#drop(oldest, other);
      void other.raw.then(release, () => undefined);
    }
    return held;
  }

  #drop(segment: number, held: Held): void {
    if (this.#held.get(segment) !== held) return;
    this.#held.delete(segment);
    this.#bytes -= held.bytes;
  }

  async #decode(place: SegmentPlace): Promise<Buffer> {
    const plain = await this.#frame(place);
    const raw = await decodeSegment(plain, place);
    if (place.codec === CODEC_ZSTD) release(plain);
    return raw;
  }

  /** The frame from the pack's usual place; else from any copy. */
  async #frame(place: SegmentPlace): Promise<Buffer> {
    const { store, packs, table } = this.#parts;
    const pack = table.pack(place.pack);
    try {
      const sealed = await store.read(packPath(pack), { from: place.offset, length: place.stored });
      const plain = await packs.open(pack, place, sealed);
      release(sealed);
      return plain;
    } catch (error) {
      if (!isAppError(error)) throw error;
      return packs.frame(pack, place);
    }
  }
}
