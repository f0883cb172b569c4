import type { WebSocket } from 'ws';
import type { Channel } from './channel.ts';

const PING_MS = 20_000;
const NOT_TEXT = 1003;

/**
 * A channel over a WebSocket: one text frame a message. The size of what comes in is bounded by the socket's own
 * `maxPayload`. A peer that answers no ping is gone, and so is its connection.
 */
export function webChannel(socket: WebSocket): Channel {
  let why: string | undefined;
  return {
    open({ message, closed }) {
      let answered = true;
      const pings = setInterval(() => {
        if (!answered) {
          why ??= 'the other side no longer answers';
          socket.terminate();
          return;
        }
        answered = false;
        socket.ping();
      }, PING_MS);
      pings.unref();
      socket.on('pong', () => {
        answered = true;
      });
      socket.on('message', (data, isBinary) => {
        answered = true;
        if (isBinary || !Buffer.isBuffer(data)) {
          why ??= 'a message that is no text was refused';
          socket.close(NOT_TEXT);
          return;
        }
        message(data.toString('utf8'));
      });
      socket.on('error', (error) => {
        why ??= error.message;
      });
      socket.on('close', () => {
        clearInterval(pings);
        closed(why ?? 'the other side closed the connection');
      });
    },
    send(text) {
      if (socket.readyState === socket.OPEN) socket.send(text);
    },
    buffered: () => socket.bufferedAmount,
    close() {
      why ??= 'this side closed the connection';
      socket.close();
      setTimeout(() => socket.terminate(), 2000).unref();
    },
    destroy: () => socket.terminate(),
  };
}
