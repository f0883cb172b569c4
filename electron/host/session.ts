import { timingSafeEqual } from 'node:crypto';
import { isCommandName } from '../contract/commands.ts';
import { events } from '../contract/events.ts';
import type { EventName } from '../contract/events.ts';
import type { WireError } from '../contract/errors.ts';
import type { Belay } from '../core/app/belay.ts';
import { AppError, CancelledError, toWireError } from '../core/app/faces.ts';
import type { Log } from '../core/app/faces.ts';
import type { Channel } from './wire/channel.ts';
import { clientMessage, LARGEST_FROM_CLIENT, LARGEST_FROM_HOST, parseMessage, PROTOCOL } from '../contract/wire.ts';
import type { ClientMessage, HostMessage } from '../contract/wire.ts';

export interface SessionParts {
  readonly version: string;
  /** What a client must show; undefined where the channel itself proves who it is (in process). */
  readonly token: string | undefined;
  /** The core, once it is open; rejects where it cannot be opened. */
  readonly belay: Promise<Belay>;
  /** Why no client is taken any more; undefined while they are. */
  readonly closing: () => string | undefined;
  /** Rejects where the host does not own its data directory any more. Asked before each call. */
  readonly owned: () => Promise<void>;
  /** The name that a welcomed client goes by, e.g. `command 3`. */
  readonly named: (client: string) => string;
  readonly log: Log;
  /** Called when a client was welcomed, and when it has gone. */
  readonly changed: () => void;
  /** Called once when the connection has ended, welcomed or not. */
  readonly gone: () => void;
  /** Longest wait for a client's `hello`, milliseconds. */
  readonly patience: number;
}

export interface Session {
  /** True between welcome and end. */
  readonly welcomed: () => boolean;
  /** Tells the client why, and ends the connection. */
  close(reason: string): void;
}

const MOST_CALLS = 256;
/** What the window's page greets as, in the browser and in the desktop application. */
const WINDOW = 'window';
/** A client that does not read: progress is left out for it first, then it is let go. */
const FULL = 2 ** 20;
const OVERFULL = 64 * 2 ** 20;

interface Client {
  readonly name: string;
  readonly isWindow: boolean;
}

interface Call {
  readonly abort: AbortController;
  /** It goes on where the connection is gone. */
  lasts: boolean;
}

/**
 * Serves one client. When its connection ends, for whatever reason, its own calls are cancelled and nobody else's. A window is closed, loaded again or put to
 * sleep by people who do not mean its jobs: those that are found again without their answer go on, and end with `jobs.cancel` or with the host.
 */
export function serveChannel(channel: Channel, parts: SessionParts): Session {
  const { log } = parts;
  const calls = new Map<number, Call>();
  const subscriptions = new Map<EventName, () => void>();
  let state: 'greeting' | 'welcomed' | 'ended' = 'greeting';
  /** The connection is ending: what still comes on it is not looked at. */
  let refused = false;

  const send = (message: HostMessage): void => {
    if (state === 'ended') return;
    const text = JSON.stringify(message);
    if (text.length > LARGEST_FROM_HOST / 4 && Buffer.byteLength(text) > LARGEST_FROM_HOST) {
      if (message.type === 'result' || message.type === 'error') send({ type: 'error', id: message.id, error: tooLarge() });
      return;
    }
    channel.send(text);
    if (channel.buffered() > OVERFULL) {
      log.warn('a client that does not read was let go');
      channel.destroy();
    }
  };

  const end = (why: string): void => {
    if (state === 'ended') return;
    const before = state;
    state = 'ended';
    clearTimeout(greeting);
    for (const unsubscribe of subscriptions.values()) unsubscribe();
    subscriptions.clear();
    for (const { abort, lasts } of calls.values()) if (!lasts) abort.abort(new CancelledError());
    log.debug('client gone', { why });
    parts.gone();
    if (before === 'welcomed') parts.changed();
  };

  /** What a sound client never sends. */
  const refuse = (error: AppError): void => {
    log.warn('client refused', { code: error.code, message: error.message });
    refused = true;
    send(state === 'welcomed' ? { type: 'closing', reason: error.message } : { type: 'refused', error: toWireError(error) });
    channel.close();
  };

  const greet = async (hello: Extract<ClientMessage, { type: 'hello' }>): Promise<void> => {
    clearTimeout(greeting);
    const problem = problemOf(hello, parts);
    if (problem !== undefined) {
      refuse(problem);
      return;
    }
    const belay = await parts.belay;
    const closing = parts.closing();
    if (state !== 'greeting' || refused) return;
    if (closing !== undefined) {
      refuse(closingError(closing));
      return;
    }
    const name = parts.named(hello.client);
    state = 'welcomed';
    take = (message) => act(belay, { name, isWindow: hello.client === WINDOW }, message);
    send({ type: 'welcome', version: parts.version, client: name });
    parts.changed();
  };

  const act = (belay: Belay, client: Client, message: ClientMessage): void => {
    switch (message.type) {
      case 'hello':
        refuse(malformed('a second greeting'));
        break;
      case 'call':
        if (calls.has(message.id)) refuse(malformed('a call with the number of one that has not ended'));
        else void run(belay, client, message.id, message.name, message.input);
        break;
      case 'cancel':
        calls.get(message.id)?.abort.abort(new CancelledError());
        break;
      case 'subscribe':
        for (const name of eventNames) {
          if (name === message.event && !subscriptions.has(name)) {
            subscriptions.set(
              name,
              belay.subscribe(name, (payload) => send({ type: 'event', event: name, payload })),
            );
          }
        }
        break;
      case 'unsubscribe':
        for (const [name, unsubscribe] of subscriptions) {
          if (name !== message.event) continue;
          subscriptions.delete(name);
          unsubscribe();
        }
        break;
    }
  };

  const run = async (belay: Belay, client: Client, id: number, name: string, input: unknown): Promise<void> => {
    const call: Call = { abort: new AbortController(), lasts: false };
    calls.set(id, call);
    try {
      if (!isCommandName(name))
        throw new AppError('input.invalid', `The host knows no command ${name}.`, { hint: 'Use the same version of Belay for the command and the host.' });
      if (calls.size > MOST_CALLS) throw new AppError('transport.denied', 'Too many calls at once.', { retryable: true });
      await parts.owned();
      const output = await belay.call(
        name,
        // The core checks the input against the command's schema, whatever transport it came by.
        input as Parameters<typeof belay.call>[1],
        {
          client: client.name,
          signal: call.abort.signal,
          onLasting: () => (call.lasts = client.isWindow),
          onJob: (job) => send({ type: 'job', id, job }),
          onProgress: (progress) => {
            if (channel.buffered() < FULL) send({ type: 'progress', id, progress });
          },
        },
      );
      calls.delete(id);
      send({ type: 'result', id, output });
    } catch (error) {
      calls.delete(id);
      const known = toWireError(error);
      if (known.code === 'bug') log.error('a command failed unexpectedly', { command: name, error });
      send({ type: 'error', id, error: known });
    }
  };

  let take = (message: ClientMessage): void => {
    if (message.type !== 'hello') {
      refuse(malformed('a message before the greeting'));
      return;
    }
    take = () => refuse(malformed('a message before the answer to the greeting'));
    greet(message).catch((error: unknown) => {
      send({ type: 'refused', error: toWireError(error) });
      channel.close();
    });
  };

  const greeting = setTimeout(() => channel.destroy(), parts.patience);
  channel.open({
    message: (text) => {
      if (state === 'ended' || refused) return;
      if (text.length > LARGEST_FROM_CLIENT) {
        refuse(malformed('a message that is too large'));
        return;
      }
      const parsed = parseMessage(clientMessage, text);
      if ('fault' in parsed) refuse(malformed(`a message that cannot be read: ${parsed.fault}`));
      else take(parsed.message);
    },
    closed: end,
  });

  return {
    welcomed: () => state === 'welcomed',
    close(reason) {
      send(state === 'welcomed' ? { type: 'closing', reason } : { type: 'refused', error: toWireError(closingError(reason)) });
      channel.close();
    },
  };
}

const eventNames = Object.keys(events) as EventName[];

function problemOf(hello: Extract<ClientMessage, { type: 'hello' }>, parts: SessionParts): AppError | undefined {
  // The token first: whoever has none learns nothing, not even a version.
  if (parts.token !== undefined && !sameText(hello.token ?? '', parts.token)) {
    return new AppError('transport.denied', 'The host was not shown its token.', { hint: 'Use the address that `belay serve` printed last.' });
  }
  if (hello.protocol !== PROTOCOL || hello.version !== parts.version) {
    return new AppError('home.in-use', `The data directory is in use by Belay ${parts.version}; this is Belay ${hello.version}.`, {
      hint: 'Close the other Belay first, or use the same version for both.',
      details: { host: parts.version, client: hello.version, hostProtocol: PROTOCOL, clientProtocol: hello.protocol },
    });
  }
  return undefined;
}

/** Equal in a time that does not tell how much of the text was right. */
function sameText(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function malformed(what: string): AppError {
  return new AppError('transport.malformed', `The connection was ended: the client sent ${what}.`, {
    hint: 'Use the same version of Belay for the command and the host.',
  });
}

export function closingError(reason: string): AppError {
  return new AppError('transport.closed', `The host is closing: ${reason}.`, { hint: 'Run the command again.', retryable: true });
}

function tooLarge(): WireError {
  return toWireError(
    new AppError('transport.malformed', 'The answer is larger than a connection carries.', {
      hint: 'Ask for fewer rows at once.',
      details: { most: LARGEST_FROM_HOST },
    }),
  );
}
