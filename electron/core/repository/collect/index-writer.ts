import { BugError } from '../../base/errors.ts';
import { IndexFileBuilder, openIndexFile } from '../format/index-file.ts';
import type { PackEntry } from '../format/index-file.ts';
import type { Ground } from '../journal/ground.ts';
import { breathe } from '../read/breathe.ts';

/** An index file is closed near this: half of what a reader takes. */
const INDEX_BYTES = 32 << 20;
const RECORDS_A_BREATH = 4096;

/**
 * Writes index files over `entries`; each is opened again before it is published, the last one supersedes `supersedes`. Without
 * entries an empty one is written, so that it can supersede.
 */
export async function writeIndex(
  ground: Ground,
  entries: AsyncIterable<PackEntry>,
  supersedes: readonly string[],
  publish: (name: string, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  let builder = new IndexFileBuilder(ground.keys, ground.ports.random);
  let names: string[] = [];
  let worked = 0;
  const close = async (replaces: readonly string[]): Promise<void> => {
    const { bytes, name } = builder.finish(replaces);
    await proveIndex(ground, bytes, names, replaces);
    await publish(name, bytes);
  };
  for await (const entry of entries) {
    if (builder.bytes > INDEX_BYTES) {
      await close([]);
      builder = new IndexFileBuilder(ground.keys, ground.ports.random);
      names = [];
    }
    builder.add(entry);
    names.push(entry.name);
    worked += entry.footer.records.length;
    if (worked > RECORDS_A_BREATH) {
      worked = 0;
      await breathe();
    }
  }
  await close(supersedes);
}

async function proveIndex(ground: Ground, bytes: Uint8Array, names: readonly string[], supersedes: readonly string[]): Promise<void> {
  const file = openIndexFile(bytes, ground.keys);
  let at = 0;
  let worked = 0;
  for (const entry of file.packs) {
    if (entry.name !== names[at]) throw new BugError('An index file names other packs than it was made of.');
    at += 1;
    worked += entry.footer.records.length;
    if (worked > RECORDS_A_BREATH) {
      worked = 0;
      await breathe();
    }
  }
  if (at !== names.length || file.supersedes.join() !== supersedes.join()) throw new BugError('An index file holds less than it was made of.');
}
