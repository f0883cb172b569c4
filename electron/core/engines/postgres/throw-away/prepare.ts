import { AppError, isCancelled } from '../../../base/errors.ts';
import type { Engine } from '../../../containers/engine.ts';
import type { Owner } from '../../../containers/owner.ts';
import type { EngineContext, SnapshotContent, ThrowAwayKind } from '../../engine.ts';
import { propertiesAt, unsettledBlockers, type Asked } from '../choices/asked.ts';
import { collationsDiffer, readCollations } from '../capture/collations.ts';
import { createDatabase } from '../restore/databases.ts';
import type { PostgresLocation } from '../location.ts';
import type { Facts } from '../restore/objects.ts';
import { withServer } from '../session/session.ts';
import { settleChoices, type Captured } from '../choices/settle.ts';
import { chooseImage, type FittingImage } from './image.ts';
import { makeRoles, readRoles, superuserOf } from './roles.ts';
import { removeFailed, startServer, type ThrowAwayServer } from './server.ts';

export interface Wanted {
  /** Of the source; nothing there is contacted. */
  readonly location: PostgresLocation;
  readonly snapshot: SnapshotContent;
  readonly facts: Facts;
  readonly captured: Captured;
  /** Of the stored rows. */
  readonly bytes: number;
  /** Missing where any place will do. */
  readonly place: ThrowAwayKind | undefined;
}

export interface Prepared {
  readonly server: ThrowAwayServer;
  /** The empty database in it. */
  readonly location: PostgresLocation;
  /** What is made otherwise there than it was captured. */
  readonly asked: Asked;
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
export async function imageFor(
  owner: Owner | undefined,
  wanted: Omit<Wanted, 'snapshot' | 'captured' | 'bytes'>,
  context: EngineContext,
): Promise<FittingImage | string> {
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
  const found = owner === undefined ? undefined : await context.containerEngine?.(context.signal, 'work');
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
  const { location, snapshot, facts, captured, bytes } = wanted;
  const { engine, owner, image } = await find(asked, wanted, context);
  const roles = await readRoles(snapshot, context.signal);
  const server = await startServer(engine, owner, { image, bytes, superuser: superuserOf(roles, facts) }, context);
  try {
    const place = { ...server.location, database: nameIn(location.database) };
    const { asked, warnings } = await withServer(place, context, async (session) => {
      await makeRoles(session, roles, facts);
      const settled = await settleChoices(session, captured);
      const [first] = unsettledBlockers(settled);
      if (first !== undefined)
        throw new AppError('engine.unsupported', `A server of the image ${image.name} will not do: ${first.statement}`, {
          hint: 'Use a scratch database: --in scratch',
        });
      await createDatabase(session, place.database, propertiesAt(settled.asked, facts.database));
      const sorting = collationsDiffer(facts.collations, await readCollations(session), facts.database);
      return { asked: settled.asked, warnings: sorting === undefined ? [] : [sorting] };
    });
    return { server, location: place, asked, warnings };
  } catch (error) {
    await removeFailed(server.id, context);
    throw error;
  }
}

/** Its own name, since functions may ask for it; those that every server has are taken. */
function nameIn(database: string): string {
  return ['postgres', 'template0', 'template1'].includes(database) ? `${database}_drill` : database;
}
