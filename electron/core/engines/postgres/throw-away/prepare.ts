import { AppError, isCancelled } from '../../../base/errors.ts';
import type { Engine } from '../../../containers/engine.ts';
import type { Owner } from '../../../containers/owner.ts';
import type { EngineContext, SnapshotContent, ThrowAwayKind } from '../../engine.ts';
import { collationsDiffer, readCollations } from '../collations.ts';
import { createDatabase } from '../databases.ts';
import type { PostgresLocation } from '../location.ts';
import type { Facts } from '../objects.ts';
import { withServer } from '../session.ts';
import { chooseImage, type FittingImage } from './image.ts';
import { makeRoles, readRoles, superuserOf } from './roles.ts';
import { removeFailed, startServer, type ThrowAwayServer } from './server.ts';

export interface Wanted {
  /** Of the source; nothing there is contacted. */
  readonly location: PostgresLocation;
  readonly snapshot: SnapshotContent;
  readonly facts: Facts;
  /** Of the stored rows. */
  readonly bytes: number;
  /** Missing where any place will do. */
  readonly place: ThrowAwayKind | undefined;
}

export interface Prepared {
  readonly server: ThrowAwayServer;
  /** The empty database in it. */
  readonly location: PostgresLocation;
  readonly warnings: readonly string[];
}

/**
 * A throw-away server with an empty database as the captured one was made, and its roles. Where there is none to be had: why, for people;
 * where a container was asked for, that is an error.
 */
export async function prepareServer(owner: Owner | undefined, wanted: Wanted, context: EngineContext): Promise<Prepared | string> {
  return orWhy(wanted.place, () => prepare(owner, wanted, context));
}

/** The image that `prepareServer` would take; nothing is started. */
export async function imageFor(owner: Owner | undefined, wanted: Omit<Wanted, 'snapshot' | 'bytes'>, context: EngineContext): Promise<FittingImage | string> {
  return orWhy(wanted.place, async () => (await find(owner, wanted, context)).image);
}

async function orWhy<T>(place: Wanted['place'], work: () => Promise<T>): Promise<T | string> {
  if (place === 'scratch-database') return 'it was asked for';
  try {
    return await work();
  } catch (error) {
    // What is wrong with the snapshot is wrong with it everywhere.
    if (isCancelled(error) || !(error instanceof AppError) || place === 'container' || error.code.startsWith('repository.')) throw error;
    return error.message.replace(/\.$/, '');
  }
}

interface Found {
  readonly engine: Engine;
  readonly owner: Owner;
  readonly image: FittingImage;
}

async function find(owner: Owner | undefined, { location, facts }: Pick<Wanted, 'location' | 'facts'>, context: EngineContext): Promise<Found> {
  const found = owner === undefined ? undefined : await context.containerEngine?.(context.signal);
  if (owner === undefined || found === undefined) throw new AppError('tool.missing', 'No container engine is used here.');
  if (found.state !== 'answers') throw new AppError('tool.missing', found.statement, { hint: found.hint });
  if (!found.engine.local)
    throw new AppError('tool.missing', 'The container engine is on another machine, whose loopback this one does not reach.', {
      hint: 'Use a scratch database: --in scratch',
    });
  const major = Math.floor(facts.server.version / 10_000);
  const image = await chooseImage(found.engine, location, major, context);
  if (image !== undefined) return { engine: found.engine, owner, image };
  throw new AppError('tool.missing', `There is no image of PostgreSQL ${major} on this machine, and none is fetched.`, {
    hint: `Fetch it: docker pull postgres:${major}; or use a scratch database: --in scratch`,
  });
}

async function prepare(asked: Owner | undefined, wanted: Wanted, context: EngineContext): Promise<Prepared> {
  const { location, snapshot, facts, bytes } = wanted;
  const { engine, owner, image } = await find(asked, wanted, context);
  const roles = await readRoles(snapshot, context.signal);
  const server = await startServer(engine, owner, { image, bytes, superuser: superuserOf(roles, facts) }, context);
  try {
    const place = { ...server.location, database: nameIn(location.database) };
    const sorting = await withServer(place, context, async (session) => {
      const rows = await session.rows<{ name: string }>('SELECT DISTINCT name FROM pg_catalog.pg_available_extensions');
      const lacking = facts.extensions.find((one) => !rows.some((row) => row.name === one.name));
      if (lacking !== undefined)
        throw new AppError('engine.unsupported', `The image ${image.name} does not have the extension ${lacking.name}.`, {
          hint: 'Use a scratch database: --in scratch',
        });
      await makeRoles(session, roles, facts);
      await createDatabase(session, place.database, facts.database);
      return collationsDiffer(facts.collations, await readCollations(session), facts.database);
    });
    return { server, location: place, warnings: sorting === undefined ? [] : [sorting] };
  } catch (error) {
    await removeFailed(server.id, context);
    throw error;
  }
}

/** Its own name, since functions may ask for it; those that every server has are taken. */
function nameIn(database: string): string {
  return ['postgres', 'template0', 'template1'].includes(database) ? `${database}_drill` : database;
}
