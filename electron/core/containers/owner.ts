/** Whose a throw-away instance is. Written on everything that is made for it: container, volumes and network. */
export interface Owner {
  /** The installation: one data directory on one machine. */
  readonly installation: string;
  /** This run of it. A run that has ended owns nothing any more. */
  readonly run: string;
}

/** What an instance's labels say of it. */
export interface OwnerMark {
  readonly installation: string;
  readonly run: string;
  readonly nonce: string;
  /** Milliseconds since 1970 after which nobody needs it. */
  readonly until: number;
}

export const ownerLabel = 'belay.owner';
const runLabel = 'belay.run';
const nonceLabel = 'belay.nonce';
const untilLabel = 'belay.until';

export function labelsOf(mark: OwnerMark): Readonly<Record<string, string>> {
  return { [ownerLabel]: mark.installation, [runLabel]: mark.run, [nonceLabel]: mark.nonce, [untilLabel]: String(mark.until) };
}

/** Undefined where the labels are not those of a throw-away instance, or not whole. */
export function markOf(labels: Readonly<Record<string, string>>): OwnerMark | undefined {
  const [installation, run, nonce, until] = [ownerLabel, runLabel, nonceLabel, untilLabel].map((name) => labels[name]);
  if (installation === undefined || run === undefined || nonce === undefined || until === undefined || !/^\d{1,15}$/.test(until)) return undefined;
  return { installation, run, nonce, until: Number(until) };
}

/**
 * Whether an instance has lost its owner: it is of an earlier run of this installation, of which only one runs at a time, or its time is
 * up, with an hour's grace for clocks that differ. Of another installation that still has time left it is left alone.
 */
export function isOrphan(mark: OwnerMark, here: Owner, now: number): boolean {
  if (mark.installation === here.installation) return mark.run !== here.run;
  return now > mark.until + graceMs;
}

const graceMs = 3_600_000;
