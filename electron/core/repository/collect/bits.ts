/** A set of small whole numbers: one bit each. */
export class Bits {
  readonly #bytes: Uint8Array;

  constructor(size: number) {
    this.#bytes = new Uint8Array((size >>> 3) + 1);
  }

  has(index: number): boolean {
    return ((this.#bytes[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  add(index: number): void {
    this.#bytes[index >>> 3] = (this.#bytes[index >>> 3] ?? 0) | (1 << (index & 7));
  }

  delete(index: number): void {
    this.#bytes[index >>> 3] = (this.#bytes[index >>> 3] ?? 0) & ~(1 << (index & 7));
  }

  /** A copy that may go its own way. */
  copy(): Bits {
    const other = new Bits(this.#bytes.length * 8);
    other.#bytes.set(this.#bytes);
    return other;
  }
}
