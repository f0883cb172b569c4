import { useState } from 'react';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { hostError } from '../../api/errors.ts';
import type { HostError } from '../../api/errors.ts';
import { useAnswer, useLink, useRefresh } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Field } from '../../ui/fields.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Menu } from '../../ui/menu.tsx';
import { Dialog } from '../../ui/overlay.tsx';
import { ShownOnce } from '../../ui/shown-once.tsx';
import { tell } from '../../ui/toast.tsx';
import { When } from '../../ui/when.tsx';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { WriteButton } from '../shared/writing.tsx';

type Slot = CommandOutput<'keys.list'>['slots'][number];
type Kind = Slot['kind'];
type Shown = { readonly what: 'add'; readonly kind: Kind } | { readonly what: 'remove' | 'change'; readonly slot: Slot };

const words: Readonly<Record<Kind, string>> = { passphrase: 'Passphrase', keyfile: 'Key file', recovery: 'Recovery key' };

/** Everything that opens the repository: any one of them is enough. */
export function Keys() {
  const keys = useAnswer('keys.list', {});
  const refresh = useRefresh();
  const [shown, setShown] = useState<Shown>();
  const close = (): void => {
    setShown(undefined);
    refresh(['keys.list']);
  };
  return (
    <section aria-label="Keys" className="grid gap-1.5">
      <div className="flex items-center gap-2">
        <h3 className="text-s font-semibold text-ink-2">Keys</h3>
        <span className="flex-1 text-s text-ink-3">each of them opens the repository by itself; two always stay</span>
        <Menu
          label="Add a key"
          trigger={
            <WriteButton small>
              Add a key <Icon name="down" size={12} />
            </WriteButton>
          }
          acts={(['passphrase', 'keyfile', 'recovery'] as const).map((kind) => ({
            key: kind,
            title: `${words[kind]}…`,
            act: () => setShown({ what: 'add', kind }),
          }))}
        />
      </div>
      {keys.error !== null && <Failure error={keys.error} retry={() => void keys.refetch()} />}
      <ul className="overflow-hidden rounded-m border border-line">
        {keys.data?.slots.map((slot) => (
          <li key={slot.slot} className="flex h-[38px] items-center gap-2.5 border-b border-line px-2.5 last:border-b-0">
            <span className="text-ink-3">
              <Icon name="lock" />
            </span>
            <span className="w-28 font-strong">{words[slot.kind]}</span>
            <code className="font-mono text-s text-ink-3">{slot.slot.slice(0, 8)}</code>
            <span className="text-s text-ink-2">
              added <When at={slot.createdAt} />
            </span>
            <span className="ml-auto flex gap-1">
              {slot.kind === 'passphrase' && (
                <WriteButton small title={lines.changePassphrase()} onClick={() => setShown({ what: 'change', slot })}>
                  Change…
                </WriteButton>
              )}
              <WriteButton
                small
                kind="danger"
                title={lines.removeKey(slot.slot)}
                aria-label={`Remove the ${words[slot.kind].toLowerCase()} ${slot.slot.slice(0, 8)}`}
                onClick={() => setShown({ what: 'remove', slot })}
              >
                Remove…
              </WriteButton>
            </span>
          </li>
        ))}
      </ul>
      <CommandLine line={lines.keys()} />
      {shown?.what === 'add' && <AddKey kind={shown.kind} onClose={close} />}
      {shown?.what === 'remove' && <RemoveKey slot={shown.slot} onClose={close} />}
      {shown?.what === 'change' && <ChangePassphrase slot={shown.slot} onClose={close} />}
    </section>
  );
}

/** The two fields of a new passphrase; `value` is empty until both are the same. */
function NewPassphrase({ onChange }: { readonly onChange: (value: string) => void }) {
  const [typed, setTyped] = useState<readonly [string, string]>(['', '']);
  const take = (next: readonly [string, string]): void => {
    setTyped(next);
    onChange(next[0] === next[1] ? next[0] : '');
  };
  return (
    <>
      <Field label="New passphrase" type="password" autoComplete="new-password" value={typed[0]} onChange={(event) => take([event.target.value, typed[1]])} />
      <Field
        label="New passphrase, again"
        type="password"
        autoComplete="new-password"
        value={typed[1]}
        onChange={(event) => take([typed[0], event.target.value])}
        hint={typed[1] !== '' && typed[0] !== typed[1] ? 'The two differ.' : undefined}
      />
    </>
  );
}

interface FormProps {
  readonly title: string;
  readonly lead: string;
  readonly act: string;
  readonly ready: boolean;
  readonly danger?: boolean;
  readonly line: string;
  readonly work: () => Promise<void>;
  readonly onClose: () => void;
  readonly children?: React.ReactNode;
}

/** One question over the page whose answer is a command; a refusal stays on it. */
function KeyForm({ title, lead, act, ready, danger = false, line, work, onClose, children }: FormProps) {
  const [failure, setFailure] = useState<HostError>();
  const [working, setWorking] = useState(false);
  const run = async (): Promise<void> => {
    setWorking(true);
    setFailure(undefined);
    try {
      await work();
    } catch (error) {
      setFailure(hostError(error));
    } finally {
      setWorking(false);
    }
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={title}
      lead={lead}
      footer={
        <>
          <Button onClick={onClose}>Not now</Button>
          <Button kind={danger ? 'danger' : 'primary'} type="submit" form="key" disabled={!ready || working}>
            {act}
          </Button>
        </>
      }
    >
      <form
        id="key"
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void run();
        }}
      >
        {children}
        {failure !== undefined && <Failure error={failure} />}
        <CommandLine line={line} />
      </form>
    </Dialog>
  );
}

function AddKey({ kind, onClose }: { readonly kind: Kind; readonly onClose: () => void }) {
  const link = useLink();
  const [passphrase, setPassphrase] = useState('');
  const [file, setFile] = useState('');
  const [recoveryKey, setRecoveryKey] = useState<string>();
  if (recoveryKey !== undefined)
    return <ShownOnce title="The recovery key" lead="It opens the repository by itself. It is shown this once." text={recoveryKey} onKept={onClose} />;
  const leads: Readonly<Record<Kind, string>> = {
    passphrase: 'It opens the repository beside those that are there.',
    keyfile: 'A new file on this machine that opens the repository, readable by you alone. Nothing is written over.',
    recovery: 'A long key to print. It is made now and shown once.',
  };
  const work = async (): Promise<void> => {
    const made = await link.call('keys.add', {
      kind,
      ...(kind === 'passphrase' ? { passphrase } : {}),
      ...(kind === 'keyfile' ? { keyFile: file.trim() } : {}),
    });
    if (made.recoveryKey !== undefined) {
      setRecoveryKey(made.recoveryKey);
      return;
    }
    onClose();
    tell({ title: `${words[kind]} added`, ...(made.keyFile === undefined ? {} : { text: made.keyFile }) });
  };
  return (
    <KeyForm
      title={`Add a ${words[kind].toLowerCase()}`}
      lead={leads[kind]}
      act={kind === 'recovery' ? 'Make it' : 'Add it'}
      ready={kind === 'recovery' || (kind === 'passphrase' ? passphrase !== '' : file.trim() !== '')}
      line={lines.addKey(kind, kind === 'keyfile' ? file.trim() || '/path/to/file' : undefined)}
      work={work}
      onClose={onClose}
    >
      {kind === 'passphrase' && <NewPassphrase onChange={setPassphrase} />}
      {kind === 'keyfile' && (
        <Field
          label="New file"
          className="font-mono text-s"
          value={file}
          onChange={(event) => setFile(event.target.value)}
          placeholder="/media/usb/belay.key"
        />
      )}
    </KeyForm>
  );
}

function RemoveKey({ slot, onClose }: { readonly slot: Slot; readonly onClose: () => void }) {
  const link = useLink();
  return (
    <KeyForm
      title={`Remove the ${words[slot.kind].toLowerCase()} ${slot.slot.slice(0, 8)}`}
      lead="It will open the repository no more. Two keys always stay, so that one that is lost does not cost the repository."
      act="Remove it"
      ready
      danger
      line={lines.removeKey(slot.slot)}
      work={async () => {
        const { notice } = await link.call('keys.remove', { slot: slot.slot });
        onClose();
        tell({ title: 'The key was removed', text: notice, stays: 12_000 });
      }}
      onClose={onClose}
    />
  );
}

function ChangePassphrase({ slot, onClose }: { readonly slot: Slot; readonly onClose: () => void }) {
  const link = useLink();
  const [current, setCurrent] = useState('');
  const [passphrase, setPassphrase] = useState('');
  return (
    <KeyForm
      title="Change the passphrase"
      lead="The one that is there now opens nothing any more afterwards."
      act="Change it"
      ready={current !== '' && passphrase !== ''}
      line={lines.changePassphrase(slot.slot)}
      work={async () => {
        await link.call('keys.change-passphrase', { slot: slot.slot, current, passphrase });
        onClose();
        tell({ title: 'The passphrase was changed' });
      }}
      onClose={onClose}
    >
      <Field label="Present passphrase" type="password" autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.target.value)} />
      <NewPassphrase onChange={setPassphrase} />
    </KeyForm>
  );
}
