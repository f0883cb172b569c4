import type { EngineContext } from '../engine.ts';
import type { PostgresLocation } from './location.ts';
import { openSession, type Session } from './session.ts';
import { quoteText } from './sql.ts';

/** A session in which names and values are read as UTF-8; text of `SQL_ASCII`, which means nothing by itself, as it lies. */
export async function openForMerge(place: PostgresLocation, context: EngineContext): Promise<Session> {
  const session = await openSession(place, { side: 'target', restoring: true }, context);
  try {
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
