import type { Drill, DrillStep } from '../../../electron/contract/drills.ts';
import { Icon } from '../../ui/icons.tsx';
import type { IconName } from '../../ui/icons.tsx';
import { resultWords } from './records.ts';

type Any = Drill['result'] | DrillStep['result'];

const signs: Readonly<Record<Any, readonly [icon: IconName, ink: string]>> = {
  proved: ['check', 'text-ok'],
  passed: ['check', 'text-ink-2'],
  failed: ['close', 'text-bad'],
  inconclusive: ['alert', 'text-warn'],
  'not-run': ['clock', 'text-ink-3'],
};

/** The sign of a result: a shape of its own for each, so that colour is not what tells them apart. */
export function ResultSign({ of, size = 15 }: { readonly of: Any; readonly size?: number }) {
  const [icon, ink] = signs[of];
  return (
    <span className={`inline-flex shrink-0 ${ink}`}>
      <Icon name={icon} size={size} />
    </span>
  );
}

/** The sign with its word. */
export function Result({ of }: { readonly of: Drill['result'] }) {
  return (
    <span className="inline-flex items-center gap-1.5 align-middle">
      <ResultSign of={of} />
      <span className={of === 'failed' ? 'text-bad' : ''}>{resultWords[of]}</span>
    </span>
  );
}
