import { escapeText } from '../../../electron/contract/escape.ts';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { count, exactTime } from '../../ui/format.ts';
import { Name } from '../../ui/name.tsx';
import { Sheet } from '../../ui/overlay.tsx';
import { lines } from '../shared/lines.ts';
import type { Told } from './entries.ts';

/** All facts of one entry. */
export function EntrySheet({ told: { entry, began }, onClose }: { readonly told: Told; readonly onClose: () => void }) {
  return (
    <Sheet
      open
      onOpenChange={onClose}
      title={<Name text={entry.what} />}
      lead={`Entry ${count(entry.seq)}, ${entry.result}, ${exactTime(entry.at)}`}
      footer={
        <Button kind="primary" className="ml-auto" onClick={onClose}>
          Done
        </Button>
      }
    >
      <dl className="grid grid-cols-[140px_1fr] gap-x-3 gap-y-1.5">
        {Object.entries({ ...began?.details, ...entry.details }).map(([field, value]) => (
          <div key={field} className="contents">
            <dt className="text-ink-3">
              <Name text={field} />
            </dt>
            <dd className="font-mono text-s leading-5 [overflow-wrap:anywhere] whitespace-pre-wrap">{textOf(value)}</dd>
          </div>
        ))}
        <div className="contents">
          <dt className="text-ink-3">hash</dt>
          <dd className="font-mono text-s leading-5 [overflow-wrap:anywhere]">{entry.hash}</dd>
        </div>
      </dl>
      <CommandLine line={lines.journal()} />
    </Sheet>
  );
}

function textOf(value: unknown): string {
  if (value === null) return 'none';
  if (typeof value === 'string') return escapeText(value);
  return JSON.stringify(value, undefined, 1).split('\n').map(escapeText).join('\n');
}
