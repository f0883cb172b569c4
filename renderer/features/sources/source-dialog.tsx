import { useState } from 'react';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { hostError } from '../../api/errors.ts';
import type { HostError } from '../../api/errors.ts';
import { useLink } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Field, Select } from '../../ui/fields.tsx';
import { counted } from '../../ui/format.ts';
import { Name } from '../../ui/name.tsx';
import { Dialog } from '../../ui/overlay.tsx';
import { tell } from '../../ui/toast.tsx';
import { environments } from '../shared/environments.ts';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { periodOf, periodText } from '../shared/periods.ts';

type Known = CommandOutput<'sources.overview'>['sources'][number];

/** What a mistake would cost, and what the source is held against. */
export function SourceDialog({ known, onClose }: { readonly known: Known; readonly onClose: () => void }) {
  const link = useLink();
  const { source, targets } = known;
  const [environment, setEnvironment] = useState(source.environment);
  const own = source.targets;
  const [rpo, setRpo] = useState(typedTarget(own?.rpoMs));
  const [rto, setRto] = useState(typedTarget(own?.rtoMs));
  const [failure, setFailure] = useState<HostError>();
  const [removing, setRemoving] = useState(false);
  const [rpoMs, rtoMs] = [targetOf(rpo), targetOf(rto)];
  const sound = rpoMs !== undefined && rtoMs !== undefined;
  const changed = { rpo: rpo !== typedTarget(own?.rpoMs), rto: rto !== typedTarget(own?.rtoMs) };

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
      const set = { ...(changed.rpo && rpoMs !== undefined ? { rpoMs } : {}), ...(changed.rto && rtoMs !== undefined ? { rtoMs } : {}) };
      await link.call('sources.change', { name: source.name, environment, ...(Object.keys(set).length === 0 ? {} : { targets: set }) });
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
        <Select label="Environment" value={environment} onChange={setEnvironment} options={environments} />
        <div className="grid grid-cols-2 items-start gap-3">
          <Field
            label="Newest snapshot at most (RPO)"
            value={rpo}
            onChange={(event) => setRpo(event.target.value)}
            hint={hintOf(rpoMs, '24h')}
            placeholder={environmentTarget(targets.rpoMs, own?.rpoMs, environment === source.environment)}
            aria-invalid={rpoMs === undefined}
          />
          <Field
            label="Restore within (RTO)"
            value={rto}
            onChange={(event) => setRto(event.target.value)}
            hint={hintOf(rtoMs, '4h')}
            placeholder={environmentTarget(targets.rtoMs, own?.rtoMs, environment === source.environment)}
            aria-invalid={rtoMs === undefined}
          />
        </div>
        {failure !== undefined && <Failure error={failure} />}
        <CommandLine
          line={lines.setSource(
            source.name,
            environment,
            changed.rpo ? rpo.trim() || 'environment' : undefined,
            changed.rto ? rto.trim() || 'environment' : undefined,
          )}
        />
      </form>
    </Dialog>
  );
}

function typedTarget(set: number | null | undefined): string {
  return set === undefined ? '' : periodText(set);
}

/** Nothing typed: the environment's own. Undefined where it is no length of time. */
function targetOf(typed: string): number | 'environment' | null | undefined {
  return typed.trim() === '' ? 'environment' : periodOf(typed);
}

function hintOf(target: number | 'environment' | null | undefined, example: string): string {
  return target === undefined ? 'A number and s, m, h or d, or none.' : `As in ${example}; none: it is not asked. Empty: the environment's.`;
}

/** What holds while nothing is set, where it is known. */
function environmentTarget(holds: number | null, set: number | null | undefined, same: boolean): string {
  return set === undefined && same ? periodText(holds) : "the environment's";
}
