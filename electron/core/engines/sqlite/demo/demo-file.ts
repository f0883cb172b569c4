import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { makeFolders } from '../../../base/durable-file.ts';
import { AppError, CancelledError } from '../../../base/errors.ts';

export interface DemoOrder {
  readonly what: 'make' | 'damage';
  readonly path: string;
}

/** `done` is missing where the database was damaged already. */
export type DemoAnswer = { readonly what: 'make'; readonly rows: number } | { readonly what: 'damage'; readonly done: readonly string[] | undefined };

/** Where the demo's database lies in a data directory. */
export function demoFile(home: string): string {
  return path.join(home, 'demo', 'box-office.sqlite');
}

/**
 * Makes the demo's database anew, off the event loop, and resolves with its number of rows. What stood there is replaced; a broken-off
 * making leaves nothing.
 */
export async function makeDemoFile(file: string, signal: AbortSignal): Promise<number> {
  await makeFolders(path.dirname(file));
  const beside = `${file}.new`;
  const remove = (name: string): Promise<unknown> => Promise.all(['', '-wal', '-shm', '-journal'].map((ending) => rm(`${name}${ending}`, { force: true })));
  await remove(beside);
  try {
    const answer = await inThread({ what: 'make', path: beside }, signal);
    await remove(file);
    await rename(beside, file);
    return answer.what === 'make' ? answer.rows : 0;
  } finally {
    await remove(beside);
  }
}

/** Runs the bad migration on the demo's database, and resolves with what it did. Throws `input.invalid` where it was run before. */
export async function damageDemoFile(file: string, signal: AbortSignal): Promise<readonly string[]> {
  const answer = await inThread({ what: 'damage', path: file }, signal);
  if (answer.what === 'damage' && answer.done !== undefined) return answer.done;
  throw new AppError('input.invalid', 'The demo is damaged already. Nothing was changed.', { hint: 'Rewind it to a snapshot of before: belay rewind demo' });
}

function inThread(order: DemoOrder, signal: AbortSignal): Promise<DemoAnswer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { name: 'demo', workerData: order, execArgv: [] });
    let failure: unknown = new Error('The thread that makes the demo ended without an answer.');
    let answer: DemoAnswer | undefined;
    const stop = (): void => {
      failure = new CancelledError();
      void worker.terminate();
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    worker.once('message', (given: DemoAnswer) => void (answer = given));
    worker.once('error', (error: unknown) => void (failure = error));
    worker.once('exit', () => {
      signal.removeEventListener('abort', stop);
      if (answer === undefined) reject(failure instanceof Error ? failure : new Error(String(failure)));
      else resolve(answer);
    });
  });
}
