import { AppError } from '../../../base/errors.ts';
import type { EngineContext } from '../../engine.ts';
import type { PostgresLocation } from '../location.ts';
import { openSession, type Session } from '../session/session.ts';
import { quoteText } from '../sql.ts';

/** A session in which names and values are read as UTF-8; text of `SQL_ASCII`, which means nothing by itself, as it lies. */
export async function openForMerge(place: PostgresLocation, context: EngineContext): Promise<Session> {
  const session = await openSession(place, { side: 'target', restoring: true }, context);
  try {
    const [role] = await session.rows<{ replica: boolean }>(`SELECT pg_catalog.current_setting('session_replication_role') = 'replica' AS replica`);
    if (role?.replica === true)
      throw new AppError(
        'target.denied',
        'Sessions of this role run no triggers and hold no foreign keys (session_replication_role), which it may not change.',
        {
          hint: 'Nothing was changed. Merge as a superuser, or end that setting: ALTER ROLE … or ALTER DATABASE … RESET session_replication_role',
        },
      );
    await session.run(`SET client_encoding = ${quoteText(usual(session))}`);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Runs a COPY whose rows are in this encoding; the server makes them those of the database. */
export async function withRowsIn<T>(session: Session, encoding: string, copy: () => Promise<T>): Promise<T> {
  await session.run(`SET client_encoding = ${quoteText(encoding)}`);
  const result = await copy();
  await session.run(`SET client_encoding = ${quoteText(usual(session))}`);
  return result;
}

function usual({ encoding }: Session): string {
  return encoding === 'SQL_ASCII' ? encoding : 'UTF8';
}
