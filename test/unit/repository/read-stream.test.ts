import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../electron/core/repository/format/manifest.ts';
import { OpenStore } from '../../helpers/repository/damage.ts';
import { gather, objectBytes, readerOver } from '../../helpers/repository/reading.ts';
import { TinyRepository, sampleBytes } from '../../helpers/repository/tiny.ts';
import type { TinySnapshot } from '../../helpers/repository/tiny.ts';

/** Chunks of many lengths, the same for the same seed. */
const chunksOf = (count: number, seed: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => sampleBytes(1 + ((i * 7919 + seed) % 1500), seed * 100_000 + i));
const lengthOf = (chunks: readonly Uint8Array[]): number => chunks.reduce((sum, chunk) => sum + chunk.length, 0);

/** One object that is the whole of one group. */
function whole(chunks: TinySnapshot['groups'][number]['chunks'], length: number): TinySnapshot {
  return { groups: [{ name: 'g', chunks }], objects: [{ n: 'o', k: 'file', g: 'g', at: 0, len: length }] };
}

async function tiny(): Promise<{ readonly store: OpenStore; readonly repository: TinyRepository }> {
  const store = new OpenStore();
  const repository = new TinyRepository(store);
  await repository.writeConfig();
  return { store, repository };
}

function manifestOf(repository: TinyRepository, i: number): Manifest {
  const found = repository.manifests.at(i);
  if (found === undefined) throw new Error('No such snapshot.');
  return found.manifest;
}

describe('reading', () => {
  test('any range of an object of thousands of chunks is what was stored', async () => {
    const { store, repository } = await tiny();
    const chunks = chunksOf(4000, 1);
    const all = Buffer.concat(chunks);
    await repository.snapshot(whole(chunks, all.length));
    const reader = await readerOver(store, repository.keys);
    expect((await objectBytes(reader, manifestOf(repository, 0), 'o')).equals(all)).toBe(true);
    await fc.assert(
      fc.asyncProperty(fc.nat(all.length), fc.nat(all.length), async (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        expect((await objectBytes(reader, manifestOf(repository, 0), 'o', { from, to })).equals(all.subarray(from, to))).toBe(true);
      }),
      { numRuns: 40 },
    );
    for (const [from, to] of [
      [-1, 5],
      [5, 4],
      [0, all.length + 1],
      [0.5, 2],
    ] as const) {
      await expect(objectBytes(reader, manifestOf(repository, 0), 'o', { from, to })).rejects.toMatchObject({ code: 'input.invalid' });
    }
  });

  test('a range reads what it needs and little more', async () => {
    const { store, repository } = await tiny();
    const chunks = chunksOf(4000, 1);
    await repository.snapshot(whole(chunks, lengthOf(chunks)));
    const reader = await readerOver(store, repository.keys);
    store.reads.length = 0;
    await objectBytes(reader, manifestOf(repository, 0), 'o', { from: 1_000_000, to: 1_000_100 });
    const read = store.reads.filter(({ path }) => path.startsWith('packs/')).reduce((sum, { length }) => sum + length, 0);
    expect(read).toBeLessThan(100_000);
  });

  test('deltas are decoded from their bases, and blocks are memory of their own', async () => {
    const { store, repository } = await tiny();
    const chunks = chunksOf(500, 2);
    await repository.snapshot(whole(chunks, lengthOf(chunks)));
    const changed = chunks.map((chunk, i) => {
      if (i % 3 !== 0) return chunk;
      const bytes = Buffer.concat([chunk, Buffer.from(`changed ${String(i)}`)]);
      return { bytes, bases: [chunk, chunks[(i + 1) % 500] ?? chunk] };
    });
    const plain = changed.map((chunk) => ('bases' in chunk ? chunk.bytes : chunk));
    await repository.snapshot(whole(changed, lengthOf(plain)));
    const reader = await readerOver(store, repository.keys);
    for (let round = 0; round < 2; round++) {
      const blocks: Uint8Array[] = [];
      for await (const block of reader.object(manifestOf(repository, 1), 'o')) blocks.push(block);
      expect(Buffer.concat(blocks).equals(Buffer.concat(plain))).toBe(true);
      for (const block of blocks) block.fill(0);
    }
    expect((await objectBytes(reader, manifestOf(repository, 0), 'o')).equals(Buffer.concat(chunks))).toBe(true);
  });

  test('a base that begins like a trained dictionary', async () => {
    const { store, repository } = await tiny();
    const base = Buffer.concat([Buffer.from('37a430ec', 'hex'), sampleBytes(3000, 5)]);
    await repository.snapshot(whole([base], base.length));
    const bytes = Buffer.concat([base.subarray(0, 1000), Buffer.from('x'), base.subarray(1000)]);
    await repository.snapshot(whole([{ bytes, bases: [base] }], bytes.length));
    const reader = await readerOver(store, repository.keys);
    expect((await objectBytes(reader, manifestOf(repository, 1), 'o')).equals(bytes)).toBe(true);
  });

  test('empty groups, objects without bytes, objects that share a group, hostile names', async () => {
    const { store, repository } = await tiny();
    const parts = ['one', 'two two', '', 'three'].map((text) => Buffer.from(text));
    const names = ['a', '../b', '', '\u202Ec\n"'];
    let at = 0;
    const objects = parts.map((part, i) => {
      const row = { n: names[i] ?? '', k: 'k', g: 'shared', at, len: part.length };
      at += part.length;
      return row;
    });
    await repository.snapshot({
      groups: [
        { name: 'shared', chunks: [Buffer.concat(parts)] },
        { name: 'empty', chunks: [] },
      ],
      objects: [...objects, { n: 'none', k: 'k', at: 0, len: 0 }, { n: 'void', k: 'k', g: 'empty', at: 0, len: 0, rows: 0, fp: 'f', meta: { a: [1] } }],
    });
    const reader = await readerOver(store, repository.keys);
    const manifest = manifestOf(repository, 0);
    for (const [i, part] of parts.entries()) expect(await objectBytes(reader, manifest, names[i] ?? '')).toEqual(part);
    expect((await objectBytes(reader, manifest, 'none')).length).toBe(0);
    expect((await objectBytes(reader, manifest, 'void')).length).toBe(0);
    await expect(objectBytes(reader, manifest, 'missing')).rejects.toMatchObject({ code: 'object.unknown' });
    const listed = [];
    for await (const object of reader.objects(manifest)) listed.push(object);
    expect(listed.map((object) => object.name)).toEqual(['', '../b', 'a', 'none', 'void', '\u202Ec\n"']);
    expect(listed.find((object) => object.name === 'void')).toEqual({
      name: 'void',
      kind: 'k',
      group: 'empty',
      at: 0,
      length: 0,
      rows: 0,
      fingerprint: 'f',
      meta: { a: [1] },
    });
  });

  test('every object of a table of thousands is found, in order and out of order, without reading it all', async () => {
    const { store, repository } = await tiny();
    const parts = Array.from({ length: 3000 }, (_, i) => Buffer.from(`content ${String(i)};`));
    let at = 0;
    const objects = parts.map((part, i) => {
      const row = { n: `dir/${(i * 7919) % 3000}`, k: 'file', g: `g${String(i % 40)}`, at: 0, len: part.length };
      at += part.length;
      return { ...row, meta: { pad: 'x'.repeat((i * 31) % 400) } };
    });
    const groups = Array.from({ length: 40 }, (_, g) => ({ name: `g${String(g)}`, chunks: parts.filter((_part, i) => i % 40 === g) }));
    const offsets = new Map<string, number>();
    const placed = objects.map((object) => {
      const from = offsets.get(object.g) ?? 0;
      offsets.set(object.g, from + object.len);
      return { ...object, at: from };
    });
    expect(at).toBeGreaterThan(0);
    await repository.snapshot({ groups, objects: placed });
    const reader = await readerOver(store, repository.keys);
    const manifest = manifestOf(repository, 0);
    for (let i = 0; i < 3000; i += 37) {
      const n = (i * 1009) % 3000;
      expect((await objectBytes(reader, manifest, placed[n]?.n ?? '')).toString()).toBe(`content ${String(n)};`);
    }
    for (const absent of ['', 'dir/', 'dir/3000', 'dir/0 ', 'zzz', 'g1'])
      await expect(reader.find(manifest, absent)).rejects.toMatchObject({ code: 'object.unknown' });
    store.reads.length = 0;
    const fresh = await readerOver(store, repository.keys);
    store.reads.length = 0;
    await fresh.find(manifest, 'dir/1500');
    const read = store.reads.filter(({ path }) => path.startsWith('meta')).length;
    expect(read).toBeLessThan(60);
  });

  test('cancelling stops a stream at once and with CancelledError', async () => {
    const { store, repository } = await tiny();
    const chunks = chunksOf(4000, 1);
    await repository.snapshot(whole(chunks, lengthOf(chunks)));
    const reader = await readerOver(store, repository.keys);
    const abort = new AbortController();
    const stream = reader.object(manifestOf(repository, 0), 'o', { signal: abort.signal })[Symbol.asyncIterator]();
    expect((await stream.next()).done).toBe(false);
    abort.abort();
    await expect(stream.next()).rejects.toMatchObject({ name: 'CancelledError' });
    await expect(objectBytes(reader, manifestOf(repository, 0), 'o', { signal: abort.signal })).rejects.toMatchObject({ name: 'CancelledError' });
  });

  test('a group whose digest does not fit is refused as a whole', async () => {
    const { store, repository } = await tiny();
    const chunks = chunksOf(10, 3);
    await repository.snapshot(whole(chunks, lengthOf(chunks)));
    const reader = await readerOver(store, repository.keys);
    const rows = [];
    for await (const row of reader.rows(manifestOf(repository, 0))) rows.push(row);
    const first = rows[0];
    if (first === undefined || !('group' in first)) throw new Error('No group.');
    expect((await gather(reader.group(first.group))).equals(Buffer.concat(chunks))).toBe(true);
    await expect(gather(reader.group({ ...first.group, digest: '00'.repeat(32) }))).rejects.toMatchObject({ code: 'repository.damaged' });
    await expect(gather(reader.group({ ...first.group, bytes: first.group.bytes + 1 }))).rejects.toMatchObject({ code: 'repository.damaged' });
  });
});
