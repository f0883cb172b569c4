import { AppError } from '../../../base/errors.ts';
import type { EngineContext } from '../../engine.ts';
import { databaseNumbers } from '../restore/databases.ts';
import type { PostgresLocation } from '../location.ts';
import { withServer, type Session } from '../session/session.ts';
import { quoteName } from '../sql.ts';

export interface Rename {
  readonly from: string;
  readonly to: string;
  /** The number that the database must have; another one took the name where it has not. */
  readonly number?: number | undefined;
}

const tries = 3;
const everyMs = 100;

/**
 * All renames in one transaction: there is no state between them. Sessions that are in the way are ended until it is done; new ones wait on its
 * lock meanwhile and then find the new database under the old name.
 */
export async function renameAll(location: PostgresLocation, renames: readonly Rename[], context: EngineContext): Promise<void> {
  await alone(
    location,
    renames.map((one) => one.from),
    context,
    async (server) => {
      await server.run("BEGIN; SET LOCAL lock_timeout = '10s'");
      try {
        for (const { from, to } of renames) await server.run(`ALTER DATABASE ${quoteName(from)} RENAME TO ${quoteName(to)}`);
        await refuseOthers(server, renames);
        await server.run('COMMIT');
      } catch (error) {
        await server.run('ROLLBACK');
        throw error;
      }
    },
  );
}

/** Names were looked up before: somebody may have given them to other databases meanwhile. */
async function refuseOthers(server: Session, renames: readonly Rename[]): Promise<void> {
  const numbers = await databaseNumbers(
    server,
    renames.map((one) => one.to),
  );
  const other = renames.find((one) => one.number !== undefined && numbers.get(one.to) !== one.number);
  if (other === undefined) return;
  throw new AppError('target.busy', `Somebody put another database in the place of ${other.from} meanwhile.`, {
    hint: 'Nothing was changed. See what stands there now, then try again.',
  });
}

/** A database with the content of another that is in use: its sessions are ended, and come back to find it as it was. */
export async function cloneDatabase(location: PostgresLocation, from: string, to: string, context: EngineContext): Promise<void> {
  await alone(location, [from], context, (server) =>
    server.run(`CREATE DATABASE ${quoteName(to)} TEMPLATE ${quoteName(from)}${server.version >= 150_000 ? ' STRATEGY FILE_COPY' : ''}`),
  );
}

/** Runs `work` in the server's own database while every session of the named ones is ended as it comes; three times where one slipped through. */
async function alone(location: PostgresLocation, names: readonly string[], context: EngineContext, work: (server: Session) => Promise<void>): Promise<void> {
  await withServer(location, context, (server) =>
    withServer(location, context, async (other) => {
      for (let attempt = 1; ; attempt += 1) {
        const end = keepEnding(other, names, context);
        try {
          await work(server);
          return;
        } catch (error) {
          if (stateOf(error) !== '55006' || attempt >= tries) throw error;
        } finally {
          await end();
        }
      }
    }),
  );
}

function stateOf(error: unknown): unknown {
  return error instanceof AppError ? error.details?.['sqlstate'] : undefined;
}

/** Ends sessions again and again until the returned function is called. What goes wrong with it is noted: whether the work was done, the work itself says. */
function keepEnding(other: Session, names: readonly string[], context: EngineContext): () => Promise<void> {
  let over = false;
  let wake: (() => void) | undefined;
  const ending = (async () => {
    while (!over) {
      await endSessions(other, names);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (over) wake();
      });
    }
  })().catch((error: unknown) => context.log.warn('sessions of a database that is swapped could not be ended', { error }));
  return async () => {
    over = true;
    wake?.();
    await ending;
  };
}

/** One by one: those that our role may not end, a superuser's or a worker's of the server itself, must not keep the others there. The server ends its own workers. */
async function endSessions(other: Session, names: readonly string[]): Promise<void> {
  const sessions = await other.rows<{ pid: number }>(
    'SELECT pid FROM pg_catalog.pg_stat_activity WHERE datname = ANY ($1) AND pid <> pg_catalog.pg_backend_pid()',
    [[...names]],
  );
  for (const { pid } of sessions) {
    try {
      await other.rows('SELECT pg_catalog.pg_terminate_backend($1::int)', [pid]);
    } catch (error) {
      if (stateOf(error) !== '42501') throw error;
    }
  }
}
