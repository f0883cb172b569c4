import { useState } from 'react';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { useAnswer } from '../../api/host.tsx';
import { useNow } from '../../ui/clock.tsx';
import { Search } from '../../ui/fields.tsx';
import { day } from '../../ui/format.ts';
import { Name } from '../../ui/name.tsx';
import { Dialog } from '../../ui/overlay.tsx';
import { Proof } from '../../ui/proof.tsx';

/** Finds any other snapshot of the same engine. */
export function SnapshotPicker({ like, onPick, onClose }: PickerProps) {
  const now = useNow();
  const [text, setText] = useState('');
  const asked = text.trim();
  const found = useAnswer('snapshot.list', { limit: 60, ...(asked === '' ? { source: like.source } : { text: asked }) }, { keep: true }).data?.snapshots ?? [];
  const fitting = found.filter((one) => one.engine === like.engine && one.id !== like.id);
  return (
    <Dialog open onOpenChange={onClose} title="Compare with another snapshot" lead="By name, note, tag, source or the beginning of an id.">
      <Search label="Find a snapshot" value={text} onChange={(event) => setText(event.target.value)} />
      <ul aria-label="Snapshots" className="grid max-h-[40vh] min-h-[40vh] content-start overflow-auto">
        {fitting.map((one) => (
          <li key={one.id}>
            <button
              type="button"
              onClick={() => onPick(one)}
              className="flex h-8 w-full min-w-0 items-center gap-2 rounded-m px-2 text-left -outline-offset-2 hover:bg-hover"
            >
              <Name text={one.name ?? `#${String(one.seq)}`} className="font-strong" />
              <span className="min-w-0 flex-1 truncate text-s text-ink-2">
                {one.source} · {day(one.createdAt, now)}
              </span>
              <Proof level={one.proved} failing={one.failing} />
            </button>
          </li>
        ))}
        {fitting.length === 0 && <li className="px-2 py-4 text-ink-2">No other snapshot of this engine is called that.</li>}
      </ul>
    </Dialog>
  );
}

interface PickerProps {
  readonly like: SnapshotSummary;
  readonly onPick: (snapshot: SnapshotSummary) => void;
  readonly onClose: () => void;
}
