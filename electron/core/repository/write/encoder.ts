import { release } from '../../base/memory.ts';
import { damaged, sameBytes } from '../format/bytes.ts';
import type { ChunkKind } from '../format/crypto.ts';
import { CHUNK_DATA, CHUNK_LIST, CHUNK_TABLE } from '../format/crypto.ts';
import { TAG_BYTES } from '../format/limits.ts';
import { CODEC_ZSTD } from '../format/pack.ts';
import type { Codec } from '../format/pack.ts';
import { DELTA_LEVEL, compressSegment, decodeSegment, decodeSegmentSync, plainEncoding } from '../format/segment.ts';
import type { BaseSource } from './base-source.ts';
import { DeltaDraft, type Draft } from './draft.ts';
import type { Gate } from './gate.ts';
import type { PlainCompressor } from './plain-compressor.ts';
import type { Known } from './known.ts';
import type { DraftOwner, DraftSink } from './lane.ts';
import type { MemoryPool } from './memory-pool.ts';
import type { PackSink } from './pack-sink.ts';

/** Raw bytes on their way before whoever feeds must wait. */
const BACKLOG_BYTES = 4 << 20;
/** A delta is kept below this share of what its chunks would take without bases, as reckoned from the bases' own segments. */
const KEEP_DATA = 0.4;
/** The same for lists and tables, against a trial: half of a list is ids that nothing compresses. */
const KEEP_METADATA = 0.8;

export interface EncoderParts {
  readonly bases: BaseSource;
  readonly known: Known;
  readonly packs: Pick<PackSink, 'append'>;
  /** Bounds what is in the thread pool at once, and lends the compressors. */
  readonly gate: Gate<PlainCompressor>;
  readonly pool: MemoryPool;
  /** `data`: chunks of kind 0; `metadata`: lists and tables. */
  readonly content: 'data' | 'metadata';
  /** Told of the first failure, so that whatever waits elsewhere for these frames ends too. */
  readonly onFailure: (error: unknown) => void;
}

interface Encoded {
  readonly codec: Codec;
  readonly bytes: Uint8Array;
  readonly bases: readonly number[];
  readonly dictionary: Uint8Array | undefined;
}

/**
 * Turns drafts into sealed frames: compresses them in the thread pool, some at once; appends them to the pack in the order in
 * which they came; then opens each frame from the pack's buffer, decompresses it and compares it with the bytes still held. A
 * pack is published only when every frame of it has passed.
 */
export class Encoder implements DraftSink {
  readonly #parts: EncoderParts;
  readonly #kinds: readonly ChunkKind[];
  #backlog = 0;
  #tail: Promise<void> = Promise.resolve();
  readonly #working = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void)[] = [];

  constructor(parts: EncoderParts) {
    this.#parts = parts;
    this.#kinds = parts.content === 'data' ? [CHUNK_DATA] : [CHUNK_LIST, CHUNK_TABLE];
  }

  memory(length: number): Buffer {
    return this.#parts.pool.take(length);
  }

  lengthOf(entry: number): number {
    return this.#parts.known.table.lengthOf(entry);
  }

  submit(draft: Draft, owner: DraftOwner): void {
    this.#backlog += draft.length;
    const encoded = this.#parts.gate.run((compressor) => this.#encode(draft, compressor));
    const work = this.#follow(this.#tail, encoded, draft, owner);
    this.#tail = work.then(
      () => undefined,
      () => undefined,
    );
  }

  /** Resolves when more may be submitted. Throws what went wrong on the way, if anything did. */
  async room(): Promise<void> {
    while (this.#failure === undefined && this.#backlog > BACKLOG_BYTES) {
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve);
      });
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Resolves when everything submitted so far is in a pack and compared. Throws what went wrong on the way. */
  async drain(): Promise<void> {
    await this.#tail;
    await Promise.all(this.#working);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Makes every later step fail with `error`; work under way ends by itself. */
  stop(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#wakeUp();
    this.#parts.onFailure(error);
  }

  async #follow(before: Promise<void>, encoding: Promise<Encoded | undefined>, draft: Draft, owner: DraftOwner): Promise<void> {
    try {
      const [encoded] = await Promise.all([encoding, before]);
      if (this.#failure !== undefined) throw this.#failure.error;
      if (encoded === undefined) {
        owner.demoted(draft.chunks());
        this.#done(draft);
        return;
      }
      if (draft instanceof DeltaDraft) owner.kept();
      await this.#append(draft, encoded);
    } catch (error) {
      this.stop(error);
      this.#done(draft);
    }
  }

  async #append(draft: Draft, encoded: Encoded): Promise<void> {
    const { packs, gate } = this.#parts;
    const frame = await packs.append(draft, encoded);
    if (encoded.dictionary !== undefined) release(encoded.bytes);
    const comparing = gate
      .run(async () => {
        if (this.#failure !== undefined) return;
        const plain = frame.reopen();
        const form = { codec: encoded.codec, raw: draft.length };
        // A delta decodes in less time than the way to the thread pool and back takes.
        const raw = encoded.dictionary === undefined ? await decodeSegment(plain, form) : decodeSegmentSync(plain, form, encoded.dictionary);
        if (!sameBytes(raw, draft.raw)) throw damaged('A segment does not decode to the bytes that it was made from; nothing of it was published.');
        frame.passed();
        release(raw);
        release(plain);
        if (encoded.dictionary !== undefined) release(encoded.dictionary);
      })
      .catch((error: unknown) => {
        this.stop(error);
      })
      .then(() => {
        this.#working.delete(comparing);
        this.#done(draft);
      });
    this.#working.add(comparing);
  }

  #done(draft: Draft): void {
    this.#backlog -= draft.length;
    this.#parts.pool.give(draft.memory);
    this.#wakeUp();
  }

  #wakeUp(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const resolve of waiting) resolve();
  }

  /** Undefined where a delta is not worth keeping or its bases cannot be read. */
  async #encode(draft: Draft, compressor: PlainCompressor): Promise<Encoded | undefined> {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (!(draft instanceof DeltaDraft)) {
      const { raw } = draft;
      return { ...plainEncoding(raw, await compressor.compress(raw)), bases: [], dictionary: undefined };
    }
    const { bases } = draft;
    const dictionary = await this.#parts.bases.dictionary(bases, this.#kinds);
    if (dictionary === undefined) return undefined;
    const bytes = await compressSegment(draft.raw, dictionary, DELTA_LEVEL[draft.content]);
    if (bytes.length + TAG_BYTES < (await this.#worth(draft, compressor))) return { codec: CODEC_ZSTD, bytes, bases, dictionary };
    release(dictionary);
    release(bytes);
    return undefined;
  }

  /** Most bytes that a delta of the draft may take. */
  async #worth(draft: DeltaDraft, compressor: PlainCompressor): Promise<number> {
    if (this.#parts.content === 'metadata') return KEEP_METADATA * (await compressor.compress(draft.raw)).length;
    const { known } = this.#parts;
    const ratios = draft.bases.map((base) => known.plainRatio(base));
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    return KEEP_DATA * Math.min(mean, 1) * draft.length;
  }
}
