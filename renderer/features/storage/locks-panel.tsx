import { useState } from 'react';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { useAnswer, useRefresh } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Field } from '../../ui/fields.tsx';
import { Name } from '../../ui/name.tsx';
import { Dialog } from '../../ui/overlay.tsx';
import { Prose } from '../../ui/prose.tsx';
import { When } from '../../ui/when.tsx';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { capital } from '../shared/titles.ts';
import { useWork } from '../shared/work.ts';
import { Section } from './section.tsx';
import { WriteButton } from '../shared/writing.tsx';

type Lock = CommandOutput<'repository.locks'>['locks'][number];

const states: Readonly<Record<Lock['state'], string>> = { ours: 'this host', alive: 'in use', stale: 'left behind', unknown: 'nothing is known of its owner' };
const head = 'py-1 pr-3 text-left text-s font-medium text-ink-3';
const body = 'border-t border-line py-1.5 pr-3 align-top';

/** Who holds the repository, and how a lock goes whose owner is gone. */
export function LocksPanel() {
  const answer = useAnswer('repository.locks', {});
  const [breaking, setBreaking] = useState<Lock>();
  const locks = answer.data?.locks ?? [];
  return (
    <Section title="Locks" text="Who writes to the repository or reads it now. A lock that somebody holds is never removed.">
      {answer.error !== null && <Failure error={answer.error} retry={() => void answer.refetch()} />}
      {answer.data !== undefined && locks.length === 0 && <p className="text-ink-2">Nobody holds it.</p>}
      {locks.length > 0 && (
        <table className="w-full border-collapse">
          <caption className="sr-only">Locks of the repository</caption>
          <thead>
            <tr>
              <th scope="col" className={head}>
                Held by
              </th>
              <th scope="col" className={head}>
                State
              </th>
              <th scope="col" className={head}>
                Last sign
              </th>
              <th scope="col" className={head}>
                <span className="sr-only">What to do</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {locks.map((lock) => (
              <tr key={lock.instance}>
                <td className={body}>
                  <Name text={lock.host} className="font-strong" />
                  <span className="block text-s text-ink-2">{`${capital(lock.mode)}, process ${String(lock.pid)}`}</span>
                </td>
                <td className={body}>
                  {capital(states[lock.state])}
                  <span className="block text-s text-ink-2">
                    <Prose text={lock.why} />
                  </span>
                </td>
                <td className={`${body} whitespace-nowrap text-ink-2`}>
                  <When at={lock.heartbeatAt} />
                </td>
                <td className={`${body} pr-0 text-right`}>
                  {(lock.state === 'stale' || lock.state === 'unknown') && (
                    <WriteButton small kind="danger" title={lines.unlock(lock.instance)} onClick={() => setBreaking(lock)}>
                      Remove…
                    </WriteButton>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div className="flex items-center gap-2">
        <Button onClick={() => void answer.refetch()}>Look again</Button>
        <CommandLine line={lines.unlock()} />
      </div>
      {breaking !== undefined && <BreakLock lock={breaking} onClose={() => setBreaking(undefined)} />}
    </Section>
  );
}

/** One click where the owner is provably gone; the machine's name, typed, where nothing is known of it. */
function BreakLock({ lock, onClose }: { readonly lock: Lock; readonly onClose: () => void }) {
  const work = useWork();
  const refresh = useRefresh();
  const [typed, setTyped] = useState('');
  const sure = lock.state === 'stale' || typed === lock.host;
  const remove = async (): Promise<void> => {
    onClose();
    await work(
      'repository.break-lock',
      { instance: lock.instance, confirm: true },
      { done: ({ removed }) => ({ title: `The lock of ${removed.host} was removed` }) },
    );
    refresh(['repository.locks']);
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Remove the lock"
      lead="Where its owner still writes, the two would not see each other’s work."
      footer={
        <>
          <Button onClick={onClose}>Not now</Button>
          <Button kind="bad" type="submit" form="break-lock" disabled={!sure}>
            Remove the lock
          </Button>
        </>
      }
    >
      <form
        id="break-lock"
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (sure) void remove();
        }}
      >
        <p>
          <Prose text={lock.why} />
        </p>
        {lock.state === 'unknown' && (
          <Field
            label={`Make sure that nothing on ${lock.host} uses the repository, then type its name`}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        )}
        <CommandLine line={lines.unlock(lock.instance)} />
      </form>
    </Dialog>
  );
}
