import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openIndexFile } from '../../../electron/core/repository/format/index-file.ts';
import { SEGMENT_PADDING } from '../../../electron/core/repository/format/pack.ts';
import { TYPE_PACK } from '../../../electron/core/repository/format/sealed.ts';
import type { IndexTable } from '../../../electron/core/repository/index-table.ts';
import { MemoryStore } from '../../helpers/repository/memory-store.ts';
import { newest, pages, readAll, readGroups, sessionKeys, tableOf, takeInSession, touched } from '../../helpers/repository/session.ts';

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const one = (bytes: Uint8Array): Map<string, Uint8Array> => new Map([['main', bytes]]);

function deltas(table: IndexTable): number[] {
  return Array.from({ length: table.segments }, (_none, segment) => segment).filter((segment) => table.isDelta(segment));
}

describe('what is stored', () => {
  it.each(['none', 'pages', 'lines'] as const)('reads back: content that changes from snapshot to snapshot (%s)', async (framing) => {
    const store = new MemoryStore();
    const days = [pages(300, 1)];
    for (let day = 1; day < 5; day += 1) days.push(touched(days[day - 1] ?? Buffer.alloc(0), 7 + day, day));
    for (const day of days) await takeInSession(store, one(day), { framing });
    const all = await readAll(store);
    for (const [i, day] of days.entries()) expect(all.get(`${i + 1}/main`)).toBe(sha(day));
    expect(deltas(await tableOf(store)).length).toBeGreaterThan(0);
  });

  it('what did not change is not stored again, and said to be the same', async () => {
    const store = new MemoryStore();
    const content = new Map([
      ['a', pages(200, 1)],
      ['b', Buffer.alloc(0)],
      ['c', Buffer.from('x')],
    ]);
    const first = await takeInSession(store, content);
    const before = new Set(store.files.keys());
    const second = await takeInSession(store, content);
    expect([...first.groups.values()].map((group) => group.sameAsParent)).toEqual([false, false, false]);
    expect([...second.groups.values()].map((group) => group.sameAsParent)).toEqual([true, true, true]);
    const added = [...store.files.keys()].filter((path) => !before.has(path));
    expect(added.filter((path) => !path.startsWith('snapshots'))).toEqual([]);
    expect(second.record.totals).toMatchObject({ added: 0, newChunks: 0, chunks: first.record.totals.chunks });
    expect((await newest(store))?.manifest.parent).toBe(first.record.id);
  });

  it('the digest of a group is over the digests of its chunks', async () => {
    const store = new MemoryStore();
    const bytes = pages(3, 1);
    const { groups } = await takeInSession(store, one(bytes), { framing: 'pages' });
    const parts = [0, 1, 2].map((page) =>
      createHash('sha256')
        .update(bytes.subarray(page * 4096, page * 4096 + 4096))
        .digest(),
    );
    expect(groups.get('main')).toEqual({ bytes: bytes.length, chunks: 3, digest: sha(Buffer.concat(parts)), sameAsParent: false });
  });

  it('a manifest that no reader would take is not published', async () => {
    const store = new MemoryStore();
    await expect(takeInSession(store, one(pages(3, 1)), { createdAt: 1_700_000_000_000.25 })).rejects.toThrow('cannot be read');
    expect(await store.list('snapshots')).toEqual([]);
    expect(await store.list('snapshots.copy')).toEqual([]);
  });

  it('incompressible bytes are stored as they are', async () => {
    const store = new MemoryStore();
    const bytes = randomBytes(3 << 20);
    const { record } = await takeInSession(store, one(bytes));
    expect(record.totals.added).toBeLessThan(bytes.length * 1.02);
    expect((await readAll(store)).get('1/main')).toBe(sha(bytes));
  });

  it('many tiny groups share segments and list nodes', async () => {
    const store = new MemoryStore();
    const content = new Map(Array.from({ length: 1500 }, (_none, i) => [`group ${i}`, Buffer.from(`content of group ${i}`)] as const));
    const { record } = await takeInSession(store, content);
    expect(record.totals).toMatchObject({ objects: 1500, chunks: 1500, newChunks: 1500 });
    const table = await tableOf(store);
    expect(table.segments).toBeLessThan(12);
    const all = await readAll(store);
    for (const [name, bytes] of content) expect(all.get(`1/${name}`)).toBe(sha(bytes));
  });

  it('a long stream has several list levels, and its few changes change few bytes', async () => {
    const store = new MemoryStore();
    const first = pages(20_000, 5);
    await takeInSession(store, one(first), { framing: 'pages' });
    const { record } = await takeInSession(store, one(touched(first, 200, 9)), { framing: 'pages' });
    expect(record.totals.newChunks).toBe(100);
    expect(record.totals.added).toBeLessThan(60_000);
    expect((await readAll(store)).get('2/main')).toBe(sha(touched(first, 200, 9)));
  });

  it('with padding, packs of data are multiples of 64 KiB', async () => {
    const store = new MemoryStore();
    for (const count of [1, 100, 333]) await takeInSession(store, one(pages(count, count)), { pad: true });
    const packs = [...store.files].filter(([path]) => path.startsWith('packs/'));
    expect(packs).toHaveLength(3);
    for (const [, { bytes }] of packs) expect(bytes.length % (64 << 10)).toBe(0);
    const kinds = [...store.files]
      .filter(([path]) => path.startsWith('index/'))
      .flatMap(([, { bytes }]) => [...openIndexFile(bytes, sessionKeys).packs].flatMap((pack) => pack.footer.records.map((record) => record.kind)));
    expect(kinds.filter((kind) => kind === SEGMENT_PADDING)).toHaveLength(3);
    expect((await readAll(store)).size).toBe(3);
  });

  it('metadata lies twice, with the same bytes', async () => {
    const store = new MemoryStore();
    await takeInSession(store, one(pages(50, 1)));
    const names = (folder: string): string[] =>
      [...store.files.keys()].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length));
    for (const folder of ['meta', 'snapshots']) {
      expect(names(folder)).not.toEqual([]);
      expect(names(`${folder}.copy`)).toEqual(names(folder));
      for (const name of names(folder)) expect(store.files.get(`${folder}.copy${name}`)?.bytes).toEqual(store.files.get(`${folder}${name}`)?.bytes);
    }
  });
});

describe('deltas', () => {
  it('are built on plain chunks that an earlier snapshot published, also after many generations', async () => {
    const store = new MemoryStore();
    let day = pages(400, 1);
    const known = new Set<string>();
    for (let i = 0; i < 6; i += 1) {
      const before = new Set(known);
      await takeInSession(store, one(day), { framing: i % 2 === 0 ? 'none' : 'pages' });
      const table = await tableOf(store);
      for (const segment of deltas(table)) {
        const pack = table.pack(table.segmentPlace(segment).pack).name;
        for (const base of table.basesOf(segment)) {
          expect(table.hasPlain(base)).toBe(true);
          const home = table.pack(table.segmentPlace(table.segmentOf(base)).pack).name;
          if (!before.has(pack)) expect(before.has(home)).toBe(true);
        }
      }
      for (let pack = 0; pack < table.packCount; pack += 1) known.add(table.pack(pack).name);
      day = touched(day, 9, i);
    }
  });

  it('a base that begins like a trained dictionary does no harm', async () => {
    const store = new MemoryStore();
    const first = pages(64, 1);
    for (let at = 0; at < first.length; at += 4096) Buffer.from([0x37, 0xa4, 0x30, 0xec]).copy(first, at);
    await takeInSession(store, one(first), { framing: 'pages' });
    const second = touched(first, 2, 3);
    const { record } = await takeInSession(store, one(second), { framing: 'pages' });
    expect(record.totals.added).toBeLessThan(16_000);
    expect((await readAll(store)).get('2/main')).toBe(sha(second));
  });

  it('are not kept where the parent does not help', async () => {
    const store = new MemoryStore();
    await takeInSession(store, one(pages(300, 1)), { framing: 'pages' });
    const before = (await tableOf(store)).segments;
    const other = randomBytes(300 * 4096);
    await takeInSession(store, one(other), { framing: 'pages' });
    const table = await tableOf(store);
    const inData = (segment: number): boolean => table.pack(table.segmentPlace(segment).pack).type === TYPE_PACK;
    expect(deltas(table).filter((segment) => segment >= before && inData(segment))).toEqual([]);
    expect((await readAll(store)).get('2/main')).toBe(sha(other));
  });

  it('a chunk that others are built on comes back plain when its pack is gone, and they can be read again', async () => {
    const store = new MemoryStore();
    const first = pages(200, 1);
    const second = touched(first, 3, 5);
    await takeInSession(store, one(first), { framing: 'pages' });
    const [root] = [...store.files.keys()].filter((path) => path.startsWith('packs/'));
    await takeInSession(store, one(second), { framing: 'pages' });
    await store.remove(root ?? '');
    const third = touched(first, 1, 8);
    await takeInSession(store, one(third), { framing: 'pages' });
    await takeInSession(store, one(first), { framing: 'pages' });
    const all = await readAll(store);
    expect(all.get('1/main')).toBe(sha(first));
    expect(all.get('2/main')).toBe(sha(second));
    expect(all.get('3/main')).toBe(sha(third));
    expect(all.get('4/main')).toBe(sha(first));
  });

  it('a chunk whose delta cannot be decoded any more is stored anew', async () => {
    const store = new MemoryStore();
    const second = touched(pages(200, 1), 3, 5);
    await takeInSession(store, one(pages(200, 1)), { framing: 'pages' });
    const [root] = [...store.files.keys()].filter((path) => path.startsWith('packs/'));
    await takeInSession(store, one(second), { framing: 'pages' });
    await store.remove(root ?? '');
    await takeInSession(store, one(second), { framing: 'pages' });
    const all = await readGroups(store, 3);
    expect(all.get('3/main')).toBe(sha(second));
  });

  it('what this snapshot stored itself is no base: it is not durable yet', async () => {
    const store = new MemoryStore();
    // More than a pack: what was lost is stored anew and published before the stream comes to where it is the parent's.
    const half = randomBytes(20 << 20);
    const options = { framing: 'pages', average: 16_384 } as const;
    await takeInSession(store, one(Buffer.concat([randomBytes(half.length), half])), options);
    for (const path of [...store.files.keys()]) if (path.startsWith('packs/')) await store.remove(path);
    const second = Buffer.concat([half, touched(half, 1, 3)]);
    await takeInSession(store, one(second), options);
    expect((await readGroups(store, 2)).get('2/main')).toBe(sha(second));
    const table = await tableOf(store);
    for (const segment of deltas(table)) expect(table.pack(table.segmentPlace(segment).pack).type).not.toBe(TYPE_PACK);
  });

  it('a few that are not worth keeping do not put the others off', async () => {
    const store = new MemoryStore();
    const first = pages(4000, 1);
    await takeInSession(store, one(first), { framing: 'pages' });
    const second = touched(first, 1, 3);
    // Every other run of sixty-four chunks, which is one delta, has nothing in common with what was there.
    let noise = 0;
    for (let run = 0; run < 62; run += 2, noise += 64 * 4096) randomBytes(64 * 4096).copy(second, run * 64 * 4096);
    const { record } = await takeInSession(store, one(second), { framing: 'pages' });
    expect(record.totals.added).toBeLessThan(noise + 600_000);
  });

  it('growth stays small when one byte in every page changes, generation after generation', async () => {
    const store = new MemoryStore();
    let day = pages(2500, 1);
    const { record } = await takeInSession(store, one(day), { framing: 'pages', average: 16_384 });
    for (let i = 1; i < 5; i += 1) {
      day = touched(day, 1, i);
      const next = await takeInSession(store, one(day), { framing: 'pages', average: 16_384 });
      expect(next.record.totals.newChunks).toBe(625);
      expect(next.record.totals.added).toBeLessThan(record.totals.added / 12);
    }
  });
});

describe('mistakes of the caller', () => {
  it('two groups or two objects of one name, ranges beyond the group: refused', async () => {
    const store = new MemoryStore();
    const { Session } = await import('../../../electron/core/repository/write/session.ts');
    const ports = {
      store,
      random: { bytes: (length: number) => randomBytes(length) },
      assertHeld: () => Promise.resolve(),
      link: () => Promise.resolve({ seq: 1, previous: null }),
      signal: new AbortController().signal,
    };
    const start = { store: store.describe(), keys: sessionKeys, chunkAverage: 4096, pad: false };
    const fields = { source: 's', engine: 'e', tags: [], createdAt: 1, capture: {} };
    for (const row of [
      { name: 'o', kind: 'k', group: 'g', at: 3, length: 3 },
      { name: 'o', kind: 'k', group: 'other' },
      { name: 'o', kind: 'k', length: 1 },
    ]) {
      const session = await Session.begin(start, ports);
      await session.open(1, 'g', 'none');
      await expect(session.open(2, 'g', 'none')).rejects.toMatchObject({ code: 'input.invalid' });
      await session.write(1, Uint8Array.from([1, 2, 3, 4, 5]));
      await session.end(1);
      session.object(row);
      expect(() => {
        session.object(row);
      }).toThrow(/same name/);
      await expect(session.commit(fields)).rejects.toMatchObject({ code: 'input.invalid' });
    }
    expect(await store.list('snapshots')).toEqual([]);
  });
});
