import { spawn } from 'node:child_process';
import { AppError, systemCode } from '../base/errors.ts';

export interface ForegroundEnd {
  /** Exit code; undefined where a signal ended the child. */
  readonly exitCode?: number;
  readonly signal?: NodeJS.Signals;
}

export interface ForegroundOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the child's standard output goes; `error` keeps our own standard output free of it. */
  readonly stdout: 'output' | 'error';
  /** Signals passed on to the child; returns the function that ends the subscription. */
  readonly onSignal: (pass: (signal: NodeJS.Signals) => void) => () => void;
}

/**
 * Runs the user's own command in the foreground of this terminal: no shell, standard streams inherited, the same process
 * group, so that the terminal's Ctrl-C reaches it. Resolves with how it ended.
 * Throws `tool.missing` where there is no such program and `tool.failed` where it could not be started.
 */
export async function runForeground(argv: readonly [string, ...string[]], options: ForegroundOptions): Promise<ForegroundEnd> {
  const [program, ...args] = argv;
  const child = spawn(program, args, { cwd: options.cwd, env: options.env, shell: false, stdio: ['inherit', options.stdout === 'output' ? 1 : 2, 2] });
  const stopPassing = options.onSignal((signal) => child.kill(signal));
  try {
    return await new Promise<ForegroundEnd>((resolve, reject) => {
      child.once('error', (error) => reject(notStarted(program, error)));
      child.once('exit', (exitCode, signal) => resolve(signal === null ? { exitCode: exitCode ?? 0 } : { signal }));
    });
  } finally {
    stopPassing();
  }
}

function notStarted(program: string, error: Error): AppError {
  const code = systemCode(error);
  if (code === 'ENOENT')
    return new AppError('tool.missing', `There is no program ${JSON.stringify(program)}.`, {
      hint: 'Check its spelling and PATH.',
      details: { program },
      cause: error,
    });
  return new AppError('tool.failed', `${JSON.stringify(program)} could not be started.`, {
    hint: 'Check that the file may be executed.',
    details: { program, ...(code === undefined ? {} : { system: code }) },
    cause: error,
  });
}
