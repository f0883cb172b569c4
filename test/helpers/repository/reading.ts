import type { BlobStore } from '../../../electron/core/repository/blob-store.ts';
import type { KeyMaterial } from '../../../electron/core/repository/format/crypto.ts';
import type { Manifest } from '../../../electron/core/repository/format/manifest.ts';
import { loadIndex } from '../../../electron/core/repository/read/load-index.ts';
import { SnapshotReader } from '../../../electron/core/repository/read/reader.ts';
import type { ReadOptions } from '../../../electron/core/repository/repository.ts';

/** A reader over the index as it lies there now. */
export async function readerOver(store: BlobStore, keys: KeyMaterial): Promise<SnapshotReader> {
  const { table } = await loadIndex(store, keys, { unindexed: 'use' });
  return new SnapshotReader(store, keys, table);
}

/** All bytes of a stream. */
export async function gather(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const blocks: Uint8Array[] = [];
  for await (const block of stream) blocks.push(block);
  return Buffer.concat(blocks);
}

export function objectBytes(reader: SnapshotReader, manifest: Manifest, name: string, options?: ReadOptions): Promise<Buffer> {
  return gather(reader.object(manifest, name, options));
}
