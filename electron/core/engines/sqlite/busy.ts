import { AppError } from '../../base/errors.ts';
import type { EngineContext } from '../engine.ts';
import { agentFile, withAgent, type AgentSettings } from './client.ts';
import { exists } from './stamp.ts';
import { usersOf } from './users.ts';

export const sidecars = ['-wal', '-journal', '-shm'] as const;

export interface Busyness {
  /** Undefined where nobody is seen to use the target. */
  readonly statement?: string;
  /** What cannot be seen here. */
  readonly unseen?: string;
}

export const inPlaceHint = 'Stop the program that uses it, or restore in place: the running program then sees the content change.';

/** Whether other processes have the target open, as far as can be seen. `real`: the target's path, links resolved. */
export async function busynessOf(settings: AgentSettings, real: string, context: EngineContext): Promise<Busyness> {
  if (!(await exists(real))) return {};
  const { users, seesAll } = await usersOf([real, ...sidecars.map((suffix) => real + suffix)]);
  if (users.length > 0) {
    const named = users.slice(0, 5).map((user) => `${user.command} (process ${user.pid})`);
    return { statement: `${real} is open in ${named.join(', ')}${users.length > 5 ? ' and others' : ''}.` };
  }
  if (process.platform !== 'linux') return lockedElsewhere(settings, real, context);
  return seesAll ? {} : { unseen: 'programs of other users may have the target open without being seen here' };
}

/** Where the system does not tell who has a file open, SQLite's own locks tell at least who is using it now. */
async function lockedElsewhere(settings: AgentSettings, real: string, context: EngineContext): Promise<Busyness> {
  const unseen = 'programs that have the target open without using it at this moment cannot be seen on this system';
  // Trying needs a connection that writes, which would recover what a crash left: not to a file that is to be kept as it is.
  if ((await exists(`${real}-wal`)) || (await exists(`${real}-journal`))) return { unseen };
  const { path } = await agentFile('main', real, 'write', context);
  const { free } = await withAgent(settings, context, (agent) => agent.call('tryExclusive', { path }));
  return free ? { unseen } : { statement: `${real} is locked by another process.` };
}

/** Throws `target.busy` where the target is seen to be open elsewhere. */
export async function assertNotBusy(settings: AgentSettings, real: string, context: EngineContext): Promise<void> {
  const { statement } = await busynessOf(settings, real, context);
  if (statement !== undefined) throw new AppError('target.busy', statement, { hint: inPlaceHint, details: { path: real }, retryable: true });
}
