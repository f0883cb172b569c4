import { isAppError } from '../../base/errors.ts';
import type { BlobStore } from '../blob-store.ts';
import { damaged, toHex } from '../format/bytes.ts';
import { CHUNK_DATA, CHUNK_LIST, CHUNK_TABLE, ChunkIds, sha256 } from '../format/crypto.ts';
import type { ChunkKind, KeyMaterial } from '../format/crypto.ts';
import { TYPE_METADATA } from '../format/sealed.ts';
import { NONE, packPath } from '../index-table.ts';
import type { ChunkCopy, IndexTable } from '../index-table.ts';
import { digestChunks } from './digest.ts';
import type { Digested } from './digest-messages.ts';
import { asideIsFree, digestAside } from './digester.ts';
import { missingChunk, missingId } from './faults.ts';
import { FrameRuns } from './frame-runs.ts';
import { PackFiles } from './pack-files.ts';
import { SegmentCache } from './segment-cache.ts';

/** Decoded segments kept: larger caches have no more hits, because bases come in order. */
export const CACHE_BYTES = 16 << 20;

/** A chunk proved by its id, never to be changed; `digest` is its SHA-256. */
export interface ProvedChunk {
  readonly bytes: Uint8Array;
  readonly digest: Buffer;
}

/**
 * Chunks by id, each compared with its id before it is handed out. Where one copy is bad another is tried; where the bases of a
 * delta are, they are proved one by one and replaced by other copies.
 */
export class ChunkSource {
  readonly table: IndexTable;
  readonly packs: PackFiles;
  readonly cache: SegmentCache;
  private readonly ids: ChunkIds;
  /** Keys the ids of chunks; 32 bytes. */
  readonly idKey: Uint8Array;

  constructor(store: BlobStore, keys: KeyMaterial, table: IndexTable, cacheBytes = CACHE_BYTES) {
    this.table = table;
    this.packs = new PackFiles(store, keys);
    this.cache = new SegmentCache(table, cacheBytes);
    this.ids = new ChunkIds(keys.idKey);
    this.idKey = keys.idKey;
  }

  /** A planner of reads for one stream. */
  runs(): FrameRuns {
    return new FrameRuns(this.table, this.packs);
  }

  /** Entry of an id that has a copy. Throws `repository.chunk-missing`. */
  entryOf(id: Uint8Array, at = 0): number {
    const entry = this.table.lookup(id, at);
    if (entry === NONE || !this.table.has(entry)) throw missingId(toHex(id, at, at + 16));
    return entry;
  }

  /** The chunk of an entry, in memory of its own. Throws as `use` does. */
  chunk(kind: ChunkKind, entry: number, runs: FrameRuns): Promise<ProvedChunk> {
    return this.use(kind, entry, runs, ({ bytes, digest }) => ({ bytes: new Uint8Array(bytes), digest }));
  }

  /**
   * Runs `take` on the chunk of an entry, proved. Its bytes are gone when `take` returns: it keeps no view of them. Throws
   * `repository.damaged` naming the pack where every copy is bad, and what `take` throws.
   */
  async use<T>(kind: ChunkKind, entry: number, runs: FrameRuns, take: (chunk: ProvedChunk) => T): Promise<T> {
    const segment = this.table.segmentOf(entry);
    if (segment === NONE) throw missingChunk(this.table, entry);
    const copy = { segment, at: this.table.atOf(entry), length: this.table.lengthOf(entry) };
    let proved = false;
    let first: unknown;
    try {
      return await this.cache.use(segment, runs, (raw) => {
        const chunk = this.prove(kind, entry, copy, raw);
        proved = true;
        return take(chunk);
      });
    } catch (error) {
      if (proved || !isAppError(error)) throw error;
      this.cache.forget(segment);
      first = error;
    }
    const found = await this.rescue(kind, entry, runs);
    if (found === undefined) throw first;
    return take(found);
  }

  /**
   * SHA-256 and id of each of the chunks that lie one after the other in `bytes`; `aside`: by another thread where that one is
   * free, which has the memory meanwhile. They are what the bytes give, compared with nothing.
   */
  async digests(kind: ChunkKind, bytes: Uint8Array<ArrayBuffer>, lengths: Uint32Array, aside: boolean): Promise<Digested> {
    return aside && asideIsFree() ? digestAside(this.idKey, kind, bytes, lengths) : digestChunks(this.ids, kind, bytes, lengths);
  }

  /** Tries every copy by the careful way: past the cache, bases proved. */
  private async rescue(kind: ChunkKind, entry: number, runs: FrameRuns): Promise<ProvedChunk | undefined> {
    for (const copy of this.table.copies(entry)) {
      try {
        // Its neighbours need the same way round: the next of them finds the segment decoded.
        if (!this.cache.has(copy.segment)) this.cache.put(copy.segment, this.provedSegment(copy.segment, runs))();
        return await this.cache.use(copy.segment, runs, (raw) => {
          const { bytes, digest } = this.prove(kind, entry, copy, raw);
          return { bytes: new Uint8Array(bytes), digest };
        });
      } catch (error) {
        if (!isAppError(error)) throw error;
        this.cache.forget(copy.segment);
      }
    }
    return undefined;
  }

  /** The raw bytes of a segment, past the cache, from bases that are each proved by their id. Its own chunks are not. */
  provedSegment(segment: number, runs: FrameRuns): Promise<Buffer> {
    return this.cache.decodeProved(segment, runs, (base) => this.provedBase(base, runs));
  }

  /** A base from any of its plain copies; its kind follows from the type of its pack. */
  private async provedBase(entry: number, runs: FrameRuns): Promise<Uint8Array> {
    let first: unknown = missingChunk(this.table, entry);
    for (const copy of this.table.copies(entry)) {
      if (this.table.isDelta(copy.segment)) continue;
      try {
        return await this.cache.use(copy.segment, runs, (raw) => new Uint8Array(this.proveAny(entry, copy, raw)));
      } catch (error) {
        if (!isAppError(error)) throw error;
        first = error;
      }
    }
    throw first;
  }

  private prove(kind: ChunkKind, entry: number, copy: ChunkCopy, raw: Uint8Array): ProvedChunk {
    const bytes = raw.subarray(copy.at, copy.at + copy.length);
    const digest = sha256(bytes);
    if (!this.table.isId(entry, this.ids.fromDigest(kind, digest))) throw this.wrongBytes(entry, copy);
    return { bytes, digest };
  }

  private proveAny(entry: number, copy: ChunkCopy, raw: Uint8Array): Uint8Array {
    const bytes = raw.subarray(copy.at, copy.at + copy.length);
    const digest = sha256(bytes);
    if (!this.isAnyKind(entry, copy, digest)) throw this.wrongBytes(entry, copy);
    return bytes;
  }

  /** Whether a copy with this digest is what its entry's id names, whichever kind its pack may hold. */
  isAnyKind(entry: number, copy: ChunkCopy, digest: Uint8Array): boolean {
    const metadata = this.table.pack(this.table.segmentPlace(copy.segment).pack).type === TYPE_METADATA;
    const kinds: readonly ChunkKind[] = metadata ? [CHUNK_LIST, CHUNK_TABLE] : [CHUNK_DATA];
    return kinds.some((kind) => this.table.isId(entry, this.ids.fromDigest(kind, digest)));
  }

  private wrongBytes(entry: number, copy: ChunkCopy): Error {
    const file = packPath(this.table.pack(this.table.segmentPlace(copy.segment).pack));
    return damaged(`${file}: chunk ${toHex(this.table.idOf(entry))} decodes to other bytes than its id names.`, { file, segment: copy.segment });
  }
}
