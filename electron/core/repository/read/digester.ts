import { Worker } from 'node:worker_threads';
import { BugError } from '../../base/errors.ts';
import type { ChunkKind } from '../format/crypto.ts';
import type { DigestAnswer, Digested, DigestOrder } from './digest-messages.ts';

/** The thread's young generation: it makes nothing but small buffers. */
const YOUNG_MB = 8;

/**
 * A thread that hashes chunks beside the one that reads and decodes them: hashing is half of the work of a restore or a check.
 * Starts with the first order, serves everybody in this process, and keeps no process alive while it has nothing to do.
 */
class Digester {
  #worker: Worker | undefined;
  #orders = 0;
  readonly #waiting = new Map<number, { readonly resolve: (digested: Digested) => void; readonly reject: (error: Error) => void }>();

  get waiting(): number {
    return this.#waiting.size;
  }

  digest(idKey: Uint8Array, kind: ChunkKind, bytes: Uint8Array<ArrayBuffer>, lengths: Uint32Array): Promise<Digested> {
    const worker = (this.#worker ??= this.#start());
    this.#orders += 1;
    const order: DigestOrder = { number: this.#orders, idKey, kind, bytes, lengths };
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) worker.ref();
      this.#waiting.set(order.number, { resolve, reject });
      worker.postMessage(order, [bytes.buffer]);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./digest-worker.ts', import.meta.url), {
      name: 'belay digests',
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    worker.on('message', ({ number, ...digested }: DigestAnswer) => {
      const waiting = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (this.#waiting.size === 0) worker.unref();
      waiting?.resolve(digested);
    });
    worker.on('error', (error) => {
      this.#fail(worker, error);
    });
    worker.on('exit', () => {
      this.#fail(worker, new Error('the thread ended'));
    });
    worker.unref();
    return worker;
  }

  #fail(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new BugError('The thread that hashes chunks ended unexpectedly.', { cause }));
  }
}

const digester = new Digester();

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
export function digestAside(idKey: Uint8Array, kind: ChunkKind, bytes: Uint8Array<ArrayBuffer>, lengths: Uint32Array): Promise<Digested> {
  return digester.digest(idKey, kind, bytes, lengths);
}
