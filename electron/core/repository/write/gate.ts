/** Lends each of a few things to one piece of work at a time; the others wait in order. */
export class Gate<Thing> {
  readonly #free: Thing[];
  readonly #waiting: ((thing: Thing) => void)[] = [];

  constructor(things: readonly Thing[]) {
    this.#free = [...things];
  }

  async run<T>(work: (thing: Thing) => Promise<T>): Promise<T> {
    const thing =
      this.#free.pop() ??
      (await new Promise<Thing>((resolve) => {
        this.#waiting.push(resolve);
      }));
    try {
      return await work(thing);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(thing);
      else next(thing);
    }
  }
}
