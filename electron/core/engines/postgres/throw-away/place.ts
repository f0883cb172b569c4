import { AppError, isCancelled } from '../../../base/errors.ts';
import type { EngineContext, ThrowAwayPlace } from '../../engine.ts';
import { describeLocation, type PostgresLocation } from '../location.ts';
import type { ThrowAwayServer } from './server.ts';

export function serverPlace({ image, version, startMs }: ThrowAwayServer, warnings: readonly string[]): ThrowAwayPlace {
  const which = image.own ? "the source's own image" : 'an image of the same major that is on this machine:';
  return {
    kind: 'container',
    statement: `In a throw-away container of ${which} ${image.name}, PostgreSQL ${version}.`,
    image: image.name,
    serverVersion: version,
    startMs,
    warnings,
  };
}

/** `why`: no container was taken, without its full stop. */
export function scratchPlace(location: PostgresLocation, why: string): ThrowAwayPlace {
  const server = describeLocation(location).replace(/\/[^/]*$/, '');
  return { kind: 'scratch-database', statement: `In a scratch database on the source's server ${server}: ${why}.`, startMs: 0, warnings: [] };
}

/** Runs `work` with a signal that also ends it when its time is up. Throws `tool.failed` then. */
export async function withinTime<T>(ms: number, context: EngineContext, work: (limited: EngineContext) => Promise<T>): Promise<T> {
  const limit = AbortSignal.timeout(Math.min(Math.ceil(ms), 2 ** 31 - 1));
  try {
    return await work({ ...context, signal: AbortSignal.any([context.signal, limit]) });
  } catch (error) {
    if (!limit.aborted || context.signal.aborted || !isCancelled(error)) throw error;
    throw new AppError('tool.failed', `The restore into the throw-away server was not done within ${Math.round(ms / 60_000)} minutes.`, {
      hint: 'Try again when the machine has less to do.',
    });
  }
}
