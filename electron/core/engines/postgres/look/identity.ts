import { AppError, CancelledError } from '../../../base/errors.ts';
import type { EngineContext, EngineSource } from '../../engine.ts';
import { locationOf } from '../location.ts';
import { withSession } from '../session/session.ts';

const mostMs = 5000;

/**
 * The server's own number with the time at which it was started, since a copy of its files has the same number, and the number of the database. Undefined where the server does
 * not answer, or does not let us in.
 */
export async function identity(source: EngineSource, context: EngineContext): Promise<string | undefined> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(mostMs)]);
  try {
    return await withSession(locationOf(source.location), { side: 'source' }, { ...context, signal }, async (session) => {
      const [row] = await session.rows<{ server: string; started: string; database: string }>(
        `SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system())::text AS server, extract(epoch FROM pg_catalog.pg_postmaster_start_time())::text AS started,
          (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())::text AS database`,
      );
      return row === undefined ? undefined : [row.server, row.started, row.database].join(' ');
    });
  } catch (error) {
    if (context.signal.aborted || !(error instanceof AppError || error instanceof CancelledError)) throw error;
    context.log.info('a source was not asked which database it is', { source: source.name, code: error instanceof AppError ? error.code : 'late' });
    return undefined;
  }
}
