import { toHex } from '../../../electron/core/repository/format/bytes.ts';
import { decodeList, isLeaf } from '../../../electron/core/repository/format/list.ts';
import { CHUNK_LIST } from '../../../electron/core/repository/format/crypto.ts';
import type { Ground } from '../../../electron/core/repository/journal/ground.ts';
import { loadIndex } from '../../../electron/core/repository/read/load-index.ts';
import { SnapshotReader } from '../../../electron/core/repository/read/reader.ts';

/**
 * Bytes that stay when some snapshots are forgotten, counted the simple way: sets of ids, one snapshot after the other, no memory of
 * what was walked. `unique`: no chunk has two copies, so that there is one answer.
 */
export async function bruteNeeded(ground: Ground, without: ReadonlySet<string>): Promise<{ readonly bytes: number; readonly unique: boolean }> {
  const { table } = await loadIndex(ground.store, ground.keys, { unindexed: 'ignore' });
  const reader = new SnapshotReader(ground.store, ground.keys, table);
  const needed = new Set<number>();
  const { history } = await ground.read();
  let bytes = 0;
  const list = async (id: string): Promise<void> => {
    const entry = table.lookup(Buffer.from(id, 'hex'));
    needed.add(entry);
    const node = decodeList((await reader.source.chunk(CHUNK_LIST, entry, reader.source.runs())).bytes);
    if (isLeaf(node)) for (const chunk of node.entries) needed.add(table.lookup(chunk.id));
    else for (const child of node.children) await list(toHex(child.id));
  };
  for (const entry of history.kept.values()) {
    if (without.has(entry.id)) continue;
    bytes += 2 * entry.bytes;
    await list(entry.manifest.table.list);
    for await (const row of reader.rows(entry.manifest)) if ('group' in row) await list(row.group.list);
  }
  for (const entry of [...needed]) for (const base of table.basesOf(table.segmentOf(entry))) needed.add(base);
  for (const entry of needed) {
    const place = table.segmentPlace(table.segmentOf(entry));
    const copies = table.pack(place.pack).type === 2 ? 2 : 1;
    bytes += (table.lengthOf(entry) / place.raw) * place.stored * copies;
  }
  let unique = true;
  for (let entry = 0; entry < table.size; entry += 1) if (table.copies(entry).length > 1) unique = false;
  return { bytes, unique };
}
