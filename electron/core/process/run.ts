import { spawn, type ChildProcess } from 'node:child_process';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError, CancelledError, systemCode, throwIfCancelled } from '../base/errors.ts';
import { childEnd, keepTail, type ChildEnd } from './ended.ts';

export interface CommandRequest {
  /** The program: a path, or a name that is looked for on PATH. Never a shell's line. */
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** What is undefined is not passed on of this process's own either. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** True where the child also gets this process's own environment. */
  readonly inheritEnv: boolean;
  readonly signal: AbortSignal;
  /** Last bytes of each output stream that are kept. */
  readonly keepOutput: number;
  /** Its standard input, read as fast as the child takes it; empty where left out. A failure of it ends the child and is thrown. */
  readonly input?: AsyncIterable<Uint8Array>;
}

export interface CommandEnd extends ChildEnd {
  readonly stdout: string;
  readonly stderr: string;
}

/** From the polite signal to the one that cannot be ignored. */
const politeMs = 1000;

/**
 * Runs a program without a shell, in a process group of its own. Resolves with how it ended, whatever
 * its exit code. On abort the whole group is ended and `CancelledError` thrown once the child is seen to be gone, within two
 * seconds. Throws `tool.missing` where there is no such program, `tool.failed` where it could not be started.
 */
export async function runCommand(request: CommandRequest): Promise<CommandEnd> {
  throwIfCancelled(request.signal);
  const child = spawn(request.file, request.args, {
    shell: false,
    detached: process.platform !== 'win32',
    stdio: [request.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { ...(request.inheritEnv ? process.env : {}), ...request.env },
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
  });
  const stdout = keepTail(child.stdout, request.keepOutput);
  const stderr = keepTail(child.stderr, request.keepOutput);
  const stopWatching = endOnAbort(child, request.signal);
  const fed = request.input === undefined || child.stdin === null ? Promise.resolve(undefined) : feed(child, child.stdin, request.input);
  try {
    const end = await childEnd(child);
    if (request.signal.aborted) throw new CancelledError();
    const failed = await fed;
    if (failed !== undefined) throw failed.error;
    return { ...end, stdout: stdout.text(), stderr: stderr.text() };
  } catch (error) {
    throw error instanceof CancelledError || error instanceof AppError ? error : notStarted(request.file, error);
  } finally {
    stopWatching();
  }
}

/** What a child leaves unread is its own affair: how it ends says whether it needed it. */
const unread: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED']);

/** Resolves with what went wrong with the input itself. */
async function feed(child: ChildProcess, stdin: Writable, input: AsyncIterable<Uint8Array>): Promise<{ readonly error: unknown } | undefined> {
  try {
    await pipeline(Readable.from(input, { objectMode: true, highWaterMark: 1 }), stdin);
    return undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && unread.has(String(error.code))) return undefined;
    signalGroup(child, 'SIGTERM');
    return { error };
  }
}

function endOnAbort(child: ChildProcess, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    signalGroup(child, 'SIGTERM');
    timer = setTimeout(() => signalGroup(child, 'SIGKILL'), politeMs);
  };
  signal.addEventListener('abort', end, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    // What the child left running in its group goes with it.
    if (signal.aborted) signalGroup(child, 'SIGKILL');
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    child.kill(signal);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

function notStarted(file: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  if (code === 'ENOENT')
    return new AppError('tool.missing', `There is no program ${JSON.stringify(file)}.`, { hint: 'Check its spelling and PATH.', cause: error });
  return new AppError('tool.failed', `${JSON.stringify(file)} could not be started.`, {
    hint: 'Check that the file may be executed.',
    details: { program: file, system: code },
    cause: error,
  });
}
