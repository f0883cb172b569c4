import { damaged } from '../format/bytes.ts';
import { sha256 } from '../format/crypto.ts';
import { DELTA_SEGMENT_BYTES, ID_BYTES, MAX_FRAME, PLAIN_SEGMENT_BYTES, TAG_BYTES } from '../format/limits.ts';
import { CODEC_ZSTD, SEGMENT_DELTA, SEGMENT_PLAIN } from '../format/pack.ts';
import { DELTA_LEVEL, DICTIONARY_PREFIX, compressSegment, makeDictionary, plainEncoding } from '../format/segment.ts';
import type { ChunkCopy } from '../index-table.ts';
import { NONE } from '../index-table.ts';
import type { FrameRuns } from '../read/frame-runs.ts';
import type { SnapshotReader } from '../read/reader.ts';
import { DeltaDraft, Draft } from '../write/draft.ts';
import type { ChunkBases, NewChunk } from '../write/draft.ts';
import type { PackWriter } from './pack-writer.ts';

/** Bytes of chunks from given copies, each compared with its id. */
export class ProvedChunks {
  readonly #reader: SnapshotReader;
  readonly #runs: FrameRuns;

  constructor(reader: SnapshotReader) {
    this.#reader = reader;
    this.#runs = reader.source.runs();
  }

  /** The chunk, in memory of its own. Throws `repository.damaged` where that copy does not decode to what its id names. */
  async from(entry: number, copy: ChunkCopy): Promise<Uint8Array> {
    const { source } = this.#reader;
    const bytes = await source.cache.use(copy.segment, this.#runs, (raw) => new Uint8Array(raw.subarray(copy.at, copy.at + copy.length)));
    if (!source.isAnyKind(entry, copy, sha256(bytes))) throw damaged('A chunk decodes to other bytes than its id names.');
    return bytes;
  }
}

/** Gathers chunks into plain segments of a pack. */
export class PlainGatherer {
  readonly #writer: PackWriter;
  #draft: Draft | undefined;

  constructor(writer: PackWriter) {
    this.#writer = writer;
  }

  async add(chunk: NewChunk): Promise<void> {
    if (this.#draft?.fits(chunk.bytes.length) === false) await this.flush();
    this.#draft ??= new Draft(Buffer.allocUnsafe(Math.max(PLAIN_SEGMENT_BYTES, chunk.bytes.length)));
    this.#draft.add(chunk);
  }

  async flush(): Promise<void> {
    const draft = this.#draft;
    this.#draft = undefined;
    if (draft === undefined) return;
    const { raw, ids, lengths } = draft;
    const { codec, bytes } = plainEncoding(raw, await compressSegment(raw));
    await this.#writer.add({ kind: SEGMENT_PLAIN, codec, plain: bytes, raw: raw.length, ids, lengths, bases: [], decodesTo: { raw, dictionary: undefined } });
  }
}

/** Gathers chunks into delta segments of a pack; what is not worth it goes to the plain ones. */
export class DeltaGatherer {
  readonly #writer: PackWriter;
  readonly #plain: PlainGatherer;
  readonly #bases: Bases;
  readonly #keep: number;
  #draft: DeltaDraft | undefined;

  /** `keep`: a delta is kept below this share of what its chunks take plain. */
  constructor(writer: PackWriter, plain: PlainGatherer, bases: Bases, keep: number) {
    this.#writer = writer;
    this.#plain = plain;
    this.#bases = bases;
    this.#keep = keep;
  }

  async add(chunk: NewChunk, bases: ChunkBases): Promise<void> {
    const { lengthOf } = this.#bases;
    if (bases.own === NONE || lengthOf(bases.own) + DICTIONARY_PREFIX > MAX_FRAME) {
      await this.#plain.add(chunk);
      return;
    }
    if (this.#draft?.takes(chunk.bytes.length, bases.own) === false) await this.flush();
    this.#draft ??= new DeltaDraft(Buffer.allocUnsafe(Math.max(DELTA_SEGMENT_BYTES, chunk.bytes.length)), lengthOf);
    this.#draft.addWithBases(chunk, bases);
  }

  async flush(): Promise<void> {
    const draft = this.#draft;
    this.#draft = undefined;
    if (draft === undefined) return;
    const { raw, ids, lengths, bases } = draft;
    const dictionary = makeDictionary(await this.#bases.bytes(bases));
    const plain = await compressSegment(raw, dictionary, DELTA_LEVEL[draft.content]);
    if (plain.length + TAG_BYTES >= this.#keep * (await compressSegment(raw)).length) {
      for (const chunk of draft.chunks()) await this.#plain.add(chunk);
      return;
    }
    await this.#writer.add({
      kind: SEGMENT_DELTA,
      codec: CODEC_ZSTD,
      plain,
      raw: raw.length,
      ids,
      lengths,
      bases: bases.map((base) => this.#bases.idOf(base)),
      decodesTo: { raw, dictionary },
    });
  }
}

/** Where a gatherer of deltas has its bases from: chunks of plain segments. */
export interface Bases {
  readonly lengthOf: (entry: number) => number;
  /** 16 bytes. */
  readonly idOf: (entry: number) => Uint8Array;
  bytes(entries: readonly number[]): Promise<readonly Uint8Array[]>;
}

/** The chunk number `i` of a record. */
export function idAt(ids: Uint8Array, i: number): Uint8Array {
  return ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES);
}
