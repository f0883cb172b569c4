import { readFile } from 'node:fs/promises';
import { setTimeout as after } from 'node:timers/promises';
import { z } from 'zod';
import { AppError, systemCode } from '../base/errors.ts';
import { segment } from './api.ts';
import type { Engine } from './engine.ts';
import type { ExecRequest } from './exec.ts';
import { execState } from './exec-state.ts';
import { engineError, wasRefused } from './reply.ts';

interface Ending {
  readonly engine: Engine;
  readonly container: string;
  readonly id: string;
  readonly shell: boolean;
  readonly request: ExecRequest;
  /** The program's number inside of the container, once it has told it. */
  readonly pid: () => number | undefined;
  /** Resolves when the connection is closed from the other side. */
  readonly closed: Promise<unknown>;
}

/** For the program's launcher to tell its number; from the polite signal to the other; and for that one to be seen to work. */
const startMs = 1000;
const politeMs = 1000;
const certainMs = 5000;

/**
 * Ends a program in a container, all of its group, and returns when the engine has seen it gone. The engine has no call for that: the
 * shell's own `kill` is used, in an exec of its own, and where the image has no shell the process is signalled on this machine, if it is
 * on this machine. Throws `tool.failed` where the program still runs after all that.
 */
export async function endInside(ending: Ending): Promise<void> {
  // The work is over whoever cancelled it; what follows must be done all the same.
  const signal = new AbortController().signal;
  const over = (ms: number) => waitForEnd(ending, ms, signal);
  if (ending.shell) await Promise.race([until(() => ending.pid() !== undefined, startMs), ending.closed]);
  if (await over(0)) return;
  for (const [name, ms] of [
    ['TERM', politeMs],
    ['KILL', certainMs],
  ] as const) {
    await send(ending, name, signal);
    if (await over(ms)) return;
  }
  throw new AppError('tool.failed', `A program in the container ${ending.container} was cancelled but could not be ended.`, {
    hint: `Look for it with: docker top ${ending.container}`,
    details: { container: ending.container, program: ending.request.argv[0] },
  });
}

async function send(ending: Ending, name: 'TERM' | 'KILL', signal: AbortSignal): Promise<void> {
  const pid = ending.pid();
  if (pid === undefined) {
    await signalHere(ending, name, signal);
    return;
  }
  const { engine, container, request } = ending;
  // `kill` is the shell's own: images need not have the program.
  const one = 'kill "-$1" "$2"';
  const alone = name === 'KILL' && request.sparesChildren === true;
  const Cmd = ['/bin/sh', '-c', alone ? one : `kill "-$1" "-$2" 2>/dev/null || ${one}`, 'kill', name, String(pid)];
  try {
    const { Id } = await engine.api.json(
      {
        method: 'POST',
        path: `/containers/${segment(container)}/exec`,
        body: { Cmd, AttachStdout: false, AttachStderr: false, ...(request.user === undefined ? {} : { User: request.user }) },
        signal,
      },
      z.object({ Id: z.string() }),
    );
    await engine.api.done({ method: 'POST', path: `/exec/${segment(Id)}/start`, body: { Detach: true }, signal });
  } catch (error) {
    // Stopped or removed meanwhile: the look that follows says so.
    if (!wasRefused(error)) throw engineError(error, `end a program in ${container}`);
  }
}

/** The process as this machine sees it, and only where the kernel says that it is in that container. */
async function signalHere(ending: Ending, name: 'TERM' | 'KILL', signal: AbortSignal): Promise<void> {
  const { Pid: pid } = await execState(ending.engine, ending.container, ending.id, signal);
  if (typeof pid !== 'number' || pid <= 1 || process.platform !== 'linux' || !ending.engine.local) return;
  try {
    const group = await readFile(`/proc/${String(pid)}/cgroup`, 'utf8');
    const { Id } = await ending.engine.api.json(
      { method: 'GET', path: `/containers/${segment(ending.container)}/json`, signal },
      z.object({ Id: z.string().min(12) }),
    );
    if (group.includes(Id)) process.kill(pid, `SIG${name}`);
  } catch (error) {
    // Gone, or another user's: the look that follows tells.
    if (systemCode(error) === undefined && !wasRefused(error)) throw error;
  }
}

async function waitForEnd(ending: Ending, ms: number, signal: AbortSignal): Promise<boolean> {
  return until(async () => {
    try {
      return !(await execState(ending.engine, ending.container, ending.id, signal)).Running;
    } catch (error) {
      // Removed with its container: that is an end too.
      if (error instanceof AppError && error.code === 'source.missing') return true;
      throw error;
    }
  }, ms);
}

async function until(condition: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  for (let left = ms, wait = 10; ; wait = Math.min(wait * 2, 100)) {
    if (await condition()) return true;
    if (left <= 0) return false;
    await after(Math.min(wait, left));
    left -= wait;
  }
}
