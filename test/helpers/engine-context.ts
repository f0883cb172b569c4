import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Progress } from '../../electron/core/base/ports.ts';
import { silentLog, systemClock, systemRandom } from '../../electron/core/base/system.ts';
import type { EngineContext, RewindIntents } from '../../electron/core/engines/engine.ts';

export interface TestContext extends AsyncDisposable {
  readonly context: EngineContext;
  readonly progress: readonly Progress[];
}

/** Children of the engines start faster with what Node compiled once. */
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url));

/** For a rewind whose caller keeps nothing on record. */
export const noIntents: RewindIntents = { building: () => Promise.resolve(), swapping: () => Promise.resolve() };

/** A context with a private folder that is gone when the scope ends. */
export async function engineContext(signal: AbortSignal = new AbortController().signal): Promise<TestContext> {
  const temporaryFolder = await mkdtemp(path.join(tmpdir(), 'belay-engine-'));
  const progress: Progress[] = [];
  return {
    progress,
    context: {
      signal,
      temporaryFolder,
      progress: (one) => progress.push(one),
      log: silentLog,
      clock: systemClock,
      random: systemRandom,
      secret: () => Promise.resolve(undefined),
    },
    [Symbol.asyncDispose]: () => rm(temporaryFolder, { recursive: true, force: true }),
  };
}

/** Runs `work` with a context of its own. */
export async function withContext<T>(work: (context: EngineContext) => Promise<T>, signal?: AbortSignal): Promise<T> {
  await using made = await engineContext(signal);
  return await work(made.context);
}
