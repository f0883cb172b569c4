import type { ReactNode } from 'react';
import { useLocation } from 'wouter';
import { useAnswer } from '../api/host.tsx';
import { useActs } from '../features/shared/acts.ts';
import { lines } from '../features/shared/lines.ts';
import { useNow } from '../ui/clock.tsx';
import { day } from '../ui/format.ts';
import { Icon } from '../ui/icons.tsx';
import type { IconName } from '../ui/icons.tsx';
import { Engine } from '../ui/marks.tsx';
import { Name } from '../ui/name.tsx';
import { chooseTheme } from '../features/shared/theme.ts';
import { useReadOnly } from '../features/shared/writing.tsx';

export interface Entry {
  readonly key: string;
  /** What is searched. */
  readonly words: string;
  readonly mark: ReactNode;
  readonly title: ReactNode;
  readonly line: string;
  readonly act: () => void;
}

const mostShown = 40;

/** Everything that can be found and done, narrowed by the words that were typed: all of them must occur. */
export function useEntries(text: string): readonly Entry[] {
  const acts = useActs();
  const now = useNow();
  const [, go] = useLocation();
  const readOnly = useReadOnly() !== undefined;
  const overview = useAnswer('sources.overview', {}).data;
  const undo = useAnswer('undo.list', {}).data?.undo ?? [];
  const asked = text.trim();
  const snapshots = useAnswer('snapshot.list', { limit: 20, ...(asked === '' ? {} : { text: asked }) }, { keep: true }).data?.snapshots ?? [];

  const sources = (overview?.sources ?? []).flatMap(({ source, newest, demo }) => {
    const entry = (what: string, line: string, act: () => void): Entry => ({
      key: `${what} ${source.name}`,
      words: `${what} ${source.name} ${source.environment} ${source.project ?? ''}`,
      mark: <Engine kind={source.engine} />,
      title: (
        <>
          <span className="shrink-0">{what}</span> <Name text={source.name} className="font-strong" />
        </>
      ),
      line,
      act,
    });
    return [
      ...(readOnly ? [] : [entry('Snapshot', lines.snap({ source: source.name }), () => acts.snap(source.name))]),
      ...(newest === undefined ? [] : [entry('Rewind', lines.rewind(source.name, newest), () => acts.rewind(source, newest))]),
      ...(newest === undefined ? [] : [entry('Prove', lines.verify(newest), () => acts.prove(newest))]),
      ...(newest === undefined || readOnly
        ? []
        : [entry('Drill', lines.drill({ source: source.name }), () => go(`/drills?run=${encodeURIComponent(source.name)}`))]),
      entry('Snapshots of', lines.list(source.name), () => go(`/shelf?source=${encodeURIComponent(source.name)}`)),
      entry('Connection of', lines.testSource(source.name), () => go(`/sources?source=${encodeURIComponent(source.name)}`)),
      entry('Environment and targets of', lines.setSource(source.name, source.environment), () => acts.configure(source.name)),
      ...(demo ? [entry('Damage', lines.damage(), () => acts.damageDemo())] : []),
    ];
  });
  const command = (icon: IconName, title: string, line: string, act: () => void): Entry => ({
    key: title,
    words: title,
    mark: <Mark icon={icon} />,
    title,
    line,
    act,
  });
  const undos = undo.toReversed().map((one): Entry => ({
    key: `undo ${one.id}`,
    words: `undo ${one.what} ${one.source ?? one.target}`,
    mark: <Mark icon="rewind" />,
    title: (
      <>
        <span className="shrink-0">Undo the {one.what} of</span> <Name text={one.source ?? one.target} className="font-strong" />
      </>
    ),
    line: lines.undo(one.id),
    act: () => acts.undo(one),
  }));
  const commands = [
    command('home', 'Home', lines.status(), () => go('/')),
    command('shelf', 'Shelf', lines.list(), () => go('/shelf')),
    command('drill', 'Drills', lines.drillList(), () => go('/drills')),
    command('disk', 'Storage', lines.checkList(), () => go('/storage')),
    command('disk', 'Check the repository', lines.check('authenticated'), () => go('/storage')),
    command('plug', 'Sources', lines.sources(), () => go('/sources')),
    command('settings', 'Settings', lines.doctor(), () => go('/settings')),
    command('lock', 'Keys of the repository', lines.keys(), () => go('/settings')),
    command('journal', 'Journal', lines.journal(), () => go('/journal')),
    ...(overview !== undefined && overview.sources.length > 0 && !readOnly ? [command('stack', 'Snapshot with a name…', '', () => acts.snapWith())] : []),
    ...(overview !== undefined && !overview.sources.some((one) => one.demo) && !readOnly
      ? [command('stack', 'Make the demo', lines.demo(), () => acts.makeDemo())]
      : []),
    command('light', 'Light theme', '', () => chooseTheme('light')),
    command('dark', 'Dark theme', '', () => chooseTheme('dark')),
    command('system', "The system's theme", '', () => chooseTheme('system')),
  ];
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (entry: Entry): boolean => words.every((word) => entry.words.toLowerCase().includes(word));
  const found = snapshots.map((snapshot): Entry => ({
    key: snapshot.id,
    words: '',
    mark: <Engine kind={snapshot.engine} />,
    title: (
      <>
        <Name text={snapshot.name ?? snapshot.source} className="font-strong" />
        <span className="shrink-0 text-ink-2">
          {snapshot.name === undefined ? '' : 'of '}
          {snapshot.name === undefined ? '' : <Name text={snapshot.source} />} {day(snapshot.createdAt, now)}
        </span>
      </>
    ),
    line: lines.show(snapshot),
    act: () => go(`/snapshot/${snapshot.id}`),
  }));
  const own = [...undos, ...sources, ...commands].filter(fits);
  return (words.length === 0 ? [...own, ...found.slice(0, 5)] : [...own, ...found]).slice(0, mostShown);
}

function Mark({ icon }: { readonly icon: IconName }) {
  return (
    <span className="inline-grid size-[22px] shrink-0 place-items-center text-ink-2">
      <Icon name={icon} />
    </span>
  );
}
