import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkAndRecord } from '../../../electron/core/repository/collect/checked.ts';
import { planCollect } from '../../../electron/core/repository/collect/plan.ts';
import { TYPE_PACK } from '../../../electron/core/repository/format/sealed.ts';
import { basesAreHeld, deltaSegments, entriesOf } from '../../helpers/repository/index-look.ts';
import { Collecting, task } from '../../helpers/repository/collecting.ts';
import { quickTake } from '../../helpers/repository/quick.ts';
import { churned, filesBelow, rowsOf } from '../../helpers/repository/world.ts';

const on = new Collecting();

describe('what collect keeps', () => {
  it('of a mostly dead plain segment, the chunks that are needed and no others', async () => {
    const rows = rowsOf(12_000, 1);
    const first = await on.take({ a: rows });
    await on.take({ part: rows.slice(0, 60_000) });
    await on.drop(first);
    const before = filesBelow(on.folder);
    const { plan } = await planCollect(on.ground, { purgeNow: false }, task);
    expect(plan.packsRewritten).toBe(1);
    const report = await on.tidy();
    expect(report.rewritten).toBeLessThan(90_000);
    const packs = (files: ReadonlyMap<string, number>): number =>
      [...files].filter(([file]) => file.startsWith('packs/')).reduce((sum, [, bytes]) => sum + bytes, 0);
    expect(packs(filesBelow(on.folder))).toBeLessThan(packs(before) / 3);
    await on.purge();
    await on.allRestore();
  });

  it('of a mostly dead delta segment, the chunks that are needed, still against all its bases', async () => {
    const one = rowsOf(9000, 2);
    const two = churned(one, 3, 0.05);
    const first = await on.take({ a: one });
    const second = await on.take({ a: two }, first);
    expect(await deltaSegments(on.ground)).toBeGreaterThan(1);
    const mixed = new Uint8Array(Buffer.concat([two.subarray(0, 30_000), one.subarray(30_000)]));
    await on.take({ a: mixed }, second);
    await on.drop(second);
    const { plan } = await planCollect(on.ground, { purgeNow: false }, task);
    expect(plan.packsRewritten).toBeGreaterThan(0);
    await on.tidy();
    expect(await deltaSegments(on.ground)).toBeGreaterThan(0);
    const { inventory, census } = await planCollect(on.ground, { purgeNow: false }, task);
    for (let segment = 0; segment < inventory.table.segments; segment += 1) {
      // A pack that is mostly needed stays as it is, dead deltas and all: here only lists are left in such a one.
      const data = inventory.table.pack(inventory.table.segmentPlace(segment).pack).type === TYPE_PACK;
      if (data && inventory.table.isDelta(segment)) expect(census.used[segment] ?? 0).toBeGreaterThanOrEqual(inventory.table.segmentPlace(segment).raw / 2);
    }
    await basesAreHeld(on.ground);
    await on.purge();
    await on.allRestore();
  });

  it('every base that a delta in the index names, dead or alive; a chunk of a dead delta can be used again', async () => {
    const one = rowsOf(1000, 4);
    const two = churned(one, 5, 0.01);
    const fresh = rowsOf(15_000, 6);
    const first = await on.take({ a: one });
    const second = await on.take({ a: two, n: fresh }, first);
    await on.take({ n: fresh }, second);
    await on.drop(first, second);
    const before = await entriesOf(on.ground);
    await on.tidy();
    await basesAreHeld(on.ground);
    expect(await deltaSegments(on.ground)).toBeGreaterThan(0);
    expect((await entriesOf(on.ground)).filter((entry) => before.some((old) => old.name === entry.name)).length).toBeGreaterThan(0);
    await on.purge();
    const packs = on.below('packs').length;
    await on.take({ n: fresh, a: two });
    expect(on.below('packs').length).toBe(packs);
    await on.purge();
    await on.allRestore();
  });

  it('what only lies in packs that no index names: a lost index file costs nothing', async () => {
    await on.take({ a: rowsOf(2000, 7) });
    await on.take({ b: rowsOf(2000, 8) });
    for (const file of on.below('index')) rmSync(on.at(file));
    expect((await planCollect(on.ground, { purgeNow: false }, task)).reindex).toBe(true);
    const report = await on.tidy();
    expect(report.packsDropped).toBe(0);
    expect((await entriesOf(on.ground)).length).toBe(4);
    await on.purge();
    await on.allRestore();
  });

  it('the good one of two copies, whatever lies in quarantine', async () => {
    const rows = rowsOf(3000, 9);
    await on.take({ a: rows });
    const [index = ''] = on.below('index');
    renameSync(on.at(index), `${on.folder}-index`);
    await on.take({ z: rows });
    renameSync(`${on.folder}-index`, on.at(index));
    const { inventory } = await planCollect(on.ground, { purgeNow: false }, task);
    const { table } = inventory;
    const twice = Array.from({ length: table.size }, (_none, entry) => entry).filter((entry) => table.copies(entry).length > 1);
    const best = table.segmentPlace(table.segmentOf(twice.find((entry) => table.pack(table.segmentPlace(table.segmentOf(entry)).pack).type === 1) ?? -1));
    const { name } = table.pack(best.pack);
    const pack = on.below('packs').find((file) => file.endsWith(name)) ?? '';
    mkdirSync(on.at(`quarantine/1/${path.dirname(pack)}`), { recursive: true });
    copyFileSync(on.at(pack), on.at(`quarantine/1/${pack}`));
    on.flip(pack, best.offset + 10);
    const plan = await planCollect(on.ground, { purgeNow: false }, task);
    expect(plan.drop.map((one) => plan.inventory.table.pack(one).name)).toContain(name);
    await on.tidy();
    await on.allRestore();
    await on.purge();
    await on.allRestore();
  });

  it('nothing of an aborted capture, and only under the lock', async () => {
    await on.take({ a: rowsOf(500, 1) });
    await quickTake(on.ground, new Map([['x', rowsOf(3000, 10)]]), undefined, true);
    const before = on.below('packs').length;
    expect((await on.tidy()).packsDropped).toBe(2);
    expect(on.below('packs').length).toBe(before - 1);
    await on.purge();
    await on.allRestore();
  });

  it('copies small packs together, and many index files', async () => {
    for (let n = 0; n < 9; n += 1) await on.take({ a: rowsOf(200, n + 1) });
    expect((await planCollect(on.ground, { purgeNow: false }, task)).plan.packsRewritten).toBe(18);
    await on.tidy();
    expect(on.below('packs').length).toBe(1);
    expect(on.below('meta').length).toBe(1);
    expect(on.below('index').length).toBe(1);
    await on.purge();
    await on.allRestore();
  });

  it('within its budget', async () => {
    for (let n = 0; n < 9; n += 1) await on.take({ a: rowsOf(200, n + 1) });
    const { plan } = await planCollect(on.ground, { purgeNow: false, budget: 3000 }, task);
    expect(plan.bytesRewritten).toBeLessThanOrEqual(3000);
    expect(plan.skipped.join()).toMatch(/budget/);
    await on.tidy({ budget: 0 });
    expect(on.below('packs').length).toBe(9);
  });
});

describe('quarantine', () => {
  async function prepared(): Promise<void> {
    const first = await on.take({ a: rowsOf(2000, 1) });
    await on.take({ b: rowsOf(300, 2) });
    await on.drop(first);
  }

  it('is deleted after two whole checks that passed since, and no sooner', async () => {
    await checkAndRecord(on.ground, { level: 'decoded' }, task);
    await checkAndRecord(on.ground, { level: 'decoded' }, task);
    await prepared();
    await on.tidy();
    const there = on.below('quarantine');
    expect(there.some((file) => file.includes('/packs/'))).toBe(true);
    await checkAndRecord(on.ground, { level: 'structure' }, task);
    await checkAndRecord(on.ground, { level: 'decoded', snapshots: [] }, task);
    await checkAndRecord(on.ground, { level: 'authenticated' }, task);
    expect((await on.tidy()).freed).toBe(0);
    const [config = ''] = ['config.copy'];
    on.flip(config, 30);
    expect((await checkAndRecord(on.ground, { level: 'authenticated' }, task)).passed).toBe(false);
    on.flip(config, 30);
    expect((await on.tidy()).freed).toBe(0);
    expect(on.below('quarantine')).toEqual(expect.arrayContaining([...there]));
    await checkAndRecord(on.ground, { level: 'authenticated' }, task);
    expect((await on.tidy()).freed).toBeGreaterThan(0);
    expect(on.below('quarantine')).toEqual([]);
    expect(readdirSync(on.at('quarantine'))).toEqual([]);
    await on.allRestore();
  });

  it("is deleted at the user's wish after one whole check since", async () => {
    await prepared();
    await on.tidy();
    await expect(planCollect(on.ground, { purgeNow: true }, task)).rejects.toMatchObject({ code: 'repository.check-needed' });
    await checkAndRecord(on.ground, { level: 'authenticated' }, task);
    const { plan } = await planCollect(on.ground, { purgeNow: true }, task);
    expect(plan.freesNow).toBeGreaterThan(0);
    expect((await on.tidy({ purgeNow: true })).freed).toBe(plan.freesNow);
    expect(on.below('quarantine')).toEqual([]);
    await on.allRestore();
  });

  it('a check that began before files were taken out does not speak for them', async () => {
    await prepared();
    const early = await checkAndRecord(on.ground, { level: 'authenticated' }, task);
    expect(early.passed).toBe(true);
    await on.tidy();
    await checkAndRecord(on.ground, { level: 'authenticated' }, task);
    expect((await on.tidy()).freed).toBeLessThan(3000);
    expect(on.below('quarantine').some((file) => file.includes('/packs/'))).toBe(true);
  });
});
