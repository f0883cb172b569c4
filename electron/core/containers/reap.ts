import { z } from 'zod';
import { throwIfCancelled } from '../base/errors.ts';
import type { Clock } from '../base/ports.ts';
import { segment } from './api.ts';
import type { Engine } from './engine.ts';
import { isOrphan, markOf, ownerLabel } from './owner.ts';
import type { Owner } from './owner.ts';
import { engineError, wasRefused } from './reply.ts';

export interface Reaped {
  readonly containers: number;
  readonly volumes: number;
  readonly networks: number;
}

const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((found) => found ?? {});
const containers = z.array(z.object({ Id: z.string(), Labels: labels }));
const volumes = z.object({ Volumes: z.array(z.object({ Name: z.string(), Labels: labels })).nullish() });
const networks = z.array(z.object({ Id: z.string(), Labels: labels }));
const ours = JSON.stringify({ label: [ownerLabel] });

/**
 * Removes what throw-away instances left behind whose owner is gone (see `isOrphan`): containers, running or not, then their volumes and
 * networks. Nothing without our labels, and nothing of another live installation, is touched. Safe to call at any time and by several at
 * once; what another one removed meanwhile counts as removed.
 */
export async function reap(engine: Engine, owner: Owner, ports: { readonly clock: Clock }, signal: AbortSignal): Promise<Reaped> {
  const orphaned = (one: { readonly Labels: Readonly<Record<string, string>> }): boolean => {
    const mark = markOf(one.Labels);
    return mark !== undefined && isOrphan(mark, owner, ports.clock.now());
  };
  try {
    const foundContainers = await engine.api.json({ method: 'GET', path: '/containers/json', query: { all: 'true', filters: ours }, signal }, containers);
    let removedContainers = 0;
    for (const { Id } of foundContainers.filter(orphaned))
      removedContainers += await remove(engine, `/containers/${segment(Id)}`, { force: 'true', v: 'true' }, signal);
    const foundVolumes = await engine.api.json({ method: 'GET', path: '/volumes', query: { filters: ours }, signal }, volumes);
    let removedVolumes = 0;
    for (const { Name } of (foundVolumes.Volumes ?? []).filter(orphaned)) removedVolumes += await remove(engine, `/volumes/${segment(Name)}`, {}, signal);
    const foundNetworks = await engine.api.json({ method: 'GET', path: '/networks', query: { filters: ours }, signal }, networks);
    let removedNetworks = 0;
    for (const { Id } of foundNetworks.filter(orphaned)) removedNetworks += await remove(engine, `/networks/${segment(Id)}`, {}, signal);
    return { containers: removedContainers, volumes: removedVolumes, networks: removedNetworks };
  } catch (error) {
    throw engineError(error, 'remove what earlier throw-away instances left');
  }
}

async function remove(engine: Engine, path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<0 | 1> {
  throwIfCancelled(signal);
  try {
    await engine.api.done({ method: 'DELETE', path, query, signal });
    return 1;
  } catch (error) {
    // Gone, being removed by another, or (a volume, a network) still used by one who removes it: the next start looks again.
    if (wasRefused(error, 404, 409)) return 0;
    throw error;
  }
}
