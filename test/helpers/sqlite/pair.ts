import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const child = fileURLToPath(new URL('./pair-child.ts', import.meta.url));

/** A process that keeps a number the same in two files. */
export async function startPairWriter(one: string, two: string): Promise<AsyncDisposable & { stop(): Promise<number> }> {
  const process = fork(child, [one, two], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning'] });
  const exited = once(process, 'exit');
  await once(process, 'message');
  return {
    stop: async () => {
      const last = once(process, 'message');
      process.send('stop');
      const [commits] = (await last) as [number];
      await exited;
      return commits;
    },
    [Symbol.asyncDispose]: async () => {
      if (process.exitCode !== null || process.signalCode !== null) return;
      process.kill('SIGKILL');
      await exited;
    },
  };
}
