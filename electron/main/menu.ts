import type { MenuItemConstructorOptions } from 'electron';
import type { ShellOrder, ThemeName } from '../contract/shell.ts';
import type { Job } from '../contract/model.ts';

export interface MenuActs {
  readonly order: (order: ShellOrder) => void;
  readonly show: () => void;
  readonly quit: () => void;
  readonly openLogs: () => void;
  readonly openHome: () => void;
  readonly about: () => void;
}

const pages = [
  ['Home', '/', '1'],
  ['Shelf', '/shelf', '2'],
  ['Drills', '/drills', '3'],
  ['Storage', '/storage', '4'],
  ['Sources', '/sources', '5'],
  ['Journal', '/journal', '6'],
  ['Settings', '/settings', '7'],
] as const;

const themes: readonly (readonly [string, ThemeName])[] = [
  ['As the system', 'system'],
  ['Light', 'light'],
  ['Dark', 'dark'],
];

/** The menu of the application: what the page does by keyboard, and what the system's users look for in a menu. */
export function applicationMenu(platform: NodeJS.Platform, acts: MenuActs): MenuItemConstructorOptions[] {
  const apple = platform === 'darwin';
  const about: MenuItemConstructorOptions = { label: 'About Belay', click: acts.about };
  const quit: MenuItemConstructorOptions = { label: 'Quit Belay', accelerator: 'CmdOrCtrl+Q', click: acts.quit };
  return [
    ...(apple ? [{ label: 'Belay', submenu: [about, { type: 'separator' as const }, { role: 'hide' as const }, { role: 'hideOthers' as const }, quit] }] : []),
    {
      label: 'File',
      submenu: [
        { label: 'Snapshot now…', accelerator: 'CmdOrCtrl+N', click: () => acts.order({ act: 'snapshot' }) },
        { label: 'Find a source, snapshot or command', accelerator: 'CmdOrCtrl+K', click: () => acts.order({ act: 'find' }) },
        { type: 'separator' },
        { label: 'Show the data directory', click: acts.openHome },
        { type: 'separator' },
        apple ? { role: 'close' } : quit,
      ],
    },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        ...pages.map(([label, to, key]) => ({ label, accelerator: `CmdOrCtrl+${key}`, click: () => acts.order({ act: 'go', to }) })),
        { type: 'separator' },
        { label: 'Theme', submenu: themes.map(([label, choice]) => ({ label, click: () => acts.order({ act: 'theme', choice }) })) },
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
    { role: 'help', submenu: [{ label: 'Show the log', click: acts.openLogs }, ...(apple ? [] : [about])] },
  ];
}

const mostJobs = 8;

/** The menu of the tray: which jobs run, and the way back to the window. */
export function trayMenu(jobs: readonly Job[], acts: Pick<MenuActs, 'show' | 'quit'>): MenuItemConstructorOptions[] {
  const lines = jobs.slice(0, mostJobs).map((job): MenuItemConstructorOptions => ({ label: plain(job.title), enabled: false }));
  const more = jobs.length - lines.length;
  return [
    ...(lines.length === 0 ? [{ label: 'No job is running', enabled: false }] : lines),
    ...(more > 0 ? [{ label: `and ${String(more)} more`, enabled: false }] : []),
    { type: 'separator' },
    { label: 'Open Belay', click: acts.show },
    { label: 'Quit Belay', click: acts.quit },
  ];
}

/** Titles hold names that others gave: one line of bounded length, and no mark of an accelerator. */
export function plain(title: string): string {
  const line = title.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').replaceAll('&', '&&');
  const shown = line.length > 80 ? `${line.slice(0, 79)}…` : line;
  return shown.slice(0, 1).toUpperCase() + shown.slice(1);
}
