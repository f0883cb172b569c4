import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

type Take = (bytes: Uint8Array) => void;

/** Bytes of one read: much more than Node's own, and no memory of its own for each. */
const readBytes = 256 << 10;
const takers = new WeakMap<Duplex, { take: Take | undefined }>();

/** A socket for a connection in clear that reads into memory of its own, over and over. What comes is given on as copies, but to who took its reads. */
export function wideSocket(): Socket {
  const taker: { take: Take | undefined } = { take: undefined };
  const socket: Socket = new Socket({
    onread: {
      buffer: Buffer.allocUnsafeSlow(readBytes),
      callback: (length, buffer) => {
        const bytes = buffer.subarray(0, length);
        if (taker.take === undefined) socket.emit('data', Buffer.from(bytes));
        else taker.take(bytes);
        return true;
      },
    },
  });
  takers.set(socket, taker);
  return socket;
}

/**
 * From now on what the stream reads goes to `take` alone, which must be done with the bytes when it returns. `giveOn` hands bytes to who listened before;
 * `giveBack` ends it.
 */
export function takeReads(stream: Duplex, take: Take): { readonly giveOn: (bytes: Buffer) => void; readonly giveBack: () => void } {
  const listeners = stream.listeners('data') as ((bytes: Buffer) => void)[];
  const giveOn = (bytes: Buffer): void => {
    for (const listener of listeners) listener(bytes);
  };
  const taker = takers.get(stream);
  if (taker !== undefined) {
    taker.take = take;
    return { giveOn, giveBack: () => void (taker.take = undefined) };
  }
  stream.removeAllListeners('data');
  stream.on('data', take);
  return {
    giveOn,
    giveBack: () => {
      stream.off('data', take);
      for (const listener of listeners) stream.on('data', listener);
    },
  };
}
