import { isAppError } from '../../base/errors.ts';
import type { BlobStore } from '../blob-store.ts';

/**
 * Publishes the two copies of a file. Where one of them fails, what is there of both is taken away again before the error goes on: nobody was told of the file,
 * and one copy without the other would make every check fail. `mayRemove` is asked first, whether that is still this writer's to do.
 */
export async function publishBoth(
  store: Pick<BlobStore, 'remove'>,
  paths: readonly [string, string],
  publish: (path: string) => Promise<void>,
  mayRemove: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<void> {
  try {
    for (const path of paths) await publish(path);
  } catch (error) {
    // A file that is there already is somebody else's.
    if (!isAppError(error, 'repository.exists') && (await mayRemove())) await removeAll(store, paths);
    throw error;
  }
}

/** The first error says what is wrong; that a file could not be taken away either says no more. */
async function removeAll(store: Pick<BlobStore, 'remove'>, paths: readonly string[]): Promise<void> {
  for (const path of paths.toReversed()) {
    try {
      await store.remove(path);
    } catch (error) {
      if (!isAppError(error)) throw error;
    }
  }
}
