import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { keepMemoryOutOfCoreDumps, systemClock, systemCode } from '../core/app/faces.ts';
import { runCli } from './app.ts';
import type { LeaveSignal, World } from './world.ts';

keepMemoryOutOfCoreDumps();

const signals: readonly LeaveSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Set where standard output could not be written for another reason than a reader that left early. */
let outputFailed = false;

process.stdout.on('error', (error: Error) => {
  // EPIPE: the reader (`head`, a closed pager) has seen enough. The work goes on and its exit code stands.
  if (systemCode(error) === 'EPIPE' || outputFailed) return;
  outputFailed = true;
  process.stderr.write(`belay: standard output cannot be written (${systemCode(error) ?? error.message}).\n`);
});
// Nobody is left to tell.
process.stderr.on('error', () => undefined);

const version = packageVersion();
const secretsFile = process.env['BELAY_SECRETS_PASSPHRASE_FILE'];
const hosted = (home: string) => ({ home, version, secretsPassphraseFile: secretsFile === undefined || secretsFile === '' ? undefined : resolve(secretsFile) });
const world: World = {
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  platform: process.platform,
  userFolder: homedir(),
  version,
  clock: systemClock,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  connect: async (home, signal) => (await import('./host.ts')).connect(hosted(home), signal),
  serve: async (home, options) => (await import('./host.ts')).serve(hosted(home), options),
  onLeave: (listener) => {
    for (const signal of signals) process.on(signal, listener);
    return () => {
      for (const signal of signals) process.off(signal, listener);
    };
  },
  leaveNow: (code) => process.exit(code),
};

const code = await runCli(world);
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(outputFailed && code === 0 ? 1 : code);

/** Resolves when everything written so far has left this process, or cannot. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}

function packageVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof parsed !== 'object' || parsed === null || !('version' in parsed) || typeof parsed.version !== 'string')
    throw new Error('package.json names no version.');
  return parsed.version;
}
