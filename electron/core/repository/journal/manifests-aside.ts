import { Worker } from 'node:worker_threads';
import { threadEnvironment } from '../../base/compile-cache.ts';
import { BugError, CancelledError, fromWireError, throwIfCancelled } from '../../base/errors.ts';
import type { WireError } from '../../../contract/errors.ts';
import type { StoreDescription } from '../blob-store.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import type { ListedManifest, ReadManifest } from './manifest-files.ts';

/** What the thread is started with. */
export interface ManifestsOrder {
  readonly store: StoreDescription;
  readonly keys: KeyMaterial;
  readonly listed: readonly ListedManifest[];
}

/** What it tells, any number of times. */
export type ManifestsAnswer = { readonly read: readonly ReadManifest[] } | { readonly error: WireError };

/** The thread's young generation: what decodes a manifest is done with it at once. */
const YOUNG_MB = 8;

/**
 * `readManifests` in a thread that ends with it: the caller's own goes on meanwhile, and what reading ten thousand small files leaves behind is
 * given back to the system. Throws as that does, and on a cancelled signal, with no thread left.
 */
export async function readManifestsAside(order: ManifestsOrder, take: (read: ReadManifest) => void, signal?: AbortSignal): Promise<void> {
  throwIfCancelled(signal);
  const worker = new Worker(new URL('./manifest-worker.ts', import.meta.url), {
    name: 'belay manifests',
    workerData: order,
    env: threadEnvironment(),
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  let failure: Error | undefined;
  let left = order.listed.length;
  const cancel = (): void => {
    failure ??= new CancelledError();
    void worker.terminate();
  };
  signal?.addEventListener('abort', cancel, { once: true });
  worker.on('message', (answer: ManifestsAnswer) => {
    if ('error' in answer) failure ??= fromWireError(answer.error);
    else {
      left -= answer.read.length;
      for (const read of answer.read) take(read);
    }
  });
  worker.on('error', (error) => {
    failure ??= new BugError('The thread that reads manifests ended unexpectedly.', { cause: error });
  });
  await new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  signal?.removeEventListener('abort', cancel);
  if (failure !== undefined) throw failure;
  if (left > 0) throw new BugError(`The thread that reads manifests left ${String(left)} out.`);
}
