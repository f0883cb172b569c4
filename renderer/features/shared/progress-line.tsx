import type { JobProgress } from '../../../electron/contract/model.ts';
import { Button } from '../../ui/button.tsx';
import { count, duration, size, sizeOf } from '../../ui/format.ts';
import { ProgressBar } from '../../ui/progress.tsx';
import { capital, shareOf } from './titles.ts';

/** What is being done, how far it is, how fast, how long; and what ends it. */
export function ProgressLine({ what, progress, onStop }: { readonly what: string; readonly progress: JobProgress | undefined; readonly onStop: () => void }) {
  return (
    <div className="flex min-h-7 min-w-0 flex-wrap items-center gap-3">
      <span className="min-w-0 truncate">{progress === undefined ? what : capital(progress.stage)}</span>
      <ProgressBar className="w-[180px] shrink-0" label={what} share={progress === undefined ? undefined : shareOf({ progress })} />
      <span className="text-s text-ink-2">{progress === undefined ? '' : figures(progress)}</span>
      <Button small className="ml-auto" onClick={onStop}>
        Cancel
      </Button>
    </div>
  );
}

function figures({ bytesDone, bytesTotal, rowsDone, rowsTotal, rate, remaining }: JobProgress): string {
  return [
    ...(bytesDone !== undefined && bytesTotal !== undefined ? [sizeOf(bytesDone, bytesTotal)] : []),
    ...(bytesDone === undefined && rowsDone !== undefined && rowsTotal !== undefined ? [`${count(rowsDone)} of ${count(rowsTotal)} rows`] : []),
    ...(rate === undefined || rate <= 0 ? [] : [`${size(rate)}/s`]),
    ...(remaining === undefined ? [] : [`${duration(remaining)} left`]),
  ].join(' · ');
}
