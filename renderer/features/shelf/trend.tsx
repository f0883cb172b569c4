import { useMemo } from 'react';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { Plot } from '../../ui/plot/plot.tsx';
import type { PlotPoint } from '../../ui/plot/points.ts';
import { trendOf } from './trending.ts';

/** How size and rows of one source went from snapshot to snapshot; choosing a point chooses its snapshot. */
export function Trend({ snapshots, onChoose }: { readonly snapshots: readonly SnapshotSummary[]; readonly onChoose: (id: string) => void }) {
  const bytes = useMemo(() => trendOf(snapshots, 'bytes'), [snapshots]);
  const rows = useMemo(() => trendOf(snapshots, 'rows'), [snapshots]);
  const common = {
    each: 'Snapshot taken',
    height: 116,
    zero: false,
    empty: 'The first snapshot begins it.',
    onOpen: ({ key }: PlotPoint) => onChoose(key ?? ''),
  } as const;
  return (
    <div className="grid shrink-0 grid-cols-2 items-start gap-x-6 px-6 pb-3">
      <Plot title="Size" unit="bytes" series={[{ title: 'Size', look: 'line', ink: 'strong' }]} points={bytes} {...common} />
      <Plot title="Rows" unit="count" series={[{ title: 'Rows', look: 'line', ink: 'strong' }]} points={rows} {...common} />
    </div>
  );
}
