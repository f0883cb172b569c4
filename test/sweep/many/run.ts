import type { FaultRun } from '../../helpers/faults/preload.ts';
import { startBelay } from '../../helpers/faults/preload.ts';

/** What somebody does to a process that runs: nothing, an end, or a pause. Times in milliseconds. */
export interface Disturbance {
  readonly kind: 'none' | 'kill' | 'suspend';
  readonly after: number;
  readonly pause: number;
}

export interface Outcome {
  readonly ran: FaultRun;
  /** Nobody can know whether it was done: it was killed, or lost its host. */
  readonly doubtful: boolean;
  readonly error: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Runs `belay`, disturbed. */
export async function disturbed(args: readonly string[], home: string, disturbance: Disturbance): Promise<Outcome> {
  const run = startBelay(args, home);
  const timers: NodeJS.Timeout[] = [];
  if (disturbance.kind === 'kill') timers.push(setTimeout(() => run.kill('SIGKILL'), disturbance.after));
  if (disturbance.kind === 'suspend') {
    timers.push(
      setTimeout(() => run.kill('SIGSTOP'), disturbance.after),
      setTimeout(() => run.kill('SIGCONT'), disturbance.after + disturbance.pause),
    );
  }
  const ran = await run.ended;
  for (const timer of timers) clearTimeout(timer);
  const told = parsed(ran.stdout);
  const error = told?.error?.code;
  return { ran, error, data: told?.data ?? {}, doubtful: ran.signal !== null || told === undefined || error === 'transport.closed' || error === 'cancelled' };
}

function parsed(text: string): { readonly data?: Readonly<Record<string, unknown>>; readonly error?: { readonly code: string } } | undefined {
  try {
    return JSON.parse(text) as { readonly data?: Readonly<Record<string, unknown>> };
  } catch {
    return undefined;
  }
}
