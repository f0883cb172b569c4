import { once } from 'node:events';
import { createServer, connect, type Socket } from 'node:net';
import path from 'node:path';
import type { SourceLocation } from '../../../electron/core/engines/engine.ts';
import type { PostgresServer } from './server.ts';

/** What happens to one statement of a client on its way to the server. */
export type Passing = 'pass' | 'hold' | { readonly instead: string };

/** Between clients and a server, on the loopback, without TLS and without a password: it sees every statement. */
export interface Proxy extends AsyncDisposable {
  readonly port: number;
  location(database: string): SourceLocation;
  /** From now on nothing passes in either direction, and who comes new gets no answer. What came before stays open. */
  stall(): void;
  /** Clients are let through again; what was stalled is closed. */
  resume(): void;
}

export interface ProxyOptions {
  /** Awaited before a statement goes on; `instead` must be as long as the statement, in bytes. */
  readonly onStatement?: (sql: string) => Passing | Promise<Passing>;
  /** Awaited before the server's answer to that statement goes back; `lose` closes the connection instead. */
  readonly onAnswer?: (sql: string) => Promise<'pass' | 'lose'> | 'pass' | 'lose';
  /** Called with the bytes of rows that passed so far. */
  readonly onBytes?: (bytes: number) => void;
}

export async function startProxy(server: PostgresServer, options: ProxyOptions = {}): Promise<Proxy> {
  let stalled = false;
  let bytes = 0;
  const open = new Set<Socket>();
  const listener = createServer((client) => {
    open.add(client);
    client.on('error', () => undefined).on('close', () => open.delete(client));
    if (stalled) return;
    const upstream = connect(path.join(server.socket, `.s.PGSQL.${server.port}`));
    open.add(upstream);
    upstream.on('close', () => {
      open.delete(upstream);
      if (!stalled) client.destroy();
    });
    client.on('close', () => upstream.destroy());
    upstream.on('error', () => undefined);
    let asked = '';
    void forward(client, upstream, async (message) => {
      const type = String.fromCharCode(message[0] ?? 0);
      if (type !== 'Q' && type !== 'P') return message;
      const name = type === 'P' ? message.indexOf(0, 5) + 1 : 5;
      asked = message.toString('utf8', name, message.indexOf(0, name));
      const passing = (await options.onStatement?.(asked)) ?? 'pass';
      if (passing === 'pass') return message;
      if (passing === 'hold') return undefined;
      if (Buffer.byteLength(passing.instead) !== Buffer.byteLength(asked)) throw new Error('not as long as what it replaces');
      message.write(passing.instead, name);
      return message;
    });
    void (async () => {
      for await (const part of upstream) {
        if (asked !== '') {
          const answered = asked;
          asked = '';
          if ((await options.onAnswer?.(answered)) === 'lose') client.destroy();
        }
        bytes += (part as Buffer).length;
        options.onBytes?.(bytes);
        if (stalled) await once(client, 'close');
        if (!client.write(part as Buffer)) await Promise.race([once(client, 'drain'), once(client, 'close')]);
      }
    })().catch(() => undefined);
  });
  const forward = async (from: Socket, to: Socket, see: (message: Buffer) => Promise<Buffer | undefined>): Promise<void> => {
    let rest = Buffer.alloc(0);
    let started = false;
    try {
      for await (const part of from) {
        rest = Buffer.concat([rest, part as Buffer]);
        for (;;) {
          // The first message of a client has no type.
          const head = started ? 1 : 0;
          if (rest.length < head + 4) break;
          const length = rest.readUInt32BE(head) + head;
          if (rest.length < length) break;
          const message = rest.subarray(0, length);
          rest = rest.subarray(length);
          const passed = started ? await see(Buffer.from(message)) : message;
          // A request for TLS or to cancel is no beginning of a session.
          if (!started && message.readUInt32BE(4) === 196_608) started = true;
          if (passed === undefined || stalled) await once(from, 'close');
          else to.write(passed);
        }
      }
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error)) throw error;
    }
  };
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const closeAll = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port,
    location: (database) => ({ host: '127.0.0.1', port, database, user: server.superuser, sslmode: 'disable' }),
    stall: () => (stalled = true),
    resume: () => {
      stalled = false;
      closeAll();
    },
    [Symbol.asyncDispose]: async () => {
      stalled = false;
      closeAll();
      listener.close();
      await once(listener, 'close');
    },
  };
}
