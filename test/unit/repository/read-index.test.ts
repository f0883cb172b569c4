import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemRandom } from '../../../electron/core/base/system.ts';
import { deriveKeys } from '../../../electron/core/repository/format/crypto.ts';
import { encodeIndexFile } from '../../../electron/core/repository/format/index-file.ts';
import type { PackEntry } from '../../../electron/core/repository/format/index-file.ts';
import { packFileBytes } from '../../../electron/core/repository/format/pack.ts';
import { HEADER_BYTES } from '../../../electron/core/repository/format/sealed.ts';
import { IndexTable, NONE } from '../../../electron/core/repository/index-table.ts';
import { loadIndex } from '../../../electron/core/repository/read/load-index.ts';
import { OpenStore } from '../../helpers/repository/damage.ts';
import { TinyRepository, sampleBytes } from '../../helpers/repository/tiny.ts';

const keys = deriveKeys(new Uint8Array(16).fill(1), new Uint8Array(32).fill(2));
const place = { pack: 0, frame: 0, offset: 64, stored: 20, raw: 4, codec: 16 } as const;

function packEntry(name: string, chunks: readonly Buffer[]): PackEntry {
  const lengths = chunks.map(() => 10);
  const record = {
    kind: 0,
    codec: 16,
    stored: 10 * chunks.length + 16,
    raw: 10 * chunks.length,
    ids: new Uint8Array(Buffer.concat(chunks)),
    lengths,
    bases: [],
  } as const;
  const footer = { baseIds: new Uint8Array(0), records: [record] };
  return { name, type: 1, bytes: packFileBytes(footer), footer };
}

describe('index table', () => {
  test('behaves as a map from ids to numbers, through growth, whatever the first bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 16, maxLength: 16 }), { maxLength: 60 }),
        fc.array(fc.nat(3), { minLength: 1, maxLength: 60 }),
        (ids, firsts) => {
          const table = new IndexTable(1);
          const model = new Map<string, number>();
          // The first word serves as hash: make it the same often, so that probing is tried.
          const close = ids.map((id, i) => Uint8Array.from([firsts[i % firsts.length] ?? 0, 0, 0, 0, ...id.subarray(4)]));
          for (const id of close) {
            const key = Buffer.from(id).toString('hex');
            expect(table.lookup(id)).toBe(model.get(key) ?? NONE);
            const entry = table.intern(Buffer.concat([Buffer.of(1, 2, 3), id]), 3);
            expect(entry).toBe(model.get(key) ?? model.size);
            model.set(key, entry);
          }
          expect(table.size).toBe(model.size);
          for (const [key, entry] of model) {
            expect(table.lookup(Buffer.from(key, 'hex'))).toBe(entry);
            expect(Buffer.from(table.idOf(entry)).toString('hex')).toBe(key);
            expect(table.isId(entry, Buffer.from(key, 'hex'))).toBe(true);
            expect(table.has(entry)).toBe(false);
          }
        },
      ),
    );
  });

  test('a hundred thousand ids, each found, others not; memory within bounds', () => {
    const count = 100_000;
    const ids = randomBytes(16 * count);
    const table = new IndexTable();
    const segment = table.addSegment(place);
    for (let i = 0; i < count; i++) table.add(ids, i * 16, segment, i, 1);
    for (let i = 0; i < count; i++) if (table.lookup(ids, i * 16) !== i || table.atOf(i) !== i) throw new Error(`Entry ${String(i)} is wrong.`);
    const others = randomBytes(16 * 1000);
    for (let i = 0; i < 1000; i++) expect(table.lookup(others, i * 16)).toBe(NONE);
    expect(table.memory / count).toBeLessThan(64);
  });

  test('a plain copy comes before deltas, whichever came first; a copy is held once', () => {
    const id = randomBytes(16);
    const base = randomBytes(16);
    for (const plainFirst of [true, false]) {
      const table = new IndexTable();
      const root = table.intern(base);
      const add = (plain: boolean): number => {
        const segment = table.addSegment(place, plain ? [] : [root]);
        table.add(id, 0, segment, 0, 4);
        table.add(id, 0, segment, 0, 4);
        return segment;
      };
      const first = add(plainFirst);
      const entry = table.lookup(id);
      expect(table.hasPlain(entry)).toBe(plainFirst);
      const second = add(!plainFirst);
      expect(table.hasPlain(entry)).toBe(true);
      expect(table.segmentOf(entry)).toBe(plainFirst ? first : second);
      expect(table.copyCount(entry)).toBe(2);
      expect(table.copies(entry).map((copy) => table.isDelta(copy.segment))).toEqual([false, true]);
      expect([...table.basesOf(plainFirst ? second : first)]).toEqual([root]);
      expect([...table.basesOf(plainFirst ? first : second)]).toEqual([]);
    }
  });

  test('offsets of a pack are sums of what is stored, padding included', () => {
    const table = new IndexTable();
    const ids = randomBytes(48);
    const records = [
      { kind: 0, codec: 16, stored: 26, raw: 10, ids: ids.subarray(0, 32), lengths: [4, 6], bases: [] },
      { kind: 2, codec: 16, stored: 116, raw: 100, ids: new Uint8Array(0), lengths: [], bases: [] },
      { kind: 1, codec: 32, stored: 30, raw: 7, ids: ids.subarray(32), lengths: [7], bases: [0] },
    ] as const;
    const entry: PackEntry = { name: 'ab'.repeat(16), type: 2, bytes: 500, footer: { baseIds: new Uint8Array(ids.subarray(0, 16)), records } };
    table.addEntry(entry);
    table.addEntry(entry);
    expect([table.packCount, table.segments, table.size]).toEqual([1, 2, 3]);
    expect(table.segmentPlace(0)).toEqual({ pack: 0, frame: 0, offset: HEADER_BYTES, stored: 26, raw: 10, codec: 16, delta: false });
    expect(table.segmentPlace(1)).toEqual({ pack: 0, frame: 2, offset: HEADER_BYTES + 142, stored: 30, raw: 7, codec: 32, delta: true });
    expect(table.copies(table.lookup(ids, 16))).toEqual([{ segment: 0, at: 4, length: 6 }]);
    expect([...table.basesOf(1)]).toEqual([table.lookup(ids, 0)]);
    expect(table.pack(table.packNumber('ab'.repeat(16)))).toEqual({ name: 'ab'.repeat(16), type: 2, bytes: 500 });
  });
});

describe('loading', () => {
  const chunk = (i: number): Buffer => Buffer.alloc(16, i + 1);
  const publish = async (store: OpenStore, packs: readonly PackEntry[], supersedes: readonly string[]): Promise<string> => {
    const file = encodeIndexFile(keys, systemRandom, packs, supersedes);
    await store.publish(`index/${file.name}`, [file.bytes], { ifExists: 'refuse' });
    return file.name;
  };

  test('superseded files are left out, also where the chain is longer; unless what supersedes them is damaged', async () => {
    const store = new OpenStore();
    const a = await publish(store, [packEntry('aa'.repeat(16), [chunk(0)])], []);
    const b = await publish(store, [packEntry('bb'.repeat(16), [chunk(1)])], [a]);
    const c = await publish(store, [packEntry('cc'.repeat(16), [chunk(2)])], [b]);
    const d = await publish(store, [packEntry('dd'.repeat(16), [chunk(3)])], []);
    const found = async (): Promise<boolean[]> => {
      const { table } = await loadIndex(store, keys, { unindexed: 'ignore' });
      return [0, 1, 2, 3].map((i) => table.lookup(chunk(i)) !== NONE);
    };
    const loaded = await loadIndex(store, keys, { unindexed: 'ignore' });
    expect(loaded.files.toSorted()).toEqual([c, d].toSorted());
    expect(loaded.superseded.toSorted()).toEqual([a, b].toSorted());
    expect(await found()).toEqual([false, false, true, true]);
    const bytes = store.files.get(`index/${c}`) ?? new Uint8Array(0);
    for (let at = 64; at < bytes.length; at += 1) {
      const spoilt = store.copy();
      spoilt.flip(`index/${c}`, at);
      const { table, faults } = await loadIndex(spoilt, keys, { unindexed: 'ignore' });
      expect(faults.map((fault) => fault.path)).toEqual([`index/${c}`]);
      expect(table.lookup(chunk(1))).not.toBe(NONE);
      expect(table.lookup(chunk(3))).not.toBe(NONE);
    }
    store.files.delete(`index/${c}`);
    expect(await found()).toEqual([false, true, false, true]);
  });

  test('a file under another name is not believed, so that an old one cannot come back', async () => {
    const store = new OpenStore();
    const a = await publish(store, [packEntry('aa'.repeat(16), [chunk(0)])], []);
    await publish(store, [packEntry('bb'.repeat(16), [chunk(1)])], [a]);
    await store.move(`index/${a}`, `index/${'0'.repeat(32)}`);
    const loaded = await loadIndex(store, keys, { unindexed: 'ignore' });
    expect(loaded.table.lookup(chunk(0))).toBe(NONE);
    expect(loaded.table.lookup(chunk(1))).not.toBe(NONE);
    expect(loaded.faults).toMatchObject([{ path: `index/${'0'.repeat(32)}`, error: { code: 'repository.damaged', details: { name: a } } }]);
  });

  test('packs that no index names are taken up from their footers, bad ones are told', async () => {
    const store = new OpenStore();
    const repository = new TinyRepository(store, keys);
    await repository.snapshot({ groups: [{ name: 'g', chunks: [sampleBytes(500, 1)] }], objects: [] });
    const whole = await loadIndex(store, keys, { unindexed: 'use' });
    expect(whole.unindexed).toEqual([]);
    for (const path of store.below('index')) store.files.delete(path);
    store.files.set(`packs/ab/${'ab'.repeat(16)}`, Buffer.alloc(200, 1));
    store.files.set('packs/ab/notes.txt', Buffer.alloc(10));
    const again = await loadIndex(store, keys, { unindexed: 'use' });
    expect(again.unindexed.map((pack) => String(pack.type)).toSorted()).toEqual(['1', '2']);
    expect(again.table.size).toBe(whole.table.size);
    expect(again.lost).toMatchObject([{ path: `packs/ab/${'ab'.repeat(16)}`, error: { code: 'repository.damaged' } }]);
    const without = await loadIndex(store, keys, { unindexed: 'ignore' });
    expect(without.table.size).toBe(0);
  });

  test('a metadata pack of which only the second copy is left is taken up too', async () => {
    const store = new OpenStore();
    const repository = new TinyRepository(store, keys);
    await repository.snapshot({ groups: [{ name: 'g', chunks: [sampleBytes(500, 1)] }], objects: [] });
    for (const path of [...store.below('index'), ...store.below('meta')]) store.files.delete(path);
    const { unindexed } = await loadIndex(store, keys, { unindexed: 'use' });
    expect(unindexed.map((pack) => String(pack.type)).toSorted()).toEqual(['1', '2']);
  });

  test('a foreign file and one whose version was changed are passed over, and named', async () => {
    const store = new OpenStore();
    const name = await publish(store, [packEntry('aa'.repeat(16), [chunk(0)])], []);
    const foreign = encodeIndexFile(deriveKeys(new Uint8Array(16).fill(9), keys.master), systemRandom, [], []);
    await store.publish(`index/${foreign.name}`, [foreign.bytes], { ifExists: 'refuse' });
    const loaded = await loadIndex(store, keys, { unindexed: 'ignore' });
    expect(loaded.faults).toMatchObject([{ path: `index/${foreign.name}`, error: { code: 'repository.foreign' } }]);
    expect(loaded.table.lookup(chunk(0))).not.toBe(NONE);
    store.flip(`index/${name}`, 7, 3);
    const again = await loadIndex(store, keys, { unindexed: 'ignore' });
    expect(again.faults).toContainEqual(expect.objectContaining({ path: `index/${name}`, error: expect.objectContaining({ code: 'repository.damaged' }) }));
  });

  test('a listing that fails is an error, never an empty index', async () => {
    const store = new OpenStore();
    store.list = () => Promise.reject(new Error('unplugged'));
    await expect(loadIndex(store, keys, { unindexed: 'use' })).rejects.toThrow('unplugged');
  });
});
