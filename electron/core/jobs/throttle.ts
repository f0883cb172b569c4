import type { Clock } from '../base/ports.ts';

/** Passes at most one value per `interval` milliseconds on; the newest one of those held back follows when the time is up. */
export interface Throttle<T> {
  push(value: T): void;
  /** Passes on what is held back, now. */
  flush(): void;
  /** Drops what is held back. */
  stop(): void;
}

export function createThrottle<T>(clock: Clock, interval: number, emit: (value: T) => void): Throttle<T> {
  let last = Number.NEGATIVE_INFINITY;
  let held: { readonly value: T } | undefined;
  let timer: NodeJS.Timeout | undefined;
  const pass = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (held === undefined) return;
    const { value } = held;
    held = undefined;
    last = clock.monotonic();
    emit(value);
  };
  return {
    push(value) {
      held = { value };
      const wait = last + interval - clock.monotonic();
      if (wait <= 0) pass();
      else timer ??= setTimeout(pass, wait);
    },
    flush: pass,
    stop() {
      clearTimeout(timer);
      timer = undefined;
      held = undefined;
    },
  };
}
