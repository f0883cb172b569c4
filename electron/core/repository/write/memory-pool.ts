import { DELTA_SEGMENT_BYTES, PACK_BYTES, PLAIN_SEGMENT_BYTES } from '../format/limits.ts';

/** A full pack and room for its footer, so that the buffer need not grow. */
export const PACK_MEMORY = PACK_BYTES + (128 << 10);

/** Buffers of the usual sizes, used again and again instead of being left to the garbage collector. */
export class MemoryPool {
  readonly #free = new Map<number, Buffer[]>([
    [PLAIN_SEGMENT_BYTES, []],
    [DELTA_SEGMENT_BYTES, []],
    [PACK_MEMORY, []],
  ]);

  take(length: number): Buffer {
    return this.#free.get(length)?.pop() ?? Buffer.allocUnsafeSlow(length);
  }

  give(memory: Buffer): void {
    this.#free.get(memory.length)?.push(memory);
  }
}
