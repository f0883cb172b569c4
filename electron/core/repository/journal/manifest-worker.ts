import { parentPort, workerData } from 'node:worker_threads';
import { BugError, toWireError } from '../../base/errors.ts';
import { systemRandom } from '../../base/system.ts';
import { openStore } from '../store/open-store.ts';
import { readManifests } from './manifest-files.ts';
import type { ReadManifest } from './manifest-files.ts';
import type { ManifestsAnswer, ManifestsOrder } from './manifests-aside.ts';

/** Manifests in one message. */
const BATCH = 100;

/** Reads what it was started with, tells it in batches, and ends. */
async function run(order: ManifestsOrder): Promise<void> {
  const port = parentPort;
  if (port === null) throw new BugError('Manifests are read in a thread of their own.');
  let batch: ReadManifest[] = [];
  const say = (answer: ManifestsAnswer): void => port.postMessage(answer);
  const tell = (): void => {
    say({ read: batch });
    batch = [];
  };
  try {
    const store = await openStore(order.store, { random: systemRandom });
    await readManifests({ store, keys: order.keys }, order.listed, (read) => {
      batch.push(read);
      if (batch.length === BATCH) tell();
    });
    tell();
  } catch (error) {
    say({ error: toWireError(error) });
  }
}

await run(workerData as ManifestsOrder);
