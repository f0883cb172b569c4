import { useSyncExternalStore } from 'react';

/** The width from which tables show all their columns; the same as the breakpoint `wide` of styles.css. */
const wide = matchMedia('(min-width: 1180px)');

export function useWide(): boolean {
  return useSyncExternalStore(
    (watcher) => {
      wide.addEventListener('change', watcher);
      return () => wide.removeEventListener('change', watcher);
    },
    () => wide.matches,
  );
}
