import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import type { PlotPoint } from '../../ui/plot/points.ts';
import { suspiciousChange } from '../shared/suspicious.ts';

/** Sizes or rows of the snapshots of one source, oldest first; a large change against the one before is a mark. A part of the source is no measure. */
export function trendOf(snapshots: readonly SnapshotSummary[], figure: 'bytes' | 'rows'): readonly PlotPoint[] {
  let before: SnapshotSummary | undefined;
  return snapshots
    .filter((one) => one.part === undefined)
    .toSorted((a, b) => a.createdAt - b.createdAt || a.seq - b.seq)
    .map((one) => {
      const moved = before === undefined ? undefined : suspiciousChange(before[figure], one[figure]);
      before = one;
      return {
        key: one.id,
        at: one.createdAt,
        values: [one[figure]],
        name: `#${String(one.seq)}${one.name === undefined ? '' : ` ${one.name}`}`,
        mark: moved === undefined ? undefined : { tone: 'look', words: `${moved} against the one before` },
      };
    });
}
