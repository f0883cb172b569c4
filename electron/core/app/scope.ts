import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OnProgress } from '../base/ports.ts';
import type { EngineContext } from '../engines/engine.ts';
import type { Core } from './core.ts';

/** One call as its handler sees it. */
export interface CallScope {
  readonly client: string;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

/** Runs `work` with everything an engine gets; its private temporary folder is gone when this resolves or rejects. */
export async function withEngineContext<T>(core: Core, scope: CallScope, work: (context: EngineContext) => Promise<T>): Promise<T> {
  const parent = join(core.home, 'tmp');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const temporaryFolder = await mkdtemp(join(parent, 'job-'));
  try {
    return await work({
      signal: scope.signal,
      progress: scope.progress,
      log: core.log,
      clock: core.clock,
      random: core.random,
      temporaryFolder,
      secret: (handle) => core.secrets.get(handle),
      ...(core.containerEngine === undefined ? {} : { containerEngine: core.containerEngine }),
    });
  } finally {
    await rm(temporaryFolder, { recursive: true, force: true });
  }
}
