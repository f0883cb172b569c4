import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const child = fileURLToPath(new URL('./lock-child.ts', import.meta.url));

/**
 * Another process that holds the write lock of the database at `path` until what is returned is called. A process of its own,
 * since this one's locks end with any other descriptor of the file that it closes.
 */
export async function holdWriteLock(path: string): Promise<() => Promise<void>> {
  const process = fork(child, [path], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning'] });
  const exited = once(process, 'exit');
  const ready = await Promise.race([once(process, 'message').then(() => true), exited.then(() => false)]);
  if (!ready) throw new Error('the program ended before it had the lock');
  return async () => {
    process.send('end');
    await exited;
  };
}
