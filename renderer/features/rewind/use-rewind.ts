import { useEffect, useRef, useState } from 'react';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import type { SnapshotSummary, Source } from '../../../electron/contract/model.ts';
import { hostError } from '../../api/errors.ts';
import type { HostError } from '../../api/errors.ts';
import { useAnswer, useLink, useRefresh } from '../../api/host.tsx';
import { tell } from '../../ui/toast.tsx';
import { useActs } from '../shared/acts.ts';
import { failureOf } from '../shared/work.ts';
import { checksOf, hooksOf } from '../shared/checks.ts';
import type { Draft } from '../shared/checks.ts';
import { refusedOutcome } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { useStages } from './stages.tsx';

export type Where = 'rewind' | 'hold' | 'new' | 'throw-away';
export type Preflight = CommandOutput<'rewind'>['preflight'];

export type Phase =
  | { readonly kind: 'choosing' }
  | { readonly kind: 'running' }
  | { readonly kind: 'failed'; readonly error: HostError }
  | { readonly kind: 'done'; readonly outcome: Outcome };

/** One rewind or restore: what was checked before it, its run, and what came of it. */
export function useRewind(source: Source, snapshot: SnapshotSummary) {
  const link = useLink();
  const acts = useActs();
  const refresh = useRefresh();
  const { stages, take, end, clear } = useStages();
  const [where, setWhere] = useState<Where>('rewind');
  const [to, setTo] = useState(suggestedTarget(source));
  const [confirm, setConfirm] = useState('');
  const [drafts, setDrafts] = useState<readonly Draft[]>([]);
  const home = useAnswer('sources.overview', {}).data?.userFolder ?? '/';
  const [typedFolder, setFolder] = useState<string>();
  const folder = typedFolder ?? pathFolderOf(source) ?? home;
  const [phase, setPhase] = useState<Phase>({ kind: 'choosing' });
  const [looked, setLooked] = useState<{ readonly at: string; readonly found: Preflight | HostError }>();
  const [looks, setLooks] = useState(0);
  const abort = useRef<AbortController>(undefined);
  /** A second click before the first has ended decides nothing. */
  const settling = useRef(false);
  const onScreen = useRef(true);
  useEffect(() => {
    onScreen.current = true;
    return () => void (onScreen.current = false);
  }, []);

  const checks = checksOf(drafts, folder);
  const migrate = hooksOf(drafts, folder);
  const order = { snapshot: snapshot.id, checks, migrate, ...(confirm === '' ? {} : { confirm }) };
  const asked = where === 'new' ? to.trim() : '';
  const choosing = phase.kind === 'choosing';
  /** What a preflight is of: that of another target, or of an earlier look, says nothing of this one. */
  const lookedAt = `${String(looks)} ${where} ${asked}`;
  const preflight = looked?.at === lookedAt ? looked.found : undefined;
  useEffect(() => {
    if (!choosing || where === 'throw-away' || (where === 'new' && asked === '')) return;
    const looking = new AbortController();
    const look = async (): Promise<void> => {
      try {
        const found = await link.call(
          'restore.run',
          where === 'new'
            ? { snapshot: snapshot.id, mode: 'new', to: asked, baseFolder: folderOf(source), dryRun: true }
            : { snapshot: snapshot.id, mode: 'replace', dryRun: true },
          { signal: looking.signal },
        );
        if (!looking.signal.aborted) setLooked({ at: lookedAt, found: found.preflight });
      } catch (error) {
        if (!looking.signal.aborted) setLooked({ at: lookedAt, found: hostError(error) });
      }
    };
    const timer = setTimeout(() => void look(), where === 'new' ? 350 : 0);
    return () => {
      clearTimeout(timer);
      looking.abort();
    };
  }, [link, snapshot.id, source, where, asked, choosing, lookedAt]);

  /** Looks at the target again, for somebody who mended what was in the way. */
  const lookAgain = (): void => {
    setLooked(undefined);
    setLooks(looks + 1);
  };

  const run = async (): Promise<void> => {
    const controller = new AbortController();
    abort.current = controller;
    clear();
    setPhase({ kind: 'running' });
    const options = { signal: controller.signal, onProgress: take };
    try {
      const outcome = await start(options);
      end();
      setPhase({ kind: 'done', outcome });
      if (!onScreen.current) tellOutcome(outcome);
    } catch (error) {
      end();
      const failure = hostError(error);
      const outcome = refusedOutcome(failure);
      if (outcome !== undefined) setPhase({ kind: 'done', outcome });
      else setPhase(failure.code === 'cancelled' ? { kind: 'choosing' } : { kind: 'failed', error: failure });
      if (!onScreen.current || failure.code === 'cancelled') tell(failureOf(failure));
    }
  };
  const start = async (options: Parameters<typeof link.call>[2]): Promise<Outcome> => {
    switch (where) {
      case 'rewind': {
        const { verification, undo, target } = await link.call(
          'rewind',
          { source: source.name, to: snapshot.id, checks, migrate, ...(confirm === '' ? {} : { confirm }) },
          options,
        );
        return { verification, undo, target };
      }
      case 'hold': {
        const { verification, held, target } = await link.call('restore.run', { ...order, mode: 'replace', hold: true }, options);
        return { verification, held, target };
      }
      case 'new': {
        const { verification, held, target } = await link.call(
          'restore.run',
          { ...order, mode: 'new', to: asked, baseFolder: folderOf(source), hold: true },
          options,
        );
        return { verification, held, target };
      }
      case 'throw-away':
        return { verification: (await link.call('snapshot.verify', { snapshot: snapshot.id, checks }, options)).verification };
    }
  };
  const tellOutcome = ({ verification, undo }: Outcome): void => {
    tell({
      title: where === 'rewind' ? `${source.name} was rewound` : `The copy of ${source.name} was compared`,
      text: verification?.statement,
      ...(undo === undefined ? {} : { action: { label: 'Undo', act: () => acts.undo(undo) } }),
    });
  };

  /** Decides over a held copy, or takes the swap back. */
  const settle = async (how: 'promoted' | 'discarded' | 'undone'): Promise<void> => {
    if (phase.kind !== 'done' || settling.current) return;
    const { outcome } = phase;
    settling.current = true;
    try {
      if (how === 'promoted' && outcome.held !== undefined) {
        const { undo } = await link.call('restore.promote', { held: outcome.held, ...(confirm === '' ? {} : { confirm }) });
        setPhase({ kind: 'done', outcome: { ...outcome, undo, settled: how } });
      } else if (how === 'discarded' && outcome.held !== undefined) {
        await link.call('restore.discard', { held: outcome.held });
        refresh(['restore.held']);
        setPhase({ kind: 'done', outcome: { ...outcome, settled: how } });
      } else if (outcome.undo !== undefined) {
        await link.call('undo.run', { id: outcome.undo.id, ...(confirm === '' ? {} : { confirm }) });
        setPhase({ kind: 'done', outcome: { ...outcome, settled: 'undone' } });
      }
    } catch (error) {
      tell(failureOf(hostError(error)));
    } finally {
      settling.current = false;
    }
  };

  return {
    where,
    setWhere,
    to,
    setTo,
    confirm,
    setConfirm,
    drafts,
    setDrafts,
    folder,
    setFolder,
    phase,
    preflight,
    lookAgain,
    stages,
    run,
    stop: () => abort.current?.abort(),
    settle,
  };
}

function pathOf({ location }: Source): string | undefined {
  return typeof location['path'] === 'string' ? location['path'] : undefined;
}

function pathFolderOf(source: Source): string | undefined {
  return pathOf(source)?.replace(/[\\/][^\\/]*$/, '');
}

function folderOf(source: Source): string {
  return pathFolderOf(source) ?? '/';
}

/** A name beside the source's own that is likely free. */
function suggestedTarget(source: Source): string {
  const path = pathOf(source);
  if (path !== undefined) return path.replace(/(\.[A-Za-z0-9]+)?$/, '-restored$1');
  const { database } = source.location;
  return `${typeof database === 'string' ? database : source.name}_restored`;
}
