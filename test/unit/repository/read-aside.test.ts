import { describe, expect, test } from 'vitest';
import { packPath } from '../../../electron/core/repository/index-table.ts';
import { ChunkIds } from '../../../electron/core/repository/format/crypto.ts';
import { digestChunks } from '../../../electron/core/repository/read/digest.ts';
import { digestAside } from '../../../electron/core/repository/read/digester.ts';
import { OpenStore } from '../../helpers/repository/damage.ts';
import { objectBytes, readerOver } from '../../helpers/repository/reading.ts';
import { TinyRepository, sampleBytes } from '../../helpers/repository/tiny.ts';

/** More than is hashed on the reader's own thread, of chunks of several lengths. */
const chunks = Array.from({ length: 800 }, (_, i) => sampleBytes(12_000 + ((i * 7919) % 9000), i));
const all = Buffer.concat(chunks);

async function stored(before?: (repository: TinyRepository) => Promise<unknown>) {
  const store = new OpenStore();
  const repository = new TinyRepository(store);
  await before?.(repository);
  await repository.snapshot({ groups: [{ name: 'g', chunks }], objects: [{ n: 'o', k: 'file', g: 'g', at: 0, len: all.length }] });
  const manifest = repository.manifests[0]?.manifest;
  if (manifest === undefined) throw new Error('No snapshot.');
  return { store, repository, manifest, reader: await readerOver(store, repository.keys) };
}

describe('streams that another thread hashes', () => {
  test('the whole and long ranges are what was stored, each block memory of its own', async () => {
    const { reader, manifest } = await stored();
    for (let round = 0; round < 2; round += 1) {
      const blocks: Uint8Array[] = [];
      for await (const block of reader.object(manifest, 'o')) blocks.push(block);
      expect(Buffer.concat(blocks).equals(all)).toBe(true);
      for (const block of blocks) block.fill(0);
    }
    for (const [from, to] of [
      [1, all.length],
      [5000, all.length - 7],
      [12_000, all.length - 12_345],
    ] as const) {
      expect((await objectBytes(reader, manifest, 'o', { from, to })).equals(all.subarray(from, to))).toBe(true);
    }
  });

  test('a chunk that is not what its id names is taken from another copy', async () => {
    const claimed = chunks[333] ?? all;
    const { reader, manifest } = await stored((repository) => repository.lie(claimed, sampleBytes(claimed.length, 9999)));
    expect((await objectBytes(reader, manifest, 'o')).equals(all)).toBe(true);
  });

  test('where there is no other copy, nothing wrong is handed out before the refusal', async () => {
    const claimed = chunks[333] ?? all;
    let lie = '';
    const { store, repository, manifest, reader } = await stored(async (made) => {
      made.segmentBytes = 1;
      made.packBytes = 1;
      lie = await made.lie(claimed, sampleBytes(claimed.length, 9999));
    });
    const { table } = reader.source;
    for (const copy of table.copies(reader.source.entryOf(repository.idOf(0, claimed)))) {
      const path = packPath(table.pack(table.segmentPlace(copy.segment).pack));
      if (path !== lie) await store.remove(path);
    }
    let given = 0;
    const read = async (): Promise<void> => {
      for await (const block of reader.object(manifest, 'o')) {
        expect(Buffer.from(block).equals(all.subarray(given, given + block.length))).toBe(true);
        given += block.length;
      }
    };
    await expect(read()).rejects.toMatchObject({ code: expect.stringMatching(/^repository\./) as unknown });
    expect(given).toBeLessThan(all.length);
  });

  test('it gives what this thread would, and the memory back', async () => {
    const idKey = sampleBytes(32, 1);
    const bytes = new Uint8Array(all.subarray(0, 50_000));
    const lengths = Uint32Array.of(1, 20_000, 9999, 20_000);
    const here = digestChunks(new ChunkIds(idKey), 0, new Uint8Array(bytes), lengths);
    const sent = new Uint8Array(bytes);
    const aside = digestAside(idKey, 0, sent, lengths);
    expect(sent.length).toBe(0);
    expect(await aside).toEqual(here);
  });
});
