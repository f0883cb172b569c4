import { useState } from 'react';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { CommandLine } from '../../ui/command-line.tsx';
import { counted } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Name } from '../../ui/name.tsx';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { ProgressLine } from '../shared/progress-line.tsx';
import { useRun } from '../shared/run.ts';
import { useWork } from '../shared/work.ts';
import { AcceptLoss } from './accept-loss.tsx';
import type { LossPlan } from './accept-loss.tsx';
import { ProblemList } from './problem-list.tsx';
import { WriteButton } from '../shared/writing.tsx';

type Report = CommandOutput<'repository.repair'>;

/** What can be mended: said first, then done; and what is beyond it. */
export function RepairPanel({ snapshots }: { readonly snapshots: readonly SnapshotSummary[] }) {
  const repair = useRun('repository.repair', ({ mended }) => ({ title: `${counted(mended.length, 'file')} mended` }));
  const [dry, setDry] = useState(true);
  const [losses, setLosses] = useState<LossPlan>();
  const work = useWork();
  const { state } = repair;
  const start = (dryRun: boolean): void => {
    setDry(dryRun);
    void repair.start({ dryRun });
  };
  const report = state.kind === 'done' ? state.output : undefined;
  const mendable = dry && report !== undefined && report.mended.length > 0;
  return (
    <div className="grid gap-3 rounded-l border border-line px-3.5 py-3">
      <div>
        <h3 className="font-semibold">Repair</h3>
        <p className="text-ink-2">What has a second copy is written anew beside what is there. Nothing is deleted.</p>
      </div>
      {report !== undefined && <Found report={report} dry={dry} snapshots={snapshots} />}
      {state.kind === 'failed' && <Failure error={state.error} />}
      {state.kind === 'running' ? (
        <ProgressLine what="Repair" progress={state.progress} onStop={repair.stop} />
      ) : (
        <div className="flex flex-wrap items-center gap-2">
          {mendable ? (
            <WriteButton kind="primary" onClick={() => start(false)}>
              {`Mend ${counted(report.mended.length, 'file')}`}
            </WriteButton>
          ) : (
            <WriteButton onClick={() => start(true)}>{report === undefined ? 'See what can be mended' : 'Look again'}</WriteButton>
          )}
          {report !== undefined && report.acceptable.length > 0 && (
            <WriteButton kind="danger" title={lines.acceptLoss()} onClick={() => void work('repository.accept-loss', {}).then(setLosses)}>
              Accept the loss…
            </WriteButton>
          )}
          <CommandLine line={lines.repair(!mendable)} />
        </div>
      )}
      {losses !== undefined && (
        <AcceptLoss
          plan={losses}
          onClose={() => setLosses(undefined)}
          onAccepted={() => {
            setLosses(undefined);
            repair.clear();
          }}
        />
      )}
    </div>
  );
}

function Found({ report, dry, snapshots }: { readonly report: Report; readonly dry: boolean; readonly snapshots: readonly SnapshotSummary[] }) {
  const { mended, beyondRepair } = report;
  return (
    <div role="status" className="grid gap-2">
      <p>
        {mended.length === 0 ? 'Nothing can be mended from a copy.' : `${counted(mended.length, 'file')} ${dry ? 'can be mended' : 'mended'}.`}
        {beyondRepair.length > 0 && ` ${counted(beyondRepair.length, 'problem')} beyond repair.`}
      </p>
      <ul className="grid gap-1">
        {mended.map((one) => (
          <li key={`${one.file} ${one.how}`} className="grid grid-cols-[18px_1fr] gap-2">
            <span className="pt-0.5 text-ink-2">
              <Icon name={dry ? 'clock' : 'check'} size={15} />
            </span>
            <span className="flex min-w-0 flex-wrap gap-x-2">
              <Name mono text={one.file} /> <span className="text-ink-2">{one.how}</span>
            </span>
          </li>
        ))}
      </ul>
      {beyondRepair.length > 0 && <ProblemList problems={beyondRepair} snapshots={snapshots} />}
    </div>
  );
}
