import { AppError } from '../../base/errors.ts';
import type { Clock } from '../../base/ports.ts';
import type { SqliteAgent } from './client.ts';

/** How long writers are let in: longer than the longest pause of SQLite's own busy handler. */
const gapMs = 150;

/**
 * Bounds how long writers wait: when the longest wait has passed the held transactions are ended for a moment and begun again,
 * and reading goes on only where nothing was written in between.
 */
export interface Lease {
  /** Renews where it is time. Nothing may be read from the files meanwhile. Throws `source.changed-during-capture`. */
  check(): Promise<void>;
  /** Renews as often as is needed until `work` is done. */
  during<T>(work: Promise<T>): Promise<T>;
  /** The longest stretch for which writers had to wait so far, milliseconds. */
  longestWait(): number;
}

/** For views that hold no writer up. */
export const noLease: Lease = { check: () => Promise.resolve(), during: (work) => work, longestWait: () => 0 };

export function startLease(agent: SqliteAgent, set: string, clock: Clock, maxWriterWait: number): Lease {
  let since = clock.monotonic();
  let longest = 0;
  const held = (): number => clock.monotonic() - since;

  const check = async (): Promise<void> => {
    if (held() < maxWriterWait) return;
    longest = Math.max(longest, held());
    const { unchanged } = await agent.call('renew', { set, gapMs, busyMs: maxWriterWait });
    since = clock.monotonic();
    if (unchanged) return;
    throw new AppError(
      'source.changed-during-capture',
      `The database was written when its writers were let in after ${Math.round(maxWriterWait / 1000)} seconds.`,
      {
        hint: 'Take the snapshot at a quieter time, allow writers to wait longer, or let the program use journal_mode=WAL, in which nobody waits.',
        retryable: true,
      },
    );
  };

  const during = async <T>(work: Promise<T>): Promise<T> => {
    for (;;) {
      let timer: NodeJS.Timeout | undefined;
      const due = new Promise<'due'>((resolve) => {
        timer = setTimeout(() => resolve('due'), Math.max(0, maxWriterWait - held()) + 1);
      });
      try {
        const done = await Promise.race([work.then((value) => ({ value })), due]);
        if (done !== 'due') return done.value;
      } finally {
        clearTimeout(timer);
      }
      await check();
    }
  };

  return { check, during, longestWait: () => Math.max(longest, held()) };
}
