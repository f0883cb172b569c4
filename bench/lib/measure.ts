import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Measured {
  readonly ms: number;
  /** Largest resident size of the process itself, bytes; children apart. NaN where the system does not say. */
  readonly peakBytes: number;
  readonly stdout: string;
}

/**
 * Runs one command to its end. Throws with its error output where it exits with another code than 0. Peak memory is the
 * kernel's own high-water mark (`VmHWM`), read until the process is gone.
 */
export async function measure(argv: readonly string[], env: Readonly<Record<string, string>> = {}, cwd?: string): Promise<Measured> {
  const [file, ...args] = argv;
  if (file === undefined) throw new Error('nothing to run');
  const started = performance.now();
  const child = spawn(file, args, { env: { ...process.env, ...env }, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4000)));
  let peakBytes = Number.NaN;
  const timer = setInterval(() => {
    const now = highWater(child.pid);
    if (now !== undefined) peakBytes = now;
  }, 10);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  }).finally(() => clearInterval(timer));
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}\n${stderr}\n${stdout.slice(-2000)}`);
  return { ms: performance.now() - started, peakBytes, stdout };
}

function highWater(pid: number | undefined): number | undefined {
  if (process.platform !== 'linux' || pid === undefined) return undefined;
  try {
    const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found?.[1] === undefined ? undefined : Number(found[1]) * 1024;
  } catch {
    // Gone between two looks: the last value stands.
    return undefined;
  }
}

/** Bytes of every file below `folder`. */
export function folderBytes(folder: string): number {
  let sum = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) sum += statSync(join(entry.parentPath, entry.name)).size;
  }
  return sum;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
