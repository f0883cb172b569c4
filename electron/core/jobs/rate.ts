import type { JobProgress } from '../../contract/model.ts';
import type { Clock, Progress } from '../base/ports.ts';

const WINDOW_MS = 5000;
const SHORTEST_MS = 500;

/**
 * Turns raw progress into what a job shows: adds bytes and rows a second over the last five seconds, and the expected remaining
 * milliseconds, by the bytes where their total is known, else by the rows.
 */
export function createRate(clock: Clock): (progress: Progress) => JobProgress {
  const bytes = meter();
  const rows = meter();
  let stage = '';
  return (progress) => {
    const at = clock.monotonic();
    if (progress.stage !== stage) bytes.restart();
    // Rows go on being counted while the stage changes from reading to fingerprinting.
    if (progress.stage !== stage && progress.rowsDone === undefined) rows.restart();
    ({ stage } = progress);
    const rate = bytes.rate(at, progress.bytesDone);
    const rowRate = rows.rate(at, progress.rowsDone);
    const left = remaining(progress.bytesDone, progress.bytesTotal, rate) ?? remaining(progress.rowsDone, progress.rowsTotal, rowRate);
    return {
      ...progress,
      ...(rate === undefined ? {} : { rate }),
      ...(rowRate === undefined ? {} : { rowRate }),
      ...(left === undefined ? {} : { remaining: left }),
    };
  };
}

function remaining(done: number | undefined, total: number | undefined, rate: number | undefined): number | undefined {
  if (done === undefined || total === undefined || rate === undefined || rate <= 0 || total < done) return undefined;
  return Math.round(((total - done) * 1000) / rate);
}

interface Meter {
  readonly restart: () => void;
  /** What is done a second; undefined until there is enough to tell by. */
  readonly rate: (at: number, done: number | undefined) => number | undefined;
}

function meter(): Meter {
  let samples: { readonly at: number; readonly done: number }[] = [];
  return {
    restart: () => {
      samples = [];
    },
    rate: (at, done) => {
      if (done === undefined) return undefined;
      const newest = samples.at(-1);
      if (newest !== undefined && done < newest.done) samples = [];
      samples.push({ at, done });
      // One sample from before the window stays, so that the window is always covered.
      while (samples.length > 2 && (samples[1]?.at ?? at) <= at - WINDOW_MS) samples.shift();
      const oldest = samples[0];
      return oldest === undefined || at - oldest.at < SHORTEST_MS ? undefined : Math.round(((done - oldest.done) * 1000) / (at - oldest.at));
    },
  };
}
