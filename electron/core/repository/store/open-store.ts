import type { Random } from '../../base/ports.ts';
import type { BlobStore, StoreDescription } from '../blob-store.ts';
import { openLocalFolder } from './local-folder.ts';

/** The store that `description` came from, opened anew; works in any thread. Throws as the store's own opening does. */
export async function openStore(description: StoreDescription, ports: { readonly random: Random }): Promise<BlobStore> {
  return openLocalFolder(description.path, ports);
}
