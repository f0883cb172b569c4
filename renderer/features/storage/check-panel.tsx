import { useState } from 'react';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { useJobs } from '../../api/host.tsx';
import { isActive } from '../../api/jobs.ts';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Choices } from '../../ui/fields.tsx';
import { count, counted, duration, size } from '../../ui/format.ts';
import { Notice } from '../../ui/marks.tsx';
import type { Told } from '../../ui/toast.tsx';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { ProgressLine } from '../shared/progress-line.tsx';
import { useRun } from '../shared/run.ts';
import { ProblemList } from './problem-list.tsx';
import { RepairPanel } from './repair-panel.tsx';
import { Section } from './section.tsx';

type Level = 'structure' | 'authenticated' | 'decoded';
type Report = CommandOutput<'repository.check'>;

/** Reads the repository at one of three depths, and says what it found and what to do about it. */
export function CheckPanel({ snapshots }: { readonly snapshots: readonly SnapshotSummary[] }) {
  const [level, setLevel] = useState<Level>('authenticated');
  const check = useRun('repository.check', told);
  const { state } = check;
  const elsewhere = useJobs().find((job) => isActive(job) && job.command === 'repository.check');
  const running = state.kind === 'running';
  return (
    <Section title="Check" text="Is every byte still as it was written?">
      <Choices<Level>
        label="How deep"
        value={level}
        onChange={setLevel}
        disabled={running}
        columns={3}
        choices={[
          { key: 'authenticated', title: 'Every byte', text: 'Each is read and authenticated' },
          { key: 'decoded', title: 'Every byte, decoded', text: 'Unpacked and hashed too: slower' },
          { key: 'structure', title: 'Structure', text: 'Files and lists alone: seconds' },
        ]}
      />
      {running ? (
        <ProgressLine what="Check" progress={state.progress} onStop={check.stop} />
      ) : (
        <div className="flex items-center gap-3">
          <Button kind="primary" disabled={elsewhere !== undefined || snapshots.length === 0} onClick={() => void check.start({ level })}>
            {state.kind === 'done' ? 'Check again' : 'Check'}
          </Button>
          {elsewhere === undefined ? <CommandLine line={lines.check(level)} /> : <span className="text-s text-ink-2">A check is running.</span>}
        </div>
      )}
      {state.kind === 'failed' && <Failure error={state.error} />}
      {state.kind === 'done' && <Result report={state.output} snapshots={snapshots} />}
    </Section>
  );
}

function Result({ report, snapshots }: { readonly report: Report; readonly snapshots: readonly SnapshotSummary[] }) {
  const extent = `${counted(report.files, 'file')}, ${size(report.bytesRead)}, ${counted(report.chunks, 'piece')}, ${counted(report.snapshots, 'snapshot')} in ${duration(report.durationMs)}`;
  if (report.passed)
    return (
      <Notice tone="plain" title={passedWords(report)}>
        {extent}.
      </Notice>
    );
  return (
    <>
      <Notice tone="bad" title={`${counted(report.problems.length, 'problem')} found`}>
        {`${count(report.sound.length)} of ${counted(report.snapshots, 'snapshot')} can be restored as before. ${extent}.`}
      </Notice>
      <ProblemList problems={report.problems} snapshots={snapshots} />
      <RepairPanel snapshots={snapshots} />
    </>
  );
}

function passedWords({ level }: Report): string {
  if (level === 'structure') return 'Sound in structure; its bytes were not read';
  return level === 'decoded' ? 'Every byte is sound, and every piece decodes' : 'Every byte is sound';
}

function told(report: Report): Told {
  return report.passed
    ? { title: passedWords(report) }
    : { title: `The check found ${counted(report.problems.length, 'problem')}`, text: 'Storage names what they hit.', tone: 'bad' };
}
