import type { SnapshotSummary } from '../contract/model.ts';

/** Levels of proof, lowest first. */
export const levels = ['captured', 'intact', 'complete', 'proved'] as const satisfies readonly SnapshotSummary['proved'][];

/** The level of that name; the parser has checked it against `levels`. */
export function levelOf(text: string | undefined): (typeof levels)[number] | undefined {
  return levels.find((level) => level === text);
}
