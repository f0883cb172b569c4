import type { Channel, ChannelHandlers } from './channel.ts';

/** Two ends of a connection inside one process; messages are texts here too, so that nothing passes that could not pass elsewhere. */
export function memoryChannels(): readonly [Channel, Channel] {
  const first = new End();
  const second = new End();
  first.other = second;
  second.other = first;
  return [first, second];
}

class End implements Channel {
  other: End | undefined;
  #handlers: ChannelHandlers | undefined;
  #inbox: string[] = [];
  #scheduled = false;
  #ended = false;

  send(text: string): void {
    if (!this.#ended) this.other?.take(text);
  }

  open(handlers: ChannelHandlers): void {
    this.#handlers = handlers;
    this.#schedule();
  }

  buffered(): number {
    return this.other?.waiting() ?? 0;
  }

  close(): void {
    this.end('this side closed the connection');
    this.other?.end('the other side closed the connection');
  }

  destroy(): void {
    this.close();
  }

  waiting(): number {
    return this.#inbox.reduce((sum, text) => sum + text.length, 0);
  }

  take(text: string): void {
    if (this.#ended) return;
    this.#inbox.push(text);
    this.#schedule();
  }

  /** Ends after the messages that are on their way. */
  end(why: string): void {
    if (this.#ended) return;
    this.#ended = true;
    setImmediate(() => {
      this.#drain();
      this.#handlers?.closed(why);
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#handlers === undefined || this.#inbox.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#drain();
    });
  }

  #drain(): void {
    const texts = this.#inbox;
    this.#inbox = [];
    for (const text of texts) this.#handlers?.message(text);
  }
}
