import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../belay', import.meta.url));

/** A `belay serve` that is open. */
export interface Served {
  readonly pid: number;
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>;
  /** Ends it as a supervisor does, and waits for that. */
  close(): Promise<void>;
}

/** Starts `belay serve` over a data directory; resolves when it is open, and throws where it ended before. */
export async function serve(home: string): Promise<Served> {
  const child = spawn(process.execPath, [launcher, 'serve', '--json'], { env: { ...process.env, BELAY_HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'exit').then(() => undefined);
  const open = await Promise.race([once(child.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!open || child.pid === undefined) throw new Error(`belay serve ended: ${said}`);
  return {
    pid: child.pid,
    ended,
    close: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
