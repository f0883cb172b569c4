import type { Socket } from 'node:net';
import type pg from 'pg';
import { AppError } from '../../../base/errors.ts';

/** What the driver keeps to itself. */
type Inside = pg.Client & { readonly connection: { readonly stream: Socket }; readonly readyForQuery: boolean | null };

/** What another session says of the one that is silent; undefined where it is not there any more. */
export interface Backend {
  readonly state: string | null;
  readonly waits: string | null;
}

/** Ends a connection at once, whatever it waits for: its statements reject with `error`, or with one of the driver's. */
export function cut(client: pg.Client, error?: Error): void {
  (client as Inside).connection.stream.destroy(error);
}

/**
 * A connection that waits for an answer and on which nothing moved for `quietMs` is asked after over another one: a server may compute for hours,
 * and no limit of time would tell that from a network that lost it. Where the server does not answer, does not know the session, or waits for us
 * while we wait for it, the connection is cut with `source.unreachable`. The returned function ends the watch.
 */
export function watchSilence(client: pg.Client, where: string, quietMs: number, ask: () => Promise<Backend | undefined>): () => void {
  const inside = client as Inside;
  const { stream } = inside.connection;
  const moved = (): number => stream.bytesRead + stream.bytesWritten - stream.writableLength;
  // Paused, it waits for nobody but us.
  const waiting = (): boolean => inside.readyForQuery !== true && !stream.isPaused();
  let last = moved();
  let asking = false;
  const look = async (): Promise<void> => {
    const now = moved();
    const silent = now === last && waiting();
    last = now;
    if (!silent || asking) return;
    asking = true;
    try {
      const found = await ask();
      if (moved() === now && waiting() && stalled(stream, found)) cut(client, lost(where));
    } catch (error) {
      if (moved() === now) cut(client, lost(where, error));
    } finally {
      asking = false;
    }
  };
  const timer = setInterval(() => void look(), quietMs);
  timer.unref();
  return () => clearInterval(timer);
}

function stalled(stream: Socket, backend: Backend | undefined): boolean {
  if (backend === undefined || backend.state?.startsWith('idle') === true) return true;
  // Both wait for the other: what one sent does not arrive.
  if (backend.waits === 'ClientRead') return stream.writableLength > 0;
  return backend.waits === 'ClientWrite' && stream.readableLength === 0;
}

export function lost(where: string, cause?: unknown): AppError {
  return new AppError('source.unreachable', `${where} does not answer any more.`, {
    hint: 'Check the network and the server, then try again.',
    retryable: true,
    ...(cause === undefined ? {} : { cause }),
  });
}
