/** At most `width` pieces of work under way; `add` waits for room. The first error is thrown by the next `add` or by `drain`. */
export class Lanes {
  private readonly width: number;
  private readonly busy = new Set<Promise<void>>();
  private failed: { readonly error: unknown } | undefined;

  constructor(width: number) {
    this.width = width;
  }

  async add(work: () => Promise<void>): Promise<void> {
    while (this.busy.size >= this.width) await Promise.race(this.busy);
    this.rethrow();
    const running: Promise<void> = work()
      .catch((error: unknown) => {
        this.failed ??= { error };
      })
      .then(() => {
        this.busy.delete(running);
      });
    this.busy.add(running);
  }

  async drain(): Promise<void> {
    await Promise.all(this.busy);
    this.rethrow();
  }

  private rethrow(): void {
    if (this.failed !== undefined) throw this.failed.error;
  }
}
