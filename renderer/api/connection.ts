import type { CallOptions } from '../../electron/contract/client.ts';
import type { CommandInput, CommandName, CommandOutput } from '../../electron/contract/commands.ts';
import type { WireError } from '../../electron/contract/errors.ts';
import { PROTOCOL } from '../../electron/contract/protocol.ts';
import type { ClientMessage, HostMessage } from '../../electron/contract/wire.ts';
import type { HostChannel, LinkWorld } from './channel.ts';
import { HostError } from './errors.ts';

export interface ConnectionOptions {
  readonly world: LinkWorld;
  /** An event of those that were subscribed to. */
  readonly onEvent: (event: string, payload: unknown) => void;
  /** The connection ended after it was open, with why. */
  readonly onClosed: (why: string) => void;
}

/** One greeted connection. It does not connect again by itself: `link.ts` does. */
export interface Connection {
  /** Of the host. */
  readonly version: string;
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
export async function openConnection({ world, onEvent, onClosed }: ConnectionOptions): Promise<Connection> {
  const pending = new Map<number, Pending>();
  let next = 1;
  let welcomed = false;
  let why: string | undefined;
  let ended = false;
  let settle: { readonly resolve: () => void; readonly reject: (error: HostError) => void } | undefined;
  const greeted = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));

  const take = (message: HostMessage): void => {
    switch (message.type) {
      case 'welcome':
        welcomed = true;
        settle?.resolve();
        break;
      case 'refused':
        settle?.reject(received(message.error));
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
        onEvent(message.event, message.payload);
        break;
      case 'closing':
        why ??= message.reason;
        break;
    }
  };
  const channel: HostChannel = await world.open({
    // Every message of the host is a text of this union (electron/contract/wire.ts).
    message: (text) => take(JSON.parse(text) as HostMessage),
    closed: (reason) => {
      ended = true;
      why ??= reason;
      for (const one of pending.values()) one.reject(closedError(why));
      if (welcomed) onClosed(why ?? 'the connection was cut');
      else settle?.reject(closedError(why));
    },
  });
  const send = (message: ClientMessage): void => channel.send(JSON.stringify(message));
  const { version, token } = channel;
  send({ type: 'hello', protocol: PROTOCOL, version, client: 'window', ...(token === undefined ? {} : { token }) });
  await greeted;
  return {
    version,
    call: (name, input, callOptions = {}) =>
      new Promise((resolve, fail) => {
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
            resolve(output as CommandOutput<typeof name>);
          },
          reject: (error) => {
            done();
            fail(error);
          },
        });
        callOptions.signal?.addEventListener('abort', cancel, { once: true });
        if (ended) pending.get(id)?.reject(closedError(why));
        else send({ type: 'call', id, name, input });
      }),
    listen: (event) => send({ type: 'subscribe', event }),
    close: () => channel.close(),
  };
}

function received(error: Extract<HostMessage, { type: 'error' }>['error']): HostError {
  // The schema cannot state the type of a nested cause.
  return new HostError(error as WireError);
}

function closedError(why: string | undefined): HostError {
  return new HostError({
    code: 'transport.closed',
    message: `The connection to the host has ended${why === undefined ? '' : `: ${why}`}.`,
    hint: 'A job that was begun goes on as long as the host lives, and is listed below when the window is back. The journal has what came of it.',
    retryable: true,
  });
}
