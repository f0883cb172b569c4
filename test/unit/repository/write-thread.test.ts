import { createHash, randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { AppError, CancelledError } from '../../../electron/core/base/errors.ts';
import { quietTask } from '../../../electron/core/base/ports.ts';
import { systemRandom } from '../../../electron/core/base/system.ts';
import type { BlobStore } from '../../../electron/core/repository/blob-store.ts';
import { makeLocalFolder } from '../../../electron/core/repository/store/local-folder.ts';
import { beginSnapshot } from '../../../electron/core/repository/write/writer.ts';
import type { RunningWriter, WriterDeps } from '../../../electron/core/repository/write/writer.ts';
import { newest, pages, readAll, sessionKeys, touched } from '../../helpers/repository/session.ts';
import { filesBelow, temporaryFolder } from '../../helpers/repository/world.ts';
import { timed } from '../../helpers/timed.ts';

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const fields = {
  source: 'shop',
  engine: 'sqlite',
  name: 'before',
  note: 'why',
  tags: ['a', 'b'],
  createdAt: 1_750_000_000_000,
  capture: { memo: { pages: 3 } },
};
const folders: Disposable[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) folder[Symbol.dispose]();
});

async function world(): Promise<{
  readonly folder: string;
  readonly store: BlobStore;
  readonly begin: (more?: Partial<WriterDeps>, signal?: AbortSignal) => Promise<RunningWriter>;
}> {
  const folder = temporaryFolder();
  folders.push(folder);
  const store = await makeLocalFolder(folder.path, { random: systemRandom });
  const begin = async (more: Partial<WriterDeps> = {}, signal?: AbortSignal): Promise<RunningWriter> => {
    const parent = await newest(store);
    const deps: WriterDeps = {
      store: store.describe(),
      keys: sessionKeys,
      chunkAverage: 16_384,
      pad: false,
      assertHeld: () => Promise.resolve(),
      link: () => Promise.resolve({ seq: (parent?.manifest.seq ?? 0) + 1, previous: parent?.hash ?? null }),
      ...(parent === undefined ? {} : { parent: { id: parent.id, tableList: parent.manifest.table.list } }),
      ...more,
    };
    return beginSnapshot(deps, signal === undefined ? quietTask() : { signal, progress: () => undefined });
  };
  return { folder: folder.path, store, begin };
}

async function fill(writer: RunningWriter, name: string, bytes: Uint8Array, piece = 1 << 20): ReturnType<Awaited<ReturnType<RunningWriter['group']>>['end']> {
  const group = await writer.group(name, 'pages');
  for (let at = 0; at < bytes.length; at += piece) await group.write(Uint8Array.from(bytes.subarray(at, at + piece)));
  const end = await group.end();
  await writer.object({ name, kind: 'file', group: name });
  return end;
}

describe('the writer in its thread', () => {
  it('stores and tells: four streams at once, a fifth waits; the second time nothing is new', async () => {
    const { folder, store, begin } = await world();
    const content = new Map(Array.from({ length: 7 }, (_none, i) => [`file ${i}`, pages(100 * i, i + 1)] as const));
    const writer = await begin();
    await Promise.all([...content].map(([name, bytes]) => fill(writer, name, bytes, 70_000)));
    await writer.object({ name: 'orders', kind: 'table', rows: 12, fingerprint: 'ab', meta: { columns: ['id'] } });
    const record = await writer.commit(fields);
    await writer.ended;
    const bytes = [...content.values()].reduce((sum, one) => sum + one.length, 0);
    expect(record).toMatchObject({
      seq: 1,
      source: 'shop',
      engine: 'sqlite',
      name: 'before',
      note: 'why',
      tags: ['a', 'b'],
      capture: fields.capture,
      createdAt: fields.createdAt,
      proofs: [],
      totals: { objects: 8, bytes, rows: 12 },
    });
    expect((await newest(store))?.id).toBe(record.id);
    const all = await readAll(store);
    for (const [name, one] of content) expect(all.get(`1/${name}`)).toBe(sha(one));
    const onDisk = [...filesBelow(folder)].filter(([path]) => !path.startsWith('snapshots')).reduce((sum, [, size]) => sum + size, 0);
    expect(record.totals.added).toBe(onDisk);

    const again = await begin();
    const ends = await Promise.all([...content].map(([name, one]) => fill(again, name, one)));
    expect(ends.map((end) => end.sameAsParent)).toEqual(ends.map(() => true));
    await again.object({ name: 'orders', kind: 'table', rows: 12, fingerprint: 'ab', meta: { columns: ['id'] } });
    const second = await again.commit(fields);
    expect(second).toMatchObject({ seq: 2, parent: record.id, totals: { newChunks: 0, added: 0 } });
    expect(again.progress()).toEqual({ bytesIn: bytes, bytesStored: 0, chunks: record.totals.chunks, newChunks: 0 });
  });

  it('takes buffers as its own, and copies those that are a part of others', async () => {
    const { store, begin } = await world();
    const writer = await begin();
    const group = await writer.group('g', 'none');
    const owned = new Uint8Array(4096).fill(1);
    const part = new Uint8Array(8192).fill(2).subarray(100, 200);
    await group.write(owned);
    await group.write(part);
    expect(owned.length).toBe(0);
    expect(part.length).toBe(100);
    await group.end();
    await writer.commit(fields);
    expect((await readAll(store)).get('1/g')).toBe(sha(Buffer.concat([new Uint8Array(4096).fill(1), new Uint8Array(100).fill(2)])));
  });

  it('an empty group, a group of one byte, no group at all', async () => {
    const { store, begin } = await world();
    const writer = await begin();
    expect(await fill(writer, 'empty', new Uint8Array(0))).toMatchObject({ bytes: 0, chunks: 0 });
    expect(await fill(writer, 'one', Uint8Array.of(7))).toMatchObject({ bytes: 1, chunks: 1 });
    await writer.commit(fields);
    expect([...(await readAll(store))]).toEqual([
      ['1/empty', sha(new Uint8Array(0))],
      ['1/one', sha(Uint8Array.of(7))],
    ]);
    const bare = await begin();
    expect(await bare.commit(fields)).toMatchObject({ seq: 2, totals: { objects: 0, bytes: 0 } });
  });

  it('keeps the loop of its caller free', async () => {
    const { begin } = await world();
    const content = randomBytes(48 << 20);
    const writer = await begin();
    const group = await writer.group('g', 'pages');
    const [here, everywhere] = [process.threadCpuUsage(), process.cpuUsage()];
    for (let at = 0; at < content.length; at += 1 << 20) await group.write(Uint8Array.from(content.subarray(at, at + (1 << 20))));
    await group.end();
    await writer.commit(fields);
    const ours = process.threadCpuUsage(here);
    const all = process.cpuUsage(everywhere);
    expect((ours.user + ours.system) / (all.user + all.system)).toBeLessThan(0.35);
  });
});

describe('a writer that is told to stop', () => {
  it('midway: no temporary file, no manifest, no thread, within two seconds; calls under way are cancelled', timed, async () => {
    const { folder, begin } = await world();
    for (const megabytes of [1, 20, 45]) {
      const abort = new AbortController();
      const writer = await begin({}, abort.signal);
      const group = await writer.group('g', 'none');
      const writing = (async () => {
        for (let i = 0; ; i += 1) {
          if (i === megabytes) abort.abort();
          await group.write(new Uint8Array(randomBytes(1 << 20)));
        }
      })();
      await expect(writing).rejects.toBeInstanceOf(CancelledError);
      const since = performance.now();
      await writer.ended;
      expect(performance.now() - since).toBeLessThan(2000);
      await expect(writer.commit(fields)).rejects.toBeInstanceOf(CancelledError);
      await writer.abort();
      const left = [...filesBelow(folder).keys()];
      expect(left.filter((path) => path.startsWith('tmp/') || path.startsWith('snapshots'))).toEqual([]);
    }
  });

  it('before it began, and while it waits for the lock', async () => {
    const { folder, begin } = await world();
    await expect(begin({}, AbortSignal.abort())).rejects.toBeInstanceOf(CancelledError);
    const asked = Promise.withResolvers<void>();
    const writer = await begin({
      assertHeld: () => {
        asked.resolve();
        return new Promise(() => undefined);
      },
    });
    await fill(writer, 'g', pages(10, 1));
    const committing = expect(writer.commit(fields)).rejects.toBeInstanceOf(CancelledError);
    await asked.promise;
    await writer.abort();
    await committing;
    expect(filesBelow(folder).size).toBe(0);
  });

  it('a call that fails leaves the writer to be aborted, and says why: lost lock, no link', async () => {
    for (const [more, code] of [
      [{ assertHeld: () => Promise.reject(new AppError('repository.lock-lost', 'The lock was lost.', { hint: 'Run it again.' })) }, 'repository.lock-lost'],
      [{ link: () => Promise.reject(new AppError('repository.damaged', 'The chain is broken.')) }, 'repository.damaged'],
    ] as const) {
      const { folder, begin } = await world();
      const writer = await begin(more);
      await fill(writer, 'g', pages(100, 1));
      await expect(writer.commit(fields)).rejects.toMatchObject({ code });
      await writer.abort();
      expect([...filesBelow(folder).keys()].filter((path) => path.startsWith('snapshots') || path.startsWith('tmp/'))).toEqual([]);
    }
  });

  it('a store that cannot be opened: the error of the store', async () => {
    const { begin } = await world();
    await expect(begin({ store: { kind: 'local-folder', path: '/nowhere/at/all' } })).rejects.toMatchObject({ code: 'repository.missing' });
  });

  it('an old snapshot stays readable whatever happens to a new one', async () => {
    const { store, begin } = await world();
    const bytes = pages(3000, 4);
    const writer = await begin();
    await fill(writer, 'g', bytes);
    await writer.commit(fields);
    const abort = new AbortController();
    const next = await begin({}, abort.signal);
    const filling = fill(next, 'g', touched(bytes, 1, 1));
    abort.abort();
    await expect(filling).rejects.toBeInstanceOf(CancelledError);
    await next.ended;
    expect([...(await readAll(store))]).toEqual([['1/g', sha(bytes)]]);
  });
});
