import { setTimeout as after } from 'node:timers/promises';
import { z } from 'zod';
import { AppError, CancelledError, isAppError, throwIfCancelled } from '../../../base/errors.ts';
import { engineOrThrow, type Engine as ContainerEngine } from '../../../containers/engine.ts';
import { isLasting, nameTaken, removeLasting, startLasting, takenName } from '../../../containers/lasting.ts';
import { counted } from '../../../base/words.ts';
import type { EngineContext, Preflight, RestoredCopy, RestoreTarget, SnapshotContent, UndoRecord } from '../../engine.ts';
import { askedShape, changesAnything, propertiesAt, settledOrThrow, type Asked, type Settled } from '../choices/asked.ts';
import { createDatabase, databaseNumbers, dropDatabase, refuseObstacles } from './databases.ts';
import { restoredOf } from '../look/expected.ts';
import { describeLocation, locationOf, type PostgresLocation } from '../location.ts';
import { fingerprintAt } from '../look/look.ts';
import { besideName, newId } from '../names.ts';
import type { Facts } from './objects.ts';
import { contentOf } from './restored-copy.ts';
import { withServer, withSession } from '../session/session.ts';
import { renameAll } from '../promote/swap.ts';
import { pointAt, surelyUnwritten, writtenError } from '../promote/writes.ts';
import { settleChoices, settleForNew, type Captured } from '../choices/settle.ts';
import { chooseImage, type FittingImage } from '../throw-away/image.ts';
import { makeRoles, readRoles, superuserOf } from '../throw-away/roles.ts';
import { uncancelled } from '../../uncancelled.ts';

const readyMs = 120_000;
const secretPath = '/etc/belay-postgres-password';

/** A restore's own record of the container that it makes. */
const recordShape = z.object({
  version: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{8,64}$/),
  database: z.string(),
  /** Hash of the fingerprint that its database must have. */
  content: z.string(),
  newContainer: z.string(),
  /** What its server had beside the database when it was handed over: databases, what lies in them, roles. */
  beside: z.array(z.string()).exactOptional(),
  /** The choices under which it was made, where there were some. */
  asked: askedShape.exactOptional(),
});
type MadeRecord = z.infer<typeof recordShape>;

/** The record of a copy, or of an undo, that is a container of its own; undefined for every other. */
export function madeRecord(data: RestoredCopy['data']): MadeRecord | undefined {
  const parsed = recordShape.safeParse(data);
  return parsed.success ? parsed.data : undefined;
}

/** The name of the container that a target asks to be made; undefined for every other target. */
export function newContainerOf(location: PostgresLocation): string | undefined {
  return location.newContainer === true && location.container !== undefined && 'name' in location.container ? location.container.name : undefined;
}

interface Wanted {
  readonly name: string;
  readonly target: RestoreTarget;
  readonly snapshot: SnapshotContent;
  readonly facts: Facts;
  readonly captured: Captured;
}

async function engineAt(context: EngineContext): Promise<ContainerEngine> {
  const state = await context.containerEngine?.(context.signal, 'work');
  if (state === undefined) throw new AppError('engine.unsupported', 'Containers are not looked for here.', { hint: 'Use the belay command.' });
  return engineOrThrow(state);
}

function refuseFarEngine(engine: ContainerEngine): void {
  if (!engine.local)
    throw new AppError('engine.unsupported', 'The container engine is on another machine, whose loopback this one does not reach.', {
      hint: 'Restore on that machine.',
    });
}

async function imageFor(engine: ContainerEngine, { snapshot, facts }: Wanted, context: EngineContext): Promise<FittingImage> {
  const major = Math.floor(facts.server.version / 10_000);
  const image = await chooseImage(engine, locationOf(snapshot.location), major, context);
  if (image !== undefined) return image;
  throw new AppError('tool.missing', `There is no image of PostgreSQL ${major} on this machine, and none is fetched.`, {
    hint: `Fetch it: docker pull postgres:${major}`,
  });
}

/** The choices, by the roles that the container's server will have: all that were captured, and its superuser, who restores. */
export async function settleNew({ target, snapshot, facts, captured }: Wanted, context: EngineContext): Promise<Settled> {
  const own = superuserOf(await readRoles(snapshot, context.signal), facts);
  return settleForNew(own, captured, target.choices);
}

/** What stands in the way of making the container, and what would happen. */
export async function preflightNew(wanted: Wanted, tables: number, bytesNeeded: number, context: EngineContext): Promise<Preflight> {
  const { name, target } = wanted;
  const { database } = locationOf(target.location);
  const blockers: Preflight['blockers'][number][] = [];
  if (target.mode !== 'new')
    blockers.push({ code: 'engine.unsupported', statement: 'A new container replaces nothing.', hint: 'Restore into it as into a new place.' });
  let image = '';
  try {
    const engine = await engineAt(context);
    refuseFarEngine(engine);
    image = (await imageFor(engine, wanted, context)).name;
    const taken = await takenName(engine, name, context.signal);
    if (taken !== undefined) blockers.push({ code: 'target.exists', statement: nameTaken(taken).message, hint: hintTaken(name, database) });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    blockers.push({ code: 'engine.unsupported', statement: error.message, hint: error.hint ?? '' });
  }
  return {
    blockers,
    warnings: [],
    steps: [
      `make the container ${name} of the image ${image}, with a volume and a network of its own, its port on 127.0.0.1`,
      'make the roles that the snapshot has, none of which can log in but the superuser',
      `load ${counted(tables, 'table')}, then build indexes, constraints and triggers`,
      'compare it with the snapshot',
      'leave it running',
    ],
    bytesNeeded,
  };
}

function hintTaken(name: string, database: string): string {
  return `Choose another name; for a new database in a container that is there: --to docker://${name}/${encodeURIComponent(database)}`;
}

/**
 * Makes the container with an empty database in it and runs `build` on that. Its password is in a file of the container that only its server's user
 * can read. On failure nothing of it is left.
 */
export async function restoreNew(
  wanted: Wanted,
  context: EngineContext,
  intent: (copy: RestoredCopy) => Promise<void>,
  build: (location: PostgresLocation, asked: Asked) => Promise<void>,
): Promise<RestoredCopy> {
  const { name, snapshot, facts, target, captured } = wanted;
  const { database } = locationOf(target.location);
  const planned = settledOrThrow(await settleNew(wanted, context));
  const engine = await engineAt(context);
  refuseFarEngine(engine);
  const image = await imageFor(engine, wanted, context);
  const taken = await takenName(engine, name, context.signal);
  if (taken !== undefined) throw nameTaken(taken);
  const roles = await readRoles(snapshot, context.signal);
  const user = superuserOf(roles, facts);
  const location: PostgresLocation = { container: { name }, port: 5432, database, user, sslmode: 'prefer' };
  const record: MadeRecord = {
    version: 1,
    id: newId(context),
    database,
    content: contentOf(restoredOf(snapshot.fingerprint, facts)),
    newContainer: name,
    ...(changesAnything(planned) ? { asked: planned } : {}),
  };
  const copy: RestoredCopy = { engine: 'postgres', location, data: record };
  await intent(copy);
  try {
    context.progress({ stage: `making the container ${name}` });
    const text = Buffer.from(context.random.bytes(24)).toString('base64url');
    const env = { POSTGRES_USER: user, POSTGRES_DB: 'postgres', POSTGRES_PASSWORD_FILE: secretPath };
    const secret = { path: secretPath, owner: 'postgres', text };
    await startLasting(engine, { name, id: record.id, image: image.id, env, folder: image.folder, port: 5432, secret }, context.signal);
    await ready(location, context);
    const asked = await withServer(location, context, async (server) => {
      await makeRoles(server, roles, facts);
      // Only now is it known what extensions the image brings.
      const settled = settledOrThrow(await settleChoices(server, captured, target.choices));
      // Every server has one of that name.
      if ((await databaseNumbers(server, [database])).has(database)) await dropDatabase(location, database, context);
      await createDatabase(server, database, propertiesAt(settled, facts.database));
      return settled;
    });
    await build(location, asked);
    const done = await withBeside(record, location, context);
    if (!changesAnything(asked)) return { ...copy, data: done };
    // What it is by now is not what the snapshot is.
    const found = await fingerprintAt(location, { side: 'target', restoring: true }, context);
    return { ...copy, data: { ...done, asked, content: contentOf(found) } };
  } catch (error) {
    await discardNew(record, context);
    throwIfCancelled(context.signal);
    throw error;
  }
}

/** The image's start script runs a server for its set-up alone, which no port leads to. */
async function ready(location: PostgresLocation, context: EngineContext): Promise<void> {
  const start = context.clock.monotonic();
  for (;;) {
    try {
      return await withServer(location, context, () => Promise.resolve());
    } catch (error) {
      const late = context.clock.monotonic() - start > readyMs;
      const ended = error instanceof AppError && ['stopped', 'restarting'].includes(String(error.details?.['state']));
      if (ended || late || !(isAppError(error, 'source.unreachable') || isAppError(error, 'target.denied'))) throw error;
    }
    await after(200, undefined, { signal: context.signal }).catch(() => {
      throw new CancelledError();
    });
  }
}

/** Removes the container with its volume and network, whole or in part; one that is not there, or that is another one, is left alone. */
export async function discardNew({ newContainer, id }: MadeRecord, context: EngineContext): Promise<void> {
  const unending = uncancelled(context);
  await removeLasting(await engineAt(unending), newContainer, id, unending.signal);
}

/** It stands where it was asked to stand already: what is left is to say how it is taken away again. */
export async function promoteNew(copy: RestoredCopy, intent: (undo: UndoRecord) => Promise<void>): Promise<UndoRecord> {
  const undo: UndoRecord = { engine: 'postgres', target: copy.location, kept: describeLocation(copy.location), data: copy.data };
  await intent(undo);
  return undo;
}

export async function recoverNew(target: UndoRecord['target'], record: MadeRecord, context: EngineContext): Promise<'promoted' | 'rolled-back'> {
  if (!(await isLasting(await engineAt(context), record.newContainer, record.id, context.signal))) return 'rolled-back';
  await backFromAside(locationOf(target), record, context);
  return 'promoted';
}

/** Takes the container away. Throws `undo.nothing` where it is not there any more, `undo.target-changed` where anything of its server was written since. */
export async function undoNew(target: UndoRecord['target'], record: MadeRecord, context: EngineContext, force: boolean): Promise<void> {
  const { newContainer, id } = record;
  if (!(await isLasting(await engineAt(context), newContainer, id, context.signal)))
    throw new AppError('undo.nothing', `The container ${newContainer} that was restored is not there any more.`, { hint: 'There is nothing to take away.' });
  if (!force) await refuseWritten(locationOf(target), record, context);
  await discardNew(record, context);
}

/** The container goes with all that its server holds. When this resolves nobody can write into the database any more: it has another name. */
async function refuseWritten(location: PostgresLocation, record: MadeRecord, context: EngineContext): Promise<void> {
  const { database } = location;
  const aside = asideOf(record);
  await refuseBeside(location, record, context);
  const number = await withServer(location, context, async (server) => (await databaseNumbers(server, [database])).get(database));
  if (number === undefined) throw writtenError(location, ', and has another name now');
  const before = await pointAt(location, number, context);
  if (await isWritten(location, record, context)) throw writtenError(location);
  const unending = uncancelled(context);
  await withServer(location, context, (server) => refuseObstacles(server, [database]));
  await renameAll(location, [{ from: database, to: aside, number }], context);
  try {
    if (!surelyUnwritten(before, await pointAt(location, number, unending)) && (await isWritten({ ...location, database: aside }, record, unending)))
      throw writtenError(location);
    await refuseBeside(location, record, unending);
  } catch (error) {
    await backFromAside(location, record, unending);
    throw error;
  }
}

function asideOf({ database, id }: MadeRecord): string {
  return besideName(database, 'old', id);
}

/** After an undo that was broken off, or that found something. */
async function backFromAside(location: PostgresLocation, record: MadeRecord, context: EngineContext): Promise<void> {
  const aside = asideOf(record);
  const there = await withServer(location, context, (server) => databaseNumbers(server, [aside, record.database]));
  if (there.has(aside) && !there.has(record.database)) await renameAll(location, [{ from: aside, to: record.database }], context);
}

async function isWritten(location: PostgresLocation, { content }: MadeRecord, context: EngineContext): Promise<boolean> {
  context.progress({ stage: 'looking whether it was written since' });
  return contentOf(await fingerprintAt(location, { side: 'target', restoring: true }, context)) !== content;
}

async function refuseBeside(location: PostgresLocation, record: MadeRecord, context: EngineContext): Promise<void> {
  if (record.beside === undefined) return;
  const known = new Set(record.beside);
  const [found] = (await besideAt(location, record, context)).filter((one) => !known.has(one));
  if (found !== undefined) throw writtenError(location, ` (${found} beside it)`);
}

/** The record with what stands beside the database now. */
export async function withBeside(record: MadeRecord, location: PostgresLocation, context: EngineContext): Promise<MadeRecord> {
  return { ...record, beside: [...(await besideAt(location, record, context))] };
}

/** Roles, and the other databases with how many relations, functions and schemas of somebody's lie in them. */
async function besideAt(location: PostgresLocation, record: MadeRecord, context: EngineContext): Promise<readonly string[]> {
  const own = [record.database, asideOf(record)];
  const { roles, others } = await withServer(location, context, async (server) => ({
    roles: await server.rows<{ name: string }>('SELECT rolname AS name FROM pg_catalog.pg_roles WHERE oid >= 16384 ORDER BY 1'),
    others: await server.rows<{ name: string; open: boolean }>(
      'SELECT datname AS name, datallowconn AS open FROM pg_catalog.pg_database WHERE datname <> ALL ($1) ORDER BY 1',
      [own],
    ),
  }));
  const told = roles.map(({ name }) => `role ${name}`);
  for (const { name, open } of others) {
    if (!open) {
      told.push(`database ${name}`);
      continue;
    }
    const objects = await withSession({ ...location, database: name }, { side: 'target', restoring: true }, context, async (session) => {
      const [row] = await session.rows<{ objects: string }>(
        `SELECT ((SELECT count(*) FROM pg_catalog.pg_class WHERE oid >= 16384) + (SELECT count(*) FROM pg_catalog.pg_proc WHERE oid >= 16384)
          + (SELECT count(*) FROM pg_catalog.pg_namespace WHERE oid >= 16384))::text AS objects`,
      );
      return row?.objects ?? '';
    });
    told.push(`database ${name} with ${objects} objects`);
  }
  return told;
}
