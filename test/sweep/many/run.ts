import type { FaultRun, StartedRun } from '../../helpers/faults/preload.ts';
import { startBelay } from '../../helpers/faults/preload.ts';

/** What somebody does to a process that runs: nothing, an end, or a pause. Times in milliseconds. */
export interface Disturbance {
  readonly kind: 'none' | 'kill' | 'suspend';
  readonly after: number;
  readonly pause: number;
}

export interface Outcome {
  readonly ran: FaultRun;
  /** Nobody can know whether it was done: we killed it, or we killed, ended or suspended a process that may have been its host. */
  readonly doubtful: boolean;
  readonly error: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
  /** An end that nothing of what we did explains. */
  readonly wrong: string | undefined;
}

/** When processes of each data directory were under a signal of ours, from the signal to their end: any of them may be the host of the others. */
export class Disturbed {
  readonly #spans = new Map<string, { readonly from: number; to: number }[]>();

  /** Sends a signal to a process of a data directory, and remembers it until the process has ended. */
  signal(run: StartedRun, home: string, signal: NodeJS.Signals): void {
    const span = { from: performance.now(), to: Number.POSITIVE_INFINITY };
    this.#spans.set(home, [...(this.#spans.get(home) ?? []), span]);
    run.kill(signal);
    void run.ended.finally(() => (span.to = performance.now()));
  }

  /** Whether any process of a data directory was under a signal at any time since. */
  since(home: string, from: number): boolean {
    return (this.#spans.get(home) ?? []).some((span) => span.to >= from);
  }
}

/** Runs `belay`, disturbed. */
export async function disturbed(args: readonly string[], home: string, disturbance: Disturbance, others: Disturbed): Promise<Outcome> {
  const began = performance.now();
  const run = startBelay(args, home);
  const timers: NodeJS.Timeout[] = [];
  const at = (after: number, signal: NodeJS.Signals): unknown => timers.push(setTimeout(() => others.signal(run, home, signal), after));
  if (disturbance.kind === 'kill') at(disturbance.after, 'SIGKILL');
  if (disturbance.kind === 'suspend') {
    at(disturbance.after, 'SIGSTOP');
    at(disturbance.after + disturbance.pause, 'SIGCONT');
  }
  const ran = await run.ended;
  for (const timer of timers) clearTimeout(timer);
  const told = parsed(ran.stdout);
  const error = told?.error?.code;
  const killed = wasKilled(ran);
  const cut = (error === 'transport.closed' || error === 'cancelled') && others.since(home, began);
  const wrong = unexplained(ran) ?? (killed || told !== undefined ? undefined : 'what it said is no JSON');
  return { ran, error, data: told?.data ?? {}, doubtful: killed || cut, wrong };
}

/** Whether it was we who killed it. */
export function wasKilled({ signal, sent }: FaultRun): boolean {
  return signal === 'SIGKILL' && sent.has('SIGKILL');
}

/** What no process may end with, whatever was done to it; undefined where there is nothing. */
export function unexplained({ signal, sent, hung, stderr }: FaultRun): string | undefined {
  if (hung) return 'it hung';
  if (signal !== null && !sent.has(signal)) return `it died of ${signal}, which nobody sent`;
  return /^\s+at .*:\d+:\d+\)?$/mu.test(stderr) ? 'it left a stack trace' : undefined;
}

function parsed(text: string): { readonly data?: Readonly<Record<string, unknown>>; readonly error?: { readonly code: string } } | undefined {
  try {
    return JSON.parse(text) as { readonly data?: Readonly<Record<string, unknown>> };
  } catch {
    return undefined;
  }
}
