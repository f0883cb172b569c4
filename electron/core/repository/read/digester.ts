import type { ChunkKind } from '../format/crypto.ts';
import { AnsweringThread } from './answering-thread.ts';
import type { DigestAnswer, Digested, DigestOrder } from './digest-messages.ts';

/** Hashes chunks beside whoever reads and decodes them: hashing is half of the work of a check. Serves everybody in this process. */
const digester = new AnsweringThread<DigestOrder, DigestAnswer>(new URL('./digest-worker.ts', import.meta.url), 'belay digests');

/** Orders that may wait: with more, whoever has bytes to hash is sooner done doing it itself. */
const WAITING = 3;

/** Whether the other thread would take another order soon. */
export function asideIsFree(): boolean {
  return digester.waiting <= WAITING;
}

/**
 * SHA-256 and id of each of the chunks that lie one after the other in `bytes`, made by another thread. The memory of `bytes`, all
 * of it the caller's own, goes there and comes back with the answer.
 */
export async function digestAside(idKey: Uint8Array, kind: ChunkKind, bytes: Uint8Array<ArrayBuffer>, lengths: Uint32Array): Promise<Digested> {
  const { number: _number, ...digested } = await digester.ask({ idKey, kind, bytes, lengths }, [bytes.buffer]);
  return digested;
}
