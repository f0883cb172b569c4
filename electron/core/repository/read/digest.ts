import { sha256, type ChunkIds, type ChunkKind } from '../format/crypto.ts';
import { ID_BYTES } from '../format/limits.ts';
import type { Digested } from './digest-messages.ts';

export const DIGEST_BYTES = 32;
/** Size of the blocks that a stream is handed out in, but for the last and for chunks that are longer. */
export const BLOCK_BYTES = 1 << 20;

/** SHA-256 and id of each of the chunks that lie one after the other in `bytes`, on the calling thread. */
export function digestChunks(ids: ChunkIds, kind: ChunkKind, bytes: Uint8Array<ArrayBuffer>, lengths: Uint32Array): Digested {
  const digests = new Uint8Array(lengths.length * DIGEST_BYTES);
  const named = new Uint8Array(lengths.length * ID_BYTES);
  let at = 0;
  for (const [i, length] of lengths.entries()) {
    const digest = sha256(bytes.subarray(at, at + length));
    digests.set(digest, i * DIGEST_BYTES);
    named.set(ids.fromDigest(kind, digest), i * ID_BYTES);
    at += length;
  }
  return { bytes, digests, ids: named };
}
