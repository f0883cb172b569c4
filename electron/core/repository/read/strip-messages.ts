import type { ChunkKind } from '../format/crypto.ts';
import type { Codec } from '../format/pack.ts';

/** Numbers that say where one chunk lies: segment of the strip, place in its raw bytes, length. */
export const CHUNK_NUMBERS = 3;
/** In place of a segment's number: the chunk is not to be decoded here. */
export const LEFT_OUT = 0xffffffff;

/** A segment that chunks of a strip, or bases of its deltas, lie in. */
export interface StripSegment {
  /** The frame's plaintext, its memory its own; undefined where it could not be had. */
  readonly plain: Uint8Array<ArrayBuffer> | undefined;
  readonly codec: Codec;
  readonly raw: number;
  /** Of a delta: `CHUNK_NUMBERS` for each of its bases, in the order of its record. */
  readonly bases: Uint32Array | undefined;
}

/** A piece of a stream, with all that is needed to decode and prove it. */
export interface StripOrder {
  readonly number: number;
  readonly idKey: Uint8Array;
  readonly kind: ChunkKind;
  readonly segments: readonly StripSegment[];
  /** `CHUNK_NUMBERS` for each chunk, in the order of the stream. */
  readonly chunks: Uint32Array;
  /** 16 bytes for each chunk. */
  readonly ids: Uint8Array;
}

/** Chunks one after the other: those in `bad` are not what their ids name, and their bytes mean nothing. */
export interface StripBlock {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** SHA-256 of each chunk, 32 bytes. */
  readonly digests: Uint8Array<ArrayBuffer>;
  /** Number of the first chunk in the strip. */
  readonly first: number;
  readonly bad: readonly number[];
}

export interface StripAnswer {
  readonly number: number;
  readonly blocks: readonly StripBlock[];
}
