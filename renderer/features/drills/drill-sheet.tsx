import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Drill } from '../../../electron/contract/drills.ts';
import { useAnswer } from '../../api/host.tsx';
import { inShell } from '../../api/shell.ts';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { count, day, duration, exactTime } from '../../ui/format.ts';
import { useNow } from '../../ui/clock.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Menu } from '../../ui/menu.tsx';
import { Name } from '../../ui/name.tsx';
import { Sheet } from '../../ui/overlay.tsx';
import { Prose } from '../../ui/prose.tsx';
import { Waiting } from '../../ui/states.tsx';
import { tell } from '../../ui/toast.tsx';
import { CheckList, DifferenceList } from '../shared/findings.tsx';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { allPassed, resultWords } from './records.ts';
import { Remarks } from './remarks.tsx';
import { ResultSign } from './result.tsx';
import { useSaveReport } from './save.ts';
import type { SavedAs } from './save.ts';

const steps: Readonly<Record<Drill['steps'][number]['name'], string>> = {
  source: 'The source answers, with its credentials',
  intact: 'Every stored byte read and authenticated',
  complete: 'All expected objects are there',
  restored: 'Restored, compared, checks run',
  time: 'Within the time that is asked',
};
const stepResults = { passed: 'passed', failed: 'failed', inconclusive: 'inconclusive', 'not-run': 'not run' } as const;

/** The record of one drill: what was done, what came out, how long it took, and what people said of it. */
export function DrillSheet({ id, onClose, onAgain }: DrillSheetProps) {
  const now = useNow();
  const answer = useAnswer('drill.show', { drill: id });
  const drill = answer.data?.drill;
  return (
    <Sheet
      open
      onOpenChange={onClose}
      title={
        drill === undefined ? (
          'Drill'
        ) : (
          <span className="flex min-w-0 gap-1">
            <span className="shrink-0">Drill of</span> <Name text={drill.source} />
          </span>
        )
      }
      lead={
        drill === undefined ? undefined : (
          <>
            {`Made ${day(drill.at, now).replace(/^[TY]/, (letter) => letter.toLowerCase())} by `}
            <Name text={drill.by} />
          </>
        )
      }
      footer={
        <>
          {answer.data !== undefined && <Save drill={answer.data.drill} markdown={answer.data.markdown} />}
          {drill !== undefined && drill.result !== 'proved' && (
            <Button className="ml-auto" title={lines.drill({ source: drill.source })} onClick={() => onAgain(drill.source)}>
              Run it again…
            </Button>
          )}
          <Button kind="primary" className={drill === undefined || drill.result === 'proved' ? 'ml-auto' : ''} onClick={onClose}>
            Done
          </Button>
        </>
      }
    >
      {answer.error !== null && drill === undefined && <Failure error={answer.error} retry={() => void answer.refetch()} />}
      {answer.error === null && drill === undefined && <Waiting rows={6} height="h-[34px]" what="the drill" />}
      {drill !== undefined && <Record drill={drill} />}
    </Sheet>
  );
}

interface DrillSheetProps {
  readonly id: string;
  readonly onClose: () => void;
  readonly onAgain: (source: string) => void;
}

const grounds = {
  proved: ['bg-ok-soft', 'text-ok'],
  failed: ['bg-bad-soft', 'text-bad'],
  inconclusive: ['bg-warn-soft', 'text-warn'],
  'not-run': ['bg-sunken', 'text-ink'],
} as const;

function Record({ drill }: { readonly drill: Drill }) {
  const [ground, ink] = grounds[drill.result];
  return (
    <>
      <div role="status" className={`flex gap-3 rounded-m px-3 py-2.5 ${ground}`}>
        <span className="pt-0.5">
          <ResultSign of={drill.result} />
        </span>
        <div className="min-w-0">
          <div className={`font-semibold ${ink}`}>{titleOf(drill)}</div>
          <div className="text-ink-2">
            <Prose text={drill.statement} />
          </div>
          {(drill.warnings ?? []).map((warning) => (
            <div key={warning} className="text-warn">
              <Prose text={warning} />
            </div>
          ))}
        </div>
      </div>
      {(drill.differences.length > 0 || drill.checks.length > 0) && (
        <section aria-label="Findings" className="grid gap-2">
          <h3 className="text-s font-semibold text-ink-2">What was found</h3>
          <DifferenceList differences={drill.differences} />
          <CheckList checks={drill.checks} />
        </section>
      )}
      <section aria-label="Steps">
        <h3 className="mb-1 text-s font-semibold text-ink-2">Steps</h3>
        <ol className="grid gap-1.5">
          {drill.steps.map((step) => (
            <li key={step.name} className="grid grid-cols-[18px_1fr_auto] gap-2">
              <span className="pt-0.5">
                <ResultSign of={step.result} />
              </span>
              <div className="min-w-0">
                <span className="font-strong">{steps[step.name]}</span>
                <span className={`ml-1.5 text-s ${step.result === 'failed' ? 'text-bad' : 'text-ink-3'}`}>{stepResults[step.result]}</span>
                <div className="text-ink-2">
                  <Prose text={step.statement} />
                </div>
              </div>
              <span className="figures text-ink-2">{step.result === 'not-run' ? '' : duration(step.durationMs)}</span>
            </li>
          ))}
        </ol>
      </section>
      <Facts drill={drill} />
      <Remarks drill={drill} />
      <CommandLine line={lines.drillShow(drill.id)} />
    </>
  );
}

function titleOf(drill: Drill): string {
  if (drill.result !== 'proved') return resultWords[drill.result];
  return allPassed(drill) ? 'Proved: it would work' : 'Proved, and a step beside the restore did not pass';
}

function Facts({ drill }: { readonly drill: Drill }) {
  const { snapshot, place, recoveryMs, targetMs } = drill;
  return (
    <dl className="grid grid-cols-[140px_1fr] gap-x-3 gap-y-1.5">
      <Fact name="Snapshot">
        {snapshot === undefined ? (
          'none'
        ) : (
          <Link href={`/snapshot/${snapshot.id}`} className="flex min-w-0 text-accent-text hover:underline">
            <Name text={`#${String(snapshot.seq)}${snapshot.name === undefined ? '' : ` “${snapshot.name}”`}, taken ${exactTime(snapshot.createdAt)}`} />
          </Link>
        )}
      </Fact>
      <Fact name="Restore took">{`${recoveryMs === undefined ? 'not measured' : duration(recoveryMs)}${targetMs === undefined ? '' : ` of ${duration(targetMs)} asked`}`}</Fact>
      {place !== undefined && (
        <Fact name="Where">
          <Prose text={place.statement} />
          {place.startMs > 0 && (
            <span className="block text-s text-ink-3">{`The start of its server took ${duration(place.startMs)}, which is not counted.`}</span>
          )}
        </Fact>
      )}
      <Fact name="Compared">{`${count(drill.items)} items, ${count(drill.rows)} rows`}</Fact>
      <Fact name="Made">{exactTime(drill.at)}</Fact>
      <Fact name="Machine">{`${drill.machine.system}, Belay ${drill.machine.belay}`}</Fact>
    </dl>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-3">{name}</dt>
      <dd className="min-w-0 [overflow-wrap:anywhere]">{children}</dd>
    </>
  );
}

/** The record as a page to be filed or sent, word for word that of the command line. */
function Save({ drill, markdown }: { readonly drill: Drill; readonly markdown: string }) {
  const report = useSaveReport();
  const save = (as: SavedAs): void => {
    void report(drill.id, as, drill.id, () => Promise.resolve(as === 'md' ? markdown : `${JSON.stringify(drill, null, 2)}\n`)).then((kept) => {
      // A browser tells of what it keeps by itself.
      if (kept && inShell) tell({ title: 'The record was saved' });
    });
  };
  const copy = (): void => {
    navigator.clipboard.writeText(markdown).then(
      () => tell({ title: 'The record was copied' }),
      () => tell({ title: 'The browser did not let it be copied', tone: 'bad' }),
    );
  };
  return (
    <Menu
      label="Save the record"
      trigger={
        <Button title={lines.drillShow(drill.id, `${drill.id}.md`)}>
          Save the record
          <Icon name="down" size={12} />
        </Button>
      }
      acts={[
        { key: 'md', title: 'As Markdown', hint: 'to be signed', act: () => save('md') },
        {
          key: 'json',
          title: 'As JSON',
          hint: 'for a program',
          act: () => save('json'),
        },
        'line',
        { key: 'copy', title: 'Copy as Markdown', act: copy },
      ]}
    />
  );
}
