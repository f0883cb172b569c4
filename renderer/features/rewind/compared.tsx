import type { Source } from '../../../electron/contract/model.ts';
import { useNow } from '../../ui/clock.tsx';
import { age, duration } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Name } from '../../ui/name.tsx';
import type { Outcome, Where } from './use-rewind.ts';

const mostShown = 12;

/** What the comparison said, and what stands where now. */
export function Compared({ outcome, where, source }: { readonly outcome: Outcome; readonly where: Where; readonly source: Source }) {
  const { verification } = outcome;
  const equal = verification?.result === 'passed';
  return (
    <section aria-label="Comparison" className="grid gap-2">
      <h3 className="text-s font-semibold text-ink-2">Comparison</h3>
      {verification !== undefined && (
        <div className={`flex gap-3 rounded-m px-3 py-2.5 ${equal ? 'bg-ok-soft' : 'bg-bad-soft'}`}>
          <span className={`pt-0.5 ${equal ? 'text-ok' : 'text-bad'}`}>
            <Icon name={equal ? 'check' : 'alert'} />
          </span>
          <div className="min-w-0">
            <div className={`font-semibold ${equal ? 'text-ok' : 'text-bad'}`}>{equal ? 'Equal to what was captured' : 'Not equal to what was captured'}</div>
            <div className="text-ink-2 [overflow-wrap:anywhere]">
              {verification.statement} It took {duration(verification.durationMs)}.
            </div>
            {verification.warnings.map((warning) => (
              <div key={warning} className="text-warn">
                {warning}
              </div>
            ))}
          </div>
        </div>
      )}
      {verification !== undefined && verification.differences.length > 0 && (
        <ul className="grid gap-1">
          {verification.differences.slice(0, mostShown).map((one) => (
            <li key={`${one.kind} ${one.name} ${one.what}`} className="flex min-w-0 gap-2">
              <Name mono text={one.name} className="max-w-52" />
              <span className="text-ink-2 [overflow-wrap:anywhere]">{one.statement}</span>
            </li>
          ))}
        </ul>
      )}
      <Standing outcome={outcome} where={where} source={source} />
    </section>
  );
}

function Standing({ outcome, where, source }: { readonly outcome: Outcome; readonly where: Where; readonly source: Source }) {
  const now = useNow();
  const { undo, held, settled, target } = outcome;
  const kept = undo?.keptUntil === undefined ? '' : ` for ${age(Math.max(0, undo.keptUntil - now))}`;
  const sentence = (() => {
    if (settled === 'undone') return 'Taken back: it is as it was before.';
    if (settled === 'discarded') return 'The copy was removed. Nothing else was touched.';
    if (undo !== undefined) return `Swapped in. What was there before is kept${kept} and can be put back.`;
    if (held !== undefined) return 'The copy waits beside the source, which was not touched.';
    if (where === 'throw-away') return 'The copy was thrown away. Nothing else was touched.';
    return 'It stands in its new place; the source was not touched.';
  })();
  return (
    <p role="status" className="flex flex-wrap gap-x-1.5 text-ink-2">
      <span>{sentence}</span>
      {where === 'new' && target !== undefined && <Name mono text={target} />}
      {undo !== undefined && settled !== 'undone' && <Name mono text={undo.kept === '' ? source.name : undo.kept} />}
    </p>
  );
}
