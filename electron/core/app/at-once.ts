import { setTimeout as after } from 'node:timers/promises';
import { AppError } from '../base/errors.ts';
import type { Log } from '../base/ports.ts';

/** Calls of commands that answer at once, which no queue knows: counted, so that a host that leaves cuts none of them off. */
export interface AtOnce {
  /** Throws `transport.closed` once `refuse` was called. */
  run<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Takes no new call from now on. */
  refuse(): void;
  /** Resolves when every call has ended, at the latest after `patience` milliseconds. */
  ended(patience: number): Promise<void>;
}

export function createAtOnce(log: Log): AtOnce {
  const running = new Map<Promise<unknown>, string>();
  let refused = false;
  return {
    async run(name, work) {
      if (refused) throw new AppError('transport.closed', 'The host is closing and takes no new work.', { hint: 'Run the command again.', retryable: true });
      const call = work();
      running.set(call, name);
      try {
        return await call;
      } finally {
        running.delete(call);
      }
    },
    refuse() {
      refused = true;
    },
    async ended(patience) {
      if (running.size === 0) return;
      const over = new AbortController();
      const late = after(patience, undefined, { signal: over.signal }).then(
        () => log.warn('the host leaves while commands run', { commands: [...running.values()] }),
        () => undefined,
      );
      await Promise.race([Promise.allSettled(running.keys()), late]);
      over.abort();
    },
  };
}
