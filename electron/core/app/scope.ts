import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asDiskFault } from '../base/disk-fault.ts';
import { AppError } from '../base/errors.ts';
import { isDiskFull, ROOM_FOR_HOME } from '../base/full-disk.ts';
import type { OnProgress } from '../base/ports.ts';
import type { EngineContext } from '../engines/engine.ts';
import type { Core } from './core.ts';

/** One call as its handler sees it. */
export interface CallScope {
  readonly client: string;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

/**
 * Runs `work` with everything an engine gets; its private temporary folder is gone when this resolves or rejects. It is made when it is asked
 * for: most of what only looks needs none, and has to work where the disk takes no file more.
 */
export async function withEngineContext<T>(core: Core, scope: CallScope, work: (context: EngineContext) => Promise<T>): Promise<T> {
  let made: string | undefined;
  try {
    return await work({
      signal: scope.signal,
      progress: scope.progress,
      log: core.log,
      clock: core.clock,
      random: core.random,
      get temporaryFolder() {
        made ??= temporaryFolder(core.home);
        return made;
      },
      secret: (handle) => core.secrets.get(handle),
      ...(core.containerEngine === undefined ? {} : { containerEngine: core.containerEngine }),
    });
  } catch (error) {
    throw asDiskFault(error, core.home);
  } finally {
    // What stays is removed by the next opening; what was done is done all the same, and an error says more than this one.
    if (made !== undefined)
      await rm(made, { recursive: true, force: true }).catch((error: unknown) => {
        core.log.warn('a temporary folder could not be removed', { temporaryFolder: made, error });
      });
  }
}

function temporaryFolder(home: string): string {
  const parent = join(home, 'tmp');
  try {
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    return mkdtempSync(join(parent, 'job-'));
  } catch (error) {
    throw new AppError('home.unusable', `No temporary folder can be made in ${parent}.`, {
      hint: isDiskFull(error) ? ROOM_FOR_HOME : 'Check room and rights on the disk of the data directory.',
      details: { folder: parent },
      cause: error,
    });
  }
}
