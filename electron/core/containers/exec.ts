import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import type { Duplex, Readable } from 'node:stream';
import { z } from 'zod';
import { AppError, BugError, CancelledError, throwIfCancelled } from '../base/errors.ts';
import type { Random } from '../base/ports.ts';
import { segment } from './api.ts';
import { findContainer } from './discovery.ts';
import type { Engine } from './engine.ts';
import { endInside } from './exec-end.ts';
import { finalState } from './exec-state.ts';
import { splitFrames } from './frames.ts';
import { containerMissing, containerStopped, engineError, wasRefused } from './reply.ts';

export interface ExecRequest {
  /** The program and its arguments, never a shell's line. Everybody who may speak with the engine sees them. */
  readonly argv: readonly [string, ...string[]];
  /** Visible as `argv` is: never a secret. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Environment of the program alone: handed over by its standard input before it starts, so that neither the engine's records nor any
   * command line hold it. One line each. Needs a shell in the image.
   */
  readonly secrets?: Readonly<Record<string, string>>;
  /** As the engine takes it: a name, a number, or both with a group. By default the container's own. */
  readonly user?: string;
  readonly folder?: string;
  /**
   * Where it does not end politely it alone is killed, not the processes that it started, which end when they miss it. For programs whose orphans would be
   * reaped by a server: to PostgreSQL as a container's first process, one that a signal ended is a crash, and every session is ended.
   */
  readonly sparesChildren?: boolean;
  /** Last bytes of its error output that are kept. */
  readonly keepStderr: number;
  /** On abort the program is ended and `end` rejects with `CancelledError` once it is seen to be gone. */
  readonly signal: AbortSignal;
}

export interface ExecEnd {
  /** The program's own, as the engine recorded it after its end. 137 where it, or its container, was killed. */
  readonly exitCode: number;
  readonly stderr: string;
}

/**
 * A program that runs in a container. The caller reads `stdout` to its end (destroying it ends the program), ends `stdin`, and awaits
 * `end`: output that ended is no sign of success, only the exit code is. `stdin` holds the writer back where the program does not read.
 */
export interface ContainerExec {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly end: Promise<ExecEnd>;
  /** Whether its connection keeps this process alive, as of a socket. */
  ref(): void;
  unref(): void;
}

const created = z.object({ Id: z.string() });
/** Tells its number and becomes the program; secrets are read first, a line each (`read` takes no byte more than that). */
const launcher =
  'n=$1; shift; while [ "$n" -gt 0 ]; do IFS= read -r v || exit 125; export "$1=$v"; shift; n=$((n-1)); done; unset v n; echo "$0 $$" >&2; exec "$@"';
const secretName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Starts a program in a running container. Throws `source.missing` where there is no such container, `source.unreachable` where it is not
 * running or the engine is gone, `tool.missing` where secrets are given and the image has no shell.
 */
export async function startExec(engine: Engine, container: string, request: ExecRequest, ports: { readonly random: Random }): Promise<ContainerExec> {
  throwIfCancelled(request.signal);
  const secrets = Object.entries(request.secrets ?? {});
  const shell = await hasShell(engine, container, request.signal);
  if (!shell && secrets.length > 0) {
    await findContainer(engine, container, request.signal);
    throw new AppError('tool.missing', `The image of the container ${container} has no shell, so that no secret can be handed to a program in it.`, {
      hint: 'Use an image that has /bin/sh, or reach the server over its port.',
      details: { container },
    });
  }
  for (const [name, value] of secrets) if (!secretName.test(name) || /[\n\r\0]/.test(value)) throw unfit(name);
  const nonce = `belay-${Buffer.from(ports.random.bytes(12)).toString('hex')}`;
  const argv = shell ? ['/bin/sh', '-c', launcher, nonce, String(secrets.length), ...secrets.map(([name]) => name), ...request.argv] : [...request.argv];
  try {
    const { Id: id } = await engine.api.json(
      { method: 'POST', path: `/containers/${segment(container)}/exec`, body: body(argv, request), signal: request.signal },
      created,
    );
    const connection = await engine.api.hijack({
      method: 'POST',
      path: `/exec/${segment(id)}/start`,
      body: { Detach: false, Tty: false },
      upgrade: true,
      signal: request.signal,
    });
    if (secrets.length > 0) connection.write(secrets.map(([, value]) => `${value}\n`).join(''));
    return running({ engine, container, id, nonce, shell, request, connection });
  } catch (error) {
    throw await startError(engine, container, error, request.signal);
  }
}

function unfit(name: string): AppError {
  return new AppError('input.invalid', `The secret for ${name} cannot be handed over: it spans several lines.`, { hint: 'Use a secret of one line.' });
}

function body(argv: readonly string[], request: ExecRequest): Readonly<Record<string, unknown>> {
  return {
    Cmd: argv,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    // A terminal would change line ends of the output.
    Tty: false,
    ...(request.env === undefined ? {} : { Env: Object.entries(request.env).map(([name, value]) => `${name}=${value}`) }),
    ...(request.user === undefined ? {} : { User: request.user }),
    ...(request.folder === undefined ? {} : { WorkingDir: request.folder }),
  };
}

async function startError(engine: Engine, container: string, error: unknown, signal: AbortSignal): Promise<Error> {
  if (wasRefused(error, 404)) return containerMissing(container, error);
  if (wasRefused(error, 409)) return containerStopped(container, error);
  // What Podman and older engines say of one that is not running, and of much else.
  if (wasRefused(error, 500) && (await findContainer(engine, container, signal)).state !== 'running') return containerStopped(container, error);
  return engineError(error, `start a program in ${container}`);
}

/** Whether a shell is where every image that has one has it; false also where there is no such container. */
export async function hasShell(engine: Engine, container: string, signal: AbortSignal): Promise<boolean> {
  try {
    await engine.api.done({ method: 'HEAD', path: `/containers/${segment(container)}/archive`, query: { path: '/bin/sh' }, signal });
    return true;
  } catch (error) {
    // HEAD has no body: a missing container is told from a missing file by the call that follows.
    if (wasRefused(error, 404)) return false;
    throw engineError(error, `look into ${container}`);
  }
}

interface Running {
  readonly engine: Engine;
  readonly container: string;
  readonly id: string;
  readonly nonce: string;
  readonly shell: boolean;
  readonly request: ExecRequest;
  readonly connection: Duplex;
}

function running(parts: Running): ContainerExec {
  const { connection, request } = parts;
  const stderr = keepStderr(parts.nonce, request.keepStderr);
  const { stdout, broke } = splitFrames(connection, (part) => stderr.take(part));
  const stdin = writerTo(connection);
  const { promise: cancelled, resolve: cancel } = Promise.withResolvers<undefined>();
  const onAbort = (): void => cancel(undefined);
  request.signal.addEventListener('abort', onAbort, { once: true });
  if (request.signal.aborted) onAbort();
  const closed = new Promise<void>((resolve) => {
    connection.once('close', resolve);
    connection.once('end', resolve);
  });
  stdout.once('close', () => {
    if (!stdout.readableEnded && !broke()) cancel(undefined);
  });
  const waiting = new AbortController();
  const proved = async (): Promise<ExecEnd> => {
    try {
      const state = await Promise.race([closed.then(() => finalState(parts.engine, parts.container, parts.id, waiting.signal)), cancelled]);
      if (state !== undefined) return { exitCode: state.ExitCode, stderr: stderr.text() };
      // Not by closing its input: a program that reads rows would take that for their end, and commit them.
      await endInside({ ...parts, pid: () => stderr.pid(), closed });
      throw new CancelledError();
    } finally {
      waiting.abort();
      request.signal.removeEventListener('abort', onAbort);
      connection.destroy();
    }
  };
  const end = proved();
  end.catch((error: unknown) => {
    // Nobody is to read on as if all were well.
    const cause = error instanceof Error ? error : new BugError(String(error));
    if (!stdout.readableEnded) stdout.destroy(cause);
    stdin.destroy(cause);
  });
  stdout.on('error', () => undefined);
  const socket = connection instanceof Socket ? connection : undefined;
  return { stdin, stdout, end, ref: () => void socket?.ref(), unref: () => void socket?.unref() };
}

function writerTo(connection: Duplex): Writable {
  const stdin = new Writable({
    write: (chunk: Buffer, _encoding, done) => void connection.write(chunk, done),
    final: (done) => {
      // The engine's end may be gone already: its program needed no more.
      if (connection.destroyed || connection.writableEnded) done();
      else connection.end(done);
    },
  });
  connection.once('close', () => {
    if (!stdin.writableFinished) stdin.destroy(Object.assign(new Error('The program in the container has ended.'), { code: 'EPIPE' }));
  });
  // A program may end before it has read all; whether that is well its exit code says.
  stdin.on('error', () => undefined);
  return stdin;
}

/** Takes the launcher's own line out of the error output and keeps the last bytes of the rest. */
export function keepStderr(nonce: string, most: number): { take(part: Buffer): void; pid(): number | undefined; text(): string } {
  let kept = Buffer.alloc(0);
  let start: Buffer | undefined = Buffer.alloc(0);
  let pid: number | undefined;
  const keep = (part: Buffer): void => {
    kept = Buffer.concat([kept, part]);
    if (kept.length > most) kept = Buffer.from(kept.subarray(kept.length - most));
  };
  return {
    take(part) {
      if (start === undefined) {
        keep(part);
        return;
      }
      start = Buffer.concat([start, part]);
      const lineEnd = start.indexOf(10);
      if (lineEnd === -1 && start.length < nonce.length + 20) return;
      const said = new RegExp(`^${nonce} (\\d+)$`).exec(start.subarray(0, Math.max(0, lineEnd)).toString('latin1'));
      pid = said === null ? undefined : Number(said[1]);
      keep(said === null ? start : start.subarray(lineEnd + 1));
      start = undefined;
    },
    pid: () => pid,
    text: () => Buffer.concat([kept, start ?? Buffer.alloc(0)]).toString('utf8'),
  };
}
