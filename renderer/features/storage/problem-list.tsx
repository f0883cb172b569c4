import { Link } from 'wouter';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { counted } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Name } from '../../ui/name.tsx';
import { Prose } from '../../ui/prose.tsx';

export type Problem = CommandOutput<'repository.check'>['problems'][number];

const mostShown = 50;

/** What was found wrong, and which snapshots and objects it hits. */
export function ProblemList({ problems, snapshots }: { readonly problems: readonly Problem[]; readonly snapshots: readonly SnapshotSummary[] }) {
  return (
    <ul aria-label="Problems" className="grid gap-3">
      {problems.slice(0, mostShown).map((problem) => (
        <li key={`${problem.file} ${problem.kind} ${problem.statement}`} className="grid grid-cols-[18px_1fr] gap-2">
          <span className={`pt-0.5 ${problem.repairable ? 'text-warn' : 'text-bad'}`}>
            <Icon name="alert" size={15} />
          </span>
          <div className="grid min-w-0 gap-0.5">
            <Prose text={problem.statement} />
            <Name mono text={problem.file} className="text-ink-3" />
            {problem.affects.map((one) => (
              <Affected key={one.snapshot} affected={one} snapshot={snapshots.find(({ id }) => id === one.snapshot)} />
            ))}
            <span className="text-s text-ink-2">{standingOf(problem)}</span>
          </div>
        </li>
      ))}
      {problems.length > mostShown && <li className="pl-[26px] text-ink-2">{`And ${counted(problems.length - mostShown, 'more', 'more')}.`}</li>}
    </ul>
  );
}

function Affected({ affected, snapshot }: { readonly affected: Problem['affects'][number]; readonly snapshot: SnapshotSummary | undefined }) {
  const { objects, seq } = affected;
  return (
    <span className="flex min-w-0 flex-wrap gap-x-1.5">
      Hits
      <Link href={`/snapshot/${affected.snapshot}`} className="flex min-w-0 font-strong text-accent-text hover:underline">
        <Name text={`#${String(seq)}${snapshot === undefined ? '' : ` of ${snapshot.source}${snapshot.name === undefined ? '' : `, “${snapshot.name}”`}`}`} />
      </Link>
      {objects.length > 0 && (
        <span className="flex min-w-0 gap-1.5 text-ink-2">
          in <Name mono text={objects.slice(0, 3).join(', ')} /> {objects.length > 3 && `and ${counted(objects.length - 3, 'more object')}`}
        </span>
      )}
    </span>
  );
}

function standingOf({ repairable, affects }: Problem): string {
  if (repairable) return 'A second copy or a rebuild makes up for it.';
  return affects.length === 0 ? 'Nothing that is kept depends on it.' : 'No copy of it opens. A new snapshot stores anew what the source still has.';
}
