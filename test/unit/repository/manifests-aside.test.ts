import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemRandom } from '../../../electron/core/base/system.ts';
import { deriveKeys, sha256Hex } from '../../../electron/core/repository/format/crypto.ts';
import { encodeManifest, numberedPath } from '../../../electron/core/repository/format/manifest.ts';
import { readManifests, SNAPSHOTS, SNAPSHOTS_COPY } from '../../../electron/core/repository/journal/manifest-files.ts';
import type { ListedManifest, ReadManifest } from '../../../electron/core/repository/journal/manifest-files.ts';
import { readManifestsAside } from '../../../electron/core/repository/journal/manifests-aside.ts';
import { Manifests } from '../../../electron/core/repository/journal/manifests.ts';
import { openLocalFolder } from '../../../electron/core/repository/store/local-folder.ts';
import { temporaryFolder } from '../../helpers/repository/world.ts';

const keys = deriveKeys(new Uint8Array(16).fill(1), new Uint8Array(32).fill(2));
const totals = { objects: 1, bytes: 10, added: 10, chunks: 1, newChunks: 1, rows: 3 };
const table = { list: 'ab'.repeat(16), digest: 'cd'.repeat(32), objects: 1 };

/** Six hundred manifests and some, no whole number of the thread's messages; of some one copy is gone or damaged, of one both. */
async function manyManifests(folder: string) {
  for (const name of [SNAPSHOTS, SNAPSHOTS_COPY]) mkdirSync(path.join(folder, name));
  const listed: ListedManifest[] = [];
  let previous: string | null = null;
  for (let seq = 1; seq <= 617; seq += 1) {
    const capture = { note: `number ${seq}`, rows: [seq, 'ü', null] };
    const file = encodeManifest(keys, systemRandom, {
      v: 1,
      seq,
      previous,
      source: 'shop',
      engine: 'sqlite',
      tags: ['a'],
      created: seq,
      capture,
      table,
      totals,
    });
    const first = seq % 50 !== 0;
    const second = seq % 70 !== 35;
    const whole = Buffer.from(file.bytes);
    const bad = Buffer.from(whole);
    bad[20] = (bad[20] ?? 0) ^ 1;
    if (first) writeFileSync(path.join(folder, numberedPath(SNAPSHOTS, seq, file.name)), seq % 90 === 0 || seq === 599 ? bad : whole);
    if (second) writeFileSync(path.join(folder, numberedPath(SNAPSHOTS_COPY, seq, file.name)), seq === 599 ? bad : whole);
    listed.push({ name: numberedPath('', seq, file.name).slice(1), first, second });
    previous = sha256Hex(file.bytes);
  }
  return { listed, store: await openLocalFolder(folder, { random: systemRandom }) };
}

const byName = (one: ReadManifest, other: ReadManifest): number => (one.name < other.name ? -1 : 1);

describe('manifests that a thread of their own reads', () => {
  test('are those that are read here, with what is wrong with their copies', async () => {
    using folder = temporaryFolder();
    const { listed, store } = await manyManifests(folder.path);
    const [here, aside]: [ReadManifest[], ReadManifest[]] = [[], []];
    await readManifests({ store, keys }, listed, (read) => here.push(read));
    await readManifestsAside({ store: store.describe(), keys, listed }, (read) => aside.push(read));
    expect(aside.toSorted(byName)).toEqual(here.toSorted(byName));
    expect(aside.filter(({ entry }) => entry === undefined).map(({ name }) => name)).toEqual([listed[598]?.name]);

    const state = await new Manifests(store, keys).read();
    expect(state.manifests).toEqual(here.toSorted(byName).flatMap(({ entry }) => entry ?? []));
    expect(state.lost).toMatchObject([{ seq: 599 }]);
    expect(state.problems.filter(({ kind }) => kind === 'missing')).toHaveLength(12);
    expect(state.problems.filter(({ kind }) => kind === 'damaged')).toHaveLength(5 + 2);
  });

  test('with keys of another repository none opens, and each says so', async () => {
    using folder = temporaryFolder();
    const { listed, store } = await manyManifests(folder.path);
    const read: ReadManifest[] = [];
    const other = deriveKeys(new Uint8Array(16).fill(9), new Uint8Array(32).fill(2));
    await readManifestsAside({ store: store.describe(), keys: other, listed }, (one) => read.push(one));
    expect(read.filter(({ entry }) => entry !== undefined)).toEqual([]);
    expect(read.every(({ tried }) => tried.length > 0)).toBe(true);
  });

  test('a folder that is gone, and a cancelled reading, are errors that leave no thread', async () => {
    using folder = temporaryFolder();
    const { listed, store } = await manyManifests(folder.path);
    const stop = new AbortController();
    const reading = readManifestsAside({ store: store.describe(), keys, listed }, () => undefined, stop.signal);
    stop.abort();
    await expect(reading).rejects.toMatchObject({ name: 'CancelledError' });
    const gone = { kind: 'local-folder' as const, path: path.join(folder.path, 'gone') };
    await expect(readManifestsAside({ store: gone, keys, listed }, () => undefined)).rejects.toMatchObject({ code: 'repository.missing' });
  });
});
