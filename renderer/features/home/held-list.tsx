import { useState } from 'react';
import { useAnswer, useRefresh } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Name } from '../../ui/name.tsx';
import { When } from '../../ui/when.tsx';
import { ConfirmName } from '../shared/confirm-name.tsx';
import { lines } from '../shared/lines.ts';
import { useWork } from '../shared/work.ts';

/** Restored copies that were compared and wait: each is promoted or discarded. One on which a check failed can only be discarded. */
export function HeldList() {
  const work = useWork();
  const refresh = useRefresh();
  const held = useAnswer('restore.held', {}).data?.held ?? [];
  const [confirming, setConfirming] = useState<{ readonly id: string; readonly name: string }>();
  if (held.length === 0) return null;
  const promote = async (id: string, confirm?: string): Promise<void> => {
    setConfirming(undefined);
    await work(
      'restore.promote',
      { held: id, ...(confirm === undefined ? {} : { confirm }) },
      {
        done: ({ target }) => ({ title: 'The copy was put in place', text: target }),
        failed: (error) => {
          const name = error.details['type'];
          if (error.code !== 'input.confirmation-needed' || typeof name !== 'string') return false;
          setConfirming({ id, name });
          return true;
        },
      },
    );
    refresh(['restore.held']);
  };
  const discard = async (id: string): Promise<void> => {
    await work('restore.discard', { held: id }, { done: () => ({ title: 'The copy was removed', text: 'Nothing else was touched.' }) });
    refresh(['restore.held']);
  };
  return (
    <section aria-label="Copies that wait for a decision">
      <h2 className="mb-1.5 text-s font-semibold text-ink-2">Copies that wait for a decision</h2>
      <ul className="overflow-hidden rounded-l border border-line">
        {held.map((one) => (
          <li key={one.id} className="flex min-h-[38px] min-w-0 items-center gap-2.5 border-b border-line px-2.5 py-1 last:border-b-0 hover:bg-hover">
            <span className={`inline-grid size-[22px] shrink-0 place-items-center ${one.failed === undefined ? 'text-ink-3' : 'text-bad'}`}>
              <Icon name={one.failed === undefined ? 'clock' : 'alert'} />
            </span>
            <span className="shrink-0">For</span>
            <Name mono text={one.target} className="max-w-[46ch]" />
            <span className="shrink-0 text-ink-2">
              <When at={one.at} />
            </span>
            <span className="min-w-0 truncate text-s text-ink-3" title={one.failed ?? one.inconclusive}>
              {one.failed ?? one.inconclusive}
            </span>
            <span className="ml-auto flex shrink-0 gap-1">
              {one.failed === undefined && (
                <Button small title={lines.promote(one.id)} aria-label={`Promote the copy for ${one.target}`} onClick={() => void promote(one.id)}>
                  Promote
                </Button>
              )}
              <Button small title={lines.discard(one.id)} aria-label={`Discard the copy for ${one.target}`} onClick={() => void discard(one.id)}>
                Discard
              </Button>
            </span>
          </li>
        ))}
      </ul>
      {confirming !== undefined && (
        <ConfirmName
          name={confirming.name}
          title="Promote the copy"
          act="Promote"
          line={lines.promote(confirming.id)}
          onClose={() => setConfirming(undefined)}
          onConfirm={(confirm) => void promote(confirming.id, confirm)}
        />
      )}
    </section>
  );
}
