import { isAppError } from '../../base/errors.ts';
import { release } from '../../base/memory.ts';
import { damaged } from '../format/bytes.ts';
import { sha256 } from '../format/crypto.ts';
import type { ChunkIds } from '../format/crypto.ts';
import { ID_BYTES, MAX_FRAME } from '../format/limits.ts';
import { CODEC_ZSTD } from '../format/pack.ts';
import { DICTIONARY_PREFIX, decodeSegmentSync } from '../format/segment.ts';
import { BLOCK_BYTES, DIGEST_BYTES } from './digest.ts';
import { CHUNK_NUMBERS, LEFT_OUT } from './strip-messages.ts';
import type { StripBlock, StripOrder, StripSegment } from './strip-messages.ts';

interface Chunk {
  readonly segment: number;
  readonly at: number;
  readonly length: number;
}

/**
 * Decodes a strip on the calling thread and compares every chunk with its id. Blocks hold at most 1 MiB, or one longer chunk. Never
 * throws for what it was given: chunks that cannot be decoded are named `bad`, as those are that decode to other bytes.
 */
export function decodeStrip(order: StripOrder, ids: ChunkIds): StripBlock[] {
  const chunks = chunksOf(order.chunks);
  const segments = new Segments(order.segments, chunks);
  const blocks: StripBlock[] = [];
  for (let first = 0; first < chunks.length;) {
    const end = blockEnd(chunks, first);
    blocks.push(blockOf(order, ids, segments, chunks, first, end));
    first = end;
  }
  return blocks;
}

function blockOf(order: StripOrder, ids: ChunkIds, segments: Segments, chunks: readonly Chunk[], first: number, end: number): StripBlock {
  const length = chunks.slice(first, end).reduce((sum, chunk) => sum + chunk.length, 0);
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  const digests = new Uint8Array((end - first) * DIGEST_BYTES);
  const bad: number[] = [];
  let at = 0;
  for (let i = first; i < end; i += 1) {
    const chunk = chunks[i];
    if (chunk === undefined) break;
    const found = segments.bytesOf(chunk);
    const digest = found === undefined ? undefined : sha256(found);
    if (found !== undefined) bytes.set(found, at);
    if (digest !== undefined) digests.set(digest, (i - first) * DIGEST_BYTES);
    if (digest === undefined || ids.fromDigest(order.kind, digest).compare(order.ids, i * ID_BYTES, (i + 1) * ID_BYTES) !== 0) bad.push(i);
    at += chunk.length;
    segments.usedUpTo(i);
  }
  return { bytes, digests, first, bad };
}

function blockEnd(chunks: readonly Chunk[], first: number): number {
  let length = chunks[first]?.length ?? 0;
  let end = first + 1;
  for (; end < chunks.length; end += 1) {
    length += chunks[end]?.length ?? 0;
    if (length > BLOCK_BYTES) break;
  }
  return end;
}

function chunksOf(numbers: Uint32Array): Chunk[] {
  return Array.from({ length: numbers.length / CHUNK_NUMBERS }, (_none, i) => ({
    segment: numbers[i * CHUNK_NUMBERS] ?? LEFT_OUT,
    at: numbers[i * CHUNK_NUMBERS + 1] ?? 0,
    length: numbers[i * CHUNK_NUMBERS + 2] ?? 0,
  }));
}

/** The segments of a strip: each is decoded when it is first needed, and its memory given back after its last use. */
class Segments {
  readonly #segments: readonly StripSegment[];
  readonly #raw = new Map<number, Buffer | undefined>();
  /** By number of a chunk: the segments that nothing needs after it. */
  readonly #ends = new Map<number, number[]>();

  constructor(segments: readonly StripSegment[], chunks: readonly Chunk[]) {
    this.#segments = segments;
    const last = new Map<number, number>();
    const begun = new Set<number>();
    for (const [i, { segment }] of chunks.entries()) {
      last.set(segment, i);
      if (begun.has(segment)) continue;
      begun.add(segment);
      // Bases are needed while the delta is decoded, with its first chunk.
      for (const base of chunksOf(segments[segment]?.bases ?? new Uint32Array())) last.set(base.segment, Math.max(last.get(base.segment) ?? 0, i));
    }
    for (const [segment, i] of last) this.#ends.set(i, [...(this.#ends.get(i) ?? []), segment]);
  }

  /** A chunk's bytes as its segment decodes; undefined where that does not. Gone after `usedUpTo`. */
  bytesOf({ segment, at, length }: Chunk): Uint8Array | undefined {
    const raw = this.#rawOf(segment);
    return raw === undefined || at + length > raw.length ? undefined : raw.subarray(at, at + length);
  }

  usedUpTo(chunk: number): void {
    for (const segment of this.#ends.get(chunk) ?? []) {
      const raw = this.#raw.get(segment);
      this.#raw.set(segment, undefined);
      if (raw !== undefined) release(raw);
    }
  }

  #rawOf(number: number): Buffer | undefined {
    if (this.#raw.has(number)) return this.#raw.get(number);
    const segment = this.#segments[number];
    const raw = segment === undefined ? undefined : this.#decoded(segment);
    this.#raw.set(number, raw);
    return raw;
  }

  #decoded({ plain, codec, raw, bases }: StripSegment): Buffer | undefined {
    if (plain === undefined) return undefined;
    try {
      const dictionary = bases === undefined ? undefined : this.#dictionary(chunksOf(bases));
      const decoded = decodeSegmentSync(plain, { codec, raw }, dictionary);
      if (dictionary !== undefined) release(dictionary);
      if (codec === CODEC_ZSTD) release(plain);
      return decoded;
    } catch (error) {
      if (!isAppError(error)) throw error;
      return undefined;
    }
  }

  #dictionary(bases: readonly Chunk[]): Uint8Array {
    const length = bases.reduce((sum, base) => sum + base.length, DICTIONARY_PREFIX);
    if (length > MAX_FRAME) throw damaged('The bases of a delta are longer than a dictionary may be.');
    const dictionary = Buffer.allocUnsafeSlow(length).fill(0, 0, DICTIONARY_PREFIX);
    let at = DICTIONARY_PREFIX;
    for (const base of bases) {
      const bytes = this.bytesOf(base);
      if (bytes === undefined) throw damaged('A base of a delta does not decode.');
      dictionary.set(bytes, at);
      at += base.length;
    }
    return dictionary;
  }
}
