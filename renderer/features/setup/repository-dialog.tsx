import { useState } from 'react';
import { hostError } from '../../api/errors.ts';
import type { HostError } from '../../api/errors.ts';
import { useAnswer, useLink } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Choices, Field } from '../../ui/fields.tsx';
import { Name } from '../../ui/name.tsx';
import { Dialog } from '../../ui/overlay.tsx';
import { ShownOnce } from '../../ui/shown-once.tsx';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { NotRemembered } from '../shared/not-remembered.tsx';

type Protection = 'none' | 'passphrase';

/** Makes the repository, once. `onDone` is called with true when it is there, with false where somebody closed this first. */
export function RepositoryDialog({ onDone }: { readonly onDone: (made: boolean) => void }) {
  const link = useLink();
  const home = useAnswer('status', {}).data?.home;
  const [protection, setProtection] = useState<Protection>('none');
  const [passphrase, setPassphrase] = useState('');
  const [again, setAgain] = useState('');
  const [failure, setFailure] = useState<HostError>();
  const [working, setWorking] = useState(false);
  const [recoveryKey, setRecoveryKey] = useState<string>();
  const encrypted = protection === 'passphrase';
  const ready = !encrypted || (passphrase !== '' && passphrase === again);

  const make = async (): Promise<void> => {
    setWorking(true);
    setFailure(undefined);
    try {
      const made = await link.call('repository.init', encrypted ? { passphrase } : {});
      if (made.recoveryKey === undefined) onDone(true);
      else setRecoveryKey(made.recoveryKey);
    } catch (error) {
      setFailure(hostError(error));
    } finally {
      setWorking(false);
    }
  };

  if (recoveryKey !== undefined)
    return (
      <ShownOnce
        title="The recovery key"
        lead="It opens the repository when the passphrase is lost. It is shown this once."
        text={recoveryKey}
        onKept={() => onDone(true)}
      />
    );
  return (
    <Dialog
      open
      onOpenChange={() => onDone(false)}
      title="Where snapshots are kept"
      lead="The repository is made once. Every snapshot of every source goes into it."
      footer={
        <>
          <Button onClick={() => onDone(false)}>Not now</Button>
          <Button kind="primary" type="submit" form="make-repository" disabled={!ready || working}>
            Make the repository
          </Button>
        </>
      }
    >
      <form
        id="make-repository"
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void make();
        }}
      >
        {home !== undefined && (
          <p className="flex min-w-0 gap-1.5 text-ink-2">
            In <Name mono text={`${home}/repository`} />
          </p>
        )}
        <Choices<Protection>
          label="Encryption"
          value={protection}
          onChange={setProtection}
          choices={[
            { key: 'none', title: 'Not encrypted', text: 'Whoever may read the folder may read the snapshots' },
            { key: 'passphrase', title: 'With a passphrase', text: 'Asked for when Belay starts; a recovery key is made too' },
          ]}
        />
        {encrypted && (
          <>
            <Field label="Passphrase" type="password" value={passphrase} onChange={(event) => setPassphrase(event.target.value)} />
            <Field
              label="Passphrase, again"
              type="password"
              value={again}
              onChange={(event) => setAgain(event.target.value)}
              hint={again !== '' && again !== passphrase ? 'The two differ.' : 'Without passphrase and recovery key nobody can read the snapshots.'}
            />
            <NotRemembered />
          </>
        )}
        {failure !== undefined && <Failure error={failure} />}
        <CommandLine line={lines.init(encrypted)} />
      </form>
    </Dialog>
  );
}
