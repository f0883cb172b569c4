import path from 'node:path';
import { AppError } from '../../../base/errors.ts';
import { isLoopback } from '../../../containers/endpoint.ts';
import type { NamedDatabase } from '../../../sources/folder/look.ts';
import type { SourceLocation } from '../../engine.ts';
import { describeLocation, normaliseLocation } from '../location.ts';
import type { ServingContainer } from './containers.ts';
import type { Seen } from './seen.ts';
import { urlOf } from './servers.ts';

/**
 * What a folder or the environment names, as seen; `services` are those of the folder's Compose file, by which others of it may be named. Undefined for what is no
 * location, such as a name that is too long.
 */
export function seeNamed(given: NamedDatabase, folder: string, containers: readonly ServingContainer[], services: readonly NamedDatabase[]): Seen | undefined {
  const container = containerOf(given, folder, containers);
  // What a service is called by others of its network is no name on this machine.
  const service = container === undefined && given.service === undefined ? services.find((one) => one.service === given.host) : undefined;
  const named = service === undefined ? given : { ...given, host: service.host, port: service.port, service: service.service };
  const user = named.user ?? 'postgres';
  const database = named.database ?? user;
  const place =
    container?.seen[0]?.location['container'] ??
    (named.host === undefined && named.service !== undefined ? { project: projectOf(folder), service: named.service } : undefined);
  try {
    const location = normaliseLocation(
      { ...(place === undefined ? { host: named.host ?? 'localhost', port: named.port ?? 5432 } : { container: place }), database, user },
      folder,
    );
    const add = container === undefined ? addOf(named, location, user) : describeLocation(location);
    return {
      server: container?.server ?? (named.host === undefined ? `service ${String(named.service)}` : serverAt(named.host, named.port ?? 5432, containers)),
      database,
      location,
      where: container?.seen[0]?.where ?? (named.host === undefined ? 'a service that has no container yet' : `server at ${named.host}:${String(named.port)}`),
      named: named.origin,
      ...(add === undefined ? {} : { add }),
    };
  } catch (error) {
    if (error instanceof AppError && error.code === 'input.invalid') return undefined;
    throw error;
  }
}

/** As Compose makes it where nothing else is said. */
function projectOf(folder: string): string {
  const name = path
    .basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
  return name === '' ? 'project' : name;
}

/** What takes the password from where it was found; a service that does not run yet has nothing to be added. */
function addOf(named: NamedDatabase, location: SourceLocation, user: string): string | undefined {
  if (named.service !== undefined) return undefined;
  if (named.variable !== undefined) return `env:${named.variable}${named.file === undefined ? '' : `@${named.file}`}`;
  return named.file === undefined ? 'postgres:///' : urlOf(location, user);
}

/** The container that a name leads to: a service of this folder, also by the name that other containers call it. */
function containerOf(named: NamedDatabase, folder: string, containers: readonly ServingContainer[]): ServingContainer | undefined {
  const service = named.service ?? named.host;
  const ofFolder = containers.find(
    ({ row }) => row.compose?.service === service && row.compose?.folder !== undefined && path.resolve(row.compose.folder) === folder,
  );
  if (ofFolder !== undefined || named.host === undefined) return ofFolder;
  const server = serverAt(named.host, named.port ?? 5432, containers);
  return containers.find((one) => one.server === server);
}

/**
 * A server by a word that is the same for each of its addresses: a container for the port that it publishes and for its own address; one
 * port of this machine, by whatever name or by a socket, is one server.
 */
export function serverAt(host: string, port: number, containers: readonly ServingContainer[]): string {
  const byPort = containers.find(({ row }) => row.ports.some((one) => one.published?.port === port && one.protocol === 'tcp'));
  const here = isLoopback(host);
  if (here && byPort !== undefined) return byPort.server;
  const byAddress = containers.find(({ row }) => row.addresses.some(({ address }) => address === host));
  if (byAddress !== undefined) return byAddress.server;
  if (here || (host.startsWith('/') && byPort === undefined)) return `port ${String(port)} of this machine`;
  return `${host}:${String(port)}`;
}
