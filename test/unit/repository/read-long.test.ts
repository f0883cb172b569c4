import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../electron/core/repository/format/manifest.ts';
import { OpenStore } from '../../helpers/repository/damage.ts';
import { gather, objectBytes, readerOver } from '../../helpers/repository/reading.ts';
import { TinyRepository, sampleBytes } from '../../helpers/repository/tiny.ts';
import type { TinyGroup, TinySnapshot } from '../../helpers/repository/tiny.ts';

const chunkBytes = 30_000;
const count = 700;
/** 20 MiB in chunks of many lengths. */
const chunks = Array.from({ length: count }, (_none, i) => sampleBytes(chunkBytes - (i % 97) * 11, i));
const all = Buffer.concat(chunks);
/** Every third chunk is changed a little, and stored against the one it was and its neighbour. */
const changed = chunks.map((bytes, i) => {
  if (i % 3 !== 0) return bytes;
  const copy = Buffer.from(bytes);
  copy.fill(i, 100, 140);
  return copy;
});
const changedAll = Buffer.concat(changed);

function whole(of: TinyGroup['chunks'], length: number): TinySnapshot {
  return { groups: [{ name: 'g', chunks: of }], objects: [{ n: 'o', k: 'file', g: 'g', at: 0, len: length }] };
}

async function made(): Promise<{ store: OpenStore; repository: TinyRepository; first: Manifest; second: Manifest }> {
  const store = new OpenStore();
  const repository = new TinyRepository(store);
  repository.segmentBytes = 500_000;
  repository.packBytes = 3 << 20;
  await repository.writeConfig();
  await repository.snapshot(whole(chunks, all.length));
  const deltas = changed.map((bytes, i) => (i % 3 === 0 ? { bytes, bases: [chunks[i], chunks[(i + 1) % count]].filter((one) => one !== undefined) } : bytes));
  await repository.snapshot(whole(deltas, changedAll.length));
  const [first, second] = repository.manifests.map(({ manifest }) => manifest);
  if (first === undefined || second === undefined) throw new Error('No snapshots.');
  return { store, repository, first, second };
}

describe('a long stream, decoded by other threads', () => {
  test('whole, by range, several at once, from plain segments and from deltas', async () => {
    const { store, repository, first, second } = await made();
    const reader = await readerOver(store, repository.keys);
    const [one, two] = await Promise.all([objectBytes(reader, first, 'o'), objectBytes(reader, second, 'o')]);
    expect(one.equals(all)).toBe(true);
    expect(two.equals(changedAll)).toBe(true);
    for (const [from, to] of [
      [1, all.length],
      [chunkBytes - 1, all.length - 1],
      [5_000_001, 15_000_000],
      [0, 9_000_000],
    ] as const) {
      expect((await objectBytes(reader, second, 'o', { from, to })).equals(changedAll.subarray(from, to)), `${String(from)} to ${String(to)}`).toBe(true);
    }
  });

  test('blocks are memory of their own, and of bounded length', async () => {
    const { store, repository, second } = await made();
    const reader = await readerOver(store, repository.keys);
    const copies: Buffer[] = [];
    for await (const block of reader.object(second, 'o')) {
      expect(block.length).toBeLessThanOrEqual(1 << 20);
      copies.push(Buffer.from(block));
      block.fill(0);
    }
    expect(Buffer.concat(copies).equals(changedAll)).toBe(true);
    expect((await objectBytes(reader, second, 'o')).equals(changedAll)).toBe(true);
  });

  test('damage anywhere: nothing wrong is handed out before it is told, and the file is named', async () => {
    const { store, repository, first, second } = await made();
    let refused = 0;
    for (const path of store.below('packs')) {
      const good = store.files.get(path) ?? new Uint8Array(0);
      store.files.set(path, good.slice());
      store.flip(path, good.length >> 1);
      const reader = await readerOver(store, repository.keys);
      for (const [manifest, right] of [
        [first, all],
        [second, changedAll],
      ] as const) {
        let at = 0;
        const read = async (): Promise<void> => {
          for await (const block of reader.object(manifest, 'o')) {
            expect(right.subarray(at, at + block.length).equals(block)).toBe(true);
            at += block.length;
          }
        };
        const outcome = await read().then(
          () => 'read',
          (error: unknown) => error,
        );
        if (outcome === 'read') expect(at).toBe(right.length);
        else expect(outcome).toMatchObject({ code: 'repository.damaged', details: { file: path } });
        if (outcome !== 'read') refused += 1;
      }
      store.files.set(path, good);
    }
    expect(refused).toBeGreaterThan(store.below('packs').length);
  });

  test('another copy of a chunk serves where the first is bad, for plain chunks and for bases of deltas', async () => {
    const { store, repository, first, second } = await made();
    const before = store.below('packs');
    const twin = new TinyRepository(store, repository.keys);
    await twin.snapshot({ groups: [{ name: 'again', chunks }], objects: [] });
    // What the deltas of the second snapshot are in is not there twice: those packs stay as they are.
    const plain = before.toSorted((a, b) => (store.files.get(b)?.length ?? 0) - (store.files.get(a)?.length ?? 0)).slice(0, 3);
    for (const path of plain) store.flip(path, 200_000);
    const reader = await readerOver(store, repository.keys);
    expect((await objectBytes(reader, first, 'o')).equals(all)).toBe(true);
    expect((await objectBytes(reader, second, 'o')).equals(changedAll)).toBe(true);
  });

  test('bytes that authenticate and are not those of their id are never handed out; right copies are taken instead', async () => {
    const { store, repository, first } = await made();
    const right = store.below('packs');
    for (const [i, chunk] of chunks.slice(300, 330).entries()) await repository.lie(chunk, sampleBytes(chunk.length, 9000 + i));
    const reader = await readerOver(store, repository.keys);
    expect((await objectBytes(reader, first, 'o')).equals(all)).toBe(true);
    const twin = new TinyRepository(store, repository.keys);
    await twin.snapshot({ groups: [{ name: 'again', chunks: [...chunks.slice(0, 300), ...chunks.slice(330)] }], objects: [] });
    for (const path of right) store.files.delete(path);
    const alone = await readerOver(store, repository.keys);
    let at = 0;
    const read = async (): Promise<void> => {
      for await (const block of alone.object(first, 'o')) {
        expect(all.subarray(at, at + block.length).equals(block)).toBe(true);
        at += block.length;
      }
    };
    // Whichever of the two copies was tried first is told of: the wrong one, or the one that is gone.
    await expect(read()).rejects.toMatchObject({ code: expect.stringMatching(/^repository\.(damaged|missing)$/) as string });
    expect(at).toBeLessThan(all.length);
  });

  test('packs that lie in quarantine serve, and those that are gone are named', async () => {
    const { store, repository, first } = await made();
    const reader = await readerOver(store, repository.keys);
    for (const path of store.below('packs')) await store.move(path, `quarantine/0000000001/packs/ab/${path.slice(-32)}`);
    expect((await objectBytes(reader, first, 'o')).equals(all)).toBe(true);
    for (const path of store.below('quarantine')) store.files.delete(path);
    await expect(objectBytes(await readerOver(store, repository.keys), first, 'o')).rejects.toMatchObject({ code: 'repository.damaged' });
  });

  test('left early or cancelled, the next stream is not disturbed', async () => {
    const { store, repository, first, second } = await made();
    const reader = await readerOver(store, repository.keys);
    for await (const block of reader.object(first, 'o')) {
      expect(block.length).toBeGreaterThan(0);
      break;
    }
    const abort = new AbortController();
    const stream = reader.object(second, 'o', { signal: abort.signal })[Symbol.asyncIterator]();
    expect((await stream.next()).done).toBe(false);
    abort.abort();
    await expect(stream.next()).rejects.toMatchObject({ name: 'CancelledError' });
    expect((await objectBytes(reader, second, 'o')).equals(changedAll)).toBe(true);
  });

  test('a group whose digest does not fit is refused before its last block', async () => {
    const { store, repository, first } = await made();
    const reader = await readerOver(store, repository.keys);
    const rows = [];
    for await (const row of reader.rows(first)) rows.push(row);
    const group = rows.find((row) => 'group' in row);
    if (group === undefined || !('group' in group)) throw new Error('No group.');
    expect((await gather(reader.group(group.group))).equals(all)).toBe(true);
    let given = 0;
    const read = async (): Promise<void> => {
      for await (const block of reader.group({ ...group.group, digest: '00'.repeat(32) })) given += block.length;
    };
    await expect(read()).rejects.toMatchObject({ code: 'repository.damaged' });
    expect(given).toBeLessThan(all.length);
    await expect(gather(reader.group({ ...group.group, bytes: group.group.bytes + 1 }))).rejects.toMatchObject({ code: 'repository.damaged' });
  });
});
