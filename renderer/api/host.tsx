import { QueryClient, QueryClientProvider, keepPreviousData, useQuery } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import { createContext, use, useEffect, useSyncExternalStore } from 'react';
import type { ReactNode } from 'react';
import type { CommandInput, CommandName, CommandOutput } from '../../electron/contract/commands.ts';
import type { Job } from '../../electron/contract/model.ts';
import type { HostError } from './errors.ts';
import { Jobs } from './jobs.ts';
import type { Link, LinkState } from './link.ts';

export interface Host {
  readonly link: Link;
  readonly jobs: Jobs;
  readonly answers: QueryClient;
}

const HostContext = createContext<Host | undefined>(undefined);

/** Which answers a change makes old. */
const staleAfter = {
  'snapshots.changed': ['snapshot.list', 'snapshot.show', 'snapshot.lineage', 'sources.overview', 'status', 'repository.usage'],
  'sources.changed': ['sources.overview', 'status', 'discover'],
  'undo.changed': ['undo.list', 'status', 'snapshot.lineage'],
} as const;

/** Jobs after which more is new than their events say. */
const freshAfter: Readonly<Record<string, readonly CommandName[]>> = {
  'drill.run': ['drill.list', 'sources.overview', 'snapshot.list', 'snapshot.show', 'snapshot.lineage'],
  'repository.init': ['status', 'repository.usage', 'sources.overview', 'doctor', 'keys.list'],
  'repository.check': ['repository.checks', 'repository.usage', 'snapshot.list'],
  'repository.collect': ['repository.usage'],
  'repository.repair': ['repository.usage', 'snapshot.list'],
  'repository.accept-loss': ['repository.usage', 'snapshot.list'],
  'catalog.rebuild': ['snapshot.list', 'sources.overview', 'status'],
  'snapshot.verify': ['snapshot.show'],
  'restore.run': ['restore.held', 'snapshot.lineage'],
  'restore.promote': ['restore.held', 'snapshot.lineage'],
  'undo.run': ['snapshot.lineage'],
};

export function createHost(link: Link): Host {
  return {
    link,
    jobs: new Jobs(link),
    answers: new QueryClient({
      defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, retry: false, refetchOnWindowFocus: false, networkMode: 'always' } },
    }),
  };
}

/** The host behind everything on screen: its link, its jobs, and what it answered, kept until it is old. */
export function HostProvider({ host, children }: { readonly host: Host; readonly children: ReactNode }) {
  const { link } = host;
  useEffect(() => {
    const old = (names: readonly string[]): void => {
      void host.answers.invalidateQueries({ predicate: (query) => names.includes(String(query.queryKey[0])) });
    };
    const ends = [
      link.on('snapshots.changed', () => old(staleAfter['snapshots.changed'])),
      link.on('sources.changed', () => old(staleAfter['sources.changed'])),
      link.on('undo.changed', () => old(staleAfter['undo.changed'])),
      link.on('job.changed', ({ job }) => {
        if (job.endedAt !== undefined) old(freshAfter[job.command] ?? []);
      }),
      link.on('journal.appended', () => old(['journal.list'])),
      // What happened while the host was gone is not told again.
      link.watch(() => {
        if (link.state.kind === 'open') void host.answers.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'discover' });
      }),
    ];
    link.start();
    return () => {
      for (const end of ends) end();
    };
  }, [host, link]);
  return (
    <HostContext value={host}>
      <QueryClientProvider client={host.answers}>{children}</QueryClientProvider>
    </HostContext>
  );
}

function useHost(): Host {
  const host = use(HostContext);
  if (host === undefined) throw new Error('There is no host above this part of the page.');
  return host;
}

export function useLink(): Link {
  return useHost().link;
}

export function useLinkState(): LinkState {
  const { link } = useHost();
  return useSyncExternalStore(
    (watcher) => link.watch(watcher),
    () => link.state,
  );
}

export function useJobs(): readonly Job[] {
  const { jobs } = useHost();
  return useSyncExternalStore(
    (watcher) => jobs.watch(watcher),
    () => jobs.shown,
  );
}

interface AskOptions {
  /** False: it is not asked now. */
  readonly when?: boolean;
  /** Shows the answer to the question before until this one is there. */
  readonly keep?: boolean;
}

/** What the host answers, asked again when it is old. */
export function useAnswer<N extends CommandName>(name: N, input: CommandInput<N>, options: AskOptions = {}): UseQueryResult<CommandOutput<N>, HostError> {
  const { link } = useHost();
  const open = useLinkState().kind === 'open';
  return useQuery<CommandOutput<N>, HostError>({
    queryKey: [name, input],
    queryFn: ({ signal }) => link.call(name, input, { signal }),
    enabled: open && options.when !== false,
    ...(options.keep === true ? { placeholderData: keepPreviousData } : {}),
  });
}

/** Makes answers old by hand, for commands that tell no event. */
export function useRefresh(): (names: readonly CommandName[]) => void {
  const { answers } = useHost();
  return (names) => {
    void answers.invalidateQueries({ predicate: (query) => names.some((name) => name === query.queryKey[0]) });
  };
}
