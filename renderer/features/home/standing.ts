import type { CommandOutput } from '../../../electron/contract/commands.ts';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { age, change, duration } from '../../ui/format.ts';
import { suspicious } from '../shared/suspicious.ts';

export type Overview = CommandOutput<'sources.overview'>['sources'][number];

/** How a source stands: what is wrong in words, and the act that mends it. */
export interface Standing {
  /** 0: it needs somebody. 1: look. 2: a step is open. 3: all is well. */
  readonly rank: 0 | 1 | 2 | 3;
  readonly statement: string;
  readonly act: 'snap' | 'snap-again' | 'prove' | 'rewind';
  /** More than the row has room for: what a notice above the list tells. */
  readonly detail?: string;
}

/** Judges a source by what is known of it at a time. The first thing that is wrong is the one that is said. */
export function standingOf(one: Overview, now: number): Standing {
  const { newest, newestComplete, newestProved, drill, targets } = one;
  if (newest === undefined) {
    if (targets.rpoMs === null) return { rank: 2, statement: 'Never snapshotted', act: 'snap' };
    return { rank: 0, statement: 'Never snapshotted', act: 'snap', detail: `Nothing is there to put back; at most ${duration(targets.rpoMs)} is asked.` };
  }
  if (newest.failing)
    return {
      rank: 0,
      statement: 'A proof failed',
      act: 'snap-again',
      detail: `${failedProof(newest)} ${whatHolds(newestComplete, newest, now)}`,
    };
  if (drill?.result === 'failed' && drill.at > (newestProved?.provedAt ?? 0))
    return { rank: 0, statement: 'The last drill failed', act: 'snap-again', detail: drill.statement };
  if (targets.rpoMs !== null && (newestComplete === undefined || now - newestComplete.createdAt > targets.rpoMs))
    return {
      rank: 0,
      statement: newestComplete === undefined ? 'No complete snapshot' : `Older than ${duration(targets.rpoMs)}`,
      act: 'snap',
      detail:
        newestComplete === undefined
          ? 'None of its snapshots reached complete.'
          : `The newest complete snapshot is ${age(now - newestComplete.createdAt)} old; at most ${duration(targets.rpoMs)} is asked.`,
    };
  if (targets.rtoMs !== null && drill?.recoveryMs !== undefined && drill.recoveryMs > targets.rtoMs)
    return { rank: 1, statement: `Restore takes longer than ${duration(targets.rtoMs)}`, act: 'rewind' };
  const moved = movedBy(one);
  if (moved !== undefined) return { rank: 1, statement: moved, act: newestProved?.id === newest.id ? 'rewind' : 'prove' };
  if (newestProved === undefined) return { rank: 2, statement: 'Not proved yet', act: 'prove' };
  return { rank: 3, statement: newestProved.id === newest.id ? 'Nothing to do' : 'An older one is proved', act: 'rewind' };
}

function failedProof(newest: SnapshotSummary): string {
  return `The proof of its newest snapshot${newest.name === undefined ? '' : ` “${newest.name}”`} failed.`;
}

function whatHolds(complete: SnapshotSummary | undefined, newest: SnapshotSummary, now: number): string {
  if (complete === undefined || complete.id === newest.id) return 'No other snapshot of it is complete.';
  return `The one before it, ${age(now - complete.createdAt)} old, is ${complete.proved}.`;
}

/** In words, where the newest snapshot is much larger or smaller than the one before it. */
function movedBy({ trend }: Overview): string | undefined {
  const [before, last] = trend.slice(-2);
  if (before === undefined || last === undefined) return undefined;
  const rows = change(before.rows, last.rows);
  if (rows !== undefined && Math.abs(rows.share) > suspicious)
    return rows.share < 0 ? `Rows fell by ${rows.words.slice(1)}` : `Rows grew by ${rows.words.slice(1)}`;
  const bytes = change(before.bytes, last.bytes);
  if (bytes !== undefined && Math.abs(bytes.share) > suspicious)
    return bytes.share < 0 ? `Shrank by ${bytes.words.slice(1)}` : `Grew by ${bytes.words.slice(1)}`;
  return undefined;
}

/** Worst first; among equals by name. */
export function worstFirst(sources: readonly Overview[], now: number): readonly { readonly one: Overview; readonly standing: Standing }[] {
  return sources
    .map((one) => ({ one, standing: standingOf(one, now) }))
    .toSorted((a, b) => a.standing.rank - b.standing.rank || a.one.source.name.localeCompare(b.one.source.name));
}
