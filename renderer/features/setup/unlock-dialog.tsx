import { useState } from 'react';
import { hostError } from '../../api/errors.ts';
import type { HostError } from '../../api/errors.ts';
import { useLink, useRefresh } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/fields.tsx';
import { Dialog } from '../../ui/overlay.tsx';
import { Failure } from '../shared/failure.tsx';
import { NotRemembered } from '../shared/not-remembered.tsx';

/** Asks for the repository's passphrase. `onDone` is called with true when it is open. */
export function UnlockDialog({ onDone }: { readonly onDone: (open: boolean) => void }) {
  const link = useLink();
  const refresh = useRefresh();
  const [passphrase, setPassphrase] = useState('');
  const [failure, setFailure] = useState<HostError>();
  const unlock = async (): Promise<void> => {
    try {
      await link.call('repository.unlock', { passphrase });
      refresh(['status', 'sources.overview', 'snapshot.list', 'repository.usage']);
      onDone(true);
    } catch (error) {
      setFailure(hostError(error));
    }
  };
  return (
    <Dialog
      open
      onOpenChange={() => onDone(false)}
      title="The repository is locked"
      lead="Its passphrase is needed until the host ends."
      footer={
        <>
          <Button onClick={() => onDone(false)}>Not now</Button>
          <Button kind="primary" type="submit" form="unlock" disabled={passphrase === ''}>
            Unlock
          </Button>
        </>
      }
    >
      <form
        id="unlock"
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void unlock();
        }}
      >
        <Field label="Passphrase" type="password" value={passphrase} onChange={(event) => setPassphrase(event.target.value)} />
        <NotRemembered />
        {failure !== undefined && <Failure error={failure} />}
      </form>
    </Dialog>
  );
}
