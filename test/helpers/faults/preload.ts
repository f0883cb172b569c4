import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
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
  /** None where it hung: what ended it then is nothing that a caller expects. */
  readonly signal: NodeJS.Signals | null;
  /** Signals that reached it through `kill`. */
  readonly sent: ReadonlySet<NodeJS.Signals>;
  /** It ran longer than any command may, suspended time not counted, and was ended. */
  readonly hung: boolean;
  /** Write-side calls seen. */
  readonly calls: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** No command may run longer, milliseconds. */
const LONGEST = 180_000;

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
  const sent = new Set<NodeJS.Signals>();
  let hung = false;
  const limit = limitOf(child, () => {
    hung = true;
    child.kill('SIGKILL');
    // What it started may hold the pipes open.
    for (const pipe of [child.stdout, child.stderr]) pipe.destroy();
  });
  const ended = new Promise<FaultRun>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => limit.over());
    child.on('close', (code, signal) => {
      limit.over();
      const calls = fault !== undefined && existsSync(fault.counter) ? Number(readFileSync(fault.counter).readBigUInt64LE()) : 0;
      if (hung) stderr += `belay ${args.join(' ')} hung: it was ended after ${LONGEST / 1000} s`;
      resolve({ code: hung ? null : code, signal: hung ? null : signal, sent, hung, calls, stdout, stderr });
    });
  });
  const kill = (signal: NodeJS.Signals): void => {
    if (child.exitCode !== null || child.signalCode !== null || !child.kill(signal)) return;
    sent.add(signal);
    if (signal === 'SIGCONT') limit.again();
  };
  return { pid: child.pid ?? 0, ended, kill };
}

/** Calls `hung` when a process has run for as long as no command may; a suspended one is asked again, and one that goes on begins anew. */
function limitOf({ pid }: ChildProcess, hung: () => void): { over(): void; again(): void } {
  let timer: NodeJS.Timeout | undefined;
  const again = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => (stateOf(pid ?? 0) === 'T' ? again() : hung()), LONGEST);
  };
  again();
  return { over: () => clearTimeout(timer), again };
}

/** State of a process as the system gives it, `T` where it is suspended; undefined where it is gone, or the system does not say. */
export function stateOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3);
  } catch {
    return undefined;
  }
}

/** `count` call numbers out of 1..total, spread over the whole and shifted by the seed. */
export function spread(total: number, count: number, seed: number): number[] {
  const step = total / count;
  const points = Array.from({ length: count }, (_, at) => Math.floor(at * step + ((seed * 0.618_034 + at * 0.754_877) % 1) * step) + 1);
  return [...new Set(points)].filter((point) => point <= total);
}
