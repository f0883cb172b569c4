import { useSyncExternalStore } from 'react';

/** The one place of the renderer that reads the clock. */
export function now(): number {
  return Date.now();
}

const TICK_MS = 15_000;
const listeners = new Set<() => void>();
let shown = now();
let ticking: ReturnType<typeof setInterval> | undefined;

function listen(listener: () => void): () => void {
  listeners.add(listener);
  shown = now();
  ticking ??= setInterval(() => {
    shown = now();
    for (const one of listeners) one();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}

/** The time that relative times count from; moves on every few seconds, for everything on screen at once. */
export function useNow(): number {
  return useSyncExternalStore(listen, () => shown);
}
