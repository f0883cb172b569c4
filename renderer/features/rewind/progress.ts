import type { JobProgress } from '../../../electron/contract/model.ts';

export interface Stage {
  /** The stage's verb: what it does to one table after another is one stage. */
  readonly key: string;
  readonly text: string;
  readonly from: number;
  readonly until?: number;
  readonly progress: JobProgress;
}

/** The stages with what was told last: a stage goes on as long as its verb is the same, and ends with the next one. */
export function withProgress(known: readonly Stage[], progress: JobProgress, at: number): readonly Stage[] {
  const key = progress.stage.split(' ', 1)[0] ?? progress.stage;
  const last = known.at(-1);
  const next = { key, text: progress.stage, progress };
  if (last?.key === key) return [...known.slice(0, -1), { ...last, ...next }];
  const ended = last === undefined ? [] : [{ ...last, until: at }];
  return [...known.slice(0, -1), ...ended, { ...next, from: at }];
}
