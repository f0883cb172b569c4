import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../electron/core/base/errors.ts';
import type { BlobStore } from '../../../electron/core/repository/blob-store.ts';
import { checkAndRecord } from '../../../electron/core/repository/collect/checked.ts';
import { collect } from '../../../electron/core/repository/collect/collect.ts';
import { planCollect } from '../../../electron/core/repository/collect/plan.ts';
import { storeWith } from '../../helpers/repository/failing-store.ts';
import { basesAreHeld } from '../../helpers/repository/index-look.ts';
import { Collecting, task } from '../../helpers/repository/collecting.ts';
import { groundOf } from '../../helpers/repository/quick.ts';
import { churned, rowsOf } from '../../helpers/repository/world.ts';

const on = new Collecting();

/** Dies when one copy of a metadata pack was published or taken out, and not yet the other. */
function dyingBetweenCopies(store: BlobStore, at: 'publish' | 'move', after: number): BlobStore {
  let [left, dead] = [after, false];
  const change = async (name: string, path: string, work: () => Promise<void>): Promise<void> => {
    if (dead) throw new Error('killed');
    await work();
    if (name === at && path.startsWith('meta/')) left -= 1;
    if (left > 0) return;
    dead = true;
    throw new Error('killed');
  };
  return storeWith(store, {
    publish: (...args) => change('publish', args[0], () => store.publish(...args)),
    move: (...args) => change('move', args[0], () => store.move(...args)),
  });
}

/** A disk that is found full once: when the first metadata pack has its name, and the folder is to be synced. */
function fullBehindTheName(store: BlobStore): BlobStore {
  let full = false;
  return storeWith(store, {
    publish: async (...args) => {
      await store.publish(...args);
      if (full || !args[0].startsWith('meta/')) return;
      full = true;
      throw new AppError('repository.no-space', 'The disk is full.');
    },
  });
}

/** Days of changes of which all but the last two are forgotten, and so many small packs that they are copied together in any case, whether bases give way or not. */
async function age(): Promise<void> {
  let content = rowsOf(9000, 1);
  let parent: string | undefined;
  for (let day = 0; day < 5; day += 1) {
    parent = await on.take({ a: content }, parent);
    content = churned(content, day + 5, 0.02);
  }
  const old = [...on.kept.keys()].slice(0, -2);
  for (let n = 0; n < 9; n += 1) await on.take({ z: rowsOf(20, n + 100) });
  await on.drop(...old);
}

describe('a metadata pack of which a run that died left one copy', () => {
  it.each([
    ['publish', 1],
    ['move', 1],
  ] as const)('is not relied on as it is: %s number %i', async (at, after) => {
    await age();
    const { plan } = await planCollect(on.ground, { purgeNow: false }, task);
    const dying = await groundOf(on.folder, (store) => dyingBetweenCopies(store, at, after));
    await expect(collect(dying, plan, task)).rejects.toThrow('killed');
    rmSync(on.at('locks'), { recursive: true, force: true });
    await on.reopen();
    await on.tidy();
    await basesAreHeld(on.ground);
    expect((await checkAndRecord(on.ground, { level: 'authenticated' }, task)).problems).toEqual([]);
    await on.allRestore();
  });

  it('is taken away again where the disk is found full just then: what is done without copying names no half pack', async () => {
    await age();
    const { plan } = await planCollect(on.ground, { purgeNow: false }, task);
    expect(plan.packsRewritten).toBeGreaterThan(0);
    const report = await collect(await groundOf(on.folder, fullBehindTheName), plan, task);
    expect(report.notes.join()).toContain('Nothing was copied');
    await on.reopen();
    expect((await checkAndRecord(on.ground, { level: 'authenticated' }, task)).problems).toEqual([]);
    await on.allRestore();
  });
});
