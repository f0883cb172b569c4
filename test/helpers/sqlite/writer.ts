import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface WriterOptions {
  readonly pauseMs?: number;
  readonly checkpointEvery?: number;
  readonly pragmas?: string;
}

export interface Writer extends AsyncDisposable {
  readonly pid: number;
  /** Ends it after its present transaction. How often it committed, and the longest time that one transaction took. */
  stop(): Promise<{ readonly commits: number; readonly longest: number }>;
  kill(): Promise<void>;
}

const child = fileURLToPath(new URL('./writer-child.ts', import.meta.url));

/** A process that writes to the bank at `path`; resolves when it has committed once. */
export async function startWriter(path: string, options: WriterOptions = {}): Promise<Writer> {
  const orders = { path, pauseMs: options.pauseMs ?? 0, checkpointEvery: options.checkpointEvery ?? 0, pragmas: options.pragmas ?? '' };
  const process = fork(child, [JSON.stringify(orders)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning'] });
  const exited = once(process, 'exit');
  const ready = await Promise.race([once(process, 'message').then(() => true), exited.then(() => false)]);
  if (!ready) throw new Error('the writer ended before it wrote');
  const kill = async (): Promise<void> => {
    process.kill('SIGKILL');
    await exited;
  };
  return {
    pid: process.pid ?? 0,
    kill,
    stop: async () => {
      const last = once(process, 'message');
      process.send('stop');
      const [told] = (await Promise.race([last, exited])) as [{ commits: number; longest: number }];
      await exited;
      return told;
    },
    [Symbol.asyncDispose]: async () => {
      if (process.exitCode === null && process.signalCode === null) await kill();
    },
  };
}
