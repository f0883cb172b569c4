import type { BelayClient, CallOptions } from '../contract/client.ts';
import { commands } from '../contract/commands.ts';
import type { CommandInput, CommandName, CommandOutput } from '../contract/commands.ts';
import type { WireError } from '../contract/errors.ts';
import { events } from '../contract/events.ts';
import type { EventName, EventPayload } from '../contract/events.ts';
import { AppError, CancelledError, fromWireError } from '../core/app/faces.ts';
import type { Channel } from './wire/channel.ts';
import { hostMessage, LARGEST_FROM_CLIENT, parseMessage, PROTOCOL } from '../contract/wire.ts';
import type { ClientMessage, HostMessage } from '../contract/wire.ts';

export interface ClientOptions {
  readonly version: string;
  /** Who it is, for the journal: `command`, `window`. */
  readonly client: string;
  readonly token?: string;
  /** Longest wait for the host's welcome, milliseconds: it may have to open what a crash left. */
  readonly patience: number;
  /** Ends the wait for the welcome, with `CancelledError` and no connection left. */
  readonly signal?: AbortSignal;
}

interface Pending {
  readonly options: CallOptions;
  resolve(output: unknown): void;
  reject(error: unknown): void;
}

/**
 * Greets the host at the other end of the channel and resolves with the client. Throws what the host refused with, and
 * `transport.closed` where it ends the connection or does not answer in time.
 */
export function connectOver(channel: Channel, options: ClientOptions): Promise<BelayClient> {
  return new Promise((resolve, reject) => {
    const client = new WireClient(channel, options, (error) => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', cancel);
      if (error === undefined) resolve(client);
      else reject(error);
    });
    const timer = setTimeout(() => {
      channel.destroy();
      reject(new AppError('transport.closed', 'The host does not answer.', { retryable: true }));
    }, options.patience);
    const cancel = (): void => {
      reject(new CancelledError());
      channel.destroy();
    };
    if (options.signal?.aborted === true) cancel();
    options.signal?.addEventListener('abort', cancel, { once: true });
  });
}

/** Runs in Electron's own Node too, which may be older than Belay's: no function of a later one is used here. */
class WireClient implements BelayClient {
  readonly closed: Promise<string>;
  readonly #channel: Channel;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<EventName, Set<(payload: unknown) => void>>();
  #greeted: ((error?: Error) => void) | undefined;
  #reason: string | undefined;
  #ended = false;
  #next = 1;

  constructor(channel: Channel, options: ClientOptions, greeted: (error?: Error) => void) {
    let resolve: (why: string) => void;
    this.closed = new Promise((settle) => (resolve = settle));
    this.#channel = channel;
    this.#greeted = greeted;
    channel.open({
      message: (text) => this.#take(text),
      closed: (why) => {
        this.#end(why);
        resolve(this.#reason ?? why);
      },
    });
    const { version, client, token } = options;
    this.#send({ type: 'hello', protocol: PROTOCOL, version, client, ...(token === undefined ? {} : { token }) });
  }

  async call<N extends CommandName>(name: N, input: CommandInput<N>, options: CallOptions = {}): Promise<CommandOutput<N>> {
    if (options.signal?.aborted === true) throw new CancelledError();
    if (this.#ended) throw this.#closedError();
    const id = this.#next;
    this.#next += 1;
    const cancel = (): void => this.#send({ type: 'cancel', id });
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { options, resolve, reject }));
    options.signal?.addEventListener('abort', cancel, { once: true });
    try {
      this.#send({ type: 'call', id, name, input });
      return parseOutput(name, await answer);
    } finally {
      this.#pending.delete(id);
      options.signal?.removeEventListener('abort', cancel);
    }
  }

  subscribe<N extends EventName>(name: N, listener: (payload: EventPayload<N>) => void): () => void {
    const schema = events[name];
    const take = (payload: unknown): void => {
      const parsed = schema.safeParse(payload);
      // The schema is the event's own; zod cannot carry the key of a map through to its result type.
      if (parsed.success) listener(parsed.data as EventPayload<N>);
    };
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(take);
    if (listeners.size === 1) this.#send({ type: 'subscribe', event: name });
    return () => {
      if (listeners.delete(take) && listeners.size === 0) this.#send({ type: 'unsubscribe', event: name });
    };
  }

  async close(): Promise<void> {
    this.#channel.close();
    await this.closed;
  }

  #send(message: ClientMessage): void {
    const text = JSON.stringify(message);
    if (text.length > LARGEST_FROM_CLIENT / 4 && new TextEncoder().encode(text).length > LARGEST_FROM_CLIENT) {
      throw new AppError('transport.malformed', 'The request is larger than a connection to the host carries.', { details: { most: LARGEST_FROM_CLIENT } });
    }
    this.#channel.send(text);
  }

  #take(text: string): void {
    const parsed = parseMessage(hostMessage, text);
    if ('fault' in parsed) {
      this.#reason ??= `the host sent what cannot be understood: ${parsed.fault}`;
      this.#channel.destroy();
      return;
    }
    this.#act(parsed.message);
  }

  #act(message: HostMessage): void {
    switch (message.type) {
      case 'welcome':
        this.#greet();
        break;
      case 'refused':
        this.#greet(received(message.error));
        break;
      case 'result':
        this.#pending.get(message.id)?.resolve(message.output);
        break;
      case 'error':
        this.#pending.get(message.id)?.reject(received(message.error));
        break;
      case 'job':
        this.#pending.get(message.id)?.options.onJob?.(message.job);
        break;
      case 'progress':
        this.#pending.get(message.id)?.options.onProgress?.(message.progress);
        break;
      case 'event':
        for (const listener of this.#listenersOf(message.event)) listener(message.payload);
        break;
      case 'closing':
        this.#reason ??= message.reason;
        break;
    }
  }

  #listenersOf(event: string): readonly ((payload: unknown) => void)[] {
    for (const [name, listeners] of this.#listeners) if (name === event) return [...listeners];
    return [];
  }

  #greet(error?: Error): void {
    const greeted = this.#greeted;
    this.#greeted = undefined;
    greeted?.(error);
  }

  #end(why: string): void {
    this.#ended = true;
    this.#reason ??= why;
    this.#greet(this.#closedError());
    for (const pending of this.#pending.values()) pending.reject(this.#closedError());
  }

  #closedError(): AppError {
    return new AppError('transport.closed', `The connection to the host has ended: ${this.#reason ?? 'closed'}.`, {
      hint: 'See what came of it: belay jobs --all',
      retryable: true,
    });
  }
}

/** Checked by the message's schema, which cannot state the type of a nested cause. */
function received(error: Extract<HostMessage, { type: 'error' }>['error']): Error {
  return fromWireError(error as WireError);
}

function parseOutput<N extends CommandName>(name: N, output: unknown): CommandOutput<N> {
  const parsed = commands[name].output.safeParse(output);
  // As with events: the schema is the command's own.
  if (parsed.success) return parsed.data as CommandOutput<N>;
  throw new AppError('transport.malformed', `The host's answer to ${name} is not what the contract says.`, {
    hint: 'Use the same version of Belay for the command and the host.',
    details: { issues: parsed.error.issues.slice(0, 5).map((issue) => ({ path: issue.path.join('.'), message: issue.message })) },
  });
}
