import { totalmem } from 'node:os';
import { AppError, isCancelled } from '../../../base/errors.ts';
import type { Owner } from '../../../containers/owner.ts';
import type { Engine } from '../../../containers/engine.ts';
import { startExec } from '../../../containers/exec.ts';
import { startInstance, type Instance } from '../../../containers/instance.ts';
import type { EngineContext } from '../../engine.ts';
import type { PostgresLocation } from '../location.ts';
import { withSession } from '../session/session.ts';
import { quoteText } from '../sql.ts';
import type { FittingImage } from './image.ts';
import { forgetPassword, keepPassword } from './passwords.ts';
import { roomFor, serverSpec, socketFolder } from './shape.ts';

/** A server that is there for one copy alone. */
export interface ThrowAwayServer {
  /** The nonce of its instance, by which a copy's record names it. */
  readonly id: string;
  readonly image: FittingImage;
  readonly version: string;
  /** Its database `postgres`, as the one role that can log in. */
  readonly location: PostgresLocation;
  readonly startMs: number;
  /** How long the work in it may take. */
  readonly workMs: number;
}

/** Those of this process, by their nonces. */
const servers = new Map<string, Instance>();

interface ServerAsked {
  readonly image: FittingImage;
  /** Of stored rows. */
  readonly bytes: number;
  readonly superuser: string;
}

const readyMs = 120_000;

/**
 * Starts a server of the image with room for so many bytes of rows. It is asked for the nonce of its instance before anything is written to it. Throws
 * where it cannot be had; nothing is left then.
 */
export async function startServer(engine: Engine, owner: Owner, asked: ServerAsked, context: EngineContext): Promise<ThrowAwayServer> {
  const { image, superuser } = asked;
  const started = context.clock.monotonic();
  const room = roomFor(asked.bytes, totalmem());
  context.progress({ stage: 'starting a throw-away server' });
  const instance = await startInstance(engine, serverSpec(image, room, superuser), owner, context, context.signal);
  servers.set(instance.nonce, instance);
  try {
    await instance.ready({ kind: 'exec', argv: ['pg_isready', '-q', '-h', '127.0.0.1', '-p', '5432'] }, readyMs, context.signal);
    await instance.assertOurs(context.signal);
    const password = Buffer.from(context.random.bytes(24)).toString('hex');
    await setPassword(engine, instance, superuser, password, context);
    const location: PostgresLocation = {
      container: { name: instance.name },
      port: 5432,
      database: 'postgres',
      user: superuser,
      sslmode: 'disable',
      secrets: { password: keepPassword(instance.nonce, password) },
    };
    const version = await assertNonce(location, instance.nonce, context);
    const startMs = Math.round(context.clock.monotonic() - started);
    return { id: instance.nonce, image, version, location, startMs, workMs: room.workMs };
  } catch (error) {
    const fate = await fateOf(instance.nonce, error);
    await removeFailed(instance.nonce, context);
    throw fate;
  }
}

/** Through the server's own socket, inside; by standard input, so that it stands on no command line and in no record of the engine. */
async function setPassword(engine: Engine, instance: Instance, superuser: string, password: string, context: EngineContext): Promise<void> {
  const script = `printf "ALTER ROLE CURRENT_USER PASSWORD '%s'" "$BELAY_PASSWORD" | psql -X -q -v ON_ERROR_STOP=1 -h ${socketFolder} -U "$0" -d postgres`;
  const run = await startExec(
    engine,
    instance.id,
    { argv: ['/bin/sh', '-c', script, superuser], secrets: { BELAY_PASSWORD: password }, keepStderr: 4096, signal: context.signal },
    context,
  );
  run.stdin.end();
  run.stdout.resume();
  const { exitCode, stderr } = await run.end;
  if (exitCode === 0) return;
  throw new AppError('tool.failed', 'The throw-away server did not take its password.', { details: { exitCode, said: stderr.slice(-1000) } });
}

/** The server behind the port says itself whose it is: another one may have taken the port. */
async function assertNonce(location: PostgresLocation, nonce: string, context: EngineContext): Promise<string> {
  return withSession(location, { side: 'target' }, context, async (session) => {
    const [row] = await session.rows<{ ours: boolean }>(`SELECT pg_catalog.current_setting('cluster_name') = ${quoteText(nonce)} AS ours`);
    if (row?.ours === true) return session.serverVersion;
    throw new AppError('target.denied', 'What answers at the port of the throw-away server is another server: nothing is written to it.', {
      hint: 'Try again.',
    });
  });
}

/** Removes the server with all that it holds; one that is not of this process is left to those who reap. Not cancelled by anything. */
export async function removeServer(id: string): Promise<void> {
  await servers.get(id)?.remove();
  servers.delete(id);
  forgetPassword(id);
}

/** On the way out of a failure, which is the news: what cannot be removed now is left to those who reap. */
export async function removeFailed(id: string, context: EngineContext): Promise<void> {
  try {
    await removeServer(id);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    context.log.warn('a throw-away server could not be removed: the next start does it', { code: error.code });
  }
}

/** Runs `work` on what stands in a throw-away server: where it fails since the server is gone, the error says how it went. */
export async function onServer<T>(id: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw id === undefined ? error : await fateOf(id, error);
  }
}

async function fateOf(id: string, error: unknown): Promise<unknown> {
  if (isCancelled(error)) return error;
  const fate = await servers.get(id)?.fate();
  if (fate === undefined) return error;
  return new AppError('tool.failed', `The throw-away server ${fate.statement}.`, {
    hint: 'That says nothing about the snapshot. Its last words are in the details. Try again, or in a scratch database: --in scratch',
    details: fate.details,
    cause: error,
  });
}
