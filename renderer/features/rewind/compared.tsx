import type { Source } from '../../../electron/contract/model.ts';
import { useNow } from '../../ui/clock.tsx';
import { age, duration } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Name } from '../../ui/name.tsx';
import { CheckList, DifferenceList } from '../shared/findings.tsx';
import type { Outcome } from './outcome.ts';
import type { Where } from './use-rewind.ts';

const verdicts = {
  equal: ['bg-ok-soft', 'text-ok', 'check', 'Equal to what was captured'],
  refused: ['bg-bad-soft', 'text-bad', 'alert', 'Equal to what was captured, and a check of yours failed'],
  hook: ['bg-bad-soft', 'text-bad', 'alert', 'The migration failed'],
  differs: ['bg-bad-soft', 'text-bad', 'alert', 'Not equal to what was captured'],
  open: ['bg-warn-soft', 'text-warn', 'alert', 'Not all of it could be compared'],
} as const;

function verdictOf({ verification, refused, checks }: Outcome): keyof typeof verdicts {
  if (refused?.code === 'hook.failed') return 'hook';
  if ((verification?.differences.length ?? 0) > 0) return 'differs';
  if ([...(verification?.checks ?? []), ...(checks ?? [])].some((check) => check.result === 'failed')) return 'refused';
  if (verification?.result === 'inconclusive') return 'open';
  return verification?.result === 'passed' ? 'equal' : 'differs';
}

/** What the comparison and the checks said, and what stands where now. */
export function Compared({ outcome, where, source }: { readonly outcome: Outcome; readonly where: Where; readonly source: Source }) {
  const { verification, refused } = outcome;
  const [ground, ink, icon, title] = verdicts[verdictOf(outcome)];
  const own = [...(verification?.checks ?? []), ...(outcome.checks ?? [])];
  return (
    <section aria-label="Comparison" className="grid gap-2">
      <h3 className="text-s font-semibold text-ink-2">Comparison</h3>
      {(verification !== undefined || refused !== undefined) && (
        <div className={`flex gap-3 rounded-m px-3 py-2.5 ${ground}`}>
          <span className={`pt-0.5 ${ink}`}>
            <Icon name={icon} />
          </span>
          <div className="min-w-0">
            <div className={`font-semibold ${ink}`}>{title}</div>
            <div className="text-ink-2 [overflow-wrap:anywhere]">
              {verification === undefined ? refused?.message : `${verification.statement} It took ${duration(verification.durationMs)}.`}
            </div>
            {verification?.warnings.map((warning) => (
              <div key={warning} className="text-warn">
                {warning}
              </div>
            ))}
          </div>
        </div>
      )}
      <CheckList checks={own} />
      <DifferenceList differences={verification?.differences ?? []} />
      <Standing outcome={outcome} where={where} source={source} />
    </section>
  );
}

function Standing({ outcome, where, source }: { readonly outcome: Outcome; readonly where: Where; readonly source: Source }) {
  const now = useNow();
  const { undo, held, settled, target, refused } = outcome;
  const kept = undo?.keptUntil === undefined ? '' : ` for ${age(Math.max(0, undo.keptUntil - now))}`;
  const sentence = (() => {
    if (settled === 'undone') return 'Taken back: it is as it was before.';
    if (settled === 'discarded') return 'The copy was removed. Nothing else was touched.';
    if (settled === 'promoted' && where === 'new') return 'It stands in its new place; the source was not touched.';
    if (undo !== undefined) return `Swapped in. What was there before is kept${kept} and can be put back.`;
    if (held !== undefined) return 'The copy waits beside the source, which was not touched.';
    if (refused !== undefined) return 'The copy was removed. Nothing else was touched.';
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
