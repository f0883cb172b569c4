import type { Job } from '../../electron/contract/model.ts';
import type { Link } from './link.ts';

/** How long a job that ended stays, and how long one must run to be shown at all: looks of a moment do not flash by. */
const shownMs = 6000;
const briefMs = 300;

/** The jobs that run, whoever started them, oldest first; and for a moment those that ended. */
export class Jobs {
  #all = new Map<string, Job>();
  #shown: readonly Job[] = [];
  readonly #visible = new Set<string>();
  readonly #watchers = new Set<() => void>();

  constructor(link: Link) {
    link.on('job.changed', ({ job }) => this.#take(job));
    link.watch(() => {
      if (link.state.kind === 'open') void link.call('jobs.list', {}).then(({ jobs }) => this.#begin(jobs));
      else this.#begin([]);
    });
  }

  get shown(): readonly Job[] {
    return this.#shown;
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #begin(jobs: readonly Job[]): void {
    this.#all = new Map(jobs.filter(isActive).map((job) => [job.id, job]));
    for (const id of this.#all.keys()) this.#visible.add(id);
    this.#told();
  }

  #take(job: Job): void {
    const known = this.#all.has(job.id);
    if (isActive(job)) {
      this.#all.set(job.id, job);
      if (!known) setTimeout(() => this.#show(job.id), briefMs);
    } else if (this.#visible.has(job.id)) {
      this.#all.set(job.id, job);
      setTimeout(() => this.#forget(job.id), shownMs);
    } else this.#all.delete(job.id);
    this.#told();
  }

  #show(id: string): void {
    if (!this.#all.has(id)) return;
    this.#visible.add(id);
    this.#told();
  }

  #forget(id: string): void {
    this.#all.delete(id);
    this.#visible.delete(id);
    this.#told();
  }

  #told(): void {
    this.#shown = [...this.#all.values()].filter((job) => this.#visible.has(job.id)).toSorted((one, other) => one.createdAt - other.createdAt);
    for (const watcher of this.#watchers) watcher();
  }
}

export function isActive(job: Job): boolean {
  return job.state === 'waiting' || job.state === 'running';
}
