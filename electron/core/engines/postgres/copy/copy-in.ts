import type { Duplex } from 'node:stream';
import type pg from 'pg';
import { release } from '../../../base/memory.ts';

/** Kinds of messages: https://www.postgresql.org/docs/current/protocol-message-formats.html */
const copyData = 0x64;
const copyDone = Buffer.from([0x63, 0, 0, 0, 4]);
const copyFail = Buffer.from([0x66, 0, 0, 0, 5, 0]);

interface Connection {
  readonly stream: Duplex;
  query(text: string): void;
}

/** One `COPY … FROM STDIN`. */
class CopyIn {
  readonly #sql: string;
  readonly #ready = Promise.withResolvers<Connection>();
  readonly #done = Promise.withResolvers<number>();
  #failed = false;
  #counted = Number.NaN;

  constructor(sql: string) {
    this.#sql = sql;
    // Whoever waits is told; where nobody does any more there is nobody to tell.
    this.#ready.promise.catch(() => undefined);
    this.#done.promise.catch(() => undefined);
  }

  submit(connection: Connection): void {
    connection.query(this.#sql);
  }

  async load(rows: AsyncIterable<Uint8Array>): Promise<number> {
    const connection = await this.#ready.promise;
    try {
      for await (const part of rows) {
        if (this.#failed) break;
        await send(connection.stream, part);
        release(part);
      }
    } catch (error) {
      if (!this.#failed) connection.stream.write(copyFail);
      // The server has let go of the statement when it has answered.
      await this.#done.promise.catch(() => undefined);
      throw error;
    }
    if (!this.#failed) connection.stream.write(copyDone);
    return this.#done.promise;
  }

  handleCopyInResponse(connection: Connection): void {
    this.#ready.resolve(connection);
  }

  handleCommandComplete({ text }: { readonly text?: string }): void {
    this.#counted = Number(/^COPY (\d+)$/.exec(text ?? '')?.[1]);
  }

  handleError(error: Error): void {
    this.#failed = true;
    this.#ready.reject(error);
    this.#done.reject(error);
  }

  handleReadyForQuery(): void {
    this.#done.resolve(this.#counted);
  }
}

/** Resolves when the system has taken it. */
function send(stream: Duplex, part: Uint8Array): Promise<void> {
  const header = Buffer.from([copyData, 0, 0, 0, 0]);
  header.writeUInt32BE(part.length + 4, 1);
  return new Promise((resolve, reject) => {
    stream.cork();
    stream.write(header);
    stream.write(part, (error) => (error ? reject(error) : resolve()));
    stream.uncork();
  });
}

/**
 * Runs `COPY … FROM STDIN` with these rows, whose memory it takes: each part is empty afterwards. Gives the number of rows that the server counted. Where `rows`
 * fails, nothing is taken in and that is the error; else what the server or the connection said.
 */
export function copyIn(client: pg.Client, sql: string, rows: AsyncIterable<Uint8Array>): Promise<number> {
  const copy = new CopyIn(sql);
  client.query(copy as pg.Submittable);
  return copy.load(rows);
}
