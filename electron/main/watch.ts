import type { BelayClient } from '../contract/client.ts';
import type { Job } from '../contract/model.ts';
import type { Log } from '../core/app/faces.ts';
import { connectOver } from '../host/client.ts';
import type { Reached } from './reach.ts';

export interface WatchParts {
  readonly version: string;
  readonly reach: () => Promise<Reached>;
  readonly log: Log;
  /** The jobs that run are others, or further. */
  readonly changed: () => void;
  readonly ended: (job: Job) => void;
}

const delays = [300, 1000, 3000, 5000] as const;
const PATIENCE_MS = 120_000;

/** The shell's own connection to the host: which jobs run. It is taken up again by itself. */
export class Watch {
  readonly #parts: WatchParts;
  readonly #jobs = new Map<string, Job>();
  #client: BelayClient | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tries = 0;
  #ended = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** Jobs that wait or run, whoever started them. */
  get running(): readonly Job[] {
    return [...this.#jobs.values()];
  }

  /** The host, where it answers now. */
  get client(): BelayClient | undefined {
    return this.#client;
  }

  async start(): Promise<void> {
    const { reach, version, log } = this.#parts;
    try {
      const { channel, token } = await reach();
      const client = await connectOver(channel, { version, client: 'window', token, patience: PATIENCE_MS });
      if (this.#ended) return await client.close();
      this.#client = client;
      this.#tries = 0;
      client.subscribe('job.changed', ({ job }) => this.#take(job));
      void client.closed.then((why) => this.#again(why));
      for (const job of (await client.call('jobs.list', {})).jobs) this.#take(job);
    } catch (error) {
      if (this.#tries === 0) log.info('the host cannot be reached', { error });
      this.#again('it cannot be reached');
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.#client?.close();
  }

  #take(job: Job): void {
    const known = this.#jobs.has(job.id);
    if (job.state === 'waiting' || job.state === 'running') this.#jobs.set(job.id, job);
    else {
      this.#jobs.delete(job.id);
      if (known) this.#parts.ended(job);
    }
    this.#parts.changed();
  }

  #again(why: string): void {
    if (this.#client !== undefined) this.#parts.log.info('the host is gone', { why });
    this.#client = undefined;
    this.#jobs.clear();
    this.#parts.changed();
    clearTimeout(this.#timer);
    if (this.#ended) return;
    this.#timer = setTimeout(() => void this.start(), delays[Math.min(this.#tries, delays.length - 1)]);
    this.#tries += 1;
  }
}
