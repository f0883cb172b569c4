import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Fault {
  /** Calls below these paths count. */
  readonly prefixes: readonly string[];
  /** Call number at which it happens; 0 only counts. */
  readonly at: number;
  readonly mode: 'kill' | 'half' | 'power' | 'stop';
  /** Mount point that loses its power. */
  readonly mount?: string;
}

export interface FaultRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Write-side calls seen. */
  readonly calls: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Compiles the shim of faults, or that of the clock, into `folder`. Needs a C compiler (`BELAY_TEST_CC`, else `cc`). */
export function compileShim(folder: string, name: 'shim' | 'clock' = 'shim'): string {
  const library = join(folder, `${name}.so`);
  execFileSync(process.env['BELAY_TEST_CC'] ?? 'cc', ['-shared', '-fPIC', '-O1', '-o', library, join(here, `${name}.c`), '-ldl']);
  return library;
}

/** A `belay` command that runs. */
export interface StartedRun {
  readonly pid: number;
  readonly ended: Promise<FaultRun>;
  kill(signal: NodeJS.Signals): void;
}

type PreparedFault = Fault & { readonly shim: string; readonly counter: string };

/** Runs the `belay` command to its end, whatever that is; with a fault where one is given. */
export function runBelay(args: readonly string[], home: string, fault?: PreparedFault): Promise<FaultRun> {
  return startBelay(args, home, fault === undefined ? {} : { fault }).ended;
}

/** Starts the `belay` command; with a fault where one is given, with more in its environment. */
export function startBelay(
  args: readonly string[],
  home: string,
  options: { readonly fault?: PreparedFault; readonly env?: Readonly<Record<string, string>> } = {},
): StartedRun {
  const { fault } = options;
  const env: NodeJS.ProcessEnv = { ...process.env, ...options.env, BELAY_HOME: home, BACKUP_DIR: '' };
  if (fault !== undefined) {
    rmSync(fault.counter, { force: true });
    env['LD_PRELOAD'] = fault.shim;
    env['BELAY_FAULT_COUNTER'] = fault.counter;
    env['BELAY_FAULT_PREFIX'] = fault.prefixes.join(':');
    env['BELAY_FAULT_AT'] = String(fault.at);
    env['BELAY_FAULT_MODE'] = fault.mode;
    if (fault.mount !== undefined) env['BELAY_FAULT_MOUNT'] = fault.mount;
  }
  const child = spawn(process.execPath, [join(root, 'belay'), ...args, '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<FaultRun>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const calls = fault !== undefined && existsSync(fault.counter) ? Number(readFileSync(fault.counter).readBigUInt64LE()) : 0;
      resolve({ code, signal, calls, stdout, stderr });
    });
  });
  return { pid: child.pid ?? 0, ended, kill: (signal) => child.kill(signal) };
}

/** `count` call numbers out of 1..total, spread over the whole and shifted by the seed. */
export function spread(total: number, count: number, seed: number): number[] {
  const step = total / count;
  const points = Array.from({ length: count }, (_, at) => Math.floor(at * step + ((seed * 0.618_034 + at * 0.754_877) % 1) * step) + 1);
  return [...new Set(points)].filter((point) => point <= total);
}
