import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { readHistory } from '../../independent/history.ts';
import { openKeys, type Secret } from '../../independent/keys.ts';
import { readStream } from '../../independent/lists.ts';
import { Chunks } from '../../independent/packs.ts';
import { readObject, readTable } from '../../independent/table.ts';

/** One hash of all that a snapshot holds, by the snapshot's id: names and bytes of its objects, read by the second reader of the format. */
export function storedHashes(repository: string): ReadonlyMap<string, string> {
  const keys = openKeys(repository, undefined);
  const chunks = new Chunks(repository, keys);
  const hashes = new Map<string, string>();
  for (const snapshot of readHistory(repository, keys).snapshots) {
    const hash = createHash('sha256');
    for (const object of readTable(chunks, snapshot).objects) {
      hash.update(`${JSON.stringify(object.row)}\n`);
      for (const part of readObject(chunks, object)) hash.update(part);
    }
    hashes.set(snapshot.id, hash.digest('hex'));
  }
  return hashes;
}

/**
 * Files of packs/, index/, meta/ and meta.copy/ that no snapshot needs, as the second reader tells: packs without a chunk that a snapshot has, index
 * files that are superseded or name no such pack, packs that no index names, metadata packs without their second copy, and foreign names.
 */
export function unneeded(repository: string, secret: Secret | undefined): readonly string[] {
  const keys = openKeys(repository, secret);
  const chunks = new Chunks(repository, keys);
  for (const snapshot of readHistory(repository, keys).snapshots) {
    const { groups } = readTable(chunks, snapshot);
    for (const group of groups) for (const _ of readStream(chunks, group, 0));
  }
  return chunks.unneeded();
}

/** By the hash of a database's file: most trials look at the same few. */
const known = new Map<string, string>();

/**
 * Content of the database in every snapshot of a repository's folder, by id, read by the second reader of the format: it shares no code
 * with the product. `contentOf` tells the content of a file; `file` is where it is put for that.
 */
export function storedContents(repository: string, secret: Secret | undefined, file: string, contentOf: (path: string) => string): ReadonlyMap<string, string> {
  const keys = openKeys(repository, secret);
  const chunks = new Chunks(repository, keys);
  const contents = new Map<string, string>();
  for (const snapshot of readHistory(repository, keys).snapshots) {
    const database = readTable(chunks, snapshot).objects.find((one) => one.name === 'file:main');
    if (database === undefined) continue;
    const bytes = Buffer.concat([...readObject(chunks, database)]);
    const hash = createHash('sha256').update(bytes).digest('hex');
    let content = known.get(hash);
    if (content === undefined) {
      writeFileSync(file, bytes);
      content = contentOf(file);
      rmSync(file);
      known.set(hash, content);
    }
    contents.set(snapshot.id, content);
  }
  return contents;
}
