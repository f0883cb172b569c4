import type { ReactNode } from 'react';
import { HostError } from '../../api/errors.ts';
import { Button } from '../../ui/button.tsx';
import { size } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Failure } from '../shared/failure.tsx';
import { capital } from '../shared/titles.ts';
import type { Preflight, Where } from './use-rewind.ts';

/** What was checked before anything is touched: what stands in the way, what to know, and the steps that follow. */
export function Checked({ where, preflight, onLookAgain }: CheckedProps) {
  if (where === 'throw-away') return null;
  return (
    <section aria-label="Before anything is touched" aria-busy={preflight === undefined} className="min-h-[132px]">
      <h3 className="mb-1.5 text-s font-semibold text-ink-2">Before anything is touched</h3>
      {preflight === undefined && <p className="text-ink-3">Looking at the target…</p>}
      {preflight instanceof HostError && <Failure error={preflight} retry={onLookAgain} />}
      {preflight !== undefined && !(preflight instanceof HostError) && (
        <ul className="grid gap-[7px]">
          {preflight.blockers.map((one) => (
            <Line key={one.statement} sign="bad" more={one.hint}>
              {one.statement}
            </Line>
          ))}
          {preflight.blockers.length > 0 && (
            <li>
              <Button small onClick={onLookAgain}>
                Look again
              </Button>
            </li>
          )}
          {preflight.warnings.map((warning) => (
            <Line key={warning} sign="warn">
              {capital(warning)}
            </Line>
          ))}
          <Line sign={preflight.bytesFree !== undefined && preflight.bytesFree < preflight.bytesNeeded ? 'warn' : 'fine'}>{room(preflight)}</Line>
          {preflight.steps.map((step) => (
            <Line key={step} sign="step">
              {capital(step)}
            </Line>
          ))}
        </ul>
      )}
    </section>
  );
}

interface CheckedProps {
  readonly where: Where;
  readonly preflight: Preflight | HostError | undefined;
  readonly onLookAgain: () => void;
}

function room({ bytesNeeded, bytesFree }: Preflight): string {
  return bytesFree === undefined ? `${size(bytesNeeded)} needed; how much is free there is not known` : `${size(bytesNeeded)} needed, ${size(bytesFree)} free`;
}

const signs = {
  bad: ['alert', 'text-bad', 'In the way: '],
  warn: ['alert', 'text-warn', 'To know: '],
  fine: ['check', 'text-ink-2', ''],
  step: ['clock', 'text-ink-3', ''],
} as const;

function Line({ sign, children, more }: { readonly sign: keyof typeof signs; readonly children: ReactNode; readonly more?: string }) {
  const [icon, ink, word] = signs[sign];
  return (
    <li className="grid grid-cols-[18px_1fr] gap-2">
      <span className={`pt-0.5 ${ink}`}>
        <Icon name={icon} size={15} />
      </span>
      <div className="[overflow-wrap:anywhere]">
        {word !== '' && <span className="sr-only">{word}</span>}
        {children}
        {more !== undefined && <div className="text-s text-ink-2">{more}</div>}
      </div>
    </li>
  );
}
