import type { GroupEnd } from './messages.ts';
import type { SnapshotRecord } from '../repository.ts';

export type CallValue = GroupEnd | SnapshotRecord | undefined;

/** Calls to the thread that wait for their answers. After a failure of the whole every call fails with it. */
export class Calls {
  readonly #waiting = new Map<number, PromiseWithResolvers<CallValue>>();
  #last = 0;
  #failure: Error | undefined;

  /** What the whole failed with. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  start(post: (call: number) => void): Promise<CallValue> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#last += 1;
    const waiting = Promise.withResolvers<CallValue>();
    this.#waiting.set(this.#last, waiting);
    post(this.#last);
    return waiting.promise;
  }

  done(call: number, value: CallValue): void {
    this.#take(call)?.resolve(value);
  }

  failed(call: number, error: Error): void {
    this.#take(call)?.reject(error);
  }

  /** Fails every call that waits and every later one; only the first error counts. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure);
    this.#waiting.clear();
  }

  #take(call: number): PromiseWithResolvers<CallValue> | undefined {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    return waiting;
  }
}
