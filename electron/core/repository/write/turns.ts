/** At most `width` holders at once; the others wait in order. */
export class Turns {
  #free: number;
  #closed: Error | undefined;
  readonly #waiting: PromiseWithResolvers<void>[] = [];

  constructor(width: number) {
    this.#free = width;
  }

  /** Resolves with the function that gives the turn back; more than one call of it counts once. Throws what it was closed with. */
  async enter(): Promise<() => void> {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#free > 0) this.#free -= 1;
    else {
      const waiting = Promise.withResolvers<void>();
      this.#waiting.push(waiting);
      await waiting.promise;
    }
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next.resolve();
    };
  }

  /** Whoever waits, and whoever comes later, gets `error`. */
  close(error: Error): void {
    this.#closed ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#closed);
  }
}
