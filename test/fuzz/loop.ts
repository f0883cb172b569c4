import { AppError } from '../../electron/core/base/errors.ts';
import type { Coverage } from './coverage.ts';
import { mutate } from './mutate.ts';
import type { Choices } from './random.ts';
import { Wrong } from './target.ts';
import type { FuzzTarget } from './target.ts';

/** What an input did that none may do. */
export interface Fault {
  readonly kind: 'crash' | 'slow' | 'memory' | 'wrong';
  readonly what: string;
}

/** Processor time that one input may take, milliseconds; the limits of the format are far below it. */
export const mostMs = 1000;
/** Growth of resident memory that one input may cause. */
export const mostGrowth = 256 << 20;

/** Runs one input; what it did that none may do, and how long it took. A process that dies of it dies. */
export async function tryInput(target: FuzzTarget, input: Uint8Array): Promise<{ readonly fault?: Fault; readonly ms: number }> {
  const before = process.memoryUsage.rss();
  const cpu = process.threadCpuUsage();
  const began = performance.now();
  let fault: Fault | undefined;
  try {
    await target.run(input);
  } catch (error) {
    if (!(error instanceof AppError)) fault = { kind: error instanceof Wrong ? 'wrong' : 'crash', what: told(error) };
  }
  const ms = performance.now() - began;
  if (fault !== undefined) return { fault, ms };
  if (ms > mostMs) {
    // Others use the machine too: what counts is this thread's own time.
    const { user, system } = process.threadCpuUsage(cpu);
    if ((user + system) / 1000 > mostMs) return { fault: { kind: 'slow', what: `${Math.round((user + system) / 1000)} ms` }, ms };
  }
  const grown = process.memoryUsage.rss() - before;
  if (grown > mostGrowth) return { fault: { kind: 'memory', what: `${Math.round(grown / (1 << 20))} MiB more` }, ms };
  return { ms };
}

function told(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  return (error.stack ?? error.message).split('\n').slice(0, 8).join('\n').slice(0, 1500);
}

export interface Loop {
  readonly target: FuzzTarget;
  readonly inputs: Uint8Array[];
  readonly choices: Choices;
  readonly coverage: Coverage | undefined;
  readonly runs: number;
  /** Told of every input before it is run. */
  readonly before: (input: Uint8Array) => void;
  readonly found: (fault: Fault, input: Uint8Array) => void;
  /** Told of inputs that reach code that none reached before. */
  readonly reached: (input: Uint8Array) => void;
  /** Told now and then; false ends the loop. */
  readonly beat: (done: Done) => boolean;
}

export interface Done {
  readonly executions: number;
  readonly slowestMs: number;
}

const batchSize = 256;
const beatMs = 200;
const largestKept = 16 << 10;

/** Runs the inputs that are there, then changed ones; those that reach new code are changed further. */
export async function fuzz(loop: Loop): Promise<Done> {
  const { target, inputs, choices, coverage } = loop;
  let executions = 0;
  let slowestMs = 0;
  let beaten = 0;
  const beat = (): boolean => {
    beaten = performance.now();
    return loop.beat({ executions, slowestMs });
  };
  const run = async (input: Uint8Array): Promise<void> => {
    loop.before(input);
    const { fault, ms } = await tryInput(target, input);
    executions += 1;
    slowestMs = Math.max(slowestMs, ms);
    if (fault !== undefined) loop.found(fault, input);
  };
  for (const input of inputs) await run(input);
  (await coverage?.look())?.keep();
  if (!beat()) return { executions, slowestMs };
  for (;;) {
    const batch: Uint8Array[] = [];
    while (batch.length < batchSize && executions < loop.runs) {
      // What was found last leads on more often than what was there first.
      const at = choices.once(3) ? inputs.length - 1 - choices.below(Math.min(inputs.length, 16)) : choices.below(inputs.length);
      const input = mutate(target, inputs[at] ?? new Uint8Array(0), choices.of(inputs) ?? new Uint8Array(0), choices);
      batch.push(input);
      await run(input);
      if (performance.now() - beaten > beatMs && !beat()) return { executions, slowestMs };
    }
    const look = await coverage?.look();
    if (look?.isNew === true) {
      const input = await finder(target, batch, coverage);
      // Long ones would be most of the work from then on.
      if (input !== undefined && input.length <= (target.largest ?? largestKept)) {
        inputs.push(input);
        loop.reached(input);
      }
      look.keep();
    }
    if (executions >= loop.runs) break;
  }
  beat();
  return { executions, slowestMs };
}

/** The input of a batch that reached new code, by halves. */
async function finder(target: FuzzTarget, batch: readonly Uint8Array[], coverage: Coverage | undefined): Promise<Uint8Array | undefined> {
  let left = batch;
  while (left.length > 1 && coverage !== undefined) {
    const half = left.slice(0, left.length >> 1);
    for (const input of half) await tryInput(target, input);
    left = (await coverage.look()).isNew ? half : left.slice(half.length);
  }
  return left[0];
}
