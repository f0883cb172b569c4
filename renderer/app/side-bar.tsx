import type { ReactNode } from 'react';
import { Link, useRoute, useSearch } from 'wouter';
import { useAnswer } from '../api/host.tsx';
import { worstFirst } from '../features/home/standing.ts';
import { classes } from '../ui/classes.ts';
import { IconButton } from '../ui/button.tsx';
import { useNow } from '../ui/clock.tsx';
import { count, size } from '../ui/format.ts';
import { Icon } from '../ui/icons.tsx';
import type { IconName } from '../ui/icons.tsx';
import { Engine } from '../ui/marks.tsx';
import { Menu } from '../ui/menu.tsx';
import { Name } from '../ui/name.tsx';
import { chooseTheme, useThemeChoice } from '../features/shared/theme.ts';
import type { ThemeChoice } from '../features/shared/theme.ts';

export function SideBar() {
  const now = useNow();
  const overview = useAnswer('sources.overview', {}).data;
  const snapshots = useAnswer('status', {}).data?.snapshots;
  const [isHome] = useRoute('/');
  const [isShelf] = useRoute('/shelf');
  const [isDrills] = useRoute('/drills/:id?');
  const [isStorage] = useRoute('/storage');
  const [isJournal] = useRoute('/journal');
  const [isSources] = useRoute('/sources');
  const [isSettings] = useRoute('/settings');
  const [isSnapshot] = useRoute('/snapshot/:id');
  const shown = new URLSearchParams(useSearch()).get('source');
  const needing = worstFirst(overview?.sources ?? [], now).filter(({ standing }) => standing.rank === 0).length;
  return (
    <nav aria-label="Pages" className="row-start-2 flex min-h-0 flex-col gap-px overflow-auto border-r border-line bg-bg px-2 py-2.5">
      <Page to="/" icon="home" current={isHome}>
        Home
        {needing > 0 && (
          <span className="ml-auto rounded-full bg-bad-soft px-1.5 text-xs font-semibold text-bad">
            {needing}
            <span className="sr-only"> need you</span>
          </span>
        )}
      </Page>
      <Page to="/shelf" icon="shelf" current={(isShelf && shown === null) || isSnapshot}>
        Shelf
        {snapshots !== undefined && snapshots > 0 && <span className="ml-auto text-xs text-ink-3">{count(snapshots)}</span>}
      </Page>
      <Page to="/drills" icon="drill" current={isDrills}>
        Drills
      </Page>
      <Page to="/storage" icon="disk" current={isStorage}>
        Storage
      </Page>
      <Page to="/sources" icon="plug" current={isSources}>
        Sources
      </Page>
      <Page to="/journal" icon="journal" current={isJournal}>
        Journal
      </Page>
      <Page to="/settings" icon="settings" current={isSettings}>
        Settings
      </Page>
      {overview !== undefined && overview.sources.length > 0 && (
        <>
          <h2 className="px-[9px] pt-3.5 pb-[5px] text-xs font-semibold text-ink-3">Sources</h2>
          {overview.sources.map(({ source }) => (
            <Link
              key={source.name}
              href={`/shelf?source=${encodeURIComponent(source.name)}`}
              {...(isShelf && shown === source.name ? { 'aria-current': 'page' as const } : {})}
              className={look(isShelf && shown === source.name)}
            >
              <Engine kind={source.engine} />
              <Name text={source.name} />
            </Link>
          ))}
        </>
      )}
      <Repository />
    </nav>
  );
}

function look(current: boolean): string {
  return classes(
    'flex h-[30px] min-w-0 shrink-0 items-center gap-[9px] rounded-m px-[9px]',
    current ? 'bg-surface font-strong text-ink ring-1 ring-line' : 'text-ink-2 hover:bg-sunken hover:text-ink',
  );
}

function Page({ to, icon, current, children }: { readonly to: string; readonly icon: IconName; readonly current: boolean; readonly children: ReactNode }) {
  return (
    <Link href={to} {...(current ? { 'aria-current': 'page' as const } : {})} className={look(current)}>
      <span className={current ? 'text-accent' : 'text-ink-3'}>
        <Icon name={icon} />
      </span>
      {children}
    </Link>
  );
}

function Repository() {
  const status = useAnswer('status', {}).data;
  const there = status?.repository !== undefined && !status.locked;
  const usage = useAnswer('repository.usage', {}, { when: there }).data;
  return (
    <div className="mt-auto flex items-end gap-2 px-[9px] pt-3 pb-1 text-s text-ink-2">
      <div className="min-w-0 flex-1">
        {status?.repository !== undefined && (
          <>
            <b className="block font-strong text-ink">Repository{usage === undefined ? '' : ` · ${size(usage.total)}`}</b>
            {usage !== undefined && usage.logical > 0 && <Saved total={usage.total} logical={usage.logical} />}
            <span className="block">{status.repository.protection === 'none' ? 'not encrypted' : status.locked ? 'encrypted, locked' : 'encrypted'}</span>
          </>
        )}
      </div>
      <ThemeMenu />
    </div>
  );
}

function Saved({ total, logical }: { readonly total: number; readonly logical: number }) {
  const factor = logical / Math.max(1, total);
  return (
    <span className="block">
      {size(logical)} of snapshots{factor >= 1.1 ? `, ${factor >= 10 ? Math.round(factor) : factor.toFixed(1)} x smaller` : ''}
    </span>
  );
}

const themes: readonly (readonly [ThemeChoice, string, IconName])[] = [
  ['system', 'As the system', 'system'],
  ['light', 'Light', 'light'],
  ['dark', 'Dark', 'dark'],
];

function ThemeMenu() {
  const choice = useThemeChoice();
  const icon = themes.find(([key]) => key === choice)?.[2] ?? 'system';
  return (
    <Menu
      label="Theme"
      trigger={
        <IconButton label="Theme">
          <Icon name={icon} />
        </IconButton>
      }
      acts={themes.map(([key, title, sign]) => ({
        key,
        title: (
          <>
            <Icon name={sign} /> {title}
          </>
        ),
        checked: key === choice,
        ...(key === choice ? { hint: <Icon name="check" size={14} /> } : {}),
        act: () => chooseTheme(key),
      }))}
    />
  );
}
