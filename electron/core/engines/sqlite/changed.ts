import { AppError } from '../../base/errors.ts';
import type { EngineContext, RestoredCopy } from '../engine.ts';
import { agentFile, withAgent, type AgentSettings } from './client.ts';
import { copyData } from './restored-copy.ts';
import { exists } from './stamp.ts';

const busyMs = 5000;

/**
 * A copy that a program of the user's wrote into, as one file again: what that program left in a log beside it is merged by SQLite, since the
 * file alone is swapped in. Throws `target.busy` where a program still has it open.
 */
export async function changed(settings: AgentSettings, copy: RestoredCopy, context: EngineContext): Promise<RestoredCopy> {
  for (const { name, path } of copyData(copy).files) {
    const file = await agentFile(name, path, 'write', context);
    await withAgent(settings, context, (agent) => agent.call('settle', { path: file.path, busyMs }));
    for (const log of [`${path}-wal`, `${path}-journal`])
      if (await exists(log))
        throw new AppError('target.busy', `A program still has the restored copy open: ${path}`, {
          hint: 'Let the command end only when every program that it started has ended.',
          details: { path },
        });
  }
  return copy;
}
