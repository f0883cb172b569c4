import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quietTask } from '../../../electron/core/base/ports.ts';
import { checkAndRecord } from '../../../electron/core/repository/collect/checked.ts';
import { collect } from '../../../electron/core/repository/collect/collect.ts';
import { forget, planForget } from '../../../electron/core/repository/collect/forget.ts';
import { planCollect } from '../../../electron/core/repository/collect/plan.ts';
import type { Ground, HighWater } from '../../../electron/core/repository/journal/ground.ts';
import type { HighWaterMark } from '../../../electron/core/repository/journal/history.ts';
import type { CollectOptions, CollectReport } from '../../../electron/core/repository/repository.ts';
import { deltaSegments, entriesOf, basesAreHeld } from '../../helpers/repository/index-look.ts';
import { everything, groundOf, quickTake } from '../../helpers/repository/quick.ts';
import { churned, filesBelow, newRepository, rowsOf, sameContent, temporaryFolder, treeHash } from '../../helpers/repository/world.ts';
import type { Content } from '../../helpers/repository/world.ts';

const task = quietTask();
let folder: ReturnType<typeof temporaryFolder>;
let ground: Ground;
const kept = new Map<string, Content>();

beforeEach(async () => {
  folder = temporaryFolder();
  kept.clear();
  await (await newRepository(folder.path)).close();
  ground = await groundOf(folder.path);
});
afterEach(() => {
  folder[Symbol.dispose]();
});

async function take(content: Record<string, Uint8Array>, parent?: string): Promise<string> {
  const base = parent === undefined ? undefined : (await ground.read()).history.kept.get(parent);
  const record = await quickTake(ground, new Map(Object.entries(content)), base);
  if (record === undefined) throw new Error('no record');
  kept.set(record.id, new Map(Object.entries(content)));
  return record.id;
}

async function drop(...ids: readonly string[]): Promise<void> {
  await forget(ground, await planForget(ground, ids, task), task);
  for (const id of ids) kept.delete(id);
}

async function tidy(options: Partial<CollectOptions> = {}): Promise<CollectReport> {
  return collect(ground, (await planCollect(ground, { purgeNow: false, ...options }, task)).plan, task);
}

async function allRestore(): Promise<void> {
  const found = await everything(ground);
  expect([...found.keys()].toSorted()).toEqual([...kept.keys()].toSorted());
  for (const [id, content] of kept) expect(sameContent(found.get(id) ?? new Map(), content)).toBe(true);
}

/** Two whole checks, and a collect that deletes what they made ripe: nothing can be found in quarantine afterwards. */
async function purge(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) expect((await checkAndRecord(ground, { level: 'decoded' }, task)).problems).toEqual([]);
  await tidy();
  expect(below('quarantine')).toEqual([]);
}

const below = (within: string): readonly string[] => [...filesBelow(folder.path).keys()].filter((file) => file.startsWith(`${within}/`));
const at = (file: string): string => path.join(folder.path, file);
const flip = (file: string, where: number): void => {
  const bytes = readFileSync(at(file));
  bytes[where] = (bytes[where] ?? 0) ^ 1;
  writeFileSync(at(file), bytes);
};

describe('what collect keeps', () => {
  it('of a mostly dead plain segment, the chunks that are needed and no others', async () => {
    const rows = rowsOf(12_000, 1);
    const first = await take({ a: rows });
    await take({ part: rows.slice(0, 60_000) });
    await drop(first);
    const before = filesBelow(folder.path);
    const { plan } = await planCollect(ground, { purgeNow: false }, task);
    expect(plan.packsRewritten).toBe(1);
    const report = await tidy();
    expect(report.rewritten).toBeLessThan(90_000);
    const packs = (files: ReadonlyMap<string, number>): number =>
      [...files].filter(([file]) => file.startsWith('packs/')).reduce((sum, [, bytes]) => sum + bytes, 0);
    expect(packs(filesBelow(folder.path))).toBeLessThan(packs(before) / 3);
    await purge();
    await allRestore();
  });

  it('of a mostly dead delta segment, the chunks that are needed, still against all its bases', async () => {
    const one = rowsOf(9000, 2);
    const two = churned(one, 3, 0.05);
    const first = await take({ a: one });
    const second = await take({ a: two }, first);
    expect(await deltaSegments(ground)).toBeGreaterThan(4);
    const mixed = new Uint8Array(Buffer.concat([two.subarray(0, 9000), one.subarray(9000)]));
    await take({ a: mixed }, second);
    await drop(second);
    const { plan } = await planCollect(ground, { purgeNow: false }, task);
    expect(plan.packsRewritten).toBeGreaterThan(0);
    await tidy();
    expect(await deltaSegments(ground)).toBeGreaterThan(0);
    const { inventory, census } = await planCollect(ground, { purgeNow: false }, task);
    for (let segment = 0; segment < inventory.table.segments; segment += 1) {
      if (inventory.table.isDelta(segment)) expect(census.used[segment] ?? 0).toBeGreaterThanOrEqual(inventory.table.segmentPlace(segment).raw / 2);
    }
    await basesAreHeld(ground);
    await purge();
    await allRestore();
  });

  it('every base that a delta in the index names, dead or alive; a chunk of a dead delta can be used again', async () => {
    const one = rowsOf(3000, 4);
    const two = churned(one, 5, 0.01);
    const fresh = rowsOf(9000, 6);
    const first = await take({ a: one });
    const second = await take({ a: two, n: fresh }, first);
    await take({ n: fresh }, second);
    await drop(first, second);
    const before = await entriesOf(ground);
    await tidy();
    await basesAreHeld(ground);
    expect(await deltaSegments(ground)).toBeGreaterThan(0);
    expect((await entriesOf(ground)).filter((entry) => before.some((old) => old.name === entry.name)).length).toBeGreaterThan(0);
    await purge();
    const packs = below('packs').length;
    await take({ n: fresh, a: two });
    expect(below('packs').length).toBe(packs);
    await purge();
    await allRestore();
  });

  it('what only lies in packs that no index names: a lost index file costs nothing', async () => {
    await take({ a: rowsOf(2000, 7) });
    await take({ b: rowsOf(2000, 8) });
    for (const file of below('index')) rmSync(at(file));
    expect((await planCollect(ground, { purgeNow: false }, task)).reindex).toBe(true);
    const report = await tidy();
    expect(report.packsDropped).toBe(0);
    expect((await entriesOf(ground)).length).toBe(4);
    await purge();
    await allRestore();
  });

  it('the good one of two copies, whatever lies in quarantine', async () => {
    const rows = rowsOf(3000, 9);
    await take({ a: rows });
    const [index = ''] = below('index');
    renameSync(at(index), `${folder.path}-index`);
    await take({ z: rows });
    renameSync(`${folder.path}-index`, at(index));
    const { inventory } = await planCollect(ground, { purgeNow: false }, task);
    const { table } = inventory;
    const twice = Array.from({ length: table.size }, (_none, entry) => entry).filter((entry) => table.copies(entry).length > 1);
    const best = table.segmentPlace(table.segmentOf(twice.find((entry) => table.pack(table.segmentPlace(table.segmentOf(entry)).pack).type === 1) ?? -1));
    const { name } = table.pack(best.pack);
    const pack = below('packs').find((file) => file.endsWith(name)) ?? '';
    mkdirSync(at(`quarantine/1/${path.dirname(pack)}`), { recursive: true });
    copyFileSync(at(pack), at(`quarantine/1/${pack}`));
    flip(pack, best.offset + 10);
    const plan = await planCollect(ground, { purgeNow: false }, task);
    expect(plan.drop.map((one) => plan.inventory.table.pack(one).name)).toContain(name);
    await tidy();
    await allRestore();
    await purge();
    await allRestore();
  });

  it('nothing of an aborted capture, and only under the lock', async () => {
    await take({ a: rowsOf(500, 1) });
    await quickTake(ground, new Map([['x', rowsOf(3000, 10)]]), undefined, true);
    const before = below('packs').length;
    expect((await tidy()).packsDropped).toBe(2);
    expect(below('packs').length).toBe(before - 1);
    await purge();
    await allRestore();
  });

  it('copies small packs together, and many index files', async () => {
    for (let n = 0; n < 9; n += 1) await take({ a: rowsOf(200, n + 1) });
    expect((await planCollect(ground, { purgeNow: false }, task)).plan.packsRewritten).toBe(18);
    await tidy();
    expect(below('packs').length).toBe(1);
    expect(below('meta').length).toBe(1);
    expect(below('index').length).toBe(1);
    await purge();
    await allRestore();
  });

  it('within its budget', async () => {
    for (let n = 0; n < 9; n += 1) await take({ a: rowsOf(200, n + 1) });
    const { plan } = await planCollect(ground, { purgeNow: false, budget: 3000 }, task);
    expect(plan.bytesRewritten).toBeLessThanOrEqual(3000);
    expect(plan.skipped.join()).toMatch(/budget/);
    await tidy({ budget: 0 });
    expect(below('packs').length).toBe(9);
  });
});

describe('quarantine', () => {
  async function prepared(): Promise<void> {
    const first = await take({ a: rowsOf(2000, 1) });
    await take({ b: rowsOf(300, 2) });
    await drop(first);
  }

  it('is deleted after two whole checks that passed since, and no sooner', async () => {
    await checkAndRecord(ground, { level: 'decoded' }, task);
    await checkAndRecord(ground, { level: 'decoded' }, task);
    await prepared();
    await tidy();
    const there = below('quarantine');
    expect(there.some((file) => file.includes('/packs/'))).toBe(true);
    await checkAndRecord(ground, { level: 'structure' }, task);
    await checkAndRecord(ground, { level: 'decoded', snapshots: [] }, task);
    await checkAndRecord(ground, { level: 'authenticated' }, task);
    expect((await tidy()).freed).toBe(0);
    const [config = ''] = ['config.copy'];
    flip(config, 30);
    expect((await checkAndRecord(ground, { level: 'authenticated' }, task)).passed).toBe(false);
    flip(config, 30);
    expect((await tidy()).freed).toBe(0);
    expect(below('quarantine')).toEqual(expect.arrayContaining([...there]));
    await checkAndRecord(ground, { level: 'authenticated' }, task);
    expect((await tidy()).freed).toBeGreaterThan(0);
    expect(below('quarantine')).toEqual([]);
    expect(readdirSync(at('quarantine'))).toEqual([]);
    await allRestore();
  });

  it("is deleted at the user's wish after one whole check since", async () => {
    await prepared();
    await tidy();
    await expect(planCollect(ground, { purgeNow: true }, task)).rejects.toMatchObject({ code: 'repository.check-needed' });
    await checkAndRecord(ground, { level: 'authenticated' }, task);
    const { plan } = await planCollect(ground, { purgeNow: true }, task);
    expect(plan.freesNow).toBeGreaterThan(0);
    expect((await tidy({ purgeNow: true })).freed).toBe(plan.freesNow);
    expect(below('quarantine')).toEqual([]);
    await allRestore();
  });

  it('a check that began before files were taken out does not speak for them', async () => {
    await prepared();
    const early = await checkAndRecord(ground, { level: 'authenticated' }, task);
    expect(early.passed).toBe(true);
    await tidy();
    await checkAndRecord(ground, { level: 'authenticated' }, task);
    expect((await tidy()).freed).toBeLessThan(3000);
    expect(below('quarantine').some((file) => file.includes('/packs/'))).toBe(true);
  });
});

describe('collect refuses', () => {
  let mark: HighWaterMark | undefined;
  const seen: HighWater = {
    get: () => Promise.resolve(mark),
    raise: (_repository, higher) => {
      mark = higher;
      return Promise.resolve();
    },
  };
  beforeEach(() => {
    mark = undefined;
  });

  async function refused(code = 'repository.damaged'): Promise<void> {
    const before = treeHash(folder.path);
    await expect(planCollect(ground, { purgeNow: false }, task)).rejects.toMatchObject({ code });
    expect(treeHash(folder.path)).toBe(before);
    const fresh = await groundOf(folder.path, (store) => store, seen);
    await expect(planCollect(fresh, { purgeNow: false }, task)).rejects.toMatchObject({ code });
  }

  beforeEach(async () => {
    await take({ a: rowsOf(2000, 1) });
    const gone = await take({ b: rowsOf(2000, 2) });
    await drop(gone);
    ground = await groundOf(folder.path, (store) => store, seen);
    await ground.read();
  });

  const files: readonly [string, () => string][] = [
    ['a pack that is needed', () => below('packs').find((file) => filesBelow(folder.path).get(file) !== undefined && needed(file)) ?? ''],
    ['a journal file', () => below('journal')[0] ?? ''],
  ];
  let neededNames: ReadonlySet<string> = new Set();
  const needed = (file: string): boolean => neededNames.has(file.slice(-32));
  beforeEach(async () => {
    const { inventory, census } = await planCollect(ground, { purgeNow: false }, task);
    const names = new Set<string>();
    for (let segment = 0; segment < inventory.table.segments; segment += 1)
      if (!census.isDead(segment)) names.add(inventory.table.pack(inventory.table.segmentPlace(segment).pack).name);
    neededNames = names;
  });

  it.each(files)('where %s is missing or cut short', async (_what, file) => {
    const name = at(file());
    const bytes = readFileSync(name);
    if (!name.includes('journal')) {
      writeFileSync(name, bytes.subarray(0, -1));
      await refused();
    }
    mkdirSync(at('tmp'), { recursive: true });
    renameSync(name, at('tmp/aside'));
    await refused();
  });

  it('where both copies of a list are bad', async () => {
    for (const file of below('meta').filter(needed)) {
      flip(file, 100);
      flip(file.replace('meta/', 'meta.copy/'), 100);
    }
    await refused();
  });

  it('where both copies of a manifest are bad, until the snapshot is forgotten', async () => {
    for (const folderOf of ['snapshots', 'snapshots.copy']) for (const file of below(folderOf)) flip(file, 100);
    await refused();
    const { history } = await ground.read();
    const lost = history.lost.map((one) => one.id);
    expect(lost).toEqual([...kept.keys()]);
    await drop(...lost);
    await tidy();
    await purge();
    expect(below('packs')).toEqual([]);
    expect((await ground.read()).problems).toEqual([]);
  });

  it('where a manifest was taken away', async () => {
    for (const folderOf of ['snapshots', 'snapshots.copy']) for (const file of below(folderOf)) rmSync(at(file));
    ground = await groundOf(folder.path);
    const before = treeHash(folder.path);
    await expect(planCollect(ground, { purgeNow: false }, task)).rejects.toMatchObject({ code: 'repository.damaged' });
    expect(treeHash(folder.path)).toBe(before);
  });

  it('where an index file is bad, or a pack that nobody names cannot be read', async () => {
    const [index = ''] = below('index');
    flip(index, 100);
    await refused();
    flip(index, 100);
    mkdirSync(at('packs/00'), { recursive: true });
    writeFileSync(at(`packs/00/${'0'.repeat(32)}`), 'junk that is no pack, but has the name of one');
    await refused();
  });

  it('where only quarantine has what is needed', async () => {
    const pack = below('packs').find(needed) ?? '';
    mkdirSync(at(`quarantine/1/${path.dirname(pack)}`), { recursive: true });
    renameSync(at(pack), at(`quarantine/1/${pack}`));
    await refused();
  });

  it('where the plan no longer fits, and while somebody writes', async () => {
    const { plan } = await planCollect(ground, { purgeNow: false }, task);
    await take({ c: rowsOf(10, 3) });
    const before = treeHash(folder.path);
    await expect(collect(ground, plan, task)).rejects.toMatchObject({ code: 'input.confirmation-needed' });
    expect(treeHash(folder.path)).toBe(before);
    const again = (await planCollect(ground, { purgeNow: false }, task)).plan;
    const lock = await ground.locks.take('writer');
    await expect(collect(ground, again, task)).rejects.toMatchObject({ code: 'repository.locked' });
    await lock.release();
    expect((await collect(ground, again, task)).packsDropped).toBe(2);
  });

  it('where the clock jumps while the plan is made', async () => {
    const { plan } = await planCollect(ground, { purgeNow: false }, task);
    let wall = 1_800_000_000_000;
    const { ports } = ground;
    Object.assign(ground, { ports: { ...ports, clock: { now: () => (wall += 700_000), monotonic: () => 0 } } });
    const before = treeHash(folder.path);
    await expect(collect(ground, plan, task)).rejects.toMatchObject({ code: 'repository.io', retryable: true });
    expect(treeHash(folder.path)).toBe(before);
  });
});

describe('collect besides', () => {
  it('takes temporary files of dead writers, not young ones', async () => {
    await take({ a: rowsOf(100, 1) });
    for (const name of ['old', 'young']) writeFileSync(at(`tmp/${name}`), 'x'.repeat(100));
    utimesSync(at('tmp/old'), 1, 1);
    expect((await tidy()).freed).toBe(100);
    expect(readdirSync(at('tmp'))).toEqual(['young']);
  });

  it('ends within two seconds when cancelled, with nothing lost and no lock left', async () => {
    for (let n = 0; n < 9; n += 1) await take({ a: rowsOf(400, n + 1) });
    for (let stop = 1; stop < 40; stop += 7) {
      const aborting = new AbortController();
      let seen = 0;
      const progress = (): void => {
        seen += 1;
        if (seen === stop) aborting.abort();
      };
      const { plan } = await planCollect(ground, { purgeNow: false }, task);
      const began = performance.now();
      await collect(ground, plan, { signal: aborting.signal, progress }).then(
        () => undefined,
        (error: unknown) => expect(String(error)).toMatch(/Cancelled/),
      );
      expect(performance.now() - began).toBeLessThan(2000);
      expect(below('locks')).toEqual([]);
      await allRestore();
    }
  });

  it('finishes a forget that was interrupted', async () => {
    const id = await take({ a: rowsOf(100, 1) });
    await take({ b: rowsOf(100, 2) });
    const { history } = await ground.read();
    const entry = history.kept.get(id);
    await ground.record([{ kind: 'forgotten', snapshot: id, seq: 1, fileHash: entry?.hash ?? '' }]);
    kept.delete(id);
    await tidy();
    expect(below('snapshots').length + below('snapshots.copy').length).toBe(2);
    await allRestore();
  });
});

describe('forget', () => {
  it('refuses what is pinned or unknown, and changes nothing then', async () => {
    const id = await take({ a: rowsOf(100, 1) });
    const plan = await planForget(ground, [id], task);
    await ground.record([{ kind: 'pin', snapshot: id, reason: 'for ever' }]);
    const before = treeHash(folder.path);
    await expect(planForget(ground, [id], task)).rejects.toMatchObject({ code: 'snapshot.pinned' });
    await expect(forget(ground, plan, task)).rejects.toMatchObject({ code: 'snapshot.pinned' });
    await expect(planForget(ground, ['f'.repeat(32)], task)).rejects.toMatchObject({ code: 'snapshot.unknown' });
    expect(treeHash(folder.path)).toBe(before);
    await ground.record([{ kind: 'pin', snapshot: id, reason: null }]);
    await forget(ground, plan, task);
    await expect(forget(ground, plan, task)).rejects.toMatchObject({ code: 'input.confirmation-needed' });
  });

  it('frees nothing at once, and says what a purge will free', async () => {
    const shared = rowsOf(3000, 1);
    const id = await take({ a: shared, b: rowsOf(2000, 2) });
    await take({ a: shared });
    const plan = await planForget(ground, [id], task);
    expect(plan.freesNow).toBe(0);
    expect(plan.freesAfter).toBeGreaterThan(40_000);
    expect(plan.freesAfter).toBeLessThan(120_000);
    const before = filesBelow(folder.path);
    await forget(ground, plan, task);
    const total = (files: ReadonlyMap<string, number>): number =>
      [...files].filter(([file]) => !file.startsWith('journal/')).reduce((sum, [, bytes]) => sum + bytes, 0);
    expect(total(filesBelow(folder.path))).toBe(total(before));
  });

  it('where something kept cannot be read, the figure is not known, and the snapshot goes all the same', async () => {
    const id = await take({ a: rowsOf(2000, 1) });
    const other = await take({ b: rowsOf(2000, 2) });
    for (const file of [...below('meta'), ...below('meta.copy')]) flip(file, 100);
    const plan = await planForget(ground, [id], task);
    expect(plan.freesAfter).toBe(0);
    await forget(ground, plan, task);
    kept.delete(id);
    expect((await ground.read()).history.snapshots.map((one) => one.id)).toEqual([other]);
  });
});
