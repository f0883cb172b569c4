import { setTimeout as after } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '../base/errors.ts';
import { segment } from './api.ts';
import type { Engine } from './engine.ts';
import { containerMissing, engineError, wasRefused } from './reply.ts';

const stateSchema = z.object({ Running: z.boolean(), ExitCode: z.number().int().nullish(), Pid: z.number().int().nullish() });

export type ExecState = z.infer<typeof stateSchema>;

const firstMs = 5;
const mostMs = 250;

/** What the engine has recorded of a program. Throws `source.missing` where it knows nothing of it any more. */
export async function execState(engine: Engine, container: string, id: string, signal: AbortSignal): Promise<ExecState> {
  try {
    return await engine.api.json({ method: 'GET', path: `/exec/${segment(id)}/json`, signal }, stateSchema);
  } catch (error) {
    throw wasRefused(error, 404) ? containerMissing(container, error) : engineError(error, `say how a program in ${container} ended`);
  }
}

/**
 * Waits until the engine has recorded the program's end, which comes a little after its output's, and answers with its exit code. Throws
 * where the engine cannot tell: then nothing is known of the program's success.
 */
export async function finalState(engine: Engine, container: string, id: string, signal: AbortSignal): Promise<{ readonly ExitCode: number }> {
  for (let wait = firstMs; ; wait = Math.min(wait * 2, mostMs)) {
    const state = await execState(engine, container, id, signal);
    if (!state.Running) {
      if (typeof state.ExitCode === 'number') return { ExitCode: state.ExitCode };
      throw new AppError('tool.failed', `The container engine has no exit code of a program in ${container}.`, {
        hint: 'Try again; where it stays so, start the engine anew.',
        details: { container },
        retryable: true,
      });
    }
    await after(wait, undefined, { signal });
  }
}
