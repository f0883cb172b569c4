import { useState } from 'react';
import type { Job } from '../../electron/contract/model.ts';
import { isActive } from '../api/jobs.ts';
import { useAnswer, useJobs, useLinkState } from '../api/host.tsx';
import { lines } from '../features/shared/lines.ts';
import { capital, shareOf } from '../features/shared/titles.ts';
import { useWork } from '../features/shared/work.ts';
import { Button } from '../ui/button.tsx';
import { count, counted, duration, size, sizeOf } from '../ui/format.ts';
import { Icon } from '../ui/icons.tsx';
import { Name } from '../ui/name.tsx';
import { ProgressBar } from '../ui/progress.tsx';

/** What runs, whoever started it: what, how much, how fast, how long. One line; more on demand. */
export function JobsBar() {
  const jobs = useJobs().filter((job) => isActive(job) || job.command !== 'discover' || job.state !== 'done');
  const [open, setOpen] = useState(false);
  const running = jobs.filter(isActive);
  const shown = running[0] ?? jobs.at(-1);
  const many = jobs.length > 1;
  return (
    <footer aria-label="Jobs" className="relative col-span-full flex min-w-0 items-center gap-3 border-t border-line bg-surface px-3.5 text-s">
      {open && many && (
        <div className="float absolute right-2 bottom-[38px] z-30 w-[560px] max-w-[calc(100vw-16px)] rounded-l p-2">
          <ul aria-label="Running jobs" className="grid">
            {jobs.map((job) => (
              <li key={job.id} className="flex min-w-0 items-center gap-3 px-2 py-1.5">
                <JobLine job={job} />
                {isActive(job) && <CancelJob job={job} />}
              </li>
            ))}
          </ul>
        </div>
      )}
      {shown === undefined ? (
        <Quiet />
      ) : (
        <>
          <JobLine job={shown} />
          <span className="ml-auto flex shrink-0 items-center gap-3">
            {many && (
              <Button small aria-expanded={open} onClick={() => setOpen(!open)}>
                {running.length === 0 ? 'Ended just now' : `${counted(running.length, 'job')} running`}
                <Icon name={open ? 'down' : 'up'} size={12} />
              </Button>
            )}
            {!many && isActive(shown) && <span className="text-ink-3">1 job running</span>}
            {isActive(shown) && <CancelJob job={shown} />}
          </span>
        </>
      )}
    </footer>
  );
}

function CancelJob({ job }: { readonly job: Job }) {
  const work = useWork();
  return (
    <Button small title={lines.cancel(job.id)} aria-label={`Cancel: ${job.title}`} onClick={() => void work('jobs.cancel', { id: job.id })}>
      Cancel
    </Button>
  );
}

/** What the bar says while nothing runs: that, and where the data is. */
function Quiet() {
  const open = useLinkState().kind === 'open';
  const home = useAnswer('status', {}).data?.home;
  if (!open) return <span className="text-ink-3">Connecting to the host…</span>;
  return (
    <>
      <span className="shrink-0 text-ink-3">No job is running</span>
      {home !== undefined && (
        <span className="ml-auto flex min-w-0 text-ink-3">
          <Name mono text={home} />
        </span>
      )}
    </>
  );
}

const ends: Readonly<Record<string, string>> = { done: 'Done', failed: 'Failed', cancelled: 'Cancelled, nothing of it is left', interrupted: 'Interrupted' };

function JobLine({ job }: { readonly job: Job }) {
  const { progress, state } = job;
  const took = job.endedAt !== undefined && job.startedAt !== undefined ? ` in ${duration(job.endedAt - job.startedAt)}` : '';
  return (
    <>
      <span className="text-ink-2">
        <Icon name={state === 'failed' ? 'alert' : state === 'done' ? 'check' : 'stack'} size={14} />
      </span>
      <Name text={capital(job.title)} className="max-w-72 font-strong" />
      {state === 'waiting' && <span className="text-ink-2">Waits for its turn</span>}
      {!isActive(job) && <span className={state === 'failed' ? 'text-bad' : 'text-ink-2'}>{`${ends[state] ?? state}${state === 'done' ? took : ''}`}</span>}
      {state === 'running' && (
        <>
          {progress !== undefined && <Name text={progress.stage} className="max-w-56 text-ink-2" />}
          <ProgressBar className="w-[140px] shrink-0 wide:w-[220px]" label={capital(job.title)} share={shareOf(job)} />
          <span className="flex min-w-0 gap-3 overflow-hidden whitespace-nowrap">{progress !== undefined && <Figures progress={progress} />}</span>
        </>
      )}
    </>
  );
}

function Figures({ progress }: { readonly progress: NonNullable<Job['progress']> }) {
  const { bytesDone, bytesTotal, rowsDone, rowsTotal, rate, rowRate, remaining } = progress;
  return (
    <>
      {bytesDone !== undefined && bytesTotal !== undefined && <span>{sizeOf(bytesDone, bytesTotal)}</span>}
      {bytesDone === undefined && rowsDone !== undefined && (
        <span>{rowsTotal === undefined ? `${count(rowsDone)} rows` : `${count(rowsDone)} of ${count(rowsTotal)} rows`}</span>
      )}
      {rate !== undefined && rate > 0 && <span className="text-ink-2">{size(rate)}/s</span>}
      {rate === undefined && rowRate !== undefined && <span className="text-ink-2">{count(rowRate)} rows/s</span>}
      {remaining !== undefined && remaining >= 1000 && <span className="text-ink-2">{duration(remaining)} left</span>}
    </>
  );
}
