import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { quietTask } from '../../../electron/core/base/ports.ts';
import { systemRandom } from '../../../electron/core/base/system.ts';
import { deriveKeys } from '../../../electron/core/repository/format/crypto.ts';
import { parseConfig } from '../../../electron/core/repository/format/config.ts';
import { encodeIndexFile, openIndexFile } from '../../../electron/core/repository/format/index-file.ts';
import type { Manifest } from '../../../electron/core/repository/format/manifest.ts';
import { encodeManifest, numberedPath } from '../../../electron/core/repository/format/manifest.ts';
import { packFileBytes } from '../../../electron/core/repository/format/pack.ts';
import { TableParser, decodeRow } from '../../../electron/core/repository/format/table.ts';
import { historyOf } from '../../../electron/core/repository/journal/history.ts';
import { RepositoryJournal } from '../../../electron/core/repository/journal/journal.ts';
import { Manifests } from '../../../electron/core/repository/journal/manifests.ts';
import { OpenStore } from '../../helpers/repository/damage.ts';
import { gather, readerOver } from '../../helpers/repository/reading.ts';
import { MemoryStore } from '../../helpers/repository/memory-store.ts';
import { TinyRepository, sampleBytes } from '../../helpers/repository/tiny.ts';
import { newRepository, reopen, temporaryFolder } from '../../helpers/repository/world.ts';

const keys = deriveKeys(new Uint8Array(16).fill(1), new Uint8Array(32).fill(2));
const damagedError: unknown = expect.objectContaining({ code: 'repository.damaged' });
const line = (row: object): Buffer => Buffer.from(`${JSON.stringify(row)}\n`);

describe('a reader refuses', () => {
  test('an index file that gives a pack another length than its parts have', () => {
    const footer = {
      baseIds: new Uint8Array(0),
      records: [{ kind: 0, codec: 16, stored: 26, raw: 10, ids: new Uint8Array(16), lengths: [10], bases: [] }] as const,
    };
    const open = (bytes: number): unknown => [
      ...openIndexFile(encodeIndexFile(keys, systemRandom, [{ name: 'ab'.repeat(16), type: 1, bytes, footer }], []).bytes, keys).packs,
    ];
    expect(open(packFileBytes(footer))).toHaveLength(1);
    for (const wrong of [packFileBytes(footer) - 1, packFileBytes(footer) + 1, 5]) expect(() => open(wrong)).toThrowError(damagedError);
  });

  test('a row of an object table that is longer than any may be, also in one piece; and bytes without a group', () => {
    const long = line({ n: 'o', k: 'k', at: 0, len: 0, meta: { x: 'y'.repeat(600_000) } });
    expect(() => [...new TableParser().push(long)]).toThrowError(damagedError);
    expect(() => decodeRow(line({ n: 'o', k: 'k', at: 0, len: 7 }).subarray(0, -1))).toThrowError(damagedError);
    expect(decodeRow(line({ n: 'o', k: 'k', at: 0, len: 0 }).subarray(0, -1))).toMatchObject({ object: { n: 'o' } });
  });

  test('a group of which the table says another length or number of chunks than its list has, also for a range of it', async () => {
    const store = new OpenStore();
    const repository = new TinyRepository(store);
    const chunks = [sampleBytes(500, 1), sampleBytes(600, 2)];
    await repository.snapshot({ groups: [{ name: 'g', chunks }], objects: [{ n: 'o', k: 'k', g: 'g', at: 0, len: 1100 }] });
    const reader = await readerOver(store, repository.keys);
    const [first] = repository.manifests;
    const rows = [];
    for await (const row of reader.rows((first ?? { manifest: undefined as never }).manifest)) rows.push(row);
    const group = rows.flatMap((row) => ('group' in row ? [row.group] : []))[0];
    if (group === undefined) throw new Error('No group.');
    expect((await gather(reader.group(group, { from: 10, to: 20 }))).length).toBe(10);
    for (const wrong of [
      { ...group, chunks: 3 },
      { ...group, bytes: 1099 },
    ])
      await expect(gather(reader.group(wrong, { from: 10, to: 20 }))).rejects.toMatchObject({ code: 'repository.damaged' });
  });

  test('a config of a greater version before it looks at anything else in it', () => {
    for (const rest of [{ requires: 5 }, { protection: 'other' }, {}])
      expect(() => parseConfig(Buffer.from(JSON.stringify({ belay: 2, ...rest })))).toThrowError(expect.objectContaining({ code: 'repository.newer-format' }));
  });

  test('JSON that is nested too deep to be gone through, or holds a number beyond all bounds', () => {
    const config = (more: string): Buffer => Buffer.from(JSON.stringify({ ...sound }).replace(/}$/, `,"x":${more}}`));
    const sound = {
      belay: 1,
      repository: 'ab'.repeat(16),
      created: 1,
      chunkAverage: 4096,
      hash: 'sha256',
      protection: 'none',
      master: 'cd'.repeat(32),
      requires: [],
    };
    // The config's own object is one level.
    const nested = (levels: number): Buffer => config('['.repeat(levels) + ']'.repeat(levels));
    expect(parseConfig(nested(99)).config).toEqual(sound);
    for (const refused of [nested(100), nested(30_000), config('1e999'), config('[{"y":-1e999}]')])
      expect(() => parseConfig(refused)).toThrowError(damagedError);
  });

  test('a repository that calls itself unprotected and has key slots, though none of them opens', async () => {
    using folder = temporaryFolder();
    await (await newRepository(folder.path)).close();
    await (await reopen(folder.path)).close();
    for (const keysFolder of ['keys', 'keys.copy']) {
      mkdirSync(path.join(folder.path, keysFolder), { recursive: true });
      writeFileSync(path.join(folder.path, keysFolder, '0'.repeat(32)), 'damaged');
    }
    await expect(reopen(folder.path)).rejects.toMatchObject({ code: 'repository.damaged' });
  });

  test('to take a file into memory that is longer than any of a repository', async () => {
    using folder = temporaryFolder();
    const repository = await newRepository(folder.path);
    const file = path.join(folder.path, 'journal', `0000000001-${'0'.repeat(32)}`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, '');
    truncateSync(file, 2 ** 33);
    const { problems } = await repository.check({ level: 'structure' }, quietTask());
    expect(problems).toMatchObject([{ file: `journal/0000000001-${'0'.repeat(32)}`, kind: 'damaged' }]);
    await repository.close();
  });
});

describe('a chain', () => {
  test('that begins anew in the middle is told', async () => {
    const store = new MemoryStore();
    const manifest = (seq: number): Manifest => ({
      v: 1,
      seq,
      previous: null,
      source: 's',
      engine: 'e',
      tags: [],
      created: 1,
      capture: {},
      table: { list: '00'.repeat(16), digest: '00'.repeat(32), objects: 0 },
      totals: { objects: 0, bytes: 0, added: 0, chunks: 0, newChunks: 0, rows: 0 },
    });
    const paths: string[] = [];
    for (const seq of [1, 2]) {
      const { bytes, name } = encodeManifest(keys, systemRandom, manifest(seq));
      for (const folder of ['snapshots', 'snapshots.copy']) await store.publish(numberedPath(folder, seq, name), [bytes], { ifExists: 'refuse' });
      paths.push(numberedPath('snapshots', seq, name));
    }
    const journal = new RepositoryJournal(store, keys, { clock: { now: () => 1, monotonic: () => 0 }, random: systemRandom });
    const { problems } = historyOf(await new Manifests(store, keys).read(), await journal.read(), undefined);
    expect(problems.map(({ file, kind }) => [file, kind])).toEqual([[paths[1], 'misplaced']]);
  });
});
