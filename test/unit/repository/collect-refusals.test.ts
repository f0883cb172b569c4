import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkAndRecord } from '../../../electron/core/repository/collect/checked.ts';
import { collect } from '../../../electron/core/repository/collect/collect.ts';
import { forget, planForget } from '../../../electron/core/repository/collect/forget.ts';
import { planCollect } from '../../../electron/core/repository/collect/plan.ts';
import type { HighWater } from '../../../electron/core/repository/journal/ground.ts';
import type { HighWaterMark } from '../../../electron/core/repository/journal/history.ts';
import { Collecting, task } from '../../helpers/repository/collecting.ts';
import { changingStore, fullStore } from '../../helpers/repository/failing-store.ts';
import { basesAreHeld } from '../../helpers/repository/index-look.ts';
import { groundOf } from '../../helpers/repository/quick.ts';
import { filesBelow, rowsOf, treeHash } from '../../helpers/repository/world.ts';
import { timed } from '../../helpers/timed.ts';

const on = new Collecting();

describe('collect refuses', () => {
  let mark: HighWaterMark | undefined;
  const seen: HighWater = {
    get: () => Promise.resolve(mark),
    raise: (_repository, higher) => {
      mark = higher;
      return Promise.resolve();
    },
    reset: (_repository, now) => {
      mark = now;
      return Promise.resolve();
    },
  };
  beforeEach(() => {
    mark = undefined;
  });

  async function refused(code = 'repository.damaged'): Promise<void> {
    const before = treeHash(on.folder);
    await expect(planCollect(on.ground, { purgeNow: false }, task)).rejects.toMatchObject({ code });
    expect(treeHash(on.folder)).toBe(before);
    const fresh = await groundOf(on.folder, (store) => store, seen);
    await expect(planCollect(fresh, { purgeNow: false }, task)).rejects.toMatchObject({ code });
  }

  beforeEach(async () => {
    await on.take({ a: rowsOf(2000, 1) });
    const gone = await on.take({ b: rowsOf(2000, 2) });
    await on.drop(gone);
    await on.reopen(seen);
    await on.ground.read();
  });

  const files: readonly [string, () => string][] = [
    ['a pack that is needed', () => on.below('packs').find((file) => filesBelow(on.folder).get(file) !== undefined && needed(file)) ?? ''],
    ['a journal file', () => on.below('journal')[0] ?? ''],
  ];
  let neededNames: ReadonlySet<string> = new Set();
  const needed = (file: string): boolean => neededNames.has(file.slice(-32));
  beforeEach(async () => {
    const { inventory, census } = await planCollect(on.ground, { purgeNow: false }, task);
    const names = new Set<string>();
    for (let segment = 0; segment < inventory.table.segments; segment += 1)
      if (!census.isDead(segment)) names.add(inventory.table.pack(inventory.table.segmentPlace(segment).pack).name);
    neededNames = names;
  });

  it.each(files)('where %s is missing or cut short', async (_what, file) => {
    const name = on.at(file());
    const bytes = readFileSync(name);
    if (!name.includes('journal')) {
      writeFileSync(name, bytes.subarray(0, -1));
      await refused();
    }
    mkdirSync(on.at('tmp'), { recursive: true });
    renameSync(name, on.at('tmp/aside'));
    await refused();
  });

  it('where both copies of a list are bad', async () => {
    for (const file of on.below('meta').filter(needed)) {
      on.flip(file, 100);
      on.flip(file.replace('meta/', 'meta.copy/'), 100);
    }
    await refused();
  });

  it('where both copies of a manifest are bad, until the snapshot is forgotten', async () => {
    for (const folderOf of ['snapshots', 'snapshots.copy']) for (const file of on.below(folderOf)) on.flip(file, 100);
    await refused();
    const { history } = await on.ground.read();
    const lost = history.lost.map((one) => one.id);
    expect(lost).toEqual([...on.kept.keys()]);
    await on.drop(...lost);
    await on.tidy();
    await on.purge();
    expect(on.below('packs')).toEqual([]);
    expect((await on.ground.read()).problems).toEqual([]);
  });

  it('where a manifest was taken away', async () => {
    for (const folderOf of ['snapshots', 'snapshots.copy']) for (const file of on.below(folderOf)) rmSync(on.at(file));
    await on.reopen();
    const before = treeHash(on.folder);
    await expect(planCollect(on.ground, { purgeNow: false }, task)).rejects.toMatchObject({ code: 'repository.damaged' });
    expect(treeHash(on.folder)).toBe(before);
  });

  it('where an index file is bad, or a pack that nobody names cannot be read', async () => {
    const [index = ''] = on.below('index');
    on.flip(index, 100);
    await refused();
    on.flip(index, 100);
    mkdirSync(on.at('packs/00'), { recursive: true });
    writeFileSync(on.at(`packs/00/${'0'.repeat(32)}`), 'junk that is no pack, but has the name of one');
    await refused();
  });

  it('where only quarantine has what is needed', async () => {
    const pack = on.below('packs').find(needed) ?? '';
    mkdirSync(on.at(`quarantine/1/${path.dirname(pack)}`), { recursive: true });
    renameSync(on.at(pack), on.at(`quarantine/1/${pack}`));
    await refused();
  });

  it('where the plan no longer fits, and while somebody writes', async () => {
    const { plan } = await planCollect(on.ground, { purgeNow: false }, task);
    await on.take({ c: rowsOf(10, 3) });
    const before = treeHash(on.folder);
    await expect(collect(on.ground, plan, task)).rejects.toMatchObject({ code: 'input.confirmation-needed' });
    expect(treeHash(on.folder)).toBe(before);
    const again = (await planCollect(on.ground, { purgeNow: false }, task)).plan;
    const lock = await on.ground.locks.take('writer');
    await expect(collect(on.ground, again, task)).rejects.toMatchObject({ code: 'repository.locked' });
    await lock.release();
    expect((await collect(on.ground, again, task)).packsDropped).toBe(2);
  });

  it('where the clock jumps while the plan is made', async () => {
    const { plan } = await planCollect(on.ground, { purgeNow: false }, task);
    let wall = 1_800_000_000_000;
    const { ports } = on.ground;
    Object.assign(on.ground, { ports: { ...ports, clock: { now: () => (wall += 700_000), monotonic: () => 0 } } });
    const before = treeHash(on.folder);
    await expect(collect(on.ground, plan, task)).rejects.toMatchObject({ code: 'repository.io', retryable: true });
    expect(treeHash(on.folder)).toBe(before);
  });
});

/** Two snapshots without which packs are needed in part, so that they are copied, beside one that stays. */
async function partlyNeeded(): Promise<readonly [string, string]> {
  const first = await on.take({ a: rowsOf(3000, 31) });
  const second = await on.take({ b: rowsOf(3000, 32), c: rowsOf(9000, 33) });
  await on.take({ b: rowsOf(3000, 32) }, second);
  return [first, second];
}

describe('collect besides', () => {
  it('copies nothing where the disk takes no file more, leaves no half of it, and does what needs no room', async () => {
    await on.drop(...(await partlyNeeded()));
    const { plan } = await planCollect(on.ground, { purgeNow: false }, task);
    expect(plan.packsRewritten).toBeGreaterThan(0);
    const before = on.below('packs').length;
    let copies = 0;
    const full = await groundOf(on.folder, (store) => fullStore(store, (file) => /^(packs|meta)/.test(file) && (copies += 1) > 1));
    const report = await collect(full, plan, task);
    expect(copies).toBeGreaterThan(1);
    expect(report.notes.join()).toMatch(/Nothing was copied, since there is no room for it/);
    expect(report).toMatchObject({ rewritten: 0 });
    expect(on.below('packs').length).toBeLessThan(before);
    await on.reopen();
    await basesAreHeld(on.ground);
    await on.allRestore();
    await on.tidy();
    await on.allRestore();
  });

  it('tells what was deleted before the disk took no file more, and does not ask for a check of what it takes out itself', async () => {
    const gone = await on.take({ a: rowsOf(3000, 30) });
    const partly = await partlyNeeded();
    await on.drop(gone);
    await on.tidy();
    await checkAndRecord(on.ground, { level: 'authenticated' }, task);
    await on.drop(...partly);
    const { plan, purge } = await planCollect(on.ground, { purgeNow: true }, task);
    expect(purge.length, 'what a check has seen in quarantine').toBeGreaterThan(0);
    expect(plan.packsRewritten).toBeGreaterThan(0);
    const full = await groundOf(on.folder, (store) => fullStore(store, (file) => /^(packs|meta)/.test(file)));
    const report = await collect(full, plan, task);
    expect(report.notes.join()).toMatch(/Nothing was copied, since there is no room for it/);
    expect(report).toMatchObject({ freed: plan.freesNow, rewritten: 0 });
    expect(plan.freesNow).toBeGreaterThan(0);
    for (const { path: file } of purge) expect(on.below('quarantine')).not.toContain(file);
    const told = (await on.ground.journal.read()).facts.map(({ fact }) => fact).findLast((fact) => fact.kind === 'operation');
    expect(told).toMatchObject({ what: 'collect', details: { freed: plan.freesNow, purgeNow: true } });
    await on.reopen();
    await on.allRestore();
  });

  it('takes nothing out where what it copied does not lie there as it was written: the index is made from the files', async () => {
    await on.drop(...(await partlyNeeded()));
    const { plan } = await planCollect(on.ground, { purgeNow: false }, task);
    expect(plan.packsRewritten).toBeGreaterThan(0);
    const before = [...filesBelow(on.folder).keys()].filter((file) => !file.startsWith('journal/'));
    const rotten = await groundOf(on.folder, (store) =>
      changingStore(store, (file) => {
        if (file.startsWith('packs/')) on.flip(file, readFileSync(on.at(file)).length - 100);
      }),
    );
    await expect(collect(rotten, plan, task)).rejects.toMatchObject({ code: 'repository.damaged' });
    expect([...filesBelow(on.folder).keys()]).toEqual(expect.arrayContaining(before));
    expect(on.below('index')).toEqual(before.filter((file) => file.startsWith('index/')));
    await on.reopen();
    await on.allRestore();
  });

  it('takes temporary files of dead writers, not young ones', async () => {
    await on.take({ a: rowsOf(100, 1) });
    for (const name of ['old', 'young']) writeFileSync(on.at(`tmp/${name}`), 'x'.repeat(100));
    utimesSync(on.at('tmp/old'), 1, 1);
    expect((await on.tidy()).freed).toBe(100);
    expect(readdirSync(on.at('tmp'))).toEqual(['young']);
  });

  it('ends within two seconds when cancelled, with nothing lost and no lock left', timed, async () => {
    for (let n = 0; n < 9; n += 1) await on.take({ a: rowsOf(400, n + 1) });
    for (let stop = 1; stop < 40; stop += 7) {
      const aborting = new AbortController();
      let seen = 0;
      const progress = (): void => {
        seen += 1;
        if (seen === stop) aborting.abort();
      };
      const { plan } = await planCollect(on.ground, { purgeNow: false }, task);
      const began = performance.now();
      await collect(on.ground, plan, { signal: aborting.signal, progress }).then(
        () => undefined,
        (error: unknown) => expect(String(error)).toMatch(/Cancelled/),
      );
      expect(performance.now() - began).toBeLessThan(2000);
      expect(on.below('locks')).toEqual([]);
      await on.allRestore();
    }
  });

  it('finishes a forget that was interrupted', async () => {
    const id = await on.take({ a: rowsOf(100, 1) });
    await on.take({ b: rowsOf(100, 2) });
    const { history } = await on.ground.read();
    const entry = history.kept.get(id);
    await on.ground.record([{ kind: 'forgotten', snapshot: id, seq: 1, fileHash: entry?.hash ?? '' }]);
    on.kept.delete(id);
    await on.tidy();
    expect(on.below('snapshots').length + on.below('snapshots.copy').length).toBe(2);
    await on.allRestore();
  });
});

describe('forget', () => {
  it('refuses what is pinned or unknown, and changes nothing then', async () => {
    const id = await on.take({ a: rowsOf(100, 1) });
    const plan = await planForget(on.ground, [id], task);
    await on.ground.record([{ kind: 'pin', snapshot: id, reason: 'for ever' }]);
    const before = treeHash(on.folder);
    await expect(planForget(on.ground, [id], task)).rejects.toMatchObject({ code: 'snapshot.pinned' });
    await expect(forget(on.ground, plan, task)).rejects.toMatchObject({ code: 'snapshot.pinned' });
    await expect(planForget(on.ground, ['f'.repeat(32)], task)).rejects.toMatchObject({ code: 'snapshot.unknown' });
    expect(treeHash(on.folder)).toBe(before);
    await on.ground.record([{ kind: 'pin', snapshot: id, reason: null }]);
    await forget(on.ground, plan, task);
    await expect(forget(on.ground, plan, task)).rejects.toMatchObject({ code: 'input.confirmation-needed' });
  });

  it('frees nothing at once, and says what a purge will free', async () => {
    const shared = rowsOf(3000, 1);
    const id = await on.take({ a: shared, b: rowsOf(2000, 2) });
    await on.take({ a: shared });
    const plan = await planForget(on.ground, [id], task);
    expect(plan.freesNow).toBe(0);
    expect(plan.freesAfter).toBeGreaterThan(40_000);
    expect(plan.freesAfter).toBeLessThan(120_000);
    const before = filesBelow(on.folder);
    await forget(on.ground, plan, task);
    const total = (files: ReadonlyMap<string, number>): number =>
      [...files].filter(([file]) => !file.startsWith('journal/')).reduce((sum, [, bytes]) => sum + bytes, 0);
    expect(total(filesBelow(on.folder))).toBe(total(before));
  });

  it('where something kept cannot be read, the figure is not known, and the snapshot goes all the same', async () => {
    const id = await on.take({ a: rowsOf(2000, 1) });
    const other = await on.take({ b: rowsOf(2000, 2) });
    for (const file of [...on.below('meta'), ...on.below('meta.copy')]) on.flip(file, 100);
    const plan = await planForget(on.ground, [id], task);
    expect(plan.freesAfter).toBe(0);
    await forget(on.ground, plan, task);
    on.kept.delete(id);
    expect((await on.ground.read()).history.snapshots.map((one) => one.id)).toEqual([other]);
  });
});
