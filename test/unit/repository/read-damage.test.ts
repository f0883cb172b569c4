import { describe, expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import type { Manifest } from '../../../electron/core/repository/format/manifest.ts';
import { OpenStore } from '../../helpers/repository/damage.ts';
import { objectBytes, readerOver } from '../../helpers/repository/reading.ts';
import { TinyRepository, sampleBytes } from '../../helpers/repository/tiny.ts';

const chunks = Array.from({ length: 40 }, (_, i) => sampleBytes(900 + i, i));
const other = Array.from({ length: 5 }, (_, i) => sampleBytes(800, 1000 + i));
const changed = chunks.map((chunk, i) => (i % 4 === 0 ? { bytes: Buffer.concat([chunk, Buffer.from('!')]), bases: [chunk] } : chunk));
const changedBytes = Buffer.concat(changed.map((chunk) => ('bases' in chunk ? chunk.bytes : chunk)));

/** Two snapshots: a plain one of two groups, and one whose group is partly deltas of the first. */
async function made(): Promise<{ readonly store: OpenStore; readonly repository: TinyRepository; readonly manifests: readonly Manifest[] }> {
  const store = new OpenStore();
  const repository = new TinyRepository(store);
  repository.segmentBytes = 4096;
  const length = Buffer.concat(chunks).length;
  await repository.snapshot({
    groups: [
      { name: 'g', chunks },
      { name: 'h', chunks: other },
    ],
    objects: [
      { n: 'big', k: 'k', g: 'g', at: 0, len: length },
      { n: 'small', k: 'k', g: 'h', at: 0, len: 4000 },
    ],
  });
  await repository.snapshot({ groups: [{ name: 'g', chunks: changed }], objects: [{ n: 'big', k: 'k', g: 'g', at: 0, len: changedBytes.length }] });
  return { store, repository, manifests: repository.manifests.map(({ manifest }) => manifest) };
}

function manifestAt(manifests: readonly Manifest[], i: number): Manifest {
  const manifest = manifests[i];
  if (manifest === undefined) throw new Error('No such snapshot.');
  return manifest;
}

describe('a damaged repository never gives wrong bytes', () => {
  test('a byte in every hundred of every pack: what is read is right or refused, naming the file', async () => {
    const { store, repository, manifests } = await made();
    const right = [Buffer.concat(chunks), Buffer.concat(other), changedBytes];
    let refused = 0;
    for (const path of store.below('packs')) {
      const length = store.files.get(path)?.length ?? 0;
      for (let at = 0; at < length; at += 97) {
        const spoilt = store.copy();
        spoilt.flip(path, at, 1 << (at % 8));
        const reader = await readerOver(spoilt, repository.keys);
        const reads = [
          objectBytes(reader, manifestAt(manifests, 0), 'big'),
          objectBytes(reader, manifestAt(manifests, 0), 'small'),
          objectBytes(reader, manifestAt(manifests, 1), 'big'),
        ];
        for (const [i, outcome] of (await Promise.allSettled(reads)).entries()) {
          if (outcome.status === 'fulfilled') {
            expect(outcome.value.equals(right[i] ?? Buffer.alloc(0))).toBe(true);
          } else {
            refused++;
            const reason = outcome.reason as unknown;
            expect(reason).toMatchObject({ details: { file: path } });
            expect(isAppError(reason) ? reason.code : reason).toMatch(/^repository\.(damaged|foreign|newer-format)$/);
          }
        }
      }
    }
    expect(refused).toBeGreaterThan(50);
  });

  test('one bad segment costs only what lies in it: the rest of the object is read by range', async () => {
    const { store, repository, manifests } = await made();
    const [first] = store.below('packs').toSorted((a, b) => (store.files.get(b)?.length ?? 0) - (store.files.get(a)?.length ?? 0));
    store.flip(first ?? '', 100);
    const reader = await readerOver(store, repository.keys);
    const manifest = manifestAt(manifests, 0);
    await expect(objectBytes(reader, manifest, 'big')).rejects.toMatchObject({ code: 'repository.damaged' });
    expect(await objectBytes(reader, manifest, 'small')).toEqual(Buffer.concat(other));
    const all = Buffer.concat(chunks);
    expect((await objectBytes(reader, manifest, 'big', { from: 10_000, to: all.length })).equals(all.subarray(10_000))).toBe(true);
  });

  test('a pack that is gone: missing, naming it', async () => {
    const { store, repository, manifests } = await made();
    const reader = await readerOver(store, repository.keys);
    for (const path of store.below('packs')) store.files.delete(path);
    await expect(objectBytes(reader, manifestAt(manifests, 0), 'big')).rejects.toMatchObject({ code: 'repository.missing' });
  });

  test('a pack in quarantine or in another folder still serves', async () => {
    for (const target of ['quarantine/0000000001/packs/ab/', 'packs/']) {
      const { store, repository, manifests } = await made();
      const reader = await readerOver(store, repository.keys);
      for (const path of store.below('packs')) await store.move(path, `${target}${path.slice(-32)}`);
      expect((await objectBytes(reader, manifestAt(manifests, 1), 'big')).equals(changedBytes)).toBe(true);
    }
  });

  test('metadata: one copy may be damaged or gone, whichever it is', async () => {
    for (const folder of ['meta', 'meta.copy']) {
      for (const how of ['flip', 'delete', 'cut'] as const) {
        const { store, repository, manifests } = await made();
        const reader = await readerOver(store, repository.keys);
        for (const path of store.below(folder)) {
          if (how === 'delete') store.files.delete(path);
          else if (how === 'cut') store.files.set(path, (store.files.get(path) ?? new Uint8Array(0)).slice(0, 30));
          else for (let at = 64; at < (store.files.get(path)?.length ?? 0); at += 50) store.flip(path, at);
        }
        expect((await objectBytes(reader, manifestAt(manifests, 1), 'big')).equals(changedBytes)).toBe(true);
      }
    }
  });

  test('another copy of a chunk serves where the first is bad, for plain chunks and for bases of deltas', async () => {
    const { store, repository, manifests } = await made();
    const twin = new TinyRepository(store, repository.keys);
    twin.segmentBytes = 2000;
    const before = new Set(store.below('packs'));
    await twin.snapshot({ groups: [{ name: 'again', chunks }], objects: [] });
    expect(store.below('packs').some((path) => !before.has(path))).toBe(true);
    for (const path of before) {
      const deltas = (store.files.get(path)?.length ?? 0) < 4000;
      if (!deltas) for (let at = 64; at < (store.files.get(path)?.length ?? 0) - 2000; at += 100) store.flip(path, at);
    }
    const reader = await readerOver(store, repository.keys);
    expect((await objectBytes(reader, manifestAt(manifests, 0), 'big')).equals(Buffer.concat(chunks))).toBe(true);
    expect((await objectBytes(reader, manifestAt(manifests, 1), 'big')).equals(changedBytes)).toBe(true);
    await expect(objectBytes(reader, manifestAt(manifests, 0), 'small')).rejects.toMatchObject({ code: 'repository.damaged' });
  });

  test('bytes that authenticate and are not those of their id are never yielded; a right copy is taken instead', async () => {
    const store = new OpenStore();
    const repository = new TinyRepository(store);
    const [chunk, wrong] = [sampleBytes(500, 1), sampleBytes(500, 2)];
    await repository.lie(chunk, wrong);
    const alone = await readerOver(store, repository.keys);
    const entry = alone.source.entryOf(repository.idOf(0, chunk));
    await expect(alone.source.chunk(0, entry, alone.source.runs())).rejects.toMatchObject({ code: 'repository.damaged' });
    const before = store.below('index');
    await repository.snapshot({ groups: [{ name: 'g', chunks: [chunk] }], objects: [{ n: 'o', k: 'k', g: 'g', at: 0, len: 500 }] });
    expect(store.below('index').length).toBeGreaterThan(before.length);
    const reader = await readerOver(store, repository.keys);
    expect(reader.source.table.copyCount(reader.source.entryOf(repository.idOf(0, chunk)))).toBe(2);
    expect(
      await objectBytes(
        reader,
        manifestAt(
          repository.manifests.map(({ manifest }) => manifest),
          0,
        ),
        'o',
      ),
    ).toEqual(chunk);
  });

  test('a damaged part of the object table hides no object of another part', async () => {
    const store = new OpenStore();
    const repository = new TinyRepository(store);
    repository.segmentBytes = 1;
    const objects = Array.from({ length: 400 }, (_, i) => ({
      n: `o${String(i).padStart(3, '0')}`,
      k: 'k',
      g: 'g',
      at: 0,
      len: 900,
      meta: { pad: 'x'.repeat(100) },
    }));
    await repository.snapshot({ groups: [{ name: 'g', chunks: chunks.slice(0, 1) }], objects });
    const manifest = manifestAt(
      repository.manifests.map((entry) => entry.manifest),
      0,
    );
    const reader = await readerOver(store, repository.keys);
    const rows: string[] = [];
    for await (const object of reader.objects(manifest)) rows.push(object.name);
    expect(rows.length).toBe(400);
    const pack = store.below('meta')[0] ?? '';
    let found = 0;
    let sought = 0;
    for (let at = 64; at < (store.files.get(pack)?.length ?? 0) - 1500; at += 400) {
      const spoilt = store.copy();
      for (const folder of ['meta', 'meta.copy']) spoilt.flip(`${folder}/${pack.slice(-32)}`, at);
      const broken = await readerOver(spoilt, repository.keys);
      const outcomes = await Promise.allSettled(['o000', 'o057', 'o200', 'o311', 'o399'].map((name) => broken.find(manifest, name)));
      sought += outcomes.length;
      found += outcomes.filter((outcome) => outcome.status === 'fulfilled').length;
      for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'repository.damaged' });
    }
    expect(found).toBeGreaterThan(sought * 0.9);
  });
});

describe('the index', () => {
  test('without any index file everything is read, by the footers of the packs', async () => {
    const { store, repository, manifests } = await made();
    for (const path of store.below('index')) store.files.delete(path);
    const reader = await readerOver(store, repository.keys);
    expect((await objectBytes(reader, manifestAt(manifests, 1), 'big')).equals(changedBytes)).toBe(true);
  });

  test('a byte in every sixty of every index file: still everything is read', async () => {
    const { store, repository, manifests } = await made();
    for (const path of store.below('index')) {
      const length = store.files.get(path)?.length ?? 0;
      for (let at = 0; at < length; at += 61) {
        if (at === 7) continue;
        const spoilt = store.copy();
        spoilt.flip(path, at);
        const reader = await readerOver(spoilt, repository.keys);
        expect((await objectBytes(reader, manifestAt(manifests, 1), 'big')).equals(changedBytes)).toBe(true);
      }
    }
  });
});
