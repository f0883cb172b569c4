import { useLink, useAnswer, useLinkState } from '../api/host.tsx';
import type { HostError } from '../api/errors.ts';
import { inShell } from '../api/shell.ts';
import { Button } from '../ui/button.tsx';
import { BelayMark } from '../ui/icons.tsx';
import { Notice } from '../ui/marks.tsx';
import { Name } from '../ui/name.tsx';

/** What everybody must know on every page: the host is gone, or the repository can only be read. */
export function LinkNotice() {
  const link = useLink();
  const state = useLinkState();
  const status = useAnswer('status', {});
  const repository = status.data?.repository;
  if (state.kind === 'lost')
    return (
      <div className="px-6 pt-4">
        <Notice tone="warn" title="The host is gone" action={<Button onClick={() => link.retry()}>Try now</Button>}>
          {inShell ? (
            <>{state.why} What is shown may be old. The host is looked for again every few seconds.</>
          ) : (
            <>
              What is shown may be old. It is looked for again every few seconds. Where it ended, start it with{' '}
              <code className="font-mono text-s">belay serve</code>.
            </>
          )}
        </Notice>
      </div>
    );
  if (repository?.readOnly === true)
    return (
      <div className="px-6 pt-4">
        <Notice tone="warn" title="The repository can only be read" action={<Button onClick={() => void status.refetch()}>Look again</Button>}>
          Snapshots can be browsed, compared, proved, exported and rewound to; none can be taken, and nothing is recorded. Mount its disk for writing, or give
          this user the right to write there: <Name mono text={repository.location} />
        </Notice>
      </div>
    );
  return null;
}

/** The host does not take this page: it says why, and how to come back. */
export function LinkRefused({ error }: { readonly error: HostError }) {
  const token = error.code === 'transport.denied';
  return (
    <main className="grid h-full place-items-center p-6">
      <div className="grid max-w-[52ch] justify-items-center gap-3 text-center">
        <span className="text-accent">
          <BelayMark />
        </span>
        <h1 className="text-xl font-bold">{token ? 'This address opens no window' : 'The host does not take this window'}</h1>
        <p className="text-ink-2">
          {token ? 'Its token is missing, or of a host that has ended: each start makes a new one.' : error.message} {token ? '' : (error.hint ?? '')}
        </p>
        {!inShell && (
          <p className="text-ink-2">
            Open the address that <code className="font-mono text-s">belay serve</code> printed.
          </p>
        )}
      </div>
    </main>
  );
}
