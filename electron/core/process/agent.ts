import { spawn } from 'node:child_process';
import { AppError, BugError, CancelledError, fromWireError, throwIfCancelled } from '../base/errors.ts';
import { isReply, type AgentCall, type AgentReply } from './agent-message.ts';
import { childEnd, keepTail, type ChildEnd } from './ended.ts';

export interface AgentOptions<Calls extends Record<keyof Calls, AgentCall>> {
  /** What the agent is, in words, for errors: `the SQLite reader`. */
  readonly title: string;
  /** Absolute path of the agent's module. */
  readonly entry: string;
  /** A Node binary; this process's own where left out. */
  readonly node?: string;
  readonly env: Readonly<Record<string, string>>;
  /** On abort the agent is told to end, and killed a second later; pending calls reject with `CancelledError` once it is gone. */
  readonly signal: AbortSignal;
  /** Each answer is checked on this side: the agent has read what is not trusted. */
  readonly check: <K extends keyof Calls>(method: K, answer: unknown) => Calls[K]['result'];
}

/** A child process of our own code that does what must not be done in this process. */
export interface Agent<Calls extends Record<keyof Calls, AgentCall>> {
  /** Errors come back with code, hint and cause intact; `tool.failed` where the agent died. */
  call<K extends keyof Calls & string>(method: K, params: Calls[K]['params'], onProgress?: (progress: unknown) => void): Promise<Calls[K]['result']>;
  /** Ends the agent and resolves when it is seen to be gone. Safe to call twice. */
  close(): Promise<void>;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: ((progress: unknown) => void) | undefined;
}

/** From the closed channel to SIGKILL. An agent that is idle exits at once. */
const politeMs = 1000;
const keptStderr = 4096;

/** Starts an agent: no shell, private channel, only the environment that is given and what Node itself needs to start. */
export function startAgent<Calls extends Record<keyof Calls, AgentCall>>(options: AgentOptions<Calls>): Agent<Calls> {
  throwIfCancelled(options.signal);
  const child = spawn(options.node ?? process.execPath, ['--disable-warning=ExperimentalWarning', options.entry], {
    shell: false,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: { ...systemEnvironment(), ...options.env },
  });
  const stderr = keepTail(child.stderr, keptStderr);
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let gone: Error | undefined;
  let closing = false;

  const fail = (error: Error): void => {
    gone = error;
    for (const one of pending.values()) one.reject(error);
    pending.clear();
  };
  let killTimer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (child.connected) child.disconnect();
    killTimer ??= setTimeout(() => child.kill('SIGKILL'), politeMs);
  };
  const ended = childEnd(child).then(
    (end) =>
      fail(options.signal.aborted ? new CancelledError() : closing ? new BugError(`${options.title} was closed`) : died(options.title, end, stderr.text())),
    (error: unknown) =>
      fail(new AppError('tool.failed', `${options.title} could not be started.`, { hint: 'Check the installation with `belay doctor`.', cause: error })),
  );
  child.on('message', (message: unknown) => {
    if (isReply(message)) settle(pending, message);
  });
  // A channel that breaks is followed by the exit, which carries the reason.
  child.on('error', () => undefined);
  options.signal.addEventListener('abort', stop, { once: true });

  return {
    call: async (method, params, onProgress) => {
      if (gone !== undefined) throw gone;
      const answer = await new Promise<unknown>((resolve, reject) => {
        const id = nextId++;
        pending.set(id, { resolve, reject, onProgress });
        // A send that fails is followed by the exit, which carries the reason.
        child.send({ id, method, params }, () => undefined);
      });
      return options.check(method, answer);
    },
    close: async () => {
      closing = true;
      options.signal.removeEventListener('abort', stop);
      stop();
      await ended;
      clearTimeout(killTimer);
    },
  };
}

function settle(pending: Map<number, Pending>, reply: AgentReply): void {
  const one = pending.get(reply.id);
  if (one === undefined) return;
  if (reply.kind === 'progress') {
    one.onProgress?.(reply.progress);
    return;
  }
  pending.delete(reply.id);
  if (reply.kind === 'result') one.resolve(reply.result);
  else one.reject(fromWireError(reply.error));
}

function died(title: string, end: ChildEnd, stderr: string): AppError {
  const how = end.signal === undefined ? `exit code ${end.exitCode ?? 'unknown'}` : `signal ${end.signal}`;
  return new AppError('tool.failed', `${title} ended unexpectedly (${how}).`, {
    hint: 'What it was reading may be damaged; try again, and check the source with its own tools.',
    details: { exitCode: end.exitCode ?? null, signal: end.signal ?? null, stderr: stderr.slice(-1000) },
  });
}

const passedOn = ['PATH', 'SystemRoot', 'SYSTEMROOT', 'TEMP', 'TMP', 'TMPDIR', 'LANG', 'TZ', 'LD_LIBRARY_PATH'] as const;

function systemEnvironment(): Record<string, string> {
  return Object.fromEntries(
    passedOn.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
