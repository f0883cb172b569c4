import type { Drill } from '../../../electron/contract/drills.ts';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { ago, counted, duration, inWords } from '../../ui/format.ts';
import type { PlotPoint } from '../../ui/plot/points.ts';

export type Overview = CommandOutput<'sources.overview'>['sources'][number];

export const resultWords: Readonly<Record<Drill['result'], string>> = {
  proved: 'Proved',
  failed: 'Failed',
  inconclusive: 'Inconclusive',
  'not-run': 'Not run',
};

/** Of drills, newest first, those of each source. */
export function bySource(drills: readonly Drill[]): ReadonlyMap<string, readonly Drill[]> {
  const found = new Map<string, Drill[]>();
  for (const one of drills) {
    const known = found.get(one.source);
    if (known === undefined) found.set(one.source, [one]);
    else known.push(one);
  }
  return found;
}

export interface Month {
  /** Its first moment here. */
  readonly from: number;
  readonly until: number;
  readonly short: string;
  readonly long: string;
}

/** The last months up to the one of `now`, oldest first. */
export function lastMonths(now: number, many: number): readonly Month[] {
  const today = new Date(now);
  return Array.from({ length: many }, (_none, at) => {
    const first = new Date(today.getFullYear(), today.getMonth() - (many - 1 - at), 1);
    const next = new Date(first.getFullYear(), first.getMonth() + 1, 1);
    return {
      from: first.getTime(),
      until: next.getTime(),
      short: first.toLocaleDateString('en-GB', { month: 'short' }).slice(0, 3),
      long: first.toLocaleDateString('en-GB', { month: 'long', year: 'numeric' }),
    };
  });
}

/** What a month says of a source: its newest drill counts, and how many there were; undefined where there was none. */
export interface MonthResult {
  readonly result: Drill['result'];
  readonly words: string;
  readonly drills: readonly Drill[];
}

export function monthOf(drills: readonly Drill[], { from, until, long }: Month): MonthResult | undefined {
  const own = drills.filter((one) => one.at >= from && one.at < until);
  const [newest] = own;
  if (newest === undefined) return undefined;
  const failed = own.filter((one) => one.result === 'failed').length;
  const all = own.length === 1 ? 'one drill' : `${counted(own.length, 'drill')}${failed === 0 ? '' : `, ${String(failed)} failed`}, the newest`;
  return { result: newest.result, words: `${long}: ${all} ${resultWords[newest.result].toLowerCase()}`, drills: own };
}

/** The whole in one sentence, and what is to be done first in another. */
export function situationOf(
  sources: readonly Overview[],
  drills: readonly Drill[],
  now: number,
): { readonly title: string; readonly lead: string; readonly bad: boolean } {
  const own = bySource(drills);
  const month = lastMonths(now, 1)[0]?.from ?? now;
  const proved = sources.filter(({ source }) => own.get(source.name)?.some((one) => one.result === 'proved' && one.at >= month) === true).length;
  const failing = sources.filter(({ source }) => newestOf(own.get(source.name))?.result === 'failed');
  const never = sources.filter(({ source }) => !own.has(source.name));
  const all = sources.length;
  const title = (() => {
    if (all === 0) return 'There is no source to drill';
    if (drills.length === 0) return 'No drill was made yet';
    if (all === 1) return proved === 1 ? 'The source was proved by a drill this month' : 'The source was not proved by a drill this month';
    if (proved === 0) return 'No source was proved by a drill this month';
    if (proved === all) return `All ${inWords(all).toLowerCase()} sources were proved by a drill this month`;
    return `${inWords(proved)} of ${inWords(all).toLowerCase()} sources ${proved === 1 ? 'was' : 'were'} proved by a drill this month`;
  })();
  const [bad] = failing;
  if (bad !== undefined) return { title, lead: `The last drill of ${named(failing)} failed.`, bad: true };
  const slow = sources.filter((one) => isSlow(one, newestMeasured(own.get(one.source.name))));
  if (slow.length > 0) return { title, lead: `${named(slow)} took longer to restore than is asked.`, bad: false };
  if (drills.length > 0 && never.length > 0) return { title, lead: `${named(never)} ${never.length === 1 ? 'was' : 'were'} never drilled.`, bad: false };
  const newest = drills[0];
  return { title, lead: newest === undefined ? '' : `The newest was made ${ago(newest.at, now)}.`, bad: false };
}

function named(sources: readonly Overview[]): string {
  const names = sources.slice(0, 3).map(({ source }) => source.name);
  return sources.length > 3 ? `${names.join(', ')} and ${String(sources.length - 3)} more` : names.join(names.length === 2 ? ' and ' : ', ');
}

function newestOf(drills: readonly Drill[] | undefined): Drill | undefined {
  return drills?.find((one) => one.result !== 'not-run');
}

/** The newest drill that measured a recovery. */
export function newestMeasured(drills: readonly Drill[] | undefined): Drill | undefined {
  return drills?.find((one) => one.recoveryMs !== undefined);
}

export function isSlow({ targets }: Pick<Overview, 'targets'>, drill: Drill | undefined): boolean {
  return targets.rtoMs !== null && drill?.recoveryMs !== undefined && drill.recoveryMs > targets.rtoMs;
}

/** Recovery times of one source, oldest first; a drill that failed has none and is a mark. No point where none was measured. */
export function recoveryPoints(drills: readonly Drill[], targetMs: number | null): readonly PlotPoint[] {
  if (newestMeasured(drills) === undefined) return [];
  return drills.toReversed().map((one) => ({ key: one.id, at: one.at, values: [one.recoveryMs], name: resultWords[one.result], mark: markOf(one, targetMs) }));
}

function markOf({ result, recoveryMs }: Drill, targetMs: number | null): PlotPoint['mark'] {
  if (result === 'failed') return { tone: 'bad', words: 'no time measured' };
  if (result !== 'proved') return { tone: 'look', words: 'no time measured' };
  if (targetMs !== null && recoveryMs !== undefined && recoveryMs > targetMs) return { tone: 'look', words: `longer than ${duration(targetMs)}` };
  return undefined;
}

/** What is searched of a drill. */
export function drillWords(one: Drill): string {
  return [
    one.id,
    one.source,
    one.result,
    resultWords[one.result],
    one.by,
    one.statement,
    one.snapshot?.name,
    ...[...one.notes, ...one.blockers].map(({ text }) => text),
  ]
    .filter((text) => text !== undefined)
    .join('\n')
    .toLowerCase();
}

/** Whether every step of a drill passed, as the exit code of the command line tells. */
export function allPassed({ result, steps }: Drill): boolean {
  return result === 'proved' && steps.every((step) => step.result === 'passed');
}
