import type { UndoRow } from './records.ts';

/** When a kept old copy goes by itself; docs/decisions/0011 says why it is counted so. */
export interface KeepRules {
  /** How long one is kept; undefined where no time takes one away. */
  readonly keepMs: number | undefined;
  /** True where a snapshot from before the swap is there: what no snapshot ever held is not taken away by time. */
  readonly wasSnapshotted: (row: UndoRow) => boolean;
}

/** A stretch that nobody of Belay saw counts for at most this part of the keep time, whatever the clock says: one jump takes nothing away. */
const unseenPart = 1 / 4;
/** Sightings closer together are one. */
export const leastBetweenMs = 600_000;

/** What a stretch since the last sighting may count for at most, where only the wall clock saw it. */
export function mostUnseen(rules: KeepRules): number {
  return (rules.keepMs ?? 0) * unseenPart;
}

/** The row as it is after somebody saw that it is there; the same one where it was seen just now. `most`: what the time since then may count for. */
export function sighted(row: UndoRow, now: number, most: number): UndoRow {
  const { ms, seenAt } = row.age ?? { ms: 0, seenAt: row.entry.at };
  const gap = now - seenAt;
  if (gap >= 0 && gap < leastBetweenMs) return row;
  return { ...row, age: { ms: ms + Math.min(Math.max(0, gap), most), seenAt: now } };
}

/** True where its time was over when it was last seen: whoever comes for it just after still finds it. */
export function isDue(row: UndoRow, rules: KeepRules): boolean {
  return row.state === 'kept' && ages(row, rules) && (row.age?.ms ?? 0) >= (rules.keepMs ?? Infinity);
}

/** The earliest time at which it goes by itself; undefined where no time takes it away. */
export function keptUntil(row: UndoRow, rules: KeepRules, now: number): number | undefined {
  if (rules.keepMs === undefined || !ages(row, rules)) return undefined;
  const { ms, seenAt } = row.age ?? { ms: 0, seenAt: row.entry.at };
  return now + Math.max(0, rules.keepMs - ms - Math.min(Math.max(0, now - seenAt), mostUnseen(rules)));
}

function ages(row: UndoRow, rules: KeepRules): boolean {
  return row.keep !== true && rules.wasSnapshotted(row);
}
