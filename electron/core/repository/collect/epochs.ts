import type { BlobEntry } from '../blob-store.ts';
import type { RecordedFact } from '../repository.ts';

export const QUARANTINE = 'quarantine';
const EPOCH = /^quarantine\/([0-9]{1,15})\//;

/** Checks that must have passed since, before what was taken out is deleted; and before it is deleted at the user's wish. */
const CHECKS = 2;
const CHECKS_NOW = 1;

export function epochOf(path: string): number | undefined {
  const digits = EPOCH.exec(path)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * The highest epoch that was ever in use. A check that begins now speaks for every epoch up to this one: what is in quarantine then
 * is not needed, because the check reads nothing there.
 */
export function currentEpoch(quarantine: readonly BlobEntry[], facts: readonly RecordedFact[]): number {
  let highest = 0;
  for (const entry of quarantine) highest = Math.max(highest, epochOf(entry.path) ?? 0);
  for (const { fact } of facts) if (fact.kind === 'check') highest = Math.max(highest, fact.epoch);
  return highest;
}

/** Path in quarantine of a file taken out of `path`. */
export function quarantined(epoch: number, path: string): string {
  return `${QUARANTINE}/${epoch}/${path}`;
}

/** The path that a file in quarantine had. */
export function formerPath(path: string): string | undefined {
  const match = EPOCH.exec(path);
  return match === null ? undefined : path.slice(match[0].length);
}

/** Files whose time has come, by count of whole checks that passed since they were taken out; and those that still wait. */
export function purgeable(
  quarantine: readonly BlobEntry[],
  facts: readonly RecordedFact[],
  now: boolean,
): { readonly ripe: readonly BlobEntry[]; readonly waiting: readonly BlobEntry[] } {
  const passed = facts.flatMap(({ fact }) => (fact.kind === 'check' && fact.passed ? [fact.epoch] : []));
  const needed = now ? CHECKS_NOW : CHECKS;
  const ripe = (entry: BlobEntry): boolean => {
    const epoch = epochOf(entry.path);
    return epoch !== undefined && passed.filter((checked) => checked >= epoch).length >= needed;
  };
  return { ripe: quarantine.filter(ripe), waiting: quarantine.filter((entry) => epochOf(entry.path) !== undefined && !ripe(entry)) };
}
