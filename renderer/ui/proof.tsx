import { classes } from './classes.ts';

export type ProofLevel = 'captured' | 'intact' | 'complete' | 'proved';

const levels: readonly ProofLevel[] = ['captured', 'intact', 'complete', 'proved'];
const words = { captured: 'Captured', intact: 'Intact', complete: 'Complete', proved: 'Proved' } as const;
const heights = ['h-[5px]', 'h-2', 'h-[11px]', 'h-3.5'] as const;

/** The four rising steps: grey as they are reached, green only when all are, red where a proof failed. Says nothing by itself. */
export function ProofSteps({ level, failing = false }: { readonly level: ProofLevel | undefined; readonly failing?: boolean }) {
  const reached = level === undefined ? 0 : levels.indexOf(level) + 1;
  return (
    <span className="inline-flex h-3.5 shrink-0 items-end gap-0.5" aria-hidden="true">
      {heights.map((height, at) => (
        <i
          key={height}
          className={classes('w-1 rounded-[1px]', height, failing ? 'bg-bad' : at >= reached ? 'bg-line-strong' : reached === 4 ? 'bg-ok' : 'bg-step')}
        />
      ))}
    </span>
  );
}

/** The steps with their word beside them. */
export function Proof({ level, failing = false }: { readonly level: ProofLevel; readonly failing?: boolean }) {
  return (
    <span className="inline-flex items-center gap-[7px] align-middle leading-[14px]">
      <ProofSteps level={level} failing={failing} />
      <span className={classes(failing && 'text-bad')}>{failing ? 'Failed' : words[level]}</span>
    </span>
  );
}

export function levelWord(level: ProofLevel): string {
  return words[level];
}
