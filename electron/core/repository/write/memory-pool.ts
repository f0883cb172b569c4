import { DELTA_SEGMENT_BYTES, PLAIN_SEGMENT_BYTES } from '../format/limits.ts';

/** Buffers of the two usual segment sizes, used again and again instead of being left to the garbage collector. */
export class MemoryPool {
  readonly #free = new Map<number, Buffer[]>([
    [PLAIN_SEGMENT_BYTES, []],
    [DELTA_SEGMENT_BYTES, []],
  ]);

  take(length: number): Buffer {
    return this.#free.get(length)?.pop() ?? Buffer.allocUnsafeSlow(length);
  }

  give(memory: Buffer): void {
    this.#free.get(memory.length)?.push(memory);
  }
}
