// Plain Node >= 20, no dependency.
import { spawn } from 'node:child_process';

/**
 * Runs a command in the place of this process: stdio is inherited, signals are passed on, and this process ends with the
 * same exit code or by the same signal. A terminal sends Ctrl-C to both processes by itself, so it is not sent twice.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<never>}
 */
export async function handOver(command, args, options = {}) {
  const ended = await runInherited(command, args, options);
  return endLike(ended);
}

/**
 * Runs a command with inherited stdio and passes signals on to it until it has ended.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null }>}
 */
function runInherited(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    const atTerminal = process.stdin.isTTY === true || process.stdout.isTTY === true || process.stderr.isTTY === true;
    /** @type {[NodeJS.Signals, () => void][]} */
    const handlers = [];
    for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'])) {
      const handler = () => {
        if (!(atTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT'))) child.kill(signal);
      };
      handlers.push([signal, handler]);
      process.on(signal, handler);
    }
    const release = () => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    };
    child.once('error', (error) => {
      release();
      reject(error);
    });
    child.once('close', (code, signal) => {
      release();
      resolve({ code, signal });
    });
  });
}

/**
 * Ends this process as another one ended.
 * @param {{ code: number | null, signal: NodeJS.Signals | null }} ended
 * @returns {Promise<never>}
 */
async function endLike({ code, signal }) {
  if (signal === null) process.exit(code ?? 1);
  process.kill(process.pid, signal);
  // Windows has no signals, and a signal may be blocked: the code is what a shell would show.
  await new Promise((resolve) => setTimeout(resolve, 500));
  process.exit(128);
}
