import { quietTask } from '../../../electron/core/base/ports.ts';
import type { BlobStore } from '../../../electron/core/repository/blob-store.ts';
import { openConfig } from '../../../electron/core/repository/keys/config-files.ts';
import { damageOf } from '../../../electron/core/repository/journal/damage.ts';
import { Ground } from '../../../electron/core/repository/journal/ground.ts';
import type { HighWater } from '../../../electron/core/repository/journal/ground.ts';
import type { ManifestEntry } from '../../../electron/core/repository/journal/manifest-files.ts';
import { loadIndex } from '../../../electron/core/repository/read/load-index.ts';
import { SnapshotReader } from '../../../electron/core/repository/read/reader.ts';
import type { RepositoryPorts } from '../../../electron/core/repository/lock/world.ts';
import type { SnapshotRecord } from '../../../electron/core/repository/repository.ts';
import { openLocalFolder } from '../../../electron/core/repository/store/local-folder.ts';
import { Session } from '../../../electron/core/repository/write/session.ts';
import { ports } from './world.ts';
import type { Content } from './world.ts';

/** The inside of an unprotected repository in a folder, over a store that a test may have wrapped. */
export async function groundOf(
  folder: string,
  wrap: (store: BlobStore) => BlobStore = (store) => store,
  highWater?: HighWater,
  around: RepositoryPorts = ports,
): Promise<Ground> {
  const store = wrap(await openLocalFolder(folder, around));
  const { config, keys } = await openConfig(store, { kind: 'none' });
  return new Ground({ store, keys, id: config.repository, ports: around, highWater });
}

/** Takes a snapshot with the product's own writer, on this thread. `dies`: everything but the manifest is published. */
export async function quickTake(ground: Ground, content: Content, parent?: ManifestEntry, dies = false): Promise<SnapshotRecord | undefined> {
  const lock = await ground.locks.take('writer');
  const { store, keys } = ground;
  const link = async () => {
    if (dies) throw new Error('the writer dies');
    const { newest } = (await ground.read()).history;
    return newest === undefined ? { seq: 1, previous: null } : { seq: newest.seq + 1, previous: newest.hash };
  };
  const start = {
    store: store.describe(),
    keys,
    chunkAverage: 4096,
    pad: false,
    damaged: damageOf((await ground.journal.read()).facts).packs,
    ...(parent === undefined ? {} : { parent: { id: parent.id, tableList: parent.manifest.table.list } }),
  };
  try {
    const session = await Session.begin(start, { store, random: ground.ports.random, assertHeld: () => lock.assertHeld(), link, signal: quietTask().signal });
    let number = 0;
    for (const [name, bytes] of content) {
      number += 1;
      await session.open(number, name, 'none');
      if (bytes.length > 0) await session.write(number, bytes.slice());
      await session.end(number);
      session.object({ name, kind: 'file', group: name, at: 0, length: bytes.length });
    }
    return await session.commit({ source: 'test', engine: 'none', tags: [], createdAt: 1_700_000_000_000, capture: {} });
  } catch (error) {
    if (dies && error instanceof Error && error.message === 'the writer dies') return undefined;
    throw error;
  } finally {
    await lock.release();
  }
}

/** What each kept snapshot holds, by id, read through an index that is loaded anew. */
export async function everything(ground: Ground): Promise<ReadonlyMap<string, Content>> {
  const { store, keys } = ground;
  const { history } = await ground.read();
  const { table } = await loadIndex(store, keys, { unindexed: 'ignore' });
  const reader = new SnapshotReader(store, keys, table);
  const all = new Map<string, Content>();
  for (const [id, { manifest }] of history.kept) {
    const content = new Map<string, Uint8Array>();
    for await (const object of reader.objects(manifest)) {
      const parts: Uint8Array[] = [];
      for await (const bytes of reader.object(manifest, object.name)) parts.push(Uint8Array.from(bytes));
      content.set(object.name, new Uint8Array(Buffer.concat(parts)));
    }
    all.set(id, content);
  }
  return all;
}
