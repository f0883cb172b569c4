import { useMemo, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import type { Drill } from '../../../electron/contract/drills.ts';
import { useAnswer, useJobs } from '../../api/host.tsx';
import { isActive } from '../../api/jobs.ts';
import { Button } from '../../ui/button.tsx';
import { useNow } from '../../ui/clock.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { count, duration } from '../../ui/format.ts';
import { Plot } from '../../ui/plot/plot.tsx';
import { Empty, Waiting } from '../../ui/states.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { useActs } from '../shared/acts.ts';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { RepositoryGate } from '../shared/repository-gate.tsx';
import { BySource, Legend } from './by-source.tsx';
import { DrillLog } from './drill-log.tsx';
import type { LogFilter } from './drill-log.tsx';
import { DrillSheet } from './drill-sheet.tsx';
import { bySource, recoveryPoints, situationOf } from './records.ts';
import type { Overview } from './records.ts';
import { RunSheet } from './run-sheet.tsx';
import { WriteButton } from '../shared/writing.tsx';

const noDrills: readonly Drill[] = [];
const noSources: readonly Overview[] = [];
const everything: LogFilter = { text: '', source: undefined, month: undefined };

/** "Would it work?" `id`: the drill that is opened. */
export function DrillsPage({ id }: { readonly id: string | undefined }) {
  return (
    <RepositoryGate icon="drill" what="What a restore into a throw-away place showed, and how long it took, stands here.">
      {() => <Drills id={id} />}
    </RepositoryGate>
  );
}

function Drills({ id }: { readonly id: string | undefined }) {
  const now = useNow();
  const acts = useActs();
  const [, go] = useLocation();
  const asked = new URLSearchParams(useSearch()).get('run');
  const answer = useAnswer('drill.list', { limit: 1000 });
  const overview = useAnswer('sources.overview', {});
  const drills = answer.data?.drills ?? noDrills;
  const sources = overview.data?.sources ?? noSources;
  const own = useMemo(() => bySource(drills), [drills]);
  const [tab, setTab] = useState('sources');
  const [filter, setFilter] = useState<LogFilter>(everything);
  const known = answer.data !== undefined && overview.data !== undefined;
  const situation = known ? situationOf(sources, drills, now) : undefined;
  const some = sources.some((one) => one.newest !== undefined);
  const failed = answer.error ?? overview.error;
  const running = useRunning();
  const run = (source?: string): void => go(`/drills?run=${encodeURIComponent(source ?? '')}`);

  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <header className="flex items-end gap-4 px-6 pt-5 pb-3">
        <div className="min-w-0 flex-1">
          <h1 className="text-xl font-bold tracking-[-0.015em]">{situation?.title ?? 'Drills'}</h1>
          <p role="status" className={`min-h-5 truncate ${situation?.bad === true && running === undefined ? 'text-bad' : 'text-ink-2'}`}>
            {running ?? situation?.lead ?? ''}
          </p>
        </div>
        <CommandLine line={lines.drillList()} />
        <WriteButton kind="primary" disabled={!some} title={some ? '' : 'There is no snapshot yet'} onClick={() => run()}>
          Run a drill…
        </WriteButton>
      </header>
      {failed !== null && (
        <div className="px-6 pb-3">
          <Failure error={failed} retry={() => void Promise.all([answer.refetch(), overview.refetch()])} />
        </div>
      )}
      {!known && failed === null && <Waiting rows={6} height="h-14" what="drills" />}
      {known && drills.length === 0 && (
        <Empty
          icon="drill"
          title="No drill was made yet"
          action={
            some ? (
              <WriteButton kind="primary" onClick={() => run()}>
                Run a drill…
              </WriteButton>
            ) : (
              <WriteButton kind="primary" onClick={() => (sources.length > 0 ? acts.snapWith() : go('/'))}>
                {sources.length > 0 ? 'Snapshot first' : 'Choose a database'}
              </WriteButton>
            )
          }
        >
          A drill restores a snapshot into a throw-away place, compares it with what was captured, runs your checks, takes the time, and throws the copy away.
          Nothing that is in use is touched, and the record is kept.
        </Empty>
      )}
      {known && drills.length > 0 && (
        <Tabs
          label="Sides of the drills"
          value={tab}
          onChange={setTab}
          tabs={[
            {
              key: 'sources',
              title: 'By source',
              content: (
                <div className="grid min-h-0 flex-1 content-start gap-5 overflow-auto px-6 py-4">
                  <div className="grid gap-2">
                    <BySource
                      sources={sources}
                      drills={own}
                      onRun={run}
                      onMonth={(source, month) => {
                        setFilter({ text: '', source, month });
                        setTab('log');
                      }}
                    />
                    <Legend />
                  </div>
                  <Recovery sources={sources} drills={own} />
                </div>
              ),
            },
            {
              key: 'log',
              title: (
                <>
                  All drills <span className="font-normal text-ink-3">{count(answer.data?.total ?? 0)}</span>
                </>
              ),
              content: <DrillLog drills={drills} filter={filter} onFilter={setFilter} onOpen={(one) => go(`/drills/${one.id}`)} />,
            },
          ]}
        />
      )}
      {id !== undefined && <DrillSheet key={id} id={id} onClose={() => go('/drills')} onAgain={run} />}
      {asked !== null && known && some && <RunSheet key={asked} sources={sources} source={asked === '' ? undefined : asked} onClose={() => go('/drills')} />}
    </div>
  );
}

/** The drill that runs now, whoever started it, and what it is at; undefined where none does. */
function useRunning(): string | undefined {
  const job = useJobs().find((one) => isActive(one) && one.command === 'drill.run');
  if (job === undefined) return undefined;
  return `The ${job.title} is running${job.progress === undefined ? '' : `: ${job.progress.stage}`}.`;
}

/** How long the restore of each source took over time, against its target. */
function Recovery({ sources, drills }: { readonly sources: readonly Overview[]; readonly drills: ReadonlyMap<string, readonly Drill[]> }) {
  const [, go] = useLocation();
  const [all, setAll] = useState(false);
  const drilled = sources.filter(({ source }) => drills.has(source.name));
  const shown = all ? drilled : drilled.slice(0, 4);
  return (
    <section aria-label="Time to restore" className="grid gap-3">
      <div className="grid items-start gap-x-8 gap-y-5 wide:grid-cols-2">
        {shown.map(({ source, targets }) => (
          <Plot
            key={source.name}
            title={`Time to restore ${source.name}`}
            unit="time"
            each="Drill made"
            height={140}
            series={[{ title: 'Restore took', look: 'line', ink: 'strong' }]}
            points={recoveryPoints(drills.get(source.name) ?? noDrills, targets.rtoMs)}
            target={targets.rtoMs === null ? undefined : { value: targets.rtoMs, title: `${duration(targets.rtoMs)} asked` }}
            empty="No restore of it was measured yet."
            onOpen={({ key }) => go(`/drills/${key ?? ''}`)}
          />
        ))}
      </div>
      {drilled.length > shown.length && (
        <div>
          <Button small onClick={() => setAll(true)}>{`Show all ${count(drilled.length)} sources`}</Button>
        </div>
      )}
    </section>
  );
}
