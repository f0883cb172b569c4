import type { Socket } from 'node:net';
import type { Channel } from './channel.ts';

const PREFIX = 4;

/**
 * A channel over a local socket. Each message is its length in bytes (32 bits, big-endian) and that many bytes of UTF-8.
 * A stated length beyond `largest` ends the connection before anything of it is kept.
 */
export function socketChannel(socket: Socket, largest: number): Channel {
  let parts: Buffer[] = [];
  let held = 0;
  let why: string | undefined;

  const fail = (statement: string): void => {
    why ??= statement;
    socket.destroy();
  };

  /** The first `length` bytes held, as one buffer. */
  const front = (length: number): Buffer => {
    const first = parts[0];
    if (first !== undefined && first.length >= length) return first.subarray(0, length);
    parts = [Buffer.concat(parts)];
    return (parts[0] ?? Buffer.alloc(0)).subarray(0, length);
  };

  const drop = (length: number): void => {
    held -= length;
    let left = length;
    while (left > 0) {
      const first = parts[0];
      if (first === undefined) return;
      if (first.length > left) parts[0] = first.subarray(left);
      else parts.shift();
      left -= Math.min(left, first.length);
    }
  };

  return {
    open({ message, closed }) {
      socket.setNoDelay(true);
      socket.on('data', (bytes: Buffer) => {
        parts.push(bytes);
        held += bytes.length;
        while (held >= PREFIX && !socket.destroyed) {
          const length = front(PREFIX).readUInt32BE();
          if (length > largest) {
            fail(`a message of ${String(length)} bytes was refused; the most is ${String(largest)}`);
            return;
          }
          if (held < PREFIX + length) return;
          const text = front(PREFIX + length).toString('utf8', PREFIX);
          drop(PREFIX + length);
          message(text);
        }
      });
      socket.on('error', (error) => {
        why ??= error.message;
      });
      socket.on('end', () => {
        if (held > 0) why ??= 'the other side ended in the middle of a message';
      });
      socket.on('close', () => closed(why ?? 'the other side closed the connection'));
    },
    send(text) {
      if (socket.destroyed || socket.writableEnded) return;
      const bytes = Buffer.from(text);
      const prefix = Buffer.alloc(PREFIX);
      prefix.writeUInt32BE(bytes.length);
      socket.cork();
      socket.write(prefix);
      socket.write(bytes);
      socket.uncork();
    },
    buffered: () => socket.writableLength,
    close() {
      why ??= 'this side closed the connection';
      socket.end();
      // A peer that never ends its side would hold the connection open.
      socket.resume();
      setTimeout(() => socket.destroy(), 2000).unref();
    },
    destroy: () => void socket.destroy(),
  };
}
