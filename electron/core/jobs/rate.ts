import type { JobProgress } from '../../contract/model.ts';
import type { Clock, Progress } from '../base/ports.ts';

const WINDOW_MS = 5000;
const SHORTEST_MS = 500;

/** Turns raw progress into what a job shows: adds bytes a second over the last five seconds and the expected remaining milliseconds. */
export function createRate(clock: Clock): (progress: Progress) => JobProgress {
  let samples: { readonly at: number; readonly bytes: number }[] = [];
  let stage = '';
  return (progress) => {
    const at = clock.monotonic();
    const bytes = progress.bytesDone;
    if (bytes === undefined) return { ...progress };
    const newest = samples.at(-1);
    if (progress.stage !== stage || (newest !== undefined && bytes < newest.bytes)) samples = [];
    stage = progress.stage;
    samples.push({ at, bytes });
    // One sample from before the window stays, so that the window is always covered.
    while (samples.length > 2 && (samples[1]?.at ?? at) <= at - WINDOW_MS) samples.shift();
    const oldest = samples[0];
    if (oldest === undefined || at - oldest.at < SHORTEST_MS) return { ...progress };
    const rate = Math.round(((bytes - oldest.bytes) * 1000) / (at - oldest.at));
    const total = progress.bytesTotal;
    if (total === undefined || rate <= 0 || total < bytes) return { ...progress, rate };
    return { ...progress, rate, remaining: Math.round(((total - bytes) * 1000) / rate) };
  };
}
