import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Notice } from '../../ui/marks.tsx';
import { Prose } from '../../ui/prose.tsx';
import { useActs } from './acts.ts';
import type { Discovery } from './found-list.tsx';
import { capital } from './titles.ts';

export type NoContainers = NonNullable<CommandOutput<'discover'>['noContainers']>;

const titles: Readonly<Record<NoContainers['state'], string>> = {
  'not-installed': 'No Docker or Podman was found',
  'not-running': 'Docker or Podman is not running',
  'not-answering': 'Docker or Podman does not answer',
  denied: 'Docker or Podman refuses this user',
  'too-old': 'Docker or Podman is too old',
  unusable: 'Docker or Podman cannot be reached',
};

/** Why nothing of containers is shown, and what to do. That none runs is everyday; one that refuses is not. */
export function NoEngine({ why, means, retry }: NoEngineProps) {
  return (
    <Notice
      tone={why.state === 'not-installed' || why.state === 'not-running' ? 'plain' : 'warn'}
      icon="container"
      title={titles[why.state]}
      action={retry === undefined ? undefined : <Button onClick={retry}>Look again</Button>}
    >
      <p>
        {means} <Prose text={why.statement} />
      </p>
      <p>
        <Prose text={why.hint} />
      </p>
    </Notice>
  );
}

interface NoEngineProps {
  readonly why: NoContainers;
  /** What cannot be done or seen because of it. */
  readonly means: string;
  readonly retry?: (() => void) | undefined;
}

/** That everything was looked at and nothing is open, and what to do about a database that is elsewhere. */
export function NothingFound({ discovery, folder }: { readonly discovery: Discovery; readonly folder: string }) {
  const acts = useActs();
  return (
    <Notice
      tone="plain"
      icon="find"
      title="No unprotected database was found"
      action={
        <span className="flex shrink-0 gap-2">
          <Button disabled={discovery.looking} onClick={discovery.look}>
            Look again
          </Button>
          <Button onClick={() => acts.addSource()}>Add a source…</Button>
        </span>
      }
    >
      Looked for SQLite files below <span className="[overflow-wrap:anywhere]">{folder}</span>
      {discovery.noContainers === undefined ? ', for servers on this machine, and in containers' : ' and for servers on this machine'}. One that is elsewhere is
      added by its address.
    </Notice>
  );
}

/** What could not be looked at, each with the next step. */
export function Unseen({ discovery }: { readonly discovery: Discovery }) {
  const { found, notes, noContainers, look, looking } = discovery;
  // Where nothing was found that is said above, with the same button.
  const again = looking || found?.length === 0 ? undefined : look;
  return (
    <>
      {noContainers !== undefined && <NoEngine why={noContainers} means="Databases in containers are not shown." retry={again} />}
      {notes.map((note) => (
        <p key={note} className="flex gap-2 text-s text-ink-2">
          <Icon name="plug" size={14} />
          <Prose text={capital(note)} />
        </p>
      ))}
    </>
  );
}
