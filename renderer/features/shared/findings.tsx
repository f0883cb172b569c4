import type { SmokeResult, Verification } from '../../../electron/contract/model.ts';
import { Icon } from '../../ui/icons.tsx';
import { Name } from '../../ui/name.tsx';
import { capital } from './titles.ts';

const mostShown = 12;

/** Checks of somebody's own, each with what it said; nothing where there is none. */
export function CheckList({ checks }: { readonly checks: readonly SmokeResult[] }) {
  if (checks.length === 0) return null;
  return (
    <ul aria-label="Checks" className="grid gap-1">
      {checks.map((check, at) => (
        <li key={`${check.name} ${String(at)}`} className="grid grid-cols-[18px_1fr] gap-2">
          <span className={`pt-0.5 ${check.result === 'failed' ? 'text-bad' : 'text-ink-2'}`}>
            <Icon name={check.result === 'failed' ? 'alert' : check.result === 'passed' ? 'check' : 'clock'} size={15} />
          </span>
          <div className="min-w-0">
            <Name mono={check.kind === 'query'} text={check.name} className="font-strong" />
            <div className={`[overflow-wrap:anywhere] ${check.result === 'failed' ? 'text-bad' : 'text-ink-2'}`}>{capital(check.statement)}</div>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** What differs, the first of many; nothing where nothing does. */
export function DifferenceList({ differences }: { readonly differences: Verification['differences'] }) {
  if (differences.length === 0) return null;
  return (
    <ul aria-label="Differences" className="grid gap-1">
      {differences.slice(0, mostShown).map((one) => (
        <li key={`${one.kind} ${one.name} ${one.what}`} className="flex min-w-0 gap-2">
          <Name mono text={one.name} className="max-w-52" />
          <span className="text-ink-2 [overflow-wrap:anywhere]">{one.statement}</span>
        </li>
      ))}
    </ul>
  );
}
