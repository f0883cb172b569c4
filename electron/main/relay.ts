import { shellChannels } from '../contract/shell.ts';
import type { ShellAnswer } from '../contract/shell.ts';
import { clientMessage, LARGEST_FROM_CLIENT, parseMessage } from '../contract/wire.ts';
import type { ClientMessage } from '../contract/wire.ts';
import { toWireError } from '../core/app/faces.ts';
import type { Log } from '../core/app/faces.ts';
import type { Channel } from '../host/wire/channel.ts';
import type { Reached } from './reach.ts';

export interface RelayParts {
  readonly version: string;
  readonly reach: () => Promise<Reached>;
  /** Tells the page; of no effect where there is none. */
  readonly tell: (channel: string, ...values: readonly unknown[]) => void;
  readonly log: Log;
}

/** The page's one connection to the host, text by text. What the page sends is looked at before it goes on. */
export class Relay {
  readonly #parts: RelayParts;
  readonly #jobs = new Set<string>();
  #open: { readonly number: number; readonly channel: Channel; readonly token: string; greeted: boolean } | undefined;
  #last = 0;

  constructor(parts: RelayParts) {
    this.#parts = parts;
  }

  /** Jobs that the page started since the application did. */
  get jobs(): ReadonlySet<string> {
    return this.#jobs;
  }

  async connect(): Promise<ShellAnswer> {
    this.end();
    this.#last += 1;
    const number = this.#last;
    const { reach, tell, version } = this.#parts;
    try {
      const { channel, token } = await reach();
      if (number !== this.#last) {
        channel.destroy();
        return { error: { code: 'transport.closed', message: 'Another connection took its place.', retryable: true } };
      }
      this.#open = { number, channel, token, greeted: false };
      channel.open({
        message: (text) => {
          this.#note(text);
          tell(shellChannels.message, number, text);
        },
        closed: (why) => {
          // One that was ended here has been told, or has nobody left to tell.
          if (this.#open?.number !== number) return;
          this.#open = undefined;
          tell(shellChannels.closed, number, why);
        },
      });
      return { connection: number, version };
    } catch (error) {
      return { error: toWireError(error) };
    }
  }

  send(number: unknown, text: unknown): void {
    const open = this.#open;
    if (open === undefined || number !== open.number) return;
    const message =
      typeof text === 'string' && text.length <= LARGEST_FROM_CLIENT ? parseMessage(clientMessage, text) : { fault: 'it is no text of a fit size' };
    if ('fault' in message) this.#refuse(message.fault);
    else if (message.message.type !== 'hello') open.channel.send(JSON.stringify(message.message satisfies ClientMessage));
    else if (open.greeted || message.message.token !== undefined || message.message.client !== 'window') this.#refuse('it greets as somebody else');
    else {
      open.greeted = true;
      open.channel.send(JSON.stringify({ ...message.message, token: open.token }));
    }
  }

  close(number: unknown): void {
    if (number === this.#open?.number) this.end();
  }

  /** Ends the connection, and with it what the page had only looked at. */
  end(): void {
    this.#open?.channel.close();
    this.#open = undefined;
  }

  #refuse(fault: string): void {
    this.#parts.log.warn('a message of the page was refused', { fault });
    const number = this.#open?.number;
    this.end();
    this.#parts.tell(shellChannels.closed, number, `a message of the page was refused: ${fault}`);
  }

  /** The host tells the number of a job once, in a message of its own. */
  #note(text: string): void {
    if (!text.startsWith('{"type":"job"')) return;
    const { job } = JSON.parse(text) as { readonly job?: unknown };
    if (typeof job === 'string') this.#jobs.add(job);
  }
}
