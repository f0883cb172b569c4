import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import pg from 'pg';
import { digest } from '../postgres/bank.ts';

export interface ServerOrders {
  /** Folder of its programs. */
  readonly bin: string;
  /** A data directory that initdb made. */
  readonly initialised: string;
  /** Made, and gone in the end; of its socket as well, so that it must be short. */
  readonly folder: string;
}

export interface ServerAsk {
  readonly kind: 'keep' | 'put-back' | 'end';
}

export type ServerReply = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly text: string };

/** Only a name of its socket: it listens on no network. */
export const keptServerPort = 5432;

/**
 * A private PostgreSQL server beside the ground of the trials. Its whole data directory is kept and put back with the ground, so that numbers of
 * databases and of transactions are those of the kept state too. No fault is its own.
 */
export class KeptServer {
  readonly socket: string;
  readonly port = keptServerPort;
  readonly user = 'boss';
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, socket: string) {
    this.#child = child;
    this.socket = socket;
  }

  /** `program`: kept-server-child.ts, as it was built or as it is. */
  static async start(program: string, orders: ServerOrders): Promise<KeptServer> {
    const child = fork(program, [JSON.stringify(orders)], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await answered(child);
    return new KeptServer(child, orders.folder);
  }

  /** What is in it now is what every later `putBack` brings back. Ends all sessions. */
  keep(): Promise<void> {
    return this.#asked('keep');
  }

  putBack(): Promise<void> {
    return this.#asked('put-back');
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    await this.#asked('end');
    await gone;
  }

  /** Runs statements in a database and gives the rows of the last one. */
  async run(database: string, sql: string): Promise<readonly Record<string, unknown>[]> {
    return this.#connected(database, async (client) => {
      const result: unknown = await client.query(sql);
      const last: unknown = Array.isArray(result) ? result.at(-1) : result;
      return (last as pg.QueryResult<Record<string, unknown>>).rows;
    });
  }

  /** Everything in a database in one word, by SQL alone: rows, definitions, sequences, large objects. */
  content(database: string): Promise<string> {
    return this.#connected(database, digest);
  }

  async #connected<T>(database: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ host: this.socket, port: this.port, user: this.user, database });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  async #asked(kind: ServerAsk['kind']): Promise<void> {
    const answer = answered(this.#child);
    this.#child.send({ kind } satisfies ServerAsk);
    await answer;
  }
}

async function answered(child: ChildProcess): Promise<void> {
  const stop = new AbortController();
  const gone = once(child, 'exit', { signal: stop.signal }).then((): ServerReply => ({ kind: 'failed', text: 'it ended by itself' }));
  gone.catch(() => undefined);
  const heard = once(child, 'message', { signal: stop.signal }).then(([message]) => message as ServerReply);
  heard.catch(() => undefined);
  const reply = await Promise.race([heard, gone]);
  stop.abort();
  if (reply.kind === 'failed') throw new Error(`the server: ${reply.text}`);
}
