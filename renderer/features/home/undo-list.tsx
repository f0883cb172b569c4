import { useAnswer } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { useNow } from '../../ui/clock.tsx';
import { age, size } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Name } from '../../ui/name.tsx';
import { When } from '../../ui/when.tsx';
import { useActs } from '../shared/acts.ts';
import { lines } from '../shared/lines.ts';

const mostShown = 5;

/** What was swapped and can be put back, newest first. */
export function UndoList() {
  const acts = useActs();
  const now = useNow();
  const entries = useAnswer('undo.list', {}).data?.undo ?? [];
  if (entries.length === 0) return null;
  return (
    <section aria-label="Can be taken back">
      <h2 className="mb-1.5 text-s font-semibold text-ink-2">Can be taken back</h2>
      <ul className="overflow-hidden rounded-l border border-line">
        {entries
          .toReversed()
          .slice(0, mostShown)
          .map((entry) => (
            <li key={entry.id} className="flex h-[38px] min-w-0 items-center gap-2.5 border-b border-line px-2.5 last:border-b-0 hover:bg-hover">
              <span className="inline-grid size-[22px] shrink-0 place-items-center text-ink-3">
                <Icon name="rewind" />
              </span>
              <span className="shrink-0">{entry.what === 'rewind' ? 'Rewind' : entry.what === 'merge' ? 'Merge' : 'Restore'} of</span>
              <Name text={entry.source ?? entry.target} className="font-strong" />
              <span className="shrink-0 text-ink-2">
                <When at={entry.at} />
              </span>
              <span className="shrink-0 text-s text-ink-3">
                {[
                  entry.bytes === undefined ? undefined : `${size(entry.bytes)} kept`,
                  entry.keptUntil === undefined ? undefined : `for ${age(Math.max(0, entry.keptUntil - now))}`,
                ]
                  .filter((fact) => fact !== undefined)
                  .join(' ')}
              </span>
              <span className="ml-auto shrink-0">
                <Button
                  small
                  title={lines.undo(entry.id)}
                  aria-label={`Undo the ${entry.what} of ${entry.source ?? entry.target}`}
                  onClick={() => acts.undo(entry)}
                >
                  Undo
                </Button>
              </span>
            </li>
          ))}
      </ul>
    </section>
  );
}
