import type { LeaveSignal, World } from './world.ts';

const codes: Readonly<Record<LeaveSignal, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/**
 * Wishes to leave (Ctrl-C, SIGTERM, SIGHUP). The first aborts `signal`, which every call and question carries, so that the
 * running job cleans up; a second leaves at once. While a child runs in the foreground, signals go to it instead.
 */
export class Leaving {
  /** Called at the first wish, with nothing of the command ended yet. */
  onFirst: () => void = () => undefined;
  readonly #controller = new AbortController();
  readonly #world: World;
  readonly #stop: () => void;
  #pass: ((signal: LeaveSignal) => void) | undefined;
  #first: LeaveSignal | undefined;

  constructor(world: World) {
    this.#world = world;
    this.#stop = world.onLeave((signal) => this.#take(signal));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What a cancelled command exits with: 130, or 128 and the signal's number. */
  get exitCode(): number {
    return codes[this.#first ?? 'SIGINT'];
  }

  /** Hands signals to `pass` until the returned function is called. A terminal's Ctrl-C reaches its child by itself. */
  passTo(pass: (signal: LeaveSignal) => void): () => void {
    this.#pass = pass;
    return () => {
      this.#pass = undefined;
    };
  }

  end(): void {
    this.#stop();
  }

  #take(signal: LeaveSignal): void {
    if (this.#pass !== undefined) {
      if (signal !== 'SIGINT') this.#pass(signal);
      return;
    }
    if (this.#first !== undefined) {
      this.#world.leaveNow(codes[signal]);
      return;
    }
    this.#first = signal;
    this.onFirst();
    this.#controller.abort();
  }
}
