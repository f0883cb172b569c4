import { useState } from 'react';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { useAnswer, useRefresh } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { useNow } from '../../ui/clock.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Choices, Field } from '../../ui/fields.tsx';
import { counted } from '../../ui/format.ts';
import { Name } from '../../ui/name.tsx';
import { Dialog } from '../../ui/overlay.tsx';
import { useActs } from '../shared/acts.ts';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { capital, titleOf } from '../shared/titles.ts';
import { useWork } from '../shared/work.ts';

type Differing = 'keep' | 'replace';

/** Rows of one table of a snapshot put back into the live table: what would be done first, then done, with undo. */
export function PutBackDialog({ snapshot, table, onClose }: { readonly snapshot: SnapshotSummary; readonly table: string; readonly onClose: () => void }) {
  const acts = useActs();
  const work = useWork();
  const refresh = useRefresh();
  const now = useNow();
  const [differing, setDiffering] = useState<Differing>('keep');
  const [confirm, setConfirm] = useState('');
  const source = useAnswer('sources.overview', {}).data?.sources.find((one) => one.source.name === snapshot.source)?.source;
  const production = source?.environment === 'production';
  const planned = useAnswer('restore.merge', { snapshot: snapshot.id, tables: [table], differing, dryRun: true }, { keep: true });
  const plan = planned.data?.tables[0];
  const writes = plan === undefined ? 0 : plan.missing + (differing === 'replace' ? plan.differing : 0);
  const put = async (): Promise<void> => {
    onClose();
    await work(
      'restore.merge',
      { snapshot: snapshot.id, tables: [table], differing, ...(production ? { confirm } : {}) },
      {
        done: ({ undo }) => ({
          title: `${counted(writes, 'row')} put back into ${table}`,
          text: 'The source was snapshotted first.',
          ...(undo === undefined ? {} : { action: { label: 'Undo', act: () => acts.undo(undo) } }),
        }),
      },
    );
    refresh(['diff.run', 'diff.rows', 'restore.merge']);
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={
        <span className="flex min-w-0 gap-1">
          <span className="shrink-0">Put rows back into</span> <Name mono text={table} />
        </span>
      }
      lead={
        <>
          From <Name text={titleOf(snapshot, now)} />, by key. Rows that are there and not in the snapshot stay.
        </>
      }
      footer={
        <>
          <Button onClick={onClose}>Not now</Button>
          <Button
            kind={production ? 'bad' : 'primary'}
            type="submit"
            form="put-back"
            disabled={writes === 0 || planned.isFetching || (production && confirm !== source.name)}
          >
            {writes === 0 ? 'Put rows back' : `Put ${counted(writes, 'row')} back`}
          </Button>
        </>
      }
    >
      <form
        id="put-back"
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (writes > 0 && (!production || confirm === source.name)) void put();
        }}
      >
        <Choices<Differing>
          label="Rows that are there with other values"
          value={differing}
          onChange={setDiffering}
          choices={[
            { key: 'keep', title: 'Stay as they are', text: 'Only what is missing is put back' },
            { key: 'replace', title: 'Become as in the snapshot', text: 'What was written since is overwritten; undo brings it back' },
          ]}
        />
        {planned.error !== null && <Failure error={planned.error} />}
        <section aria-label="What would be done" aria-busy={planned.isFetching} className="min-h-[88px]">
          <h3 className="mb-1 text-s font-semibold text-ink-2">What would be done</h3>
          {plan === undefined && planned.error === null && <p className="text-ink-3">Looking at the live table…</p>}
          {plan !== undefined && (
            <ul className="grid gap-0.5">
              <li>{counted(plan.missing, 'row')} of the snapshot are missing and are put back.</li>
              <li>
                {counted(plan.differing, 'row')} have other values and {differing === 'replace' ? 'are overwritten' : 'stay as they are'}.
              </li>
              <li className="text-ink-2">
                {counted(plan.same, 'row')} are the same; {counted(plan.onlyThere, 'row')} only there stay.
              </li>
              {planned.data?.notes.map((note) => (
                <li key={note} className="text-warn">
                  {capital(note)}
                </li>
              ))}
            </ul>
          )}
        </section>
        {production && (
          <Field
            label={`${source.name} is a production source. Type its name to go on.`}
            value={confirm}
            onChange={(event) => setConfirm(event.target.value)}
          />
        )}
        <CommandLine line={lines.merge(snapshot, table, differing, production ? source.name : undefined)} />
      </form>
    </Dialog>
  );
}
