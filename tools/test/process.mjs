// Plain Node >= 20, no dependency.
import { spawn } from 'node:child_process';

/**
 * @typedef {object} Ended
 * @property {number | null} code
 * @property {NodeJS.Signals | null} signal
 * @property {boolean} timedOut
 * @property {string} output what it printed, where `capture` was asked for: errors stand where they were read, which is not always where they were written
 * @property {string} stdout of that, what it printed to standard output, in its order
 */

/**
 * Runs a command in a process group of its own and resolves when it has ended and nothing of the group is left.
 * Where `signal` aborts or the time is up the group gets SIGINT, and SIGKILL ten seconds later.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv, signal: AbortSignal, timeoutMs: number, capture?: boolean }} options
 * @returns {Promise<Ended>}
 */
export function runGroup(command, args, { cwd, env, signal, timeoutMs, capture = false }) {
  return new Promise((resolve, reject) => {
    const grouped = process.platform !== 'win32';
    const child = spawn(command, args, { cwd, env, detached: grouped, stdio: ['ignore', capture ? 'pipe' : 'inherit', capture ? 'pipe' : 'inherit'] });
    let output = '';
    let stdout = '';
    let timedOut = false;
    const keep = (/** @type {Buffer} */ chunk) => {
      output += chunk.toString('utf8');
    };
    child.stdout?.on('data', keep);
    child.stdout?.on('data', (/** @type {Buffer} */ chunk) => (stdout += chunk.toString('utf8')));
    child.stderr?.on('data', keep);

    const send = (/** @type {NodeJS.Signals} */ name) => {
      if (child.pid === undefined) return;
      try {
        process.kill(grouped ? -child.pid : child.pid, name);
      } catch (error) {
        if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
      }
    };
    /** @type {NodeJS.Timeout | undefined} */
    let hard;
    const stop = () => {
      send('SIGINT');
      hard ??= setTimeout(() => send('SIGKILL'), 10_000);
    };
    const limit = setTimeout(() => {
      timedOut = true;
      stop();
    }, timeoutMs);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    const release = () => {
      clearTimeout(limit);
      clearTimeout(hard);
      signal.removeEventListener('abort', stop);
    };
    child.once('error', (error) => {
      release();
      reject(error);
    });
    child.once('exit', () => {
      if (grouped) send('SIGKILL');
    });
    child.once('close', (code, ending) => {
      release();
      resolve({ code, signal: ending, timedOut, output, stdout });
    });
  });
}
