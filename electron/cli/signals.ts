import { constants } from 'node:os';

/** The number of a signal on this system; 0 where it has none. */
export function signalNumber(signal: string): number {
  const found = Object.entries(constants.signals).find(([name]) => name === signal);
  return found?.[1] ?? 0;
}
