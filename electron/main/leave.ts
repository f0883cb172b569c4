import { app, dialog } from 'electron';
import type { BrowserWindow } from 'electron';
import type { Job } from '../contract/model.ts';
import { plain } from './menu.ts';

export interface LeaveParts {
  /** Jobs that would end with the application. */
  readonly jobs: () => readonly Job[];
  readonly cancel: (job: Job) => Promise<unknown>;
  /** Keeps and ends everything; resolves when nothing is left. */
  readonly cleanUp: () => Promise<void>;
  readonly window: () => BrowserWindow | undefined;
}

const answers = ['Wait for it, then quit', 'Cancel it and quit', 'Keep Belay open'] as const;

/** Quitting: asks while jobs run, and leaves nothing behind. */
export class Leaving {
  readonly #parts: LeaveParts;
  #state: 'staying' | 'asking' | 'waiting' | 'going' = 'staying';

  constructor(parts: LeaveParts) {
    this.#parts = parts;
  }

  /** True once the application may end. */
  get going(): boolean {
    return this.#state === 'going';
  }

  /** Somebody wants to quit. */
  async ask(): Promise<void> {
    if (this.#state === 'asking' || this.#state === 'going') return;
    const jobs = this.#parts.jobs();
    if (jobs.length === 0) return this.#go();
    this.#state = 'asking';
    const window = this.#parts.window();
    const question = {
      type: 'question' as const,
      message: jobs.length === 1 ? 'A job is running' : `${String(jobs.length)} jobs are running`,
      detail: `${jobs.map((job) => plain(job.title)).join('\n')}\n\nWhat is cancelled leaves nothing behind.`,
      buttons: [...answers],
      defaultId: 0,
      cancelId: 2,
      noLink: true,
    };
    const { response } = window === undefined || window.isDestroyed() ? await dialog.showMessageBox(question) : await dialog.showMessageBox(window, question);
    if (response === 1) {
      // A job that ended meanwhile cannot be cancelled any more; it is gone all the same.
      await Promise.allSettled(this.#parts.jobs().map((job) => this.#parts.cancel(job)));
      return this.#go();
    }
    this.#state = response === 0 ? 'waiting' : 'staying';
    return this.settle();
  }

  /** Other jobs run than before. */
  async settle(): Promise<void> {
    if (this.#state === 'waiting' && this.#parts.jobs().length === 0) await this.#go();
  }

  async #go(): Promise<void> {
    this.#state = 'going';
    try {
      await this.#parts.cleanUp();
    } finally {
      app.quit();
    }
  }
}
