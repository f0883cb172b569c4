import type { CallOptions } from '../../contract/client.ts';
import type { Job, JobProgress } from '../../contract/model.ts';
import { AppError, CancelledError, isCancelled, toWireError } from '../base/errors.ts';
import type { Clock, Log, Random, Task } from '../base/ports.ts';
import type { Journal } from './journal.ts';
import { createRate } from './rate.ts';
import { createThrottle } from './throttle.ts';

/** What a job must have for itself while it runs: the repository's writer, or one target. */
export type Exclusive = 'repository-write' | `target:${string}`;

export interface JobSpec extends CallOptions {
  /** The command's name; also what the journal calls it. */
  readonly command: string;
  /** The job in words: `snapshot of shop`. */
  readonly title: string;
  readonly client: string;
  /** Jobs that share one of these run one after the other, in the order of their `run` calls. Others run at once. */
  readonly exclusive?: readonly Exclusive[];
  /** Facts for the journal's `started` entry. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** False: the journal does not tell of it, neither of its start nor of its end. */
  readonly journalled?: boolean;
}

export interface JobTask extends Task {
  readonly id: string;
}

export interface JobQueue {
  /**
   * Runs `work` when what it needs for itself is free; resolves or rejects with its outcome. Aborting `spec.signal`, or
   * `cancel`, aborts the task's signal; the promise then settles when the work has, so that nothing of it is left.
   * `outcome` gives the facts for the journal's closing entry.
   */
  run<T>(spec: JobSpec, work: (task: JobTask) => Promise<T>, outcome?: (result: T) => Readonly<Record<string, unknown>>): Promise<T>;
  /** Waiting and running jobs, and those of the last day that a host's death interrupted; with `all` also the last ones that ended. Newest first. */
  list(options?: { readonly all?: boolean }): readonly Job[];
  /** Resolves with the ended job when its work has stopped and cleaned up. Throws `job.unknown`; a job that has ended is returned as it is. */
  cancel(id: string): Promise<Job>;
  /** Jobs waiting or running. */
  active(): number;
  /** Called with every state and, at most ten times a second a job, with progress. Returns the function that ends it. */
  onChanged(listener: (job: Job) => void): () => void;
  /** Refuses new jobs, cancels all, and resolves when every one has ended. Safe to call twice. */
  close(): Promise<void>;
}

export interface QueuePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly journal: Pick<Journal, 'append'>;
}

interface Running {
  job: Job;
  readonly exclusive: readonly Exclusive[];
  readonly abort: AbortController;
  /** Starts the work of a waiting job. */
  start(): void;
  readonly ended: Promise<Job>;
}

const PROGRESS_MS = 100;
const REMEMBERED = 200;
const INTERRUPTED_SHOWN_MS = 86_400_000;

/** A queue over `journal`; `past` are the jobs of earlier hosts, newest first (`pastJobs`). */
export function createQueue(ports: QueuePorts, past: readonly Job[] = []): JobQueue {
  const { clock, journal, log } = ports;
  /** Waiting and running, oldest first. */
  const live: Running[] = [];
  let ended: Job[] = past.slice(0, REMEMBERED);
  const listeners = new Set<(job: Job) => void>();
  let closed = false;

  /** Who watches a job never decides its fate. */
  const watched = (call: () => void): void => {
    try {
      call();
    } catch (error) {
      log.error('a listener of the jobs failed', { error });
    }
  };
  const tell = (job: Job): void => {
    for (const listener of listeners) watched(() => listener(job));
  };

  /** Starts every waiting job none of whose needs is held, or wanted, by one before it. */
  const advance = (): void => {
    const taken = new Set<Exclusive>();
    for (const one of live) {
      if (one.job.state === 'waiting' && !one.exclusive.some((need) => taken.has(need))) one.start();
      for (const need of one.exclusive) taken.add(need);
    }
  };

  const run: JobQueue['run'] = async (spec, work, outcome) => {
    if (closed) throw new AppError('transport.closed', 'The host is closing and takes no new work.', { hint: 'Run the command again.', retryable: true });
    const id = `j${Buffer.from(ports.random.bytes(5)).toString('hex')}`;
    const abort = new AbortController();
    const started = Promise.withResolvers<void>();
    const over = Promise.withResolvers<Job>();
    const entry: Running = {
      job: { id, command: spec.command, title: spec.title, state: 'waiting', createdAt: clock.now() },
      exclusive: spec.exclusive ?? [],
      abort,
      ended: over.promise,
      start() {
        entry.job = { ...entry.job, state: 'running', startedAt: clock.now() };
        tell(entry.job);
        started.resolve();
      },
    };
    const onAbort = (): void => abort.abort(new CancelledError());
    if (spec.signal?.aborted === true) onAbort();
    else spec.signal?.addEventListener('abort', onAbort, { once: true });
    if (abort.signal.aborted) started.reject(new CancelledError());
    else abort.signal.addEventListener('abort', () => started.reject(new CancelledError()), { once: true });

    const rate = createRate(clock);
    const throttle = createThrottle<JobProgress>(clock, PROGRESS_MS, (progress) => {
      entry.job = { ...entry.job, progress };
      tell(entry.job);
      watched(() => spec.onProgress?.(progress));
    });
    const end = async (state: Job['state'], error: unknown, details: Readonly<Record<string, unknown>>): Promise<void> => {
      throttle.flush();
      const wire = state === 'failed' ? toWireError(error) : undefined;
      if (entry.job.startedAt !== undefined && spec.journalled !== false) {
        const result = state === 'done' ? 'done' : state === 'cancelled' ? 'cancelled' : 'failed';
        const said = wire === undefined ? {} : { error: { code: wire.code, message: wire.message } };
        const facts = { job: id, durationMs: clock.now() - entry.job.startedAt, ...said, ...details };
        // The work is over whatever the journal says: its outcome stands, and the missing end shows as an interrupted job.
        await journal.append({ what: spec.command, result, details: facts }).catch((failure: unknown) => {
          log.error('the end of a job could not be journalled', { job: id, error: failure });
        });
      }
      entry.job = { ...entry.job, state, endedAt: clock.now(), ...(wire === undefined ? {} : { error: { ...wire } }) };
      live.splice(live.indexOf(entry), 1);
      ended = [entry.job, ...ended].slice(0, REMEMBERED);
      tell(entry.job);
      over.resolve(entry.job);
      advance();
    };

    live.push(entry);
    tell(entry.job);
    try {
      watched(() => spec.onJob?.(id));
      advance();
      await started.promise;
      if (spec.journalled !== false)
        await journal.append({ what: spec.command, result: 'started', details: { job: id, title: spec.title, client: spec.client, ...spec.details } });
      if (abort.signal.aborted) throw new CancelledError();
      const result = await work({ id, signal: abort.signal, progress: (progress) => throttle.push(rate(progress)) });
      await end('done', undefined, outcome?.(result) ?? {});
      return result;
    } catch (error) {
      if (live.includes(entry)) await end(isCancelled(error) ? 'cancelled' : 'failed', error, {});
      throw isCancelled(error) ? new CancelledError() : error;
    } finally {
      throttle.stop();
      spec.signal?.removeEventListener('abort', onAbort);
    }
  };

  return {
    run,
    list({ all = false } = {}) {
      const over = all ? ended : ended.filter((job) => job.state === 'interrupted' && clock.now() - (job.endedAt ?? 0) < INTERRUPTED_SHOWN_MS);
      return [...live.map((one) => one.job).toReversed(), ...over];
    },
    async cancel(id) {
      const found = live.find((one) => one.job.id === id);
      if (found !== undefined) {
        found.abort.abort(new CancelledError());
        return found.ended;
      }
      const over = ended.find((job) => job.id === id);
      if (over !== undefined) return over;
      throw new AppError('job.unknown', `There is no job ${id}.`, { hint: 'List the jobs with `belay jobs --all`.', details: { id } });
    },
    active: () => live.length,
    onChanged(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closed = true;
      const all = live.map((one) => one.ended);
      for (const one of live) one.abort.abort(new CancelledError());
      await Promise.all(all);
    },
  };
}
