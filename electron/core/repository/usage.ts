import type { BlobStore } from './blob-store.ts';
import { CONFIG, CONFIG_COPY } from './keys/config-files.ts';
import { KEYS, KEYS_COPY } from './keys/slots.ts';
import type { RepositoryUsage } from './repository.ts';
import { RESERVE } from './store/headroom.ts';

const KINDS = {
  packs: ['packs'],
  metadata: ['meta', 'meta.copy'],
  index: ['index'],
  snapshots: ['snapshots', 'snapshots.copy'],
  journal: ['journal'],
  quarantine: ['quarantine'],
} as const;

/** Bytes by kind of file as they lie on disk, second copies included. Files that are no part of a repository do not count. */
export async function repositoryUsage(store: BlobStore): Promise<RepositoryUsage> {
  const below = async (folders: readonly string[]): Promise<number> => {
    let sum = 0;
    for (const folder of folders) for (const entry of await store.list(folder)) sum += entry.bytes;
    return sum;
  };
  let other = await below([KEYS, KEYS_COPY, RESERVE, 'locks', 'tmp']);
  for (const file of [CONFIG, CONFIG_COPY]) other += (await store.size(file)) ?? 0;
  const kinds = {
    packs: await below(KINDS.packs),
    metadata: await below(KINDS.metadata),
    index: await below(KINDS.index),
    snapshots: await below(KINDS.snapshots),
    journal: await below(KINDS.journal),
    quarantine: await below(KINDS.quarantine),
    other,
  };
  const free = await store.free();
  return { ...kinds, total: Object.values(kinds).reduce((sum, bytes) => sum + bytes, 0), ...(free === undefined ? {} : { free }) };
}
