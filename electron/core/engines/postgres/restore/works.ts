/** Something to be done once rows are in; what it makes possible in turn comes back. */
export interface Work {
  /** Taken only where nothing else waits: nobody waits for what it makes possible. */
  readonly later?: true;
  run(): Promise<readonly Work[]>;
}

/** Works that come while some still load or work, taken by those who have nothing else to do. */
export class Works {
  readonly #first: Work[] = [];
  readonly #later: Work[] = [];
  #sources: number;
  #over = false;
  #changed = Promise.withResolvers<void>();

  /** `sources`: how many may still add works, each until it says `close`. */
  constructor(sources: number) {
    this.#sources = sources;
  }

  add(works: readonly Work[]): void {
    if (this.#over) return;
    for (const work of works) (work.later === true ? this.#later : this.#first).push(work);
    this.#wake();
  }

  /** One of the sources gives no more. */
  close(): void {
    this.#sources -= 1;
    this.#wake();
  }

  /** No work is begun any more, and nobody waits any longer. */
  giveUp(): void {
    this.#over = true;
    this.#first.length = 0;
    this.#later.length = 0;
    this.#wake();
  }

  /** Does what comes, one after the other, until there is none and none will come. Throws what a work throws. */
  async work(): Promise<void> {
    for (let work = await this.#next(); work !== undefined; work = await this.#next()) {
      this.#sources += 1;
      this.add(await work.run());
      this.close();
    }
  }

  async #next(): Promise<Work | undefined> {
    while (this.#first.length + this.#later.length === 0 && this.#sources > 0 && !this.#over) await this.#changed.promise;
    return this.#first.shift() ?? this.#later.shift();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
