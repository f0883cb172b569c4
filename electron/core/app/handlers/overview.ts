import { homedir } from 'node:os';
import type { Source } from '../../../contract/model.ts';
import type { SnapshotRecord } from '../../repository/repository.ts';
import { targetsOf } from '../../sources/targets.ts';
import { engineOf, type Core } from '../core.ts';
import { newestDrills } from '../newest-drills.ts';
import { isListed } from '../resolve.ts';
import { summaryOf } from '../summaries.ts';
import { demoSource } from './demo.ts';
import type { Handlers } from './handlers.ts';

/** How many of its newest snapshots a source's trend shows. */
const trendLength = 30;

export const overviewHandlers: Handlers<'sources.overview'> = {
  'sources.overview': async (core) => {
    // A repository of ten thousand snapshots takes seconds to open. Home does not wait for it: the catalog says what was known last.
    if (!(await isListed(core))) await core.session.currentIfOpenable();
    const repository = core.session.opened();
    if (repository === undefined) openBehind(core);
    const drills = await newestDrills(core, repository);
    const demo = (await demoSource(core))?.name;
    const sources = (await core.sources.list()).map((source) => {
      const known = snapshotsOf(core, source);
      const drill = drills.get(source.name);
      return {
        source,
        place: placeOf(core, source),
        demo: source.name === demo,
        targets: targetsOf(source),
        ...known,
        ...(drill === undefined ? {} : { drill }),
      };
    });
    return { sources, userFolder: homedir() };
  },
};

function snapshotsOf(core: Core, source: Source) {
  const recent = core.catalog.recent(source.name, trendLength);
  const summed = recent.map((record) => summaryOf(record));
  const newest = core.catalog.newest(source.name);
  const proved = core.catalog.newestProved(source.name);
  const complete = summed.find((one) => !one.failing && (one.proved === 'complete' || one.proved === 'proved'));
  return {
    ...(newest === undefined ? {} : { newest: summaryOf(newest) }),
    ...(proved === undefined ? {} : { newestProved: summaryOf(proved) }),
    ...completeOr(complete, proved),
    trend: summed.toReversed().map(({ createdAt, bytes, rows }) => ({ at: createdAt, bytes, rows })),
  };
}

function completeOr(recent: ReturnType<typeof summaryOf> | undefined, proved: SnapshotRecord | undefined) {
  const found = recent ?? (proved === undefined ? undefined : summaryOf(proved));
  return found === undefined || found.failing ? {} : { newestComplete: found };
}

/** A source of an engine that this version lacks still stands in the list. */
function placeOf(core: Core, source: Source): string {
  return core.engines.has(source.engine) ? engineOf(core, source.engine).describeLocation(source.location) : source.engine;
}

/** So long after the answer that Home is on the screen: opening takes both processors of a small machine. Milliseconds. */
const BEHIND_MS = 1000;
const opening = new WeakSet<Core>();

/** Opens the repository, a moment later, where nobody has to be asked, and tells that lists are new when it is open. */
function openBehind(core: Core): void {
  if (opening.has(core)) return;
  opening.add(core);
  const timer = setTimeout(() => {
    ended();
    core.session
      .currentIfOpenable()
      .then(
        (repository) => {
          if (repository !== undefined) core.events.emit('snapshots.changed', {});
        },
        (error: unknown) => core.log.warn('the repository cannot be opened', { error }),
      )
      .finally(() => opening.delete(core));
  }, BEHIND_MS);
  const ended = core.events.subscribe('host.closing', () => clearTimeout(timer));
}
