import { Worker } from 'node:worker_threads';
import { compileCache } from '../../base/compile-cache.ts';
import { BugError } from '../../base/errors.ts';
import type { StripAnswer, StripBlock, StripOrder } from './strip-messages.ts';

/** Threads that decode; the one that asks plans, reads and writes meanwhile. */
export const STRIP_THREADS = 2;
/** Their young generation: they make nothing but small buffers. */
const YOUNG_MB = 8;

interface Waiting {
  readonly resolve: (blocks: readonly StripBlock[]) => void;
  readonly reject: (error: Error) => void;
}

/** One thread and the orders that it has. */
class StripThread {
  readonly waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;

  decode(order: StripOrder): Promise<readonly StripBlock[]> {
    const worker = (this.#worker ??= this.#start());
    return new Promise((resolve, reject) => {
      if (this.waiting.size === 0) worker.ref();
      this.waiting.set(order.number, { resolve, reject });
      worker.postMessage(
        order,
        order.segments.flatMap(({ plain }) => (plain === undefined ? [] : [plain.buffer])),
      );
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./strip-worker.ts', import.meta.url), {
      name: 'belay strips',
      workerData: { compileCache: compileCache() },
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    worker.on('message', ({ number, blocks }: StripAnswer) => {
      const waiting = this.waiting.get(number);
      this.waiting.delete(number);
      if (this.waiting.size === 0) worker.unref();
      waiting?.resolve(blocks);
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
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of waiting) reject(new BugError('A thread that decodes ended unexpectedly.', { cause }));
  }
}

const threads = Array.from({ length: STRIP_THREADS }, () => new StripThread());
let orders = 0;

/**
 * Decodes and proves a strip in whichever thread has least to do. The memory of the segments goes there. Threads start with the
 * first order, serve everybody in this process, and keep no process alive while they have nothing to do.
 */
export function decodeAside(order: Omit<StripOrder, 'number'>): Promise<readonly StripBlock[]> {
  orders += 1;
  const [free] = threads.toSorted((a, b) => a.waiting.size - b.waiting.size);
  if (free === undefined) throw new BugError('There is no thread to decode in.');
  return free.decode({ ...order, number: orders });
}
