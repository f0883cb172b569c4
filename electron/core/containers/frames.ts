import { Readable } from 'node:stream';
import type { Duplex } from 'node:stream';

/** Larger frames are not sent by any engine: what claims one is no stream of frames. */
const mostFrame = 64 << 20;
const headLength = 8;

export interface SplitOutput {
  readonly stdout: Readable;
  /** True where the connection, not the reader, is why `stdout` did not reach its end. */
  readonly broke: () => boolean;
}

/**
 * Splits an engine's connection into the program's two outputs. `stdout` holds back the connection where nobody reads it, so that memory
 * stays bounded; `onStderr` gets each piece as it comes. `stdout` ends where the connection ended between two frames, and fails where it
 * broke off within one or carried something else.
 */
export function splitFrames(connection: Duplex, onStderr: (part: Buffer) => void): SplitOutput {
  const parser = createParser();
  let broken = false;
  const fail = (error: Error): void => {
    broken = true;
    stdout.destroy(error);
    connection.destroy();
  };
  const stdout = new Readable({
    read: () => void connection.resume(),
    destroy: (error, done) => {
      done(error);
    },
  });
  connection.on('data', (data: Buffer) => {
    try {
      for (const { stream, part } of parser.take(data)) {
        if (stream === 2) onStderr(part);
        else if (!stdout.destroyed && !stdout.push(part)) connection.pause();
      }
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  });
  const finish = (): void => {
    if (stdout.destroyed || stdout.readableEnded) return;
    if (parser.within()) fail(new Error('The connection to the container engine broke off within a frame.'));
    else stdout.push(null);
  };
  connection.once('end', finish);
  connection.once('error', fail);
  connection.once('close', finish);
  return { stdout, broke: () => broken };
}

interface Part {
  readonly stream: 1 | 2;
  readonly part: Buffer;
}

/** Frames are a byte for the stream, three of zero, four for the length, and the content, which is passed on as it comes. */
export function createParser(): { take(data: Buffer): readonly Part[]; within(): boolean } {
  let head = Buffer.alloc(0);
  let stream: 1 | 2 = 1;
  let left = 0;
  return {
    take(data) {
      const parts: Part[] = [];
      let at = 0;
      while (at < data.length) {
        if (left > 0) {
          const part = data.subarray(at, at + left);
          parts.push({ stream, part });
          at += part.length;
          left -= part.length;
          continue;
        }
        const missing = data.subarray(at, at + headLength - head.length);
        head = Buffer.concat([head, missing]);
        at += missing.length;
        if (head.length < headLength) break;
        const kind = head.readUInt8(0);
        left = head.readUInt32BE(4);
        if (kind > 2 || head.readUIntBE(1, 3) !== 0 || left > mostFrame) throw new Error('The container engine sent something that is no frame of output.');
        stream = kind === 2 ? 2 : 1;
        head = Buffer.alloc(0);
      }
      return parts;
    },
    within: () => left > 0 || head.length > 0,
  };
}
