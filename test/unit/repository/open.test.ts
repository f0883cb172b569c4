import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quietTask } from '../../../electron/core/base/ports.ts';
import { createRepository } from '../../../electron/core/repository/create.ts';
import { lookAtRepository, openRepository } from '../../../electron/core/repository/open.ts';
import type { HighWaterMark } from '../../../electron/core/repository/journal/history.ts';
import type { Repository } from '../../../electron/core/repository/repository.ts';
import { contentOf, filesBelow, newRepository, ports, reopen, rowsOf, sameContent, take, temporaryFolder, treeHash } from '../../helpers/repository/world.ts';

const task = quietTask();
let folder: ReturnType<typeof temporaryFolder>;
const at = (...parts: readonly string[]): string => path.join(folder.path, ...parts);

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => {
  folder[Symbol.dispose]();
});

const createHere = (): Promise<unknown> => createRepository(folder.path, {}, ports).then(({ repository }) => repository.close());
const openHere = (): Promise<unknown> => reopen(folder.path).then((repository) => repository.close());
const lookHere = (): Promise<unknown> => lookAtRepository(folder.path, ports);

async function refusedUnchanged(code: string, ...actions: readonly (() => Promise<unknown>)[]): Promise<void> {
  const before = treeHash(folder.path);
  for (const action of actions) await expect(action()).rejects.toMatchObject({ code, hint: expect.stringMatching(/./) as string });
  expect(treeHash(folder.path)).toBe(before);
}

describe('opening and creating, each refusal with nothing changed', () => {
  it('a missing folder', async () => {
    const missing = at('not', 'there');
    await expect(reopen(missing)).rejects.toMatchObject({ code: 'repository.missing' });
    await expect(lookAtRepository(missing, ports)).rejects.toMatchObject({ code: 'repository.missing' });
    await refusedUnchanged('repository.missing', openHere, lookHere);
  });

  it("a folder with other files, a file, and another tool's repository", async () => {
    writeFileSync(at('thesis.txt'), 'years of work');
    await refusedUnchanged('repository.not-empty', createHere);
    await refusedUnchanged('repository.missing', openHere);
    await expect(createRepository(at('thesis.txt'), {}, ports)).rejects.toMatchObject({ code: 'repository.not-empty' });
    writeFileSync(at('config'), 'sealed by somebody else');
    for (const name of ['data', 'snapshots', 'keys', 'index']) mkdirSync(at(name));
    await refusedUnchanged('repository.not-empty', createHere);
    await refusedUnchanged('repository.foreign', openHere, lookHere);
  });

  it('a folder with nothing but what systems put everywhere is empty', async () => {
    for (const name of ['.DS_Store', 'desktop.ini']) writeFileSync(at(name), '');
    mkdirSync(at('lost+found'));
    await createHere();
    await openHere();
  });

  it('an existing repository', async () => {
    await createHere();
    await refusedUnchanged('repository.exists', createHere);
    rmSync(at('config'));
    await take(await reopen(folder.path), new Map([['a', rowsOf(10, 1)]]));
    await refusedUnchanged('repository.exists', createHere);
  });

  it('bad choices', async () => {
    for (const chunkAverage of [0, 1000, 5000, 1 << 20])
      await expect(createRepository(folder.path, { chunkAverage }, ports)).rejects.toMatchObject({ code: 'input.invalid' });
    await expect(createRepository(folder.path, { passphrase: 'short' }, ports)).rejects.toMatchObject({ code: 'input.invalid' });
    expect(filesBelow(folder.path).size).toBe(0);
  });

  it.each([
    ['"belay":1', '"belay":2'],
    ['"requires":[]', '"requires":["time-travel"]'],
  ])('a repository of a newer format: %s', async (old, newer) => {
    await createHere();
    for (const name of ['config', 'config.copy']) writeFileSync(at(name), readFileSync(at(name), 'utf8').replace(old, newer));
    await refusedUnchanged('repository.newer-format', openHere, lookHere);
  });

  it('one bad copy of the config is made up for by the other and told; two are not', async () => {
    await createHere();
    const good = readFileSync(at('config'));
    const bad = [
      Buffer.alloc(0),
      Buffer.from('{}'),
      Buffer.from('[1,2'),
      good.subarray(0, 100),
      Buffer.from(
        good
          .toString()
          .replace('16384', '32768')
          .replace('4096', '8192')
          .replace(/"created":1/, '"created":2'),
      ),
      Buffer.alloc(1 << 20, 0x20),
    ];
    for (const bytes of bad) {
      for (const name of ['config', 'config.copy']) {
        writeFileSync(at(name), bytes);
        const before = treeHash(folder.path);
        const repository = await reopen(folder.path);
        if (name === 'config') expect((await repository.snapshots()).problems).toMatchObject([{ file: name, repairable: true }]);
        await repository.close();
        expect(treeHash(folder.path)).toBe(before);
        writeFileSync(at(name), good);
      }
      writeFileSync(at('config'), bytes);
      writeFileSync(at('config.copy'), bytes);
      await refusedUnchanged('repository.damaged', openHere);
      writeFileSync(at('config'), good);
      writeFileSync(at('config.copy'), good);
    }
  });

  it('configs of two repositories', async () => {
    await createHere();
    using other = temporaryFolder();
    await (await newRepository(other.path)).close();
    writeFileSync(at('config'), readFileSync(path.join(other.path, 'config')));
    await refusedUnchanged('repository.damaged', openHere);
  });

  it('an interrupted creation is started over, and leaves nothing of the first try', async () => {
    await createRepository(folder.path, { passphrase: 'several words of mine' }, ports).then(({ repository }) => repository.close());
    const first = filesBelow(folder.path);
    rmSync(at('config'));
    await createRepository(folder.path, { keyFile: true }, ports).then(({ repository }) => repository.close());
    const second = filesBelow(folder.path);
    expect([...second.keys()].filter((file) => file.startsWith('keys/')).length).toBe(2);
    expect([...second.keys()].filter((file) => first.has(file) && !file.startsWith('reserve/')).toSorted()).toEqual(['config', 'config.copy']);
    expect((await lookAtRepository(folder.path, ports)).protection).toBe('keys');
  });

  it('of several that create at once, one wins', async () => {
    const results = await Promise.allSettled([1, 2, 3].map(() => createRepository(folder.path, {}, ports)));
    const won = results.filter((result) => result.status === 'fulfilled');
    expect(won.length).toBe(1);
    for (const result of results)
      if (result.status === 'rejected')
        expect(['repository.exists', 'repository.locked', 'repository.not-empty']).toContain((result.reason as { readonly code: string }).code);
    for (const { value } of won) await value.repository.close();
    await openHere();
  });

  it('a link to a repository is one', async () => {
    await createHere();
    symlinkSync(folder.path, `${folder.path}-link`);
    try {
      await (await reopen(`${folder.path}-link`)).close();
    } finally {
      rmSync(`${folder.path}-link`);
    }
  });
});

describe('an open repository', () => {
  let repository: Repository;
  const a = new Map([['a', rowsOf(500, 1)]]);
  const b = new Map([
    ['b', rowsOf(500, 2)],
    ['empty', new Uint8Array(0)],
  ]);

  beforeEach(async () => {
    repository = await newRepository(folder.path);
  });
  afterEach(async () => {
    await repository.close();
  });

  it('tells a damaged manifest apart; the rest lists, restores and goes on', async () => {
    const first = await take(repository, a);
    const second = await take(repository, b);
    for (const within of ['snapshots', 'snapshots.copy']) writeFileSync(at(within, `0000000001-${first.id}`), 'x'.repeat(500));
    const again = await reopen(folder.path);
    const { snapshots, problems } = await again.snapshots();
    expect(snapshots.map((one) => one.id)).toEqual([second.id]);
    expect(problems.map((problem) => [problem.kind, problem.affects[0]?.seq])).toEqual([
      ['damaged', 1],
      ['damaged', 1],
    ]);
    expect(sameContent(await contentOf(again, second.id), b)).toBe(true);
    await expect(contentOf(again, first.id)).rejects.toMatchObject({ code: 'repository.damaged' });
    await expect(contentOf(again, 'f'.repeat(32))).rejects.toMatchObject({ code: 'snapshot.unknown' });
    const third = await take(again, a);
    expect(third.seq).toBe(3);
    expect((await again.snapshots()).problems.length).toBe(2);
    await again.close();
  });

  it('a pack that is lost is stored anew by the next snapshot, which makes the old one whole again', async () => {
    const first = await take(repository, a);
    const pack = [...filesBelow(folder.path).keys()].find((file) => file.startsWith('packs/')) ?? '';
    renameSync(at(pack), `${folder.path}-pack`);
    await expect(contentOf(repository, first.id)).rejects.toMatchObject({ code: expect.stringMatching(/missing|damaged/) as string });
    const second = await take(repository, a);
    expect(second.totals.newChunks).toBeGreaterThan(0);
    expect(sameContent(await contentOf(repository, second.id), a)).toBe(true);
    expect(sameContent(await contentOf(repository, first.id), a)).toBe(true);
    rmSync(`${folder.path}-pack`);
  });

  it('one writer at a time, in this process and between handles; closing aborts it and lets the lock go', async () => {
    const other = await reopen(folder.path);
    const writer = await repository.begin({}, task);
    await expect(repository.begin({}, task)).rejects.toMatchObject({ code: 'repository.locked' });
    await expect(other.begin({}, task)).rejects.toMatchObject({ code: 'repository.locked' });
    expect((await repository.locks()).map((lock) => lock.state)).toEqual(['ours']);
    expect((await other.locks()).map((lock) => [lock.state, lock.mode])).toEqual([['alive', 'writer']]);
    const [lock] = await other.locks();
    await expect(other.breakLock(lock?.instance ?? '')).rejects.toMatchObject({ code: 'repository.locked' });
    await repository.close();
    await repository.close();
    await expect(writer.commit({ source: '', engine: '', tags: [], createdAt: 0, capture: {} })).rejects.toThrow();
    expect(await other.locks()).toEqual([]);
    await take(other, a);
    await other.close();
  });

  it('a lock that is lost ends the snapshot before its manifest', async () => {
    const writer = await repository.begin({}, task);
    const group = await writer.group('a', 'none');
    await group.write(rowsOf(1000, 3));
    rmSync(at('locks'), { recursive: true });
    const ending = group.end().then(() => writer.commit({ source: '', engine: '', tags: [], createdAt: 0, capture: {} }));
    await expect(ending).rejects.toMatchObject({ code: 'repository.lock-lost' });
    await writer.abort();
    expect((await repository.snapshots()).snapshots).toEqual([]);
  });

  it('records facts, applies them, and counts every byte on the disk', async () => {
    const { id } = await take(repository, b);
    await repository.record([
      { kind: 'pin', snapshot: id, reason: 'release' },
      { kind: 'tags', snapshot: id, add: ['v1'], remove: [] },
    ]);
    const [one] = (await (await reopen(folder.path)).snapshots()).snapshots;
    expect(one).toMatchObject({ pin: { reason: 'release' }, tags: ['v1'] });
    expect((await repository.facts()).map((record) => record.fact.kind)).toEqual(['pin', 'tags']);
    const usage = await repository.usage();
    const files = filesBelow(folder.path);
    expect(usage.total).toBe([...files.values()].reduce((sum, bytes) => sum + bytes, 0));
    expect(usage.packs + usage.metadata).toBe([...files].filter(([file]) => /^(packs|meta)/.test(file)).reduce((sum, [, bytes]) => sum + bytes, 0));
    expect(sameContent(await contentOf(repository, id), b)).toBe(true);
  });

  it('put back to an earlier state, it is found rolled back against the mark, and the mark stays', async () => {
    let mark: HighWaterMark | undefined;
    const highWater = {
      get: () => Promise.resolve(mark),
      raise: (_id: string, higher: HighWaterMark) => {
        mark = higher;
        return Promise.resolve();
      },
      reset: (_id: string, now: HighWaterMark) => {
        mark = now;
        return Promise.resolve();
      },
    };
    const open = (): Promise<Repository> => openRepository(folder.path, { unlock: { kind: 'none' }, highWater }, ports);
    const watched = await open();
    await take(watched, a);
    const lower = mark;
    cpSync(folder.path, `${folder.path}-before`, { recursive: true });
    const second = await take(watched, b);
    await watched.record([{ kind: 'note', snapshot: second.id, note: 'n' }]);
    await watched.close();
    const highest = mark;
    expect(highest).toMatchObject({ seq: 2, journal: [expect.stringMatching(/^0000000001-/)] });
    rmSync(folder.path, { recursive: true });
    renameSync(`${folder.path}-before`, folder.path);
    mark = lower;
    const back = await open();
    for (let time = 0; time < 2; time += 1) expect((await back.snapshots()).problems).toEqual([]);
    // A higher one is seen by who read the same files before.
    mark = highest;
    const { snapshots, problems } = await back.snapshots();
    expect(snapshots.length).toBe(1);
    expect(problems.map((problem) => [problem.kind, problem.file.split('/')[0]])).toEqual([
      ['rolled-back', 'snapshots'],
      ['rolled-back', 'journal'],
    ]);
    await expect(back.facts()).rejects.toMatchObject({ code: 'journal.damaged' });
    expect((await back.check({ level: 'structure' }, task)).passed).toBe(false);
    expect(mark).toBe(highest);
    await back.close();
  });
});
