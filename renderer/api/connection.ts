import type { CallOptions } from '../../electron/contract/client.ts';
import type { CommandInput, CommandName, CommandOutput } from '../../electron/contract/commands.ts';
import type { WireError } from '../../electron/contract/errors.ts';
import { PROTOCOL } from '../../electron/contract/protocol.ts';
import type { ClientMessage, HostMessage } from '../../electron/contract/wire.ts';
import { HostError } from './errors.ts';

export interface ConnectionOptions {
  /** `ws://127.0.0.1:<port>/connection`. */
  readonly url: string;
  readonly token: string;
  readonly version: string;
  /** An event of those that were subscribed to. */
  readonly onEvent: (event: string, payload: unknown) => void;
  /** The connection ended after it was open, with why. */
  readonly onClosed: (why: string) => void;
}

/** One greeted connection. It does not connect again by itself: `link.ts` does. */
export interface Connection {
  call<N extends CommandName>(name: N, input: CommandInput<N>, options?: CallOptions): Promise<CommandOutput<N>>;
  listen(event: string): void;
  close(): void;
}

interface Pending {
  readonly options: CallOptions;
  resolve(output: unknown): void;
  reject(error: HostError): void;
}

/**
 * Greets the host and resolves with the connection. Throws what the host refused with, `transport.closed` where nobody answers.
 *
 * Answers are not checked against the contract's schemas again: the page was served by the host that answers, at the same version,
 * and zod with all schemas would be a third of the page's code.
 */
export function openConnection(options: ConnectionOptions): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(options.url);
    const pending = new Map<number, Pending>();
    let next = 1;
    let welcomed = false;
    let why: string | undefined;

    const send = (message: ClientMessage): void => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    };
    const connection: Connection = {
      call: (name, input, callOptions = {}) =>
        new Promise((settle, fail) => {
          const id = next;
          next += 1;
          const cancel = (): void => send({ type: 'cancel', id });
          const done = (): void => {
            pending.delete(id);
            callOptions.signal?.removeEventListener('abort', cancel);
          };
          pending.set(id, {
            options: callOptions,
            resolve: (output) => {
              done();
              // The output is the command's own: the host made it by the same contract.
              settle(output as CommandOutput<typeof name>);
            },
            reject: (error) => {
              done();
              fail(error);
            },
          });
          callOptions.signal?.addEventListener('abort', cancel, { once: true });
          if (socket.readyState === WebSocket.OPEN) send({ type: 'call', id, name, input });
          else pending.get(id)?.reject(closedError(why));
        }),
      listen: (event) => send({ type: 'subscribe', event }),
      close: () => socket.close(),
    };

    const take = (message: HostMessage): void => {
      switch (message.type) {
        case 'welcome':
          welcomed = true;
          resolve(connection);
          break;
        case 'refused':
          reject(received(message.error));
          break;
        case 'result':
          pending.get(message.id)?.resolve(message.output);
          break;
        case 'error':
          pending.get(message.id)?.reject(received(message.error));
          break;
        case 'job':
          pending.get(message.id)?.options.onJob?.(message.job);
          break;
        case 'progress':
          pending.get(message.id)?.options.onProgress?.(message.progress);
          break;
        case 'event':
          options.onEvent(message.event, message.payload);
          break;
        case 'closing':
          why ??= message.reason;
          break;
      }
    };

    socket.addEventListener('open', () => {
      send({ type: 'hello', protocol: PROTOCOL, version: options.version, client: 'window', token: options.token });
    });
    socket.addEventListener('message', (event) => {
      // Every message of the host is a text of this union (electron/contract/wire.ts).
      take(JSON.parse(String(event.data)) as HostMessage);
    });
    socket.addEventListener('close', () => {
      for (const one of pending.values()) one.reject(closedError(why));
      if (welcomed) options.onClosed(why ?? 'the connection was cut');
      else reject(closedError(why));
    });
  });
}

function received(error: Extract<HostMessage, { type: 'error' }>['error']): HostError {
  // The schema cannot state the type of a nested cause.
  return new HostError(error as WireError);
}

function closedError(why: string | undefined): HostError {
  return new HostError({
    code: 'transport.closed',
    message: `The connection to the host has ended${why === undefined ? '' : `: ${why}`}.`,
    hint: 'What was running is cancelled and leaves nothing behind. Look at the list of jobs.',
    retryable: true,
  });
}
