import { useId, useState } from 'react';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { hostError } from '../../api/errors.ts';
import type { HostError } from '../../api/errors.ts';
import { useLink } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Field } from '../../ui/fields.tsx';
import { counted } from '../../ui/format.ts';
import { Name } from '../../ui/name.tsx';
import { Dialog } from '../../ui/overlay.tsx';
import { tell } from '../../ui/toast.tsx';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { periodOf, periodText } from './periods.ts';

type Known = CommandOutput<'sources.overview'>['sources'][number];
type Environment = Known['source']['environment'];

const environments: readonly (readonly [Environment, string])[] = [
  ['dev', 'dev: rewound with one click, never alarms'],
  ['test', 'test'],
  ['staging', 'staging'],
  ['production', 'production: its name is typed before it is put back'],
];

/** What a mistake would cost, and what the source is held against. */
export function SourceDialog({ known, onClose }: { readonly known: Known; readonly onClose: () => void }) {
  const link = useLink();
  const select = useId();
  const { source, targets } = known;
  const [environment, setEnvironment] = useState(source.environment);
  const [rpo, setRpo] = useState(periodText(targets.rpoMs));
  const [rto, setRto] = useState(periodText(targets.rtoMs));
  const [failure, setFailure] = useState<HostError>();
  const [removing, setRemoving] = useState(false);
  const [rpoMs, rtoMs] = [periodOf(rpo), periodOf(rto)];
  const sound = rpoMs !== undefined && rtoMs !== undefined;
  const changed = { rpo: rpo !== periodText(targets.rpoMs), rto: rto !== periodText(targets.rtoMs) };

  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      onClose();
    } catch (error) {
      setFailure(hostError(error));
    }
  };
  const save = (): Promise<void> =>
    attempt(async () => {
      const own = { ...(changed.rpo && rpoMs !== undefined ? { rpoMs } : {}), ...(changed.rto && rtoMs !== undefined ? { rtoMs } : {}) };
      await link.call('sources.change', { name: source.name, environment, ...(Object.keys(own).length === 0 ? {} : { targets: own }) });
    });
  const remove = (): Promise<void> =>
    attempt(async () => {
      const { snapshotsKept } = await link.call('sources.remove', { name: source.name });
      tell({
        title: `${source.name} is no source any more`,
        text: snapshotsKept === 0 ? 'It had no snapshot.' : `What stays: ${counted(snapshotsKept, 'snapshot')}.`,
      });
    });

  if (removing)
    return (
      <Dialog
        open
        onOpenChange={onClose}
        title="Remove the source"
        lead="Its database is not touched, and its snapshots stay."
        footer={
          <>
            <Button onClick={() => setRemoving(false)}>Not now</Button>
            <Button kind="danger" onClick={() => void remove()}>
              Remove it
            </Button>
          </>
        }
      >
        {failure !== undefined && <Failure error={failure} />}
        <CommandLine line={lines.removeSource(source.name)} />
      </Dialog>
    );
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={<Name text={source.name} />}
      lead={<Name text={known.place} className="text-s" />}
      footer={
        <>
          <Button kind="danger" className="mr-auto" onClick={() => setRemoving(true)}>
            Remove…
          </Button>
          <Button onClick={onClose}>Not now</Button>
          <Button kind="primary" type="submit" form="source" disabled={!sound}>
            Save
          </Button>
        </>
      }
    >
      <form
        id="source"
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (sound) void save();
        }}
      >
        <div className="grid gap-1">
          <label htmlFor={select} className="text-s font-strong text-ink-2">
            Environment
          </label>
          <select
            id={select}
            value={environment}
            onChange={(event) => setEnvironment(environments.find(([key]) => key === event.target.value)?.[0] ?? environment)}
            className="h-7 w-full rounded-m border border-line-strong bg-surface px-2"
          >
            {environments.map(([key, title]) => (
              <option key={key} value={key}>
                {title}
              </option>
            ))}
          </select>
        </div>
        <div className="grid grid-cols-2 items-start gap-3">
          <Field
            label="Newest snapshot at most (RPO)"
            value={rpo}
            onChange={(event) => setRpo(event.target.value)}
            hint={rpoMs === undefined ? 'A number and s, m, h or d, or none.' : 'As in 24h; none: it is not asked.'}
            aria-invalid={rpoMs === undefined}
          />
          <Field
            label="Restore within (RTO)"
            value={rto}
            onChange={(event) => setRto(event.target.value)}
            hint={rtoMs === undefined ? 'A number and s, m, h or d, or none.' : 'As in 4h; none: it is not asked.'}
            aria-invalid={rtoMs === undefined}
          />
        </div>
        {failure !== undefined && <Failure error={failure} />}
        <CommandLine line={lines.setSource(source.name, environment, changed.rpo ? rpo : undefined, changed.rto ? rto : undefined)} />
      </form>
    </Dialog>
  );
}
