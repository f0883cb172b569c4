import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../../base/errors.ts';
import type { CheckpointInfo, CheckpointRoom, CheckpointVerbs, EngineContext, EngineSource, Preflight, RewindIntents, UndoRecord } from '../../engine.ts';
import { databaseBytes, databaseNumbers, dropDatabase, isRuin, refuseObstacles, sessionsOf, sessionWarnings, swapObstacles } from '../restore/databases.ts';
import { databaseShape, readProperties } from '../describe/database.ts';
import { describeLocation, locationOf, type PostgresLocation } from '../location.ts';
import { besideName } from '../names.ts';
import { swapIn } from './promote.ts';
import { applyProperties } from '../restore/properties.ts';
import { freeBytes, refuseNoRoom, tooLittle } from './room.ts';
import { withServer, withSession, type Session } from '../session/session.ts';
import { quoteName, quoteText } from '../sql.ts';
import { cloneDatabase } from './swap.ts';
import { uncancelled } from '../../uncancelled.ts';

const idShape = /^[0-9a-z][0-9a-z-]{0,63}$/;

/** The comment of a checkpoint's database: the whole of its record. A clone takes over neither owner nor rights nor settings. */
const recordShape = z.object({
  belay: z.literal('checkpoint'),
  version: z.literal(1),
  id: z.string().regex(idShape),
  of: z.string(),
  createdAt: z.number(),
  properties: databaseShape,
});
type CheckpointRecord = z.infer<typeof recordShape>;

interface Checkpoint {
  readonly record: CheckpointRecord;
  readonly database: string;
  readonly bytes: number;
  /** True where its spare is there. */
  readonly ready: boolean;
}

/** Clones of the database on its own server, and beside each a spare that is swapped in, so that a rewind costs two renames. */
export function checkpointVerbs(): Required<CheckpointVerbs> {
  return {
    create,
    room,
    prepare,
    list: async (source, context) => (await listOf(locationOf(source.location), context)).map(infoOf),
    preflight,
    rewind,
    drop: async (source, id, context) => {
      const location = locationOf(source.location);
      const { database } = await named(location, id, context);
      // A database whose removal is broken off half-way is nothing any more, and has its name still.
      const unending = uncancelled(context);
      await dropDatabase(location, spareOf(location, id), unending);
      await dropDatabase(location, database, unending);
      // One that was being copied for the next rewind meanwhile: from here on nothing is left to copy.
      await dropDatabase(location, spareOf(location, id), unending);
    },
  };
}

function infoOf({ record, bytes, ready }: Checkpoint): CheckpointInfo {
  return { id: record.id, createdAt: record.createdAt, method: 'template', bytes, ready };
}

const markLength = 12;

function markOf(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, markLength);
}

function spareOf({ database }: Pick<PostgresLocation, 'database'>, id: string): string {
  return besideName(database, 'copy', `ck${markOf(id)}`);
}

async function create(source: EngineSource, id: string, context: EngineContext): Promise<CheckpointInfo> {
  if (!idShape.test(id))
    throw new AppError('input.invalid', `${JSON.stringify(id)} cannot be the name of a checkpoint.`, { hint: 'Use small letters, digits and dashes.' });
  const location = locationOf(source.location);
  const database = besideName(location.database, 'ck', markOf(id));
  const properties = await withSession(location, { side: 'source', restoring: true }, context, readProperties);
  await withServer(location, context, async (server) => {
    await refuseObstacles(server, [location.database]);
    await refuseSubscriptions(server, location);
    if ((await databaseNumbers(server, [database])).has(database))
      throw new AppError('target.exists', `There is a checkpoint ${id} of ${describeLocation(location)} already.`, {
        hint: 'Drop it first, or choose another name.',
      });
  });
  await dropUnfinished(location, context);
  await refuseNoRoom(location, 2 * (await sizeOf(location, location.database, context)), context);
  const record: CheckpointRecord = { belay: 'checkpoint', version: 1, id, of: location.database, createdAt: context.clock.now(), properties };
  try {
    context.progress({ stage: 'copying the database on its server' });
    await cloneDatabase(location, location.database, database, context);
    await withServer(location, context, (server) => server.run(`COMMENT ON DATABASE ${quoteName(database)} IS ${quoteText(JSON.stringify(record))}`));
    await makeSpare(location, database, id, context);
  } catch (error) {
    const unending = uncancelled(context);
    try {
      await dropDatabase(location, spareOf(location, id), unending);
      await dropDatabase(location, database, unending);
    } catch (left) {
      // The next checkpoint removes what has no record.
      context.log.warn('an unfinished checkpoint could not be removed', { database, why: String(left) });
    }
    throw error;
  }
  return infoOf(await named(location, id, context));
}

/** A subscription belongs to the database by its number: no clone has it. */
async function refuseSubscriptions(server: Session, location: PostgresLocation): Promise<void> {
  const [first] = await server.rows<{ name: string }>(
    'SELECT s.subname AS name FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = $1 ORDER BY 1',
    [location.database],
  );
  if (first === undefined) return;
  throw new AppError('checkpoint.unsupported', `${describeLocation(location)} has the subscription ${first.name}, which no clone on the server takes over.`, {
    hint: 'Take a snapshot instead: belay snap.',
  });
}

/** Clones that a killed process left without their record, and spares without their checkpoint. */
async function dropUnfinished(location: PostgresLocation, context: EngineContext): Promise<void> {
  // Of every database of the server: where names are cut, those of another one may begin as ours do.
  const records = await withServer(location, context, recordsOn);
  const known = new Set(records.flatMap(({ name, record }) => [name, spareOf({ database: record.of }, record.id)]));
  const rows = await withServer(location, context, (server) =>
    server.rows<{ name: string }>(
      `SELECT d.datname AS name FROM pg_catalog.pg_database d WHERE (d.datname ~ '__belay_ck_[0-9a-f]{12}$' OR d.datname ~ '__belay_copy_ck[0-9a-f]{12}$')
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)`,
    ),
  );
  // Long names are cut by what stands behind them.
  const mark = '0'.repeat(markLength);
  const clone = besideName(location.database, 'ck', mark).slice(0, -markLength);
  const spare = besideName(location.database, 'copy', `ck${mark}`).slice(0, -markLength);
  for (const { name } of rows) if ((name.startsWith(clone) || name.startsWith(spare)) && !known.has(name)) await dropDatabase(location, name, context);
}

async function sizeOf(location: PostgresLocation, database: string, context: EngineContext): Promise<number> {
  return withServer(location, context, (server) => databaseBytes(server, database));
}

/** A checkpoint is two clones: itself and its spare. */
async function room(source: EngineSource, context: EngineContext): Promise<CheckpointRoom> {
  const location = locationOf(source.location);
  const free = await freeBytes(location, context);
  const held = (await listOf(location, context)).reduce((sum, one) => sum + 2 * one.bytes, 0);
  return { needed: 2 * (await sizeOf(location, location.database, context)), held, ...(free === undefined ? {} : { free }) };
}

async function prepare(source: EngineSource, id: string, context: EngineContext): Promise<void> {
  const location = locationOf(source.location);
  context.progress({ stage: 'copying the checkpoint on its server' });
  await makeSpare(location, (await named(location, id, context)).database, id, context);
}

/** Of the checkpoint, not of the database: nobody is sent away. */
async function makeSpare(location: PostgresLocation, database: string, id: string, context: EngineContext): Promise<void> {
  const spare = spareOf(location, id);
  const [there] = await withServer(location, context, (server) =>
    server.rows<{ ruin: boolean }>(`SELECT ${isRuin} AS ruin FROM pg_catalog.pg_database WHERE datname = $1`, [spare]),
  );
  if (there?.ruin === false) return;
  if (there !== undefined) await dropDatabase(location, spare, uncancelled(context));
  await refuseNoRoom(location, await sizeOf(location, database, context), context);
  try {
    await cloneDatabase(location, database, spare, context);
  } catch (error) {
    // A host that was killed may have left its server at work on the very same copy.
    const isThere = error instanceof AppError && ['42P04', '23505'].includes(String(error.details?.['sqlstate']));
    if (!isThere) throw error;
  }
}

async function preflight(source: EngineSource, id: string, context: EngineContext): Promise<Preflight> {
  const location = locationOf(source.location);
  const { database, bytes } = await named(location, id, context);
  const spare = spareOf(location, id);
  const found = await withServer(location, context, async (server) => ({
    spare: (await databaseNumbers(server, [spare])).has(spare),
    obstacles: await swapObstacles(server, [location.database]),
    sessions: await sessionsOf(server, location.database),
  }));
  const free = await freeBytes(location, context);
  return {
    blockers: [
      ...(!found.spare && free !== undefined && tooLittle(free, bytes)
        ? [
            {
              code: 'target.no-space' as const,
              statement: `The server has no room for a copy of the checkpoint.`,
              hint: 'Make room, or drop checkpoints: belay checkpoint list.',
            },
          ]
        : []),
      ...found.obstacles.map((statement) => ({
        code: 'target.busy' as const,
        statement: `The database cannot be swapped: ${statement}.`,
        hint: 'End it first.',
      })),
    ],
    warnings: sessionWarnings(found.sessions),
    steps: [
      ...(found.spare ? [] : [`copy ${database} on its server`]),
      `rename ${location.database} away and keep it`,
      `rename the copy of the checkpoint to ${location.database}`,
      'copy the checkpoint once more, for the next rewind',
    ],
    bytesNeeded: found.spare ? bytes : 2 * bytes,
    ...(free === undefined ? {} : { bytesFree: free }),
  };
}

async function rewind(source: EngineSource, id: string, context: EngineContext, { swapping }: RewindIntents): Promise<UndoRecord> {
  const location = locationOf(source.location);
  const { record, database } = await named(location, id, context);
  const spare = spareOf(location, id);
  await withServer(location, context, (server) => refuseSubscriptions(server, location));
  await makeSpare(location, database, id, context);
  await withSession({ ...location, database: spare }, { side: 'target', restoring: true }, context, (session) =>
    applyProperties(session, spare, record.properties),
  );
  return swapIn(location, spare, { content: null, checkpoint: database, mustBeNew: false }, context, swapping);
}

async function listOf(location: PostgresLocation, context: EngineContext): Promise<readonly Checkpoint[]> {
  return withServer(location, context, async (server: Session) => {
    const own = (await recordsOn(server)).filter(
      ({ name, record }) => record.of === location.database && name === besideName(record.of, 'ck', markOf(record.id)),
    );
    const spares = await databaseNumbers(
      server,
      own.map(({ record }) => spareOf(location, record.id)),
    );
    const found = own.map(({ name, record, bytes }): Checkpoint => ({ record, database: name, bytes, ready: spares.has(spareOf(location, record.id)) }));
    return found.toSorted((a, b) => a.record.createdAt - b.record.createdAt);
  });
}

/** Every database of the server whose comment is a record of ours, with it. */
async function recordsOn(server: Session): Promise<readonly { readonly name: string; readonly record: CheckpointRecord; readonly bytes: number }[]> {
  const rows = await server.rows<{ name: string; comment: string; bytes: string }>(
    `SELECT datname AS name, pg_catalog.shobj_description(oid, 'pg_database') AS comment, pg_catalog.pg_database_size(oid)::text AS bytes
      FROM pg_catalog.pg_database WHERE pg_catalog.shobj_description(oid, 'pg_database') LIKE '{"belay":"checkpoint"%'`,
  );
  return rows.flatMap(({ name, comment, bytes }) => {
    const record = readRecord(comment);
    return record === undefined ? [] : [{ name, record, bytes: Number(bytes) }];
  });
}

function readRecord(comment: string): CheckpointRecord | undefined {
  try {
    const parsed = recordShape.safeParse(JSON.parse(comment));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function named(location: PostgresLocation, id: string, context: EngineContext): Promise<Checkpoint> {
  const found = (await listOf(location, context)).find((one) => one.record.id === id);
  if (found !== undefined) return found;
  throw new AppError('checkpoint.unknown', `There is no checkpoint ${JSON.stringify(id)} of ${describeLocation(location)}.`, {
    hint: 'See `belay checkpoint list`.',
  });
}
