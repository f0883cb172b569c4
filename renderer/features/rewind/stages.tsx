import { useState } from 'react';
import type { JobProgress } from '../../../electron/contract/model.ts';
import { now } from '../../ui/clock.tsx';
import { count, duration, size, sizeOf } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Name } from '../../ui/name.tsx';
import { ProgressBar } from '../../ui/progress.tsx';
import { capital } from '../shared/titles.ts';
import { withProgress } from './progress.ts';
import type { Stage } from './progress.ts';

/** The stages of one run, told as they come. */
export function useStages(): {
  readonly stages: readonly Stage[];
  readonly take: (progress: JobProgress) => void;
  readonly end: () => void;
  readonly clear: () => void;
} {
  const [stages, setStages] = useState<readonly Stage[]>([]);
  return {
    stages,
    take: (progress) => setStages((known) => withProgress(known, progress, now())),
    end: () => setStages((known) => known.map((stage) => (stage.until === undefined ? { ...stage, until: now() } : stage))),
    clear: () => setStages([]),
  };
}

/** What was done with what it took, what is being done with how far it is. */
export function Stages({ stages }: { readonly stages: readonly Stage[] }) {
  const last = stages.at(-1);
  const running = last?.until === undefined ? last : undefined;
  return (
    <section aria-label="Progress">
      <h3 className="mb-1 text-s font-semibold text-ink-2">Progress</h3>
      <ol>
        {stages.map((stage) => (
          <li key={`${stage.key}-${String(stage.from)}`} className="grid h-7 grid-cols-[18px_1fr_auto] items-center gap-2">
            <span className="text-ink-2">
              <Icon name={stage.until === undefined ? 'clock' : 'check'} size={15} />
            </span>
            <Name text={capital(stage.text)} />
            <span className="text-s text-ink-2">{stage.until === undefined ? figures(stage.progress) : took(stage, stage.until)}</span>
          </li>
        ))}
      </ol>
      {running !== undefined && <ProgressBar className="mt-2" label={running.text} share={shareOf(running.progress)} />}
    </section>
  );
}

function took(stage: Stage, until: number): string {
  const { bytesTotal } = stage.progress;
  const time = duration(until - stage.from);
  return bytesTotal === undefined || bytesTotal === 0 ? time : `${size(bytesTotal)} · ${time}`;
}

function shareOf({ bytesDone, bytesTotal, rowsDone, rowsTotal }: JobProgress): number | undefined {
  if (bytesDone !== undefined && bytesTotal !== undefined && bytesTotal > 0) return bytesDone / bytesTotal;
  return rowsDone !== undefined && rowsTotal !== undefined && rowsTotal > 0 ? rowsDone / rowsTotal : undefined;
}

function figures({ bytesDone, bytesTotal, rowsDone, rowsTotal }: JobProgress): string {
  if (bytesDone !== undefined && bytesTotal !== undefined) return sizeOf(bytesDone, bytesTotal);
  if (rowsDone !== undefined && rowsTotal !== undefined) return `${count(rowsDone)} of ${count(rowsTotal)} rows`;
  return '';
}
