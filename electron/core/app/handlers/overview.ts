import { homedir } from 'node:os';
import type { Drill } from '../../../contract/drills.ts';
import type { Source } from '../../../contract/model.ts';
import { AppError } from '../../base/errors.ts';
import type { SnapshotRecord } from '../../repository/repository.ts';
import { targetsOf } from '../../sources/targets.ts';
import { drillsOf } from '../../verify/drill-record.ts';
import { engineOf, type Core } from '../core.ts';
import { isListed } from '../resolve.ts';
import { summaryOf } from '../summaries.ts';
import { demoSource } from './demo.ts';
import type { Handlers } from './handlers.ts';

/** How many of its newest snapshots a source's trend shows. */
const trendLength = 30;

export const overviewHandlers: Handlers<'sources.overview'> = {
  'sources.overview': async (core) => {
    if (!(await isListed(core))) await core.session.currentIfOpenable();
    const drills = await newestDrills(core);
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
  const recent = core.catalog.list({ source: source.name, limit: trendLength, offset: 0 }).snapshots;
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

/** The newest drill of each source that restored something. What cannot be read says nothing: the lists are there without it. */
async function newestDrills(core: Core): Promise<ReadonlyMap<string, Drill>> {
  try {
    const facts = (await (await core.session.currentIfOpenable())?.facts()) ?? [];
    return new Map(drillsOf(facts).flatMap((drill) => (drill.result === 'not-run' ? [] : [[drill.source, drill] as const])));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    core.log.warn('the drills cannot be read', { code: error.code });
    return new Map();
  }
}
