import { useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { useLocation } from 'wouter';
import type { CommandOutput } from '../../electron/contract/commands.ts';
import type { SnapshotSummary, Source, UndoEntry } from '../../electron/contract/model.ts';
import type { HostError } from '../api/errors.ts';
import { useAnswer, useLink } from '../api/host.tsx';
import { RewindSheet } from '../features/rewind/rewind-sheet.tsx';
import { RepositoryDialog } from '../features/setup/repository-dialog.tsx';
import { UnlockDialog } from '../features/setup/unlock-dialog.tsx';
import { ActsContext } from '../features/shared/acts.ts';
import type { Acts } from '../features/shared/acts.ts';
import { ConfirmName } from '../features/shared/confirm-name.tsx';
import { lines } from '../features/shared/lines.ts';
import { capital } from '../features/shared/titles.ts';
import type { Typed } from '../features/shared/place.ts';
import { failureOf, useWork } from '../features/shared/work.ts';
import { ExportDialog } from '../features/snapshot/export-dialog.tsx';
import { PinDialog } from '../features/snap/pin-dialog.tsx';
import { SnapDialog } from '../features/snap/snap-dialog.tsx';
import type { SnapOrder } from '../features/snap/snap-dialog.tsx';
import { AddSheet } from '../features/sources/add-sheet.tsx';
import { SourceDialog } from '../features/sources/source-dialog.tsx';
import { useReadOnly } from '../features/shared/writing.tsx';
import { size } from '../ui/format.ts';
import { levelWord } from '../ui/proof.tsx';
import { tell } from '../ui/toast.tsx';
import { Palette } from './palette.tsx';

type Shown =
  | { readonly what: 'snap'; readonly source: string | undefined }
  | { readonly what: 'rewind'; readonly source: Source; readonly snapshot: SnapshotSummary }
  | { readonly what: 'pin' | 'export'; readonly snapshot: SnapshotSummary }
  | { readonly what: 'source'; readonly name: string }
  | { readonly what: 'add'; readonly start: Partial<Typed> | undefined }
  | { readonly what: 'confirm-undo'; readonly entry: UndoEntry; readonly name: string }
  | { readonly what: 'find' };

/** What can be done from any page, and the surfaces that it opens. */
export function ActsProvider({ children }: { readonly children: ReactNode }) {
  const link = useLink();
  const work = useWork();
  const [location, go] = useLocation();
  const overview = useAnswer('sources.overview', {}).data;
  const known = overview?.sources ?? [];
  const sources = known.map((one) => one.source);
  const [shown, setShown] = useState<Shown>();
  const [asking, setAsking] = useState<'init' | 'unlock'>();
  const answered = useRef<(ready: boolean) => void>(undefined);
  const begun = useRef(new Set<string>());
  const readOnly = useReadOnly();
  const close = (): void => setShown(undefined);
  // Back and forward leave what was asked on the page before. A rewind may run: it stays until it is closed.
  const [page, setPage] = useState(location);
  if (page !== location) {
    setPage(location);
    setShown((now) => (now?.what === 'rewind' ? now : undefined));
  }

  /** True when there is a repository that can be written to; asks for what is missing first. */
  const ready = async (): Promise<boolean> => {
    const status = await link.call('status', {}).catch(() => undefined);
    if (status === undefined) return true;
    if (status.repository !== undefined && !status.locked) return true;
    setAsking(status.repository === undefined ? 'init' : 'unlock');
    return new Promise((resolve) => (answered.current = resolve));
  };
  const answer = (is: boolean): void => {
    setAsking(undefined);
    answered.current?.(is);
  };

  /** What was begun by one click is not begun again by the second one of a double click, or by an impatient one. */
  const once = async (key: string, act: () => Promise<unknown>): Promise<void> => {
    if (begun.current.has(key)) return;
    begun.current.add(key);
    try {
      await act();
    } finally {
      begun.current.delete(key);
    }
  };

  const take = async (order: SnapOrder): Promise<void> => {
    close();
    if (!(await ready())) return;
    await work('snapshot.create', order, { done: (output) => taken(output, order.source, (snapshot) => go(`/snapshot/${snapshot.id}`)) });
  };
  const undo = async (entry: UndoEntry, more: { readonly confirm?: string; readonly force?: boolean } = {}): Promise<void> => {
    const production = sources.find((one) => one.name === entry.source && one.environment === 'production');
    if (production !== undefined && more.confirm === undefined) {
      setShown({ what: 'confirm-undo', entry, name: production.name });
      return;
    }
    close();
    await work(
      'undo.run',
      { id: entry.id, ...more },
      {
        done: () => ({ title: `The ${entry.what} was taken back`, text: `${entry.source ?? entry.target} is as it was before.` }),
        failed: (error) => {
          if (error.code !== 'undo.target-changed') return false;
          tell({
            ...failureOf(error),
            text: 'What was written since can be snapshotted first.',
            action: { label: 'Snapshot it and undo', act: () => void undo(entry, { ...more, force: true }) },
          });
          return true;
        },
      },
    );
  };

  /** Keys, the application's menu and the tray reach what the buttons of the page do not offer while the repository can only be read. */
  const writing = (act: () => void): void => {
    if (readOnly === undefined) act();
    else tell({ title: readOnly, text: 'Nothing was begun. What can be done stands at the top of the page.', tone: 'bad' });
  };
  const acts: Acts = {
    snap: (source) => writing(() => void once(`snap ${source}`, () => take({ source }))),
    snapWith: (source) => writing(() => setShown({ what: 'snap', source })),
    rewind: (source, snapshot) => setShown({ what: 'rewind', source, snapshot }),
    prove: (snapshot) =>
      void once(`prove ${snapshot.id}`, () =>
        work('snapshot.verify', { snapshot: snapshot.id }, { done: ({ verification }) => proved(verification, snapshot) }),
      ),
    undo: (entry) => void once(`undo ${entry.id}`, () => undo(entry)),
    configure: (name) => setShown({ what: 'source', name }),
    exportTo: (snapshot) => setShown({ what: 'export', snapshot }),
    pin: (snapshot) => writing(() => setShown({ what: 'pin', snapshot })),
    unpin: (snapshot) => writing(() => void work('snapshot.pin', { snapshot: snapshot.id, reason: null }, { done: () => ({ title: 'Unpinned' }) })),
    makeDemo: () =>
      void once('demo', async () => {
        if (!(await ready())) return;
        const made = await work('demo.create', {});
        if (made !== undefined) await take({ source: made.source.name, name: 'before-migration' });
      }),
    damageDemo: () =>
      void once('damage', () =>
        work(
          'demo.damage',
          {},
          { done: ({ done, source }) => ({ title: `A bad migration ran on ${source.name}`, text: done.slice(0, 2).join(' '), stays: 12_000 }) },
        ),
      ),
    addSource: (start) => setShown({ what: 'add', start }),
    protect: ({ name, engine, location, baseFolder, typed }) =>
      void once(`protect ${JSON.stringify(location)}`, async () => {
        if (!(await ready())) return;
        const failed = (error: HostError): boolean => {
          if (error.code !== 'source.denied' || engine !== 'postgres') return false;
          tell({ ...failureOf(error), action: { label: 'Log in…', act: () => setShown({ what: 'add', start: typed }) } });
          return true;
        };
        const added = await work('sources.add', { name, engine, location, baseFolder }, { failed });
        if (added !== undefined) await take({ source: added.source.name });
      }),
    ready,
    openRepository: () => void ready(),
    // What is half filled in on a sheet is not thrown away for it.
    find: () => setShown((now) => now ?? { what: 'find' }),
  };

  const configured = shown?.what === 'source' ? known.find((one) => one.source.name === shown.name) : undefined;
  return (
    <ActsContext value={acts}>
      {children}
      {shown?.what === 'snap' && <SnapDialog sources={sources} source={shown.source} onClose={close} onTake={(order) => void take(order)} />}
      {shown?.what === 'rewind' && <RewindSheet source={shown.source} snapshot={shown.snapshot} onClose={close} />}
      {shown?.what === 'pin' && (
        <PinDialog
          snapshot={shown.snapshot}
          onClose={close}
          onPin={(reason) => {
            close();
            void work('snapshot.pin', { snapshot: shown.snapshot.id, reason }, { done: () => ({ title: 'Pinned', text: reason }) });
          }}
        />
      )}
      {shown?.what === 'export' && (
        <ExportDialog snapshot={shown.snapshot} source={sources.find((one) => one.name === shown.snapshot.source)} onClose={close} />
      )}
      {configured !== undefined && <SourceDialog key={configured.source.name} known={configured} onClose={close} />}
      {shown?.what === 'add' && <AddSheet start={shown.start} folder={overview?.userFolder ?? '/'} onClose={close} />}
      {shown?.what === 'confirm-undo' && (
        <ConfirmName
          name={shown.name}
          title={`Undo the ${shown.entry.what}`}
          act="Undo"
          line={lines.undo(shown.entry.id)}
          onClose={close}
          onConfirm={(confirm) => void undo(shown.entry, { confirm })}
        />
      )}
      <Palette open={shown?.what === 'find'} onClose={close} />
      {asking === 'init' && <RepositoryDialog onDone={answer} />}
      {asking === 'unlock' && <UnlockDialog onDone={answer} />}
    </ActsContext>
  );
}

function taken({ snapshot, warnings }: CommandOutput<'snapshot.create'>, source: string, open: (snapshot: SnapshotSummary) => void) {
  if (snapshot === undefined) return undefined;
  const facts = `${levelWord(snapshot.proved)} · ${size(snapshot.bytes)}, ${size(snapshot.added)} of it new`;
  return {
    title: `Snapshot of ${source} taken`,
    text: warnings.length === 0 ? facts : `${facts}. ${capital(warnings[0] ?? '')}.`,
    action: { label: 'Open', act: () => open(snapshot) },
  };
}

function proved(verification: CommandOutput<'snapshot.verify'>['verification'], { source }: SnapshotSummary) {
  const tone = verification.result === 'passed' ? ('plain' as const) : ('bad' as const);
  return {
    title: verification.result === 'passed' ? `The snapshot of ${source} is proved` : `The snapshot of ${source} is not proved`,
    text: [verification.statement, ...verification.warnings.filter((warning) => warning.includes('not recorded'))].join(' '),
    tone,
  };
}
