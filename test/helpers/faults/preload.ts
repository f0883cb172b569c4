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
  readonly mode: 'kill' | 'half' | 'power';
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

/** Compiles the shim into `folder`. Needs a C compiler (`BELAY_TEST_CC`, else `cc`). */
export function compileShim(folder: string): string {
  const library = join(folder, 'shim.so');
  execFileSync(process.env['BELAY_TEST_CC'] ?? 'cc', ['-shared', '-fPIC', '-O1', '-o', library, join(here, 'shim.c'), '-ldl']);
  return library;
}

/** Runs the `belay` command to its end, whatever that is; with a fault where one is given. */
export async function runBelay(args: readonly string[], home: string, fault?: Fault & { readonly shim: string; readonly counter: string }): Promise<FaultRun> {
  const env: NodeJS.ProcessEnv = { ...process.env, BELAY_HOME: home, BACKUP_DIR: '' };
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
  const end = await new Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  const calls = fault !== undefined && existsSync(fault.counter) ? Number(readFileSync(fault.counter).readBigUInt64LE()) : 0;
  return { ...end, calls, stdout, stderr };
}

/** `count` call numbers out of 1..total, spread over the whole and shifted by the seed. */
export function spread(total: number, count: number, seed: number): number[] {
  const step = total / count;
  const points = Array.from({ length: count }, (_, at) => Math.floor(at * step + ((seed * 0.618_034 + at * 0.754_877) % 1) * step) + 1);
  return [...new Set(points)].filter((point) => point <= total);
}
