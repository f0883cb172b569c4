import path from 'node:path';
import { homedir } from 'node:os';
import { lookIntoFolder, type NamedDatabase } from '../../../sources/folder/look.ts';
import type { Discovered, DiscoverScope, EngineContext } from '../../engine.ts';
import { seeContainers, type ServingContainer } from './containers.ts';
import { seeNamed, serverAt } from './named.ts';
import type { Seen } from './seen.ts';
import { seeServer, serverPlaces } from './servers.ts';

/**
 * Databases of PostgreSQL in containers, on this machine, and those that the folder and the variables name. Only connects where no password is
 * asked for or the container's own is known; nothing that is merely named is contacted. One database is one line, however many ways lead to it.
 */
export async function discover(where: DiscoverScope, context: EngineContext): Promise<readonly Discovered[]> {
  context.progress({ stage: 'looking for servers and containers' });
  const folder = path.resolve(where.folder);
  const environment = where.environment ?? {};
  const facts = { env: environment, platform: process.platform, userHome: homedir() };
  const findings = await lookIntoFolder(folder, facts, context.signal);
  for (const problem of findings.problems) where.note?.(problem);
  const named = findings.databases.filter((one) => one.engine === 'postgres');
  const services = named.filter((one) => one.service !== undefined);
  const containers = await containersOf(where, context);
  const places = await serverPlaces(portsOf(named));
  const user = environment['PGUSER'];
  const served = await Promise.all(
    places
      .map((place) => ({ place, server: serverAt(place.socket ?? place.host ?? '', place.port, containers) }))
      .filter(({ server }) => !containers.some((one) => one.server === server))
      .map(({ place, server }) => seeServer(place, server, user === undefined || user === '' ? [] : [user], context)),
  );
  const seen = [...containers.flatMap((one) => one.seen), ...served.flat(), ...named.flatMap((one) => seeNamed(one, folder, containers, services) ?? [])];
  return merge(seen).map((group) => discoveredOf(group));
}

/** Ports of this machine that somebody named. */
function portsOf(named: readonly NamedDatabase[]): readonly number[] {
  return named.flatMap(({ host, port }) => (port !== undefined && host !== undefined && ['localhost', '127.0.0.1', '::1'].includes(host) ? [port] : []));
}

async function containersOf(where: DiscoverScope, context: EngineContext): Promise<readonly ServingContainer[]> {
  const found = await context.containerEngine?.(context.signal);
  if (found?.state === 'answers') return seeContainers(found.engine, context);
  if (found !== undefined) where.noContainers?.(found);
  return [];
}

/** Those of one database together; a server of which no more is known stands alone only where nothing of it is. */
export function merge(seen: readonly Seen[]): readonly (readonly [Seen, ...Seen[]])[] {
  const groups = new Map<string, [Seen, ...Seen[]]>();
  for (const one of seen) {
    if (one.database === undefined) continue;
    const key = JSON.stringify([one.server, one.database]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  const servers = new Set<string>();
  // Of the ways to one server, one that a password opens comes before one that lets nobody in.
  const alone = seen.filter(({ database }) => database === undefined).toSorted((a, b) => Number(b.asks === true) - Number(a.asks === true));
  for (const one of alone) {
    if (servers.has(one.server)) continue;
    servers.add(one.server);
    const known = [...groups.values()].filter(([first]) => first.server === one.server);
    for (const group of known)
      if (group.every(({ state }) => state === undefined)) group[0] = { ...group[0], ...(one.state === undefined ? {} : { state: one.state }) };
    if (known.length === 0) groups.set(JSON.stringify([one.server]), [one]);
  }
  return [...groups.values()];
}

function discoveredOf(group: readonly [Seen, ...Seen[]]): Discovered {
  const [first, ...others] = group;
  const state = group.map((one) => one.state).find((one) => one !== undefined);
  const bytes = group.map((one) => one.bytes).find((one) => one !== undefined);
  const add = group.map((one) => one.add).find((one) => one !== undefined);
  const looked = group.some((one) => one.bytes !== undefined);
  const needsLogin = !looked && group.some((one) => one.needsLogin === true) && group.every((one) => one.named === undefined);
  return {
    engine: 'postgres',
    suggestedName: first.database ?? 'postgres',
    location: first.location,
    description: first.database === undefined ? first.where : `${first.database}, ${first.where}`,
    named: [...new Set(group.flatMap((one) => one.named ?? []))],
    alsoAt: others.map((one) => one.location),
    ...(state === undefined ? {} : { state }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(add === undefined ? {} : { add }),
    ...(needsLogin ? { needsLogin } : {}),
  };
}
