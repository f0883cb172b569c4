import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface ChildEnd {
  /** Undefined where a signal ended the child. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

/** How long output that grandchildren still hold open is waited for once the child itself is gone. */
const drainMs = 200;

/**
 * Resolves when the child has exited (not merely when it was signalled) and its pipes are drained.
 * Rejects with the system's error where it could not be started.
 */
export function childEnd(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      if (child.pid === undefined) reject(error);
    });
    child.once('exit', (exitCode, signal) => {
      // Not the child's own `close`: it does not come where this side closed the channel to the child.
      const open = [child.stdout, child.stderr].filter((pipe) => pipe !== null && !pipe.closed);
      let left = open.length;
      const done = (): void => {
        clearTimeout(timer);
        resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined });
      };
      const timer = setTimeout(() => {
        for (const pipe of open) pipe?.destroy();
        done();
      }, drainMs);
      if (left === 0) done();
      for (const pipe of open) {
        pipe?.once('close', () => {
          left -= 1;
          if (left === 0) done();
        });
      }
    });
  });
}

/** Keeps the last `most` bytes of a stream; `text()` reads them as UTF-8. */
export function keepTail(stream: Readable | null, most: number): { text(): string } {
  let parts: Buffer[] = [];
  let size = 0;
  stream?.on('data', (part: Buffer) => {
    parts.push(part);
    size += part.length;
    if (size <= most * 2) return;
    const joined = Buffer.concat(parts);
    parts = [Buffer.from(joined.subarray(joined.length - most))];
    size = most;
  });
  return {
    text: () => {
      const joined = Buffer.concat(parts);
      return joined.subarray(Math.max(0, joined.length - most)).toString('utf8');
    },
  };
}
