import { useMemo } from 'react';
import { useLocation } from 'wouter';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { useAnswer } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { useNow } from '../../ui/clock.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { counted, duration, size } from '../../ui/format.ts';
import { Notice } from '../../ui/marks.tsx';
import { Name } from '../../ui/name.tsx';
import { Plot } from '../../ui/plot/plot.tsx';
import type { PlotPoint } from '../../ui/plot/points.ts';
import { Waiting } from '../../ui/states.tsx';
import { When } from '../../ui/when.tsx';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { ProgressLine } from '../shared/progress-line.tsx';
import { RepositoryGate } from '../shared/repository-gate.tsx';
import { useRun } from '../shared/run.ts';
import { CheckPanel } from './check-panel.tsx';
import { CollectPanel } from './collect-panel.tsx';
import { addedOf, growthOf, timesSmaller } from './growth.ts';
import type { Usage } from './growth.ts';
import { LocksPanel } from './locks-panel.tsx';
import { ProblemList } from './problem-list.tsx';
import { RepairPanel } from './repair-panel.tsx';
import { RoomBar } from './room-bar.tsx';
import { Section } from './section.tsx';
import { situationOf } from './situation.ts';

type Status = CommandOutput<'status'>;

const nothing: readonly SnapshotSummary[] = [];
const inks = { plain: '', warn: 'text-warn', bad: 'text-bad' } as const;

/** "Where is it, how big, is it intact?" */
export function StoragePage() {
  return (
    <RepositoryGate icon="disk" what="How big the repository is, and whether every byte of it is intact, stands here.">
      {(repository) => <Stored repository={repository} />}
    </RepositoryGate>
  );
}

function Stored({ repository }: { readonly repository: NonNullable<Status['repository']> }) {
  const now = useNow();
  const usage = useAnswer('repository.usage', {});
  const checks = useAnswer('repository.checks', {});
  const list = useAnswer('snapshot.list', { limit: 10_000 });
  const snapshots = list.data?.snapshots ?? nothing;
  const problems = list.data?.problems ?? [];
  const failed = usage.error ?? checks.error ?? list.error;
  const situation = checks.data === undefined || list.data === undefined ? undefined : situationOf(checks.data.checks, problems.length, snapshots.length, now);
  return (
    <div className="min-h-0 flex-1 overflow-auto">
      <header className="flex items-end gap-4 px-6 pt-5 pb-3.5">
        <div className="min-w-0 flex-1">
          <h1 className={`text-xl font-bold tracking-[-0.015em] ${inks[situation?.tone ?? 'plain']}`}>{situation?.title ?? 'Storage'}</h1>
          <p className="min-h-5 text-ink-2">{situation?.lead ?? ''}</p>
        </div>
        <CommandLine line={lines.checkList()} />
      </header>
      <div className="grid gap-6 px-6 pb-8">
        {failed !== null && (
          <Failure
            error={failed}
            retry={() => {
              for (const one of [usage, checks, list]) void one.refetch();
            }}
          />
        )}
        <Facts repository={repository} usage={usage.data} newest={checks.data?.checks[0]} />
        {problems.length > 0 && (
          <div className="grid gap-3">
            <Notice tone="bad" title="Known to be damaged">
              A check reads everything again and says what holds now.
            </Notice>
            <ProblemList problems={problems} snapshots={snapshots} />
            <RepairPanel snapshots={snapshots} />
          </div>
        )}
        <div className="grid items-start gap-x-8 gap-y-6 wide:grid-cols-2">
          <div className="grid min-w-0 gap-6">
            <Growth snapshots={snapshots} known={list.data !== undefined} />
            <CheckPanel snapshots={snapshots} />
          </div>
          <div className="grid min-w-0 gap-6">
            <Section title="What takes room" text={usage.data === undefined ? '' : roomWords(usage.data, snapshots.length)}>
              {usage.data === undefined ? <Waiting rows={5} height="h-[30px]" what="what takes room" /> : <RoomBar usage={usage.data} />}
            </Section>
            <CollectPanel quarantine={usage.data?.quarantine ?? 0} readOnly={repository.readOnly} />
            <LocksPanel />
            <CatalogPanel />
          </div>
        </div>
      </div>
    </div>
  );
}

function roomWords(usage: Usage, snapshots: number): string {
  const times = timesSmaller(usage);
  return `${counted(snapshots, 'snapshot')}, ${size(usage.logical)} as if each were whole${times === undefined ? '.' : `: ${times} times smaller.`}`;
}

interface FactsProps {
  readonly repository: NonNullable<Status['repository']>;
  readonly usage: Usage | undefined;
  readonly newest: CommandOutput<'repository.checks'>['checks'][number] | undefined;
}

/** Where it is, how big it is, how much room is left, and when it was read last. */
function Facts({ repository, usage, newest }: FactsProps) {
  return (
    <dl className="grid grid-cols-2 overflow-hidden rounded-l border border-line wide:grid-cols-[2fr_1fr_1fr_1fr]">
      <Fact name="Where" note={`${repository.protection === 'none' ? 'Not encrypted' : 'Encrypted'}${repository.readOnly ? ', read-only' : ''}`}>
        <Name mono text={repository.location} />
      </Fact>
      <Fact name="Stored" note={usage === undefined ? '' : `${size(usage.logical)} of snapshots`}>
        {usage === undefined ? '…' : size(usage.total)}
      </Fact>
      <Fact name="Free on its disk" note={usage?.free === undefined ? '' : freeWords(usage.free, usage.total)}>
        {usage === undefined ? '…' : usage.free === undefined ? 'not known' : size(usage.free)}
      </Fact>
      <Fact
        name="Every byte read"
        note={newest === undefined ? '' : newest.passed ? (newest.level === 'decoded' ? 'decoded too, all sound' : 'all sound') : 'problems were found'}
      >
        {newest === undefined ? 'never yet' : <When at={newest.at} />}
      </Fact>
    </dl>
  );
}

function freeWords(free: number, total: number): string {
  if (free < total * 0.1) return 'less than a tenth of what is stored';
  return free > total * 10 ? 'more than ten times what is stored' : `${(free / Math.max(1, total)).toFixed(1)} times what is stored`;
}

function Fact({ name, note, children }: { readonly name: string; readonly note: string; readonly children: React.ReactNode }) {
  return (
    <div className="grid min-w-0 content-start gap-px border-line px-3.5 py-3 not-first:border-l max-wide:[&:nth-child(3)]:border-l-0 max-wide:[&:nth-child(n+3)]:border-t">
      <dt className="text-s text-ink-3">{name}</dt>
      <dd className="flex min-w-0 text-l font-strong">{children}</dd>
      <dd className="min-h-4 text-s text-ink-2">{note}</dd>
    </div>
  );
}

function Growth({ snapshots, known }: { readonly snapshots: readonly SnapshotSummary[]; readonly known: boolean }) {
  const [, go] = useLocation();
  const growth = useMemo(() => growthOf(snapshots), [snapshots]);
  const added = useMemo(() => addedOf(snapshots), [snapshots]);
  const open = ({ key }: PlotPoint): void => go(`/snapshot/${key ?? ''}`);
  const empty = known ? 'The first snapshot begins it.' : 'Reading the catalog…';
  return (
    <Section title="Size over time" text="Of the snapshots that are kept. What was forgotten is not in it.">
      <Plot
        title="As wholes, and as stored"
        unit="bytes"
        each="Snapshot taken"
        series={[
          { title: 'As if each were whole', look: 'area', ink: 'quiet' },
          { title: 'Stored', look: 'area', ink: 'strong' },
        ]}
        points={growth}
        empty={empty}
        onOpen={open}
      />
      <Plot
        title="Stored for each snapshot"
        unit="bytes"
        each="Snapshot taken"
        height={120}
        series={[{ title: 'Stored', look: 'bars', ink: 'strong' }]}
        points={added}
        empty={empty}
        onOpen={open}
      />
    </Section>
  );
}

function CatalogPanel() {
  const rebuild = useRun('catalog.rebuild', ({ snapshots }) => ({ title: `The catalog was rebuilt: ${counted(snapshots, 'snapshot')}` }));
  const { state } = rebuild;
  return (
    <Section title="Catalog" text="What this window reads. It is made from the repository alone, and can be made again at any time: nothing is lost.">
      {state.kind === 'failed' && <Failure error={state.error} />}
      {state.kind === 'done' && (
        <Notice tone={state.output.problems.length === 0 ? 'plain' : 'bad'} title={`Rebuilt in ${duration(state.output.durationMs)}`}>
          {`${counted(state.output.snapshots, 'snapshot')} and ${counted(state.output.objects, 'object')}.`}
          {state.output.problems.length > 0 && ` ${counted(state.output.problems.length, 'snapshot file')} could not be read; the rest is there.`}
        </Notice>
      )}
      {state.kind === 'running' ? (
        <ProgressLine what="Rebuild the catalog" progress={state.progress} onStop={rebuild.stop} />
      ) : (
        <div className="flex items-center gap-2">
          <Button onClick={() => void rebuild.start({})}>Rebuild the catalog</Button>
          <CommandLine line={lines.rebuildCatalog()} />
        </div>
      )}
    </Section>
  );
}
