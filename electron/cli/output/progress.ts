import { counted, escapeText } from '../../core/app/faces.ts';
import type { JobProgress } from '../../contract/model.ts';
import type { Clock } from '../../core/app/faces.ts';
import { duration, size } from './format.ts';
import { columnsOf } from './output.ts';
import type { TextStream } from './output.ts';
import { fit, padEnd } from './width.ts';

const redrawEvery = 100;
const lineEvery = 10_000;
const quietFor = 1000;
const barWidth = 20;

/** Shows how far a job is: a bar that redraws itself on a terminal, an occasional plain line in a pipe. */
export interface ProgressView {
  show(progress: JobProgress): void;
  /** Takes the bar away, so that a line can be written; the next `show` draws it again. */
  clear(): void;
}

export const noProgress: ProgressView = { show: () => undefined, clear: () => undefined };

export function progressView(stream: TextStream, clock: Clock): ProgressView {
  return stream.isTTY === true ? terminalView(stream, clock) : lineView(stream, clock);
}

function terminalView(stream: TextStream, clock: Clock): ProgressView {
  let drawn = false;
  let last = -redrawEvery;
  const clear = () => {
    if (drawn) stream.write('\r\u001b[K');
    drawn = false;
  };
  return {
    show(progress) {
      const now = clock.monotonic();
      if (now - last < redrawEvery) return;
      last = now;
      drawn = true;
      stream.write(`\r${fit(escapeText(barText(progress)), columnsOf(stream) - 1)}\u001b[K`);
    },
    clear,
  };
}

/**
 * A line for each new stage and one every ten seconds, so that a log stays readable; stages that pass within a second, and jobs
 * that are done by then, say nothing.
 */
function lineView(stream: TextStream, clock: Clock): ProgressView {
  let stage: string | undefined;
  let last: number | undefined;
  return {
    show(progress) {
      const now = clock.monotonic();
      last ??= now;
      if (now - last < (progress.stage === stage ? lineEvery : quietFor)) return;
      stage = progress.stage;
      last = now;
      stream.write(`${escapeText(plainText(progress))}\n`);
    },
    clear: () => undefined,
  };
}

/** `reading main.db  [#######-------------]  35 %  350 MiB of 1.0 GiB  120 MiB/s  6 s left`. */
export function barText(progress: JobProgress): string {
  const share = shareOf(progress);
  const bar =
    share === undefined ? undefined : `${padEnd('█'.repeat(Math.floor(share * barWidth)), barWidth).replaceAll(' ', '░')}  ${Math.floor(share * 100)} %`;
  return [progress.stage, bar, ...figures(progress)].filter((part) => part !== undefined).join('  ');
}

export function plainText(progress: JobProgress): string {
  const share = shareOf(progress);
  return [progress.stage, share === undefined ? undefined : `${Math.floor(share * 100)} %`, ...figures(progress)]
    .filter((part) => part !== undefined)
    .join(', ');
}

function figures(progress: JobProgress): (string | undefined)[] {
  return [
    amount(progress.bytesDone, progress.bytesTotal, size),
    amount(progress.rowsDone, progress.rowsTotal, (rows) => counted(rows, 'row')),
    progress.rate === undefined ? undefined : `${size(progress.rate)}/s`,
    progress.rowRate === undefined ? undefined : `${counted(progress.rowRate, 'row')}/s`,
    progress.remaining === undefined ? undefined : `${duration(progress.remaining)} left`,
  ];
}

function amount(done: number | undefined, total: number | undefined, said: (value: number) => string): string | undefined {
  if (done === undefined) return undefined;
  return total === undefined ? said(done) : `${said(done)} of ${said(total)}`;
}

/** Between 0 and 1; undefined where there is no total to measure by. */
function shareOf(progress: JobProgress): number | undefined {
  const [done, total] = progress.bytesTotal === undefined ? [progress.rowsDone, progress.rowsTotal] : [progress.bytesDone, progress.bytesTotal];
  if (done === undefined || total === undefined || total <= 0) return undefined;
  return Math.min(1, Math.max(0, done / total));
}
