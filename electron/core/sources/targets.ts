import type { Source, Targets } from '../../contract/model.ts';

const HOUR = 3_600_000;

/** What holds for a source: as somebody set it, else by its environment. A database of development never alarms. */
export function targetsOf(source: Pick<Source, 'environment' | 'targets'>): Targets {
  if (source.targets !== undefined) return source.targets;
  return source.environment === 'dev' ? { rpoMs: null, rtoMs: null } : { rpoMs: 24 * HOUR, rtoMs: 4 * HOUR };
}
