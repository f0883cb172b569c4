import { z } from 'zod';
import { drill as drillSchema, type Drill } from '../../contract/drills.ts';
import { AppError } from '../base/errors.ts';
import type { Repository } from '../repository/repository.ts';
import { drillsOf } from '../verify/drill-record.ts';
import type { Core } from './core.ts';

const notedDrills = z.array(drillSchema);

/**
 * The newest drill of each source that restored something: those of the open repository, which the catalog notes, or those that it noted last. What
 * cannot be read says nothing: the lists are there without it. To be called after each drill that is recorded, so that the next host knows it at once.
 */
export async function newestDrills(core: Pick<Core, 'catalog' | 'log'>, repository: Repository | undefined): Promise<ReadonlyMap<string, Drill>> {
  const bySource = (drills: readonly Drill[]) => new Map(drills.map((drill) => [drill.source, drill] as const));
  try {
    if (repository === undefined) return bySource(notedDrills.parse(JSON.parse(core.catalog.noted('drills') ?? '[]')));
    const newest = bySource(drillsOf(await repository.facts()).filter((drill) => drill.result !== 'not-run'));
    const told = JSON.stringify([...newest.values()]);
    // Each note is synced to the disk, and Home asks often.
    if (core.catalog.noted('drills') !== told) core.catalog.note('drills', told);
    return newest;
  } catch (error) {
    if (!(error instanceof AppError) && !(error instanceof z.ZodError)) throw error;
    core.log.warn('the drills cannot be read', { error });
    return new Map();
  }
}
