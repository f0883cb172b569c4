import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileCache } from '../../base/compile-cache.ts';
import { startAgent, type Agent } from '../../process/agent.ts';
import type { EngineContext } from '../engine.ts';
import type { AgentFile, SqliteCalls } from './agent/protocol.ts';
import { checkAnswer } from './protocol-check.ts';

export type SqliteAgent = Agent<SqliteCalls>;

export interface AgentSettings {
  /** The Node binary that runs the agent; this process's own where left out. */
  readonly node?: string;
  /** The agent's module; the one of this source tree where left out. */
  readonly entry?: string;
  /**
   * A folder, private to this user, in which Node keeps the agent's code as it compiled it: an agent then starts in a fifth of
   * the time. This process's own where left out.
   */
  readonly compileCache?: string;
}

const ownEntry = fileURLToPath(new URL('./agent/main.ts', import.meta.url));

/** Runs `work` with an agent that is gone when this resolves or rejects, whatever happened. */
export async function withAgent<T>(settings: AgentSettings, context: EngineContext, work: (agent: SqliteAgent) => Promise<T>): Promise<T> {
  const cache = settings.compileCache ?? compileCache();
  const agent = startAgent<SqliteCalls>({
    title: 'The SQLite reader',
    entry: settings.entry ?? ownEntry,
    ...(settings.node === undefined ? {} : { node: settings.node }),
    env: { SQLITE_TMPDIR: context.temporaryFolder, ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }) },
    signal: context.signal,
    check: checkAnswer,
  });
  try {
    return await work(agent);
  } finally {
    await agent.close();
  }
}

/**
 * A file as the agent is told to open it. The driver trims white space from the ends of names: such a file is reached by a
 * link, which SQLite resolves.
 */
export async function agentFile(name: string, real: string, access: AgentFile['access'], context: EngineContext): Promise<AgentFile> {
  if (real === real.trim()) return { name, path: real, real, access };
  const path = join(context.temporaryFolder, `link-${Buffer.from(context.random.bytes(6)).toString('hex')}`);
  await symlink(real, path);
  return { name, path, real, access };
}
