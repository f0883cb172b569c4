import type { SnapshotSummary, Source } from '../../../electron/contract/model.ts';
import { HostError } from '../../api/errors.ts';
import { Button } from '../../ui/button.tsx';
import { useNow } from '../../ui/clock.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Choices, Field } from '../../ui/fields.tsx';
import { ago, day } from '../../ui/format.ts';
import { Name } from '../../ui/name.tsx';
import { Sheet } from '../../ui/overlay.tsx';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { titleOf } from '../shared/titles.ts';
import { Checked } from './checked.tsx';
import { checkOptions } from '../shared/checks.ts';
import { ChecksSection } from '../shared/checks-section.tsx';
import { Compared } from './compared.tsx';
import { whyNotPromoted } from './outcome.ts';
import { Stages } from './stages.tsx';
import { useRewind } from './use-rewind.ts';
import type { Where } from './use-rewind.ts';

/** Where to, what was checked before anything is touched, the stages, the comparison, and what is decided then. */
export function RewindSheet({ source, snapshot, onClose }: { readonly source: Source; readonly snapshot: SnapshotSummary; readonly onClose: () => void }) {
  const now = useNow();
  const rewind = useRewind(source, snapshot);
  const { where, phase, preflight, confirm } = rewind;
  const production = source.environment === 'production' && where !== 'throw-away' && where !== 'new';
  const blocked = preflight instanceof HostError || (preflight !== undefined && preflight.blockers.length > 0);
  const waits = where !== 'throw-away' && preflight === undefined;
  const mayRun = !blocked && !waits && (!production || confirm === source.name);
  return (
    <Sheet
      open
      onOpenChange={onClose}
      title={
        <span className="flex min-w-0 gap-1">
          <span className="shrink-0">Rewind</span> <Name text={source.name} /> <span className="shrink-0">to</span> <Name text={titleOf(snapshot, now)} />
        </span>
      }
      lead={`Taken ${day(snapshot.createdAt, now).replace(/^[TY]/, (letter) => letter.toLowerCase())}, ${ago(snapshot.createdAt, now)}. Nothing is replaced until the copy has been compared.`}
      footer={<Footer rewind={rewind} mayRun={mayRun} source={source} onClose={onClose} />}
    >
      <form
        id="rewind"
        className="contents"
        onSubmit={(event) => {
          event.preventDefault();
          if (mayRun && phase.kind === 'choosing') void rewind.run();
        }}
      >
        <Choices<Where>
          label="Where to"
          value={where}
          onChange={rewind.setWhere}
          disabled={phase.kind !== 'choosing'}
          choices={[
            { key: 'rewind', title: <Name text={`${source.name}, with undo`} />, text: 'Swapped in once compared; the old one is kept' },
            { key: 'hold', title: 'Compare, then decide', text: 'Stops before the swap: promote it or discard it' },
            { key: 'new', title: source.engine === 'sqlite' ? 'A new file' : 'A new database', text: 'Beside the source; compared, then kept or discarded' },
            { key: 'throw-away', title: 'Throw-away', text: 'Compare it, and throw the copy away: a proof' },
          ]}
        />
        {where === 'new' && phase.kind === 'choosing' && (
          <Field
            label={source.engine === 'sqlite' ? 'New file' : 'New database'}
            value={rewind.to}
            onChange={(event) => rewind.setTo(event.target.value)}
            className="font-mono text-s"
          />
        )}
        {phase.kind === 'choosing' && (
          <ChecksSection
            drafts={rewind.drafts}
            onChange={rewind.setDrafts}
            folder={rewind.folder}
            onFolder={rewind.setFolder}
            migrations={where !== 'throw-away'}
            lead="where one fails in the copy, nothing is put in place"
          />
        )}
        {phase.kind === 'choosing' && <Checked where={where} preflight={preflight} onLookAgain={rewind.lookAgain} />}
        {production && phase.kind === 'choosing' && !blocked && (
          <Field
            label={`${source.name} is a production source. Type its name to go on.`}
            value={confirm}
            onChange={(event) => rewind.setConfirm(event.target.value)}
          />
        )}
      </form>
      {rewind.stages.length > 0 && <Stages stages={rewind.stages} />}
      {phase.kind === 'failed' && <Failure error={phase.error} />}
      {phase.kind === 'done' && <Compared outcome={phase.outcome} where={where} source={source} />}
      <CommandLine line={lineOf(rewind, source, snapshot)} />
    </Sheet>
  );
}

function lineOf({ where, to, phase, drafts }: ReturnType<typeof useRewind>, source: Source, snapshot: SnapshotSummary): string {
  const confirm = source.environment === 'production' ? source.name : undefined;
  const checks = checkOptions(where === 'throw-away' ? drafts.filter((one) => one.kind !== 'migrate') : drafts);
  if (phase.kind === 'done' && phase.outcome.settled === undefined) {
    const { held } = phase.outcome;
    if (held !== undefined) return whyNotPromoted(phase.outcome) === undefined ? lines.promote(held) : lines.discard(held);
    if (phase.outcome.undo !== undefined) return lines.undo(phase.outcome.undo.id);
  }
  switch (where) {
    case 'rewind':
      return lines.rewind(source.name, snapshot, confirm, checks);
    case 'hold':
      return lines.hold(snapshot, confirm, checks);
    case 'new':
      return lines.restoreTo(snapshot, to, checks);
    case 'throw-away':
      return lines.verify(snapshot, checks);
  }
}

function Footer({
  rewind,
  mayRun,
  source,
  onClose,
}: {
  readonly rewind: ReturnType<typeof useRewind>;
  readonly mayRun: boolean;
  readonly source: Source;
  readonly onClose: () => void;
}) {
  const { phase, where } = rewind;
  const acts = { rewind: 'Rewind', hold: 'Restore and compare', new: 'Restore', 'throw-away': 'Prove it' } as const;
  if (phase.kind === 'choosing')
    return (
      <>
        <Button onClick={onClose}>Not now</Button>
        <Button
          kind={source.environment === 'production' && where === 'rewind' ? 'bad' : 'primary'}
          className="ml-auto"
          type="submit"
          form="rewind"
          disabled={!mayRun}
        >
          {acts[where]}
        </Button>
      </>
    );
  if (phase.kind === 'running')
    return (
      <>
        <Button onClick={rewind.stop}>Stop and discard</Button>
        <span className="ml-auto text-s text-ink-2">It goes on when this is closed.</span>
      </>
    );
  const outcome = phase.kind === 'done' ? phase.outcome : undefined;
  if (outcome?.held !== undefined && outcome.settled === undefined) {
    const why = whyNotPromoted(outcome);
    return (
      <>
        <Button onClick={() => void rewind.settle('discarded')}>Discard</Button>
        {why !== undefined && (
          <span id="why-not" className="min-w-0 flex-1 text-right text-s text-bad [overflow-wrap:anywhere]">
            {why}
          </span>
        )}
        <Button
          kind="primary"
          className={why === undefined ? 'ml-auto' : ''}
          onClick={() => void rewind.settle('promoted')}
          disabled={why !== undefined}
          {...(why === undefined ? {} : { 'aria-describedby': 'why-not' })}
        >
          Promote
        </Button>
      </>
    );
  }
  const undoable = outcome?.undo !== undefined && outcome.settled !== 'undone';
  return (
    <>
      {undoable && <Button onClick={() => void rewind.settle('undone')}>Undo</Button>}
      <Button kind="primary" className="ml-auto" onClick={onClose}>
        Done
      </Button>
    </>
  );
}
