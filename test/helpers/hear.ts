import type { Channel } from '../../electron/host/wire/channel.ts';

/** Everything that a raw connection hears, and its end. */
export function hear(channel: Channel): { readonly messages: unknown[]; readonly ended: Promise<string>; next(): Promise<unknown> } {
  const messages: unknown[] = [];
  const waiting: ((message: unknown) => void)[] = [];
  const { promise, resolve } = Promise.withResolvers<string>();
  let read = 0;
  channel.open({
    message: (text) => {
      messages.push(JSON.parse(text));
      for (const give of waiting.splice(0)) {
        give(messages[read]);
        read += 1;
      }
    },
    closed: resolve,
  });
  return {
    messages,
    ended: promise,
    next: () => {
      if (read < messages.length) {
        read += 1;
        return Promise.resolve(messages[read - 1]);
      }
      return new Promise((give) => waiting.push(give));
    },
  };
}
