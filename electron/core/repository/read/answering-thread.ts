import { Worker } from 'node:worker_threads';
import { threadEnvironment } from '../../base/compile-cache.ts';
import { BugError } from '../../base/errors.ts';

/** The thread's young generation: what decodes and hashes makes nothing but small buffers. */
const YOUNG_MB = 8;

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A thread that answers numbered orders. Starts with the first one, is started anew where it ended, and keeps no process alive while it
 * has nothing to do.
 */
export class AnsweringThread<Order extends { readonly number: number }, Answer extends { readonly number: number }> {
  readonly #waiting = new Map<number, Waiting<Answer>>();
  readonly #entry: URL;
  readonly #name: string;
  #worker: Worker | undefined;
  #orders = 0;

  /** `entry`: the module that the thread runs; `name` stands in lists of threads. */
  constructor(entry: URL, name: string) {
    this.#entry = entry;
    this.#name = name;
  }

  /** Orders without an answer yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves with the answer; `give` goes there with the order. Rejects with a bug where the thread ends. */
  ask(order: Omit<Order, 'number'>, give: ArrayBuffer[]): Promise<Answer> {
    const worker = (this.#worker ??= this.#start());
    this.#orders += 1;
    const number = this.#orders;
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) worker.ref();
      this.#waiting.set(number, { resolve, reject });
      worker.postMessage({ ...order, number }, give);
    });
  }

  #start(): Worker {
    const worker = new Worker(this.#entry, {
      name: this.#name,
      env: threadEnvironment(),
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    worker.on('message', (answer: Answer) => {
      const waiting = this.#waiting.get(answer.number);
      this.#waiting.delete(answer.number);
      if (this.#waiting.size === 0) worker.unref();
      waiting?.resolve(answer);
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
    for (const { reject } of waiting) reject(new BugError(`The thread "${this.#name}" ended unexpectedly.`, { cause }));
  }
}
