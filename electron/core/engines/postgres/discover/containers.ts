import { AppError } from '../../../base/errors.ts';
import { credentialsOf, listContainers, type ContainerCredentials, type ContainerRow } from '../../../containers/discovery.ts';
import type { Engine as ContainerEngine } from '../../../containers/engine.ts';
import type { EngineContext } from '../../engine.ts';
import { describeLocation, locationOf, normaliseLocation, type PostgresLocation } from '../location.ts';
import { lookAt } from './list.ts';
import type { Seen } from './seen.ts';

/** A container that serves PostgreSQL. */
export interface ServingContainer {
  readonly row: ContainerRow;
  readonly server: string;
  readonly seen: readonly Seen[];
}

/** Every container of PostgreSQL, running or not, with the databases in it as far as it lets one look. */
export async function seeContainers(engine: ContainerEngine, context: EngineContext): Promise<readonly ServingContainer[]> {
  const rows = (await listContainers(engine, context.signal)).filter((row) => row.kind === 'postgres' && !isOurs(row));
  return Promise.all(rows.map((row) => seeContainer(engine, row, context)));
}

/** Throw-away instances are nobody's source. */
function isOurs(row: ContainerRow): boolean {
  return Object.keys(row.labels).some((label) => label.startsWith('belay.'));
}

async function seeContainer(engine: ContainerEngine, row: ContainerRow, context: EngineContext): Promise<ServingContainer> {
  const server = `container ${row.id}`;
  const credentials = await credentialsUnlessGone(engine, row, context);
  const user = credentials?.user ?? 'postgres';
  const at = (database: string): PostgresLocation => {
    const { project, service } = row.compose ?? {};
    const container = project === undefined || service === undefined ? { name: row.name } : { project, service };
    return locationOf(normaliseLocation({ container, database, user }, '/'));
  };
  const first = credentials?.database ?? user;
  const looked = row.state === 'running' ? await lookAt(at(first), credentials?.password?.reveal(), context) : undefined;
  const needsLogin = looked?.kind === 'asks' || looked?.kind === 'refuses';
  const state = [row.state, row.health, needsLogin ? 'asks for a password' : undefined];
  const base = { server, where: wordsOf(row), state: state.filter((one) => one !== undefined).join(', '), ...(needsLogin ? { needsLogin } : {}) };
  const databases = looked?.kind === 'databases' && looked.databases.length > 0 ? looked.databases : [{ name: first, bytes: undefined }];
  const seen = databases.map(({ name: database, bytes }): Seen => {
    const location = at(database);
    return { ...base, database, location, add: describeLocation(location), ...(bytes === undefined ? {} : { bytes }) };
  });
  return { row, server, seen };
}

async function credentialsUnlessGone(engine: ContainerEngine, row: ContainerRow, context: EngineContext): Promise<ContainerCredentials | undefined> {
  try {
    return await credentialsOf(engine, row.id, context.signal);
  } catch (error) {
    // It was removed meanwhile, or its file of the password is not readable: what else is known of it still stands.
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/** `container shop-db-1 (postgres:15, service db of shop, 127.0.0.1:5433)`. */
function wordsOf(row: ContainerRow): string {
  const published = row.ports.flatMap(({ protocol, published: one }) => (one === undefined || protocol !== 'tcp' ? [] : [`${one.host}:${String(one.port)}`]));
  const facts = [row.image, ...(row.compose === undefined ? [] : [`service ${row.compose.service} of ${row.compose.project}`]), ...new Set(published)];
  return `container ${row.name} (${facts.join(', ')})`;
}
