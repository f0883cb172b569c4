import { EventEmitter } from 'node:events';
import { expect } from 'vitest';
import { runCli } from '../../../electron/cli/app.ts';
import type { InputStream, LeaveSignal, World } from '../../../electron/cli/world.ts';
import { FakeClient } from './fake-client.ts';
import type { Answers, Call } from './fake-client.ts';

/** What a person types once `after` was shown; signals instead of text press Ctrl-C and the like. */
export interface Typed {
  readonly after: string;
  readonly text?: string;
  readonly signal?: LeaveSignal;
}

export interface FakeRun {
  readonly answers?: Answers;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly platform?: NodeJS.Platform;
  /** A person at a terminal who types these, in order. */
  readonly typed?: readonly Typed[];
  readonly terminal?: boolean;
  readonly columns?: number;
  readonly now?: number;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly calls: readonly Call[];
  readonly closes: number;
  readonly rawModes: readonly boolean[];
  /** For each that was typed: whether the terminal was told by then not to show it. */
  readonly hidden: readonly boolean[];
  readonly leftNow: readonly number[];
}

/** 2026-11-20 14:03:07 UTC. */
export const someTime = Date.UTC(2026, 10, 20, 14, 3, 7);

class FakeInput extends EventEmitter implements InputStream {
  readonly rawModes: boolean[] = [];
  readonly isTTY: boolean;
  constructor(terminal: boolean) {
    super();
    this.isTTY = terminal;
  }
  setRawMode(raw: boolean): void {
    this.rawModes.push(raw);
  }
  resume(): void {
    this.emit('resumed');
  }
  pause(): void {
    this.emit('paused');
  }
}

/** Runs one command line against a fake host, in this process. */
export async function runFake(argv: readonly string[], run: FakeRun = {}): Promise<Ran> {
  const client = new FakeClient(run.answers ?? {});
  const terminal = run.terminal ?? run.typed !== undefined;
  const stdin = new FakeInput(terminal);
  const leaving = new Set<(signal: LeaveSignal) => void>();
  const leftNow: number[] = [];
  const hidden: boolean[] = [];
  const typed = [...(run.typed ?? [])];
  let stdout = '';
  let stderr = '';
  let seen = 0;
  let ticks = 0;
  const type = () => {
    const [next] = typed;
    const at = next === undefined ? -1 : stderr.indexOf(next.after, seen);
    if (next === undefined || at === -1) return;
    seen = at + next.after.length;
    hidden.push(stdin.rawModes.at(-1) === true);
    typed.shift();
    setImmediate(() => {
      if (next.signal !== undefined) for (const listener of leaving) listener(next.signal);
      if (next.text !== undefined) stdin.emit('data', Buffer.from(next.text));
    });
  };
  const world: World = {
    argv,
    env: run.env ?? {},
    cwd: run.cwd ?? '/projects/shop',
    platform: run.platform ?? 'linux',
    userFolder: '/home/someone',
    version: '9.8.7',
    clock: { now: () => run.now ?? someTime, monotonic: () => (ticks += 1000) },
    stdin,
    stdout: { isTTY: terminal, columns: run.columns, write: (text) => ((stdout += text), true) },
    stderr: {
      isTTY: terminal,
      columns: run.columns,
      write: (text) => {
        stderr += text;
        type();
        return true;
      },
    },
    connect: async () => client,
    serve: () => Promise.reject(new Error('The test does not serve.')),
    onLeave: (listener) => {
      leaving.add(listener);
      return () => leaving.delete(listener);
    },
    leaveNow: (code) => leftNow.push(code),
  };
  const code = await runCli(world);
  return { code, stdout, stderr, calls: client.calls, closes: client.closes, rawModes: stdin.rawModes, hidden, leftNow };
}

/** The one object that `--json` printed. Throws where standard output holds anything else. */
export function objectOf(ran: Pick<Ran, 'stdout'>): Record<string, unknown> {
  if (!ran.stdout.endsWith('\n') || ran.stdout.indexOf('\n') !== ran.stdout.length - 1) throw new Error(`Not one line: ${ran.stdout}`);
  const parsed: unknown = JSON.parse(ran.stdout);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Error(`Not an object: ${ran.stdout}`);
  return { ...parsed };
}

/** Matches a text that holds `part`, inside an expected object. */
export function containing(part: string): unknown {
  return expect.stringContaining(part);
}
