import { setTimeout as after } from 'node:timers/promises';
import type { PostgresServer } from '../../test/helpers/postgres/server.ts';

/** Does `work` while clients ask a small thing of a database again and again, and come back when they are sent away. */
export async function besideClients<T>(server: PostgresServer, database: string, count: number, work: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const busy = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        const client = await server.connect(database);
        try {
          while (!stop.signal.aborted) {
            await client.query('SELECT count(*) FROM pg_class');
            await after(5);
          }
        } finally {
          await client.end();
        }
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error)) throw error;
        await after(20);
      }
    }
  };
  const all = Promise.allSettled(Array.from({ length: count }, busy));
  try {
    return await work();
  } finally {
    stop.abort();
    await all;
  }
}
