import { useSyncExternalStore } from 'react';
import { showThemeAround } from '../../api/shell.ts';

export type ThemeChoice = 'system' | 'light' | 'dark';

const kept = 'belay-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');
const watchers = new Set<() => void>();

function chosen(): ThemeChoice {
  const value = localStorage.getItem(kept);
  return value === 'light' || value === 'dark' ? value : 'system';
}

function show(): void {
  const choice = chosen();
  showThemeAround(choice);
  document.documentElement.dataset['theme'] = choice === 'system' ? (dark.matches ? 'dark' : 'light') : choice;
  for (const watcher of watchers) watcher();
}

/** Shows the theme that was chosen, and follows the system where none was. */
export function startTheme(): void {
  dark.addEventListener('change', show);
  show();
}

export function chooseTheme(choice: ThemeChoice): void {
  localStorage.setItem(kept, choice);
  show();
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore((watcher) => {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }, chosen);
}
