import { useState } from 'react';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { hostError } from '../../api/errors.ts';
import type { HostError } from '../../api/errors.ts';
import { useAnswer } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { size } from '../../ui/format.ts';
import { Engine } from '../../ui/marks.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Name } from '../../ui/name.tsx';
import { Prose } from '../../ui/prose.tsx';
import { Waiting } from '../../ui/states.tsx';
import { useActs } from './acts.ts';
import { Failure } from './failure.tsx';
import { lines } from './lines.ts';
import { capital } from './titles.ts';

type Found = CommandOutput<'discover'>['found'][number];

export interface Discovery {
  readonly looking: boolean;
  /** What no source covers yet; undefined before it was looked for. */
  readonly found: readonly Found[] | undefined;
  readonly notes: readonly string[];
  readonly error: HostError | undefined;
  readonly look: () => void;
}

/** Looks for databases below the user's folder, in containers and on this machine: by itself where `atOnce`, else when asked. */
export function useDiscovery(folder: string | undefined, atOnce: boolean): Discovery {
  const [asked, setAsked] = useState(false);
  const answer = useAnswer('discover', { folder: folder ?? '/' }, { when: folder !== undefined && (atOnce || asked), keep: true });
  return {
    looking: answer.isFetching,
    found: answer.data?.found.filter((one) => one.source === undefined),
    notes: answer.data?.notes ?? [],
    error: answer.error === null ? undefined : hostError(answer.error),
    look: () => {
      if (asked || atOnce) void answer.refetch();
      else setAsked(true);
    },
  };
}

const mostShown = 12;

/** Databases that are here and that no snapshot protects, each with the button that does. */
export function FoundList({ discovery, folder }: { readonly discovery: Discovery; readonly folder: string }) {
  const [all, setAll] = useState(false);
  const { found, looking, notes, error } = discovery;
  return (
    <section aria-label="Found on this machine, not protected">
      <h2 className="mb-1.5 flex items-center gap-2 text-s font-semibold text-ink-2">
        Found on this machine, not protected
        {looking && <span className="font-normal text-ink-3">looking…</span>}
      </h2>
      {error !== undefined && <Failure error={error} retry={discovery.look} />}
      {error === undefined && (
        <div className="overflow-hidden rounded-l border border-line">
          {found === undefined && <Waiting rows={2} height="h-[34px]" what="databases" />}
          {found?.length === 0 && <p className="px-3 py-2.5 text-ink-2">{nothing(folder)}</p>}
          {found !== undefined && found.length > 0 && (
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
      <FoundNotes notes={notes} />
    </section>
  );
}

/** What could not be looked at, each with the next step. */
export function FoundNotes({ notes }: { readonly notes: readonly string[] }) {
  return notes.map((note) => (
    <p key={note} className="mt-2 flex gap-2 text-s text-ink-2">
      <Icon name="plug" size={14} />
      <Prose text={capital(note)} />
    </p>
  ));
}

function nothing(folder: string): string {
  return `No database that is not protected was found below ${folder}, in containers or on this machine.`;
}

/** One database that was found, with the button that protects it. */
export function FoundRow({ one, folder }: { readonly one: Found; readonly folder: string }) {
  const acts = useActs();
  const addable = one.add !== undefined || typeof one.location['path'] === 'string';
  const facts = [one.state, one.bytes === undefined ? undefined : size(one.bytes), one.named === undefined ? undefined : `named by ${one.named.join(', ')}`];
  const place = one.add ?? (typeof one.location['path'] === 'string' ? one.location['path'] : one.description);
  return (
    <li className="flex h-[38px] min-w-0 items-center gap-2.5 border-b border-line px-2.5 last:border-b-0 hover:bg-hover">
      <Engine kind={one.engine} />
      <Name text={one.suggestedName} className="w-44 shrink-0 font-strong" />
      <Name text={one.description} className="text-ink-2" />
      <span className="shrink-0 text-s text-ink-3">{facts.filter((fact) => fact !== undefined).join(' · ')}</span>
      <span className="ml-auto shrink-0">
        {addable ? (
          <Button
            small
            title={lines.add(place, one.suggestedName)}
            aria-label={`Snapshot ${one.suggestedName}`}
            onClick={() => acts.protect({ name: one.suggestedName, engine: one.engine, location: locationOf(one), baseFolder: folder })}
          >
            Snapshot
          </Button>
        ) : (
          <span className="text-s text-ink-3">its address is needed: belay source add</span>
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
