import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { runCli } from '../../../electron/cli/app.ts';
import type { InputStream, World } from '../../../electron/cli/world.ts';
import { silentLog, systemClock, systemRandom } from '../../../electron/core/base/system.ts';
import { connectOrHost } from '../../../electron/host/connect.ts';
import type { Ended } from './belay.ts';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { readonly version: string };

/** Standard input that is closed, as every command of a test has it that is not at a terminal. */
class NoInput extends EventEmitter implements InputStream {
  resume(): void {
    setImmediate(() => this.emit('end'));
  }
  pause(): void {}
}

/** Words whose command needs a process of its own: it stays, or hands its own streams and signals to a program of the user's. */
const needsProcess: ReadonlySet<string> = new Set(['serve', 'run']);

/** Whether a command line can run in this process: on the data directory of the host that is there, with no stream of its own. */
export function runsInside(argv: readonly string[], env: Readonly<Record<string, string>> = {}): boolean {
  return !argv.some((word) => needsProcess.has(word) || word.startsWith('--home')) && !('BELAY_HOME' in env);
}

/**
 * Runs a command line in this process, attached to the host of its data directory, which must be there: what a process of its own
 * would print and exit with, at a small part of its cost.
 */
export async function runInside(argv: readonly string[], at: { readonly cwd: string; readonly env: Readonly<Record<string, string>> }): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  const world: World = {
    argv,
    env: at.env,
    cwd: at.cwd,
    platform: process.platform,
    userFolder: at.env['HOME'] ?? '',
    version,
    clock: systemClock,
    stdin: new NoInput(),
    stdout: { write: (text) => ((stdout += text), true) },
    stderr: { write: (text) => ((stderr += text), true) },
    connect: async (home, signal) => {
      const { client } = await connectOrHost({
        home,
        version,
        startedBy: 'command',
        createBelay: () => Promise.reject(new Error('The host of this place is gone.')),
        ports: { clock: systemClock, random: systemRandom, log: silentLog },
        ...(signal === undefined ? {} : { signal }),
      });
      return client;
    },
    serve: () => Promise.reject(new Error('A host needs a process of its own.')),
    onLeave: () => () => undefined,
    leaveNow: (code) => {
      throw new Error(`left at once with ${code}`);
    },
  };
  const code = await runCli(world);
  return { code, signal: null, stdout, stderr };
}
