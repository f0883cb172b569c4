import { ago, day, exactTime } from './format.ts';
import { useNow } from './clock.tsx';

/** A moment: how long ago (or on which day), the exact time on hover. */
export function When({ at, as = 'ago', seconds = false }: { readonly at: number; readonly as?: 'ago' | 'day'; readonly seconds?: boolean }) {
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={exactTime(at)}>
      {as === 'ago' ? ago(at, now) : day(at, now, seconds)}
    </time>
  );
}
