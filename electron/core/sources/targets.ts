import type { Source, Targets } from '../../contract/model.ts';

const HOUR = 3_600_000;

/** What holds for a source, each by itself: as somebody set it, else by its environment. A database of development never alarms. */
export function targetsOf({ environment, targets }: Pick<Source, 'environment' | 'targets'>): Targets {
  const own: Targets = environment === 'dev' ? { rpoMs: null, rtoMs: null } : { rpoMs: 24 * HOUR, rtoMs: 4 * HOUR };
  return {
    rpoMs: targets?.rpoMs === undefined ? own.rpoMs : targets.rpoMs,
    rtoMs: targets?.rtoMs === undefined ? own.rtoMs : targets.rtoMs,
  };
}

type Change = { readonly [K in keyof Targets]?: Targets[K] | 'environment' | undefined };

/** What is set after a change: what it does not name stays, and `environment` takes a target away that somebody had set. */
export function withTargets({ targets, ...rest }: Source, change: Change): Source {
  const set = (field: keyof Targets): Partial<Targets> => {
    const value = change[field] === undefined ? targets?.[field] : change[field];
    return value === undefined || value === 'environment' ? {} : { [field]: value };
  };
  const own = { ...set('rpoMs'), ...set('rtoMs') };
  return Object.keys(own).length === 0 ? rest : { ...rest, targets: own };
}
