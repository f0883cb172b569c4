import { useState } from 'react';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { hostError } from '../../api/errors.ts';
import type { HostError } from '../../api/errors.ts';
import { useAnswer, useJobs } from '../../api/host.tsx';
import { isActive } from '../../api/jobs.ts';
import { Button } from '../../ui/button.tsx';
import { size } from '../../ui/format.ts';
import { Engine } from '../../ui/marks.tsx';
import { Name } from '../../ui/name.tsx';
import { Waiting } from '../../ui/states.tsx';
import { useActs } from './acts.ts';
import { Failure } from './failure.tsx';
import { lines } from './lines.ts';
import { freeName, typedOf, whereOf } from './place.ts';
import { capital } from './titles.ts';
import { NothingFound, Unseen } from './unseen.tsx';
import type { NoContainers } from './unseen.tsx';
import { WriteButton } from './writing.tsx';

export type Found = CommandOutput<'discover'>['found'][number];

export interface Discovery {
  readonly looking: boolean;
  /** What no source covers yet; undefined before it was looked for. */
  readonly found: readonly Found[] | undefined;
  readonly notes: readonly string[];
  /** Why containers were not looked at; undefined where they were. */
  readonly noContainers: NoContainers | undefined;
  readonly error: HostError | undefined;
  readonly look: () => void;
}

/** Looks by itself for databases below the user's folder, in containers and on this machine: once for a window, and again when asked. */
export function useDiscovery(folder: string | undefined): Discovery {
  const answer = useAnswer('discover', { folder: folder ?? '/' }, { when: folder !== undefined, keep: true });
  return {
    looking: answer.isFetching,
    found: answer.data?.found.filter((one) => one.source === undefined),
    notes: answer.data?.notes ?? [],
    noContainers: answer.data?.noContainers,
    error: answer.error === null ? undefined : hostError(answer.error),
    look: () => void answer.refetch(),
  };
}

const mostShown = 12;

/** What is looked at at the moment. Takes its place before there is anything to say: nothing moves when it comes and goes. */
export function Looking({ discovery }: { readonly discovery: Discovery }) {
  const stage = useJobs().find((job) => job.command === 'discover' && isActive(job))?.progress?.stage;
  return (
    <span role="status" className="flex min-w-0 text-s font-normal text-ink-3">
      {discovery.looking && <Name text={stage === undefined ? 'Looking…' : `${capital(stage)}…`} />}
    </span>
  );
}

/** Databases that are here and that no snapshot protects, each with the button that does. */
export function FoundList({ discovery, folder }: { readonly discovery: Discovery; readonly folder: string }) {
  const [all, setAll] = useState(false);
  const { found, error } = discovery;
  return (
    <section aria-label="Found on this machine, not protected" aria-busy={discovery.looking} className="grid gap-2">
      <h2 className="flex min-w-0 items-center gap-2 text-s font-semibold text-ink-2">
        <span className="shrink-0">Found on this machine, not protected</span>
        <Looking discovery={discovery} />
      </h2>
      {error !== undefined && <Failure error={error} retry={discovery.look} />}
      {error === undefined && found?.length !== 0 && (
        <div className="overflow-hidden rounded-l border border-line">
          {found === undefined && <Waiting rows={2} height="h-[38px]" what="databases" />}
          {found !== undefined && (
            <ul>
              {(all ? found : found.slice(0, mostShown)).map((one, at) => (
                <FoundRow key={`${one.engine} ${one.description} ${String(at)}`} one={one} folder={folder} />
              ))}
            </ul>
          )}
          {found !== undefined && found.length > mostShown && !all && (
            <Button kind="quiet" className="w-full border-t border-line" onClick={() => setAll(true)}>
              Show {found.length - mostShown} more
            </Button>
          )}
        </div>
      )}
      {error === undefined && found?.length === 0 && <NothingFound discovery={discovery} folder={folder} />}
      <Unseen discovery={discovery} />
    </section>
  );
}

/** One database that was found, with the button that protects it. */
export function FoundRow({ one, folder }: { readonly one: Found; readonly folder: string }) {
  const acts = useActs();
  const addable = one.needsLogin !== true && (one.add !== undefined || typeof one.location['path'] === 'string');
  const typed = typedOf(one);
  const taken = new Set(useAnswer('sources.overview', {}).data?.sources.map(({ source }) => source.name));
  const name = freeName(one.suggestedName, one.location['path'], taken);
  const facts = [one.state, one.bytes === undefined ? undefined : size(one.bytes), one.named === undefined ? undefined : `named by ${one.named.join(', ')}`];
  const place = one.add ?? (typeof one.location['path'] === 'string' ? one.location['path'] : one.description);
  return (
    <li className="flex h-[38px] min-w-0 items-center gap-2.5 border-b border-line px-2.5 last:border-b-0 hover:bg-hover">
      <Engine kind={one.engine} />
      <Name text={one.suggestedName} className="w-44 shrink-0 font-strong" />
      <span className="flex min-w-0 flex-1" title={one.description}>
        <Name text={whereOf(one, folder)} className="text-ink-2" />
      </span>
      <span className="figures shrink-0 text-s text-ink-3">{facts.filter((fact) => fact !== undefined).join(' · ')}</span>
      <span className="shrink-0">
        {addable ? (
          <WriteButton
            small
            title={lines.add(place, name)}
            aria-label={`Snapshot ${one.suggestedName}`}
            onClick={() => acts.protect({ name, engine: one.engine, location: locationOf(one), baseFolder: folder, typed })}
          >
            Snapshot
          </WriteButton>
        ) : one.needsLogin === true ? (
          <Button small aria-label={`Log in to ${one.description}`} onClick={() => acts.addSource(typed)}>
            Log in…
          </Button>
        ) : (
          <span className="text-s text-ink-3">not running: start it, then look again</span>
        )}
      </span>
    </li>
  );
}

/** What adds it: the line that discovery gives is an address, of which the host completes what is left out. */
function locationOf(one: Found): Found['location'] {
  if (one.engine === 'sqlite' || one.add === undefined) return one.location;
  return one.add.startsWith('env:') ? { variable: one.add.slice('env:'.length) } : { url: one.add };
}
