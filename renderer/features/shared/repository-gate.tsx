import type { ReactNode } from 'react';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { useAnswer } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import type { IconName } from '../../ui/icons.tsx';
import { Name } from '../../ui/name.tsx';
import { Empty, Waiting } from '../../ui/states.tsx';
import { useActs } from './acts.ts';
import { Failure } from './failure.tsx';
import { lines } from './lines.ts';

type Repository = NonNullable<CommandOutput<'status'>['repository']>;

interface GateProps {
  readonly icon: IconName;
  /** What would stand on the page. */
  readonly what: string;
  readonly children: (repository: Repository) => ReactNode;
}

/** A page over the repository: what is lacking and its button where there is none yet, or where it is locked. */
export function RepositoryGate({ icon, what, children }: GateProps) {
  const acts = useActs();
  const status = useAnswer('status', {});
  if (status.data === undefined)
    return status.error === null ? (
      <Waiting rows={8} height="h-[34px]" what="the page" />
    ) : (
      <div className="p-6">
        <Failure error={status.error} retry={() => void status.refetch()} />
      </div>
    );
  const { repository, locked } = status.data;
  if (repository === undefined)
    return (
      <Empty
        icon={icon}
        title="No repository yet"
        action={
          <Button kind="primary" title={lines.init(false)} onClick={() => void acts.ready()}>
            Make the repository
          </Button>
        }
      >
        {what}
      </Empty>
    );
  if (locked)
    return (
      <Empty
        icon="lock"
        title="The repository is locked"
        action={
          <Button kind="primary" onClick={() => void acts.ready()}>
            Unlock…
          </Button>
        }
      >
        <span className="flex min-w-0 justify-center gap-1.5">
          It lies in <Name mono text={repository.location} />
        </span>
        {what} Its passphrase is needed first.
      </Empty>
    );
  return children(repository);
}
