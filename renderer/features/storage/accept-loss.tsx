import { useState } from 'react';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { hostError } from '../../api/errors.ts';
import type { HostError } from '../../api/errors.ts';
import { useLink } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Field } from '../../ui/fields.tsx';
import { counted } from '../../ui/format.ts';
import { Dialog } from '../../ui/overlay.tsx';
import { tell } from '../../ui/toast.tsx';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { ProblemList } from './problem-list.tsx';

export type LossPlan = CommandOutput<'repository.accept-loss'>;

const word = 'lost';

/** Shows what of the record is lost for good, and goes on without it once somebody typed so. */
export function AcceptLoss({ plan, onClose, onAccepted }: { readonly plan: LossPlan; readonly onClose: () => void; readonly onAccepted: () => void }) {
  const link = useLink();
  const [failure, setFailure] = useState<HostError>();
  const [typed, setTyped] = useState('');
  const [working, setWorking] = useState(false);
  const ready = plan.losses.length > 0 && typed === word && !working;
  const accept = async ({ hash }: LossPlan): Promise<void> => {
    setWorking(true);
    try {
      const { losses } = await link.call('repository.accept-loss', { confirm: hash });
      tell({ title: `${counted(losses.length, 'loss', 'losses')} accepted`, text: 'Space can be freed again. Look at what is pinned.' });
      onAccepted();
    } catch (error) {
      setFailure(hostError(error));
      setWorking(false);
    }
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Accept what is lost"
      lead="Look for a copy of these files first: a mirror, another disk. What they said cannot be had again otherwise."
      footer={
        <>
          <Button onClick={onClose}>Not now</Button>
          <Button kind="bad" type="submit" form="accept-loss" disabled={!ready}>
            Accept the loss
          </Button>
        </>
      }
    >
      <form
        id="accept-loss"
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void accept(plan);
        }}
      >
        {plan.losses.length === 0 && <p>Nothing is lost: there is nothing to accept.</p>}
        {plan.losses.length > 0 && (
          <>
            <ProblemList problems={plan.losses} snapshots={[]} />
            <Field label={`Type ${word} to go on without them`} value={typed} onChange={(event) => setTyped(event.target.value)} />
          </>
        )}
        {failure !== undefined && <Failure error={failure} />}
        <CommandLine line={lines.acceptLoss()} />
      </form>
    </Dialog>
  );
}
