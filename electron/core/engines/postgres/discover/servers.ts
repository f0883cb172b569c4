import { readdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { systemCode } from '../../../base/errors.ts';
import type { EngineContext, SourceLocation } from '../../engine.ts';
import { describeLocation, locationOf, normaliseLocation } from '../location.ts';
import { lookAt } from './list.ts';
import type { Seen } from './seen.ts';

/** Where packages put the socket: Debian and Red Hat, and PostgreSQL as it is built. */
const socketFolders = ['/var/run/postgresql', '/tmp'];
const usualPort = 5432;

export interface ServerPlace {
  readonly socket?: string;
  readonly host?: string;
  readonly port: number;
}

/** Servers of this machine by their sockets, and at 127.0.0.1 on the usual port and those that are asked for. */
export async function serverPlaces(ports: readonly number[]): Promise<readonly ServerPlace[]> {
  const places: ServerPlace[] = [];
  for (const folder of socketFolders) for (const port of await socketsIn(folder)) places.push({ socket: folder, port });
  for (const port of new Set([usualPort, ...ports])) places.push({ host: '127.0.0.1', port });
  return places;
}

async function socketsIn(folder: string): Promise<readonly number[]> {
  try {
    return (await readdir(folder)).flatMap((name) => /^\.s\.PGSQL\.(\d{1,5})$/.exec(name)?.[1] ?? []).map(Number);
  } catch (error) {
    if (systemCode(error) !== undefined) return [];
    throw error;
  }
}

/** The databases of a server; the server alone where it does not let one look; nothing where none is there. */
export async function seeServer(place: ServerPlace, server: string, users: readonly string[], context: EngineContext): Promise<readonly Seen[]> {
  const where = place.socket === undefined ? `server at ${place.host ?? ''}:${place.port}` : `server at ${place.socket}, port ${place.port}`;
  const tried: string[] = [];
  let asks: string | undefined;
  for (const user of new Set([...users, userInfo().username, 'postgres'])) {
    const at = (database: string): SourceLocation => normaliseLocation({ ...place, database, user }, '/');
    const looked = await lookAt(locationOf(at('postgres')), undefined, context);
    if (looked.kind === 'silent') return [];
    tried.push(user);
    if (looked.kind === 'asks') asks ??= user;
    if (looked.kind === 'databases')
      return looked.databases.map(({ name, bytes }): Seen => {
        const location = at(name);
        return { server, where, database: name, location, add: urlOf(location, user), state: 'running', ...(bytes === undefined ? {} : { bytes }) };
      });
  }
  const location = normaliseLocation({ ...place, database: 'postgres', user: asks ?? tried[0] }, '/');
  const state = asks === undefined ? `does not let ${tried.join(' or ')} in` : 'asks for a password';
  return [{ server, where, database: undefined, location, state, needsLogin: true, asks: asks !== undefined }];
}

/** As `source add` takes it, the role with it. */
export function urlOf(location: SourceLocation, user: string): string {
  return describeLocation(location).replace('://', `://${encodeURIComponent(user)}@`);
}
