import type { ChunkKind } from '../format/crypto.ts';

/** Chunks that lie one after the other in `bytes`, whose memory goes along. */
export interface DigestOrder {
  readonly number: number;
  readonly idKey: Uint8Array;
  readonly kind: ChunkKind;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly lengths: Uint32Array;
}

/** The same bytes, and of each chunk its SHA-256 (32 bytes) and its id (16 bytes), in order. */
export interface Digested {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly digests: Uint8Array<ArrayBuffer>;
  readonly ids: Uint8Array<ArrayBuffer>;
}

export interface DigestAnswer extends Digested {
  readonly number: number;
}
