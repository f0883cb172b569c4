import { useState } from 'react';
import { useLocation } from 'wouter';
import type { CommandInput, CommandOutput } from '../../../electron/contract/commands.ts';
import { useAnswer } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Choices, Field, Select } from '../../ui/fields.tsx';
import { duration, exactTime } from '../../ui/format.ts';
import { Sheet } from '../../ui/overlay.tsx';
import type { Told } from '../../ui/toast.tsx';
import { ChecksSection } from '../shared/checks-section.tsx';
import { checkOptions, checksOf } from '../shared/checks.ts';
import type { Draft } from '../shared/checks.ts';
import { lines, refOf } from '../shared/lines.ts';
import { periodOf, periodText } from '../shared/periods.ts';
import { useWork } from '../shared/work.ts';
import { allPassed, resultWords } from './records.ts';
import type { Overview } from './records.ts';
import { userOf } from './user.ts';

type Place = 'best' | 'container' | 'scratch';

/** Asks what is drilled, where to, what must hold in the copy and within what time; and runs it. */
export function RunSheet({
  sources,
  source,
  onClose,
}: {
  readonly sources: readonly Overview[];
  readonly source: string | undefined;
  readonly onClose: () => void;
}) {
  const work = useWork();
  const [, go] = useLocation();
  const drillable = sources.filter((one) => one.newest !== undefined);
  const [name, setName] = useState(drillable.find((one) => one.source.name === source)?.source.name ?? drillable[0]?.source.name ?? '');
  const of = drillable.find((one) => one.source.name === name);
  const [snapshot, setSnapshot] = useState('newest');
  const [place, setPlace] = useState<Place>('best');
  const [drafts, setDrafts] = useState<readonly Draft[]>([]);
  const folderOfUser = useAnswer('sources.overview', {}).data?.userFolder ?? '/';
  const [folder, setFolder] = useState(folderOfUser);
  const [target, setTarget] = useState<string>();
  const [by, setBy] = useState(userOf(folderOfUser));
  const list = useAnswer('snapshot.list', { source: name, limit: 50 }, { when: name !== '' }).data?.snapshots ?? [];
  const within = target ?? periodText(of?.targets.rtoMs ?? null);
  const targetMs = periodOf(within);
  const taken = list.find((one) => one.id === snapshot);
  const ready = of !== undefined && targetMs !== undefined && by.trim() !== '';
  const asked = of?.targets.rtoMs ?? null;
  const server = of?.source.engine !== 'sqlite';

  const run = async (): Promise<void> => {
    if (!ready) return;
    const input: CommandInput<'drill.run'> = {
      source: name,
      by: by.trim(),
      checks: checksOf(drafts, folder),
      ...(taken === undefined ? {} : { snapshot: taken.id }),
      ...(server && place !== 'best' ? { in: place } : {}),
      ...(targetMs === null ? {} : { targetMs }),
    };
    onClose();
    await work('drill.run', input, {
      done: (output) => {
        const open = (): void => go(`/drills/${output.drill.id}`);
        // Whoever still looks at the drills sees what came of it; everybody else is told.
        if (location.pathname !== '/drills') return told(output, open);
        open();
        return undefined;
      },
    });
  };
  return (
    <Sheet
      open
      onOpenChange={onClose}
      title="Run a drill"
      lead="Restored into a throw-away place, compared, checked, timed, thrown away. Nothing that is in use is touched."
      footer={
        <>
          <Button onClick={onClose}>Not now</Button>
          <Button kind="primary" className="ml-auto" type="submit" form="run-drill" disabled={!ready}>
            Run the drill
          </Button>
        </>
      }
    >
      <form
        id="run-drill"
        className="contents"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <div className="grid grid-cols-2 gap-3">
          <Select
            label="Source"
            value={name}
            onChange={(next) => {
              setName(next);
              setSnapshot('newest');
              setTarget(undefined);
            }}
            options={drillable.map((one) => ({ key: one.source.name, title: one.source.name }))}
          />
          <Select
            label="Snapshot"
            value={snapshot}
            onChange={setSnapshot}
            options={[
              { key: 'newest', title: 'The newest' },
              ...list.map((one) => ({ key: one.id, title: `#${String(one.seq)}${one.name === undefined ? '' : ` ${one.name}`}, ${exactTime(one.createdAt)}` })),
            ]}
          />
        </div>
        {server ? (
          <Choices<Place>
            label="Where to"
            value={place}
            onChange={setPlace}
            columns={3}
            choices={[
              { key: 'best', title: 'The best there is', text: 'A container where one can be had, else a scratch database' },
              { key: 'container', title: 'A container', text: 'Proves that it works without the server it came from; needs Docker or Podman' },
              { key: 'scratch', title: 'A scratch database', text: 'On its own server: proves the snapshot, not a new server' },
            ]}
          />
        ) : (
          <div>
            <h3 className="text-s font-semibold text-ink-2">Where to</h3>
            <p className="text-ink-2">A temporary file on this machine: all that this engine needs.</p>
          </div>
        )}
        <ChecksSection
          drafts={drafts}
          onChange={setDrafts}
          folder={folder}
          onFolder={setFolder}
          migrations={false}
          lead="where one fails in the copy, the drill fails and says which"
        />
        <div className="grid grid-cols-2 items-start gap-3">
          <Field
            label="Restore within"
            value={within}
            onChange={(event) => setTarget(event.target.value)}
            hint={
              targetMs === undefined
                ? 'A number and s, m, h or d, or none.'
                : asked === null
                  ? 'As in 4h; none: it is not asked.'
                  : `The source’s target is ${duration(asked)}.`
            }
            aria-invalid={targetMs === undefined}
          />
          <Field label="By" value={by} onChange={(event) => setBy(event.target.value)} hint="Stands in the record." maxLength={200} />
        </div>
        <CommandLine
          line={lines.drill({
            source: name,
            ...(taken === undefined ? {} : { snapshot: refOf(taken) }),
            ...(server && place !== 'best' ? { in: place } : {}),
            ...(targetMs === null ? {} : { within }),
            ...(by.trim() === userOf(folderOfUser) ? {} : { by: by.trim() }),
            checks: checkOptions(drafts),
          })}
        />
      </form>
    </Sheet>
  );
}

function told({ drill }: CommandOutput<'drill.run'>, open: () => void): Told {
  const bad = drill.result === 'failed' || drill.result === 'not-run';
  return {
    title: `The drill of ${drill.source}: ${allPassed(drill) ? 'proved' : drill.result === 'proved' ? 'proved, not all steps passed' : resultWords[drill.result].toLowerCase()}`,
    text: drill.statement,
    tone: bad ? 'bad' : 'plain',
    action: { label: 'Open', act: open },
  };
}
