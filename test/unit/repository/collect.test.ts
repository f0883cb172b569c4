import { rmSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quietTask } from '../../../electron/core/base/ports.ts';
import { checkAndRecord } from '../../../electron/core/repository/collect/checked.ts';
import { collect } from '../../../electron/core/repository/collect/collect.ts';
import { forget, planForget } from '../../../electron/core/repository/collect/forget.ts';
import { planCollect } from '../../../electron/core/repository/collect/plan.ts';
import type { Ground } from '../../../electron/core/repository/journal/ground.ts';
import type { CollectPlan } from '../../../electron/core/repository/repository.ts';
import { bruteNeeded } from '../../helpers/repository/brute.ts';
import { failingStore } from '../../helpers/repository/failing-store.ts';
import { basesAreHeld } from '../../helpers/repository/index-look.ts';
import { everything, groundOf, quickTake } from '../../helpers/repository/quick.ts';
import { churned, filesBelow, newRepository, rowsOf, sameContent, temporaryFolder } from '../../helpers/repository/world.ts';
import type { Content } from '../../helpers/repository/world.ts';

const task = quietTask();
const bytesOf = (files: ReadonlyMap<string, number>, within: string): number =>
  [...files].filter(([file]) => file.startsWith(within)).reduce((sum, [, bytes]) => sum + bytes, 0);

type Change = 'same' | 'few' | 'many' | 'new' | 'drop' | 'revert';

interface Model {
  readonly folder: string;
  ground: Ground;
  /** Content of every snapshot that was acknowledged and not forgotten. */
  readonly kept: Map<string, Content>;
  last: Content;
  /** Contents of before, forgotten or not: what may come back. */
  readonly past: Content[];
  seed: number;
}

const mutate = (model: Model, kind: Change): Content => {
  model.seed += 1;
  const next = new Map(model.last);
  const names = [...next.keys()];
  const name = names[model.seed % Math.max(1, names.length)] ?? 'a';
  if (kind === 'new' || names.length === 0) next.set(`f${model.seed}`, rowsOf(200 + (model.seed % 7) * 400, model.seed));
  else if (kind === 'drop') next.delete(name);
  else if (kind === 'revert') return (model.last = model.past[model.seed % model.past.length] ?? next);
  else if (kind !== 'same') next.set(name, churned(next.get(name) ?? new Uint8Array(0), model.seed, kind === 'few' ? 0.01 : 0.3));
  return (model.last = next);
};

type Step =
  | { readonly kind: 'take'; readonly change: Change; readonly parent: boolean; readonly dies: boolean }
  | { readonly kind: 'forget'; readonly pick: number }
  | { readonly kind: 'check' }
  | { readonly kind: 'collect'; readonly purgeNow: boolean; readonly budget: number | undefined; readonly crashAt: number | undefined };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      change: fc.constantFrom<Change>('same', 'few', 'few', 'many', 'new', 'drop', 'revert', 'revert'),
      parent: fc.boolean(),
      dies: fc.nat(5).map((n) => n === 0),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('forget' as const), pick: fc.noBias(fc.nat(0xffff)) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('check' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('collect' as const),
      purgeNow: fc.nat(3).map((n) => n === 0),
      budget: fc.option(fc.constantFrom(0, 20_000, 200_000), { nil: undefined, freq: 1 }),
      crashAt: fc.option(fc.nat(25), { nil: undefined, freq: 1 }),
    }),
  },
);

async function allRestore(model: Model): Promise<void> {
  const found = await everything(model.ground);
  expect([...found.keys()].toSorted()).toEqual([...model.kept.keys()].toSorted());
  for (const [id, content] of model.kept) expect(sameContent(found.get(id) ?? new Map(), content), `snapshot ${id} restores equal`).toBe(true);
}

async function run(model: Model, one: Step): Promise<void> {
  const { ground } = model;
  if (one.kind === 'take') {
    const { history } = await ground.read();
    const parent = one.parent ? [...history.kept.values()].at(-1) : undefined;
    const content = mutate(model, one.change);
    model.past.push(content);
    const record = await quickTake(ground, content, parent, one.dies);
    if (record !== undefined) model.kept.set(record.id, content);
  } else if (one.kind === 'forget') {
    const ids = [...model.kept.keys()].filter((_id, i) => ((one.pick >> (i % 16)) & 1) === 1);
    const plan = await planForget(ground, ids, task);
    const before = await bruteNeeded(ground, new Set());
    const after = await bruteNeeded(ground, new Set(ids));
    if (before.unique) expect(Math.abs(plan.freesAfter - (before.bytes - after.bytes))).toBeLessThanOrEqual(1);
    await forget(ground, plan, task);
    for (const id of ids) model.kept.delete(id);
  } else if (one.kind === 'check') {
    const report = await checkAndRecord(ground, { level: 'authenticated' }, task);
    expect(report.problems).toEqual([]);
  } else await collectStep(model, one);
}

async function collectStep(model: Model, one: Extract<Step, { readonly kind: 'collect' }>): Promise<void> {
  const options = { purgeNow: one.purgeNow, ...(one.budget === undefined ? {} : { budget: one.budget }) };
  let plan: CollectPlan;
  try {
    ({ plan } = await planCollect(model.ground, options, task));
  } catch (error) {
    expect(error).toMatchObject({ code: 'repository.check-needed' });
    expect(one.purgeNow).toBe(true);
    return;
  }
  const before = filesBelow(model.folder);
  if (one.crashAt !== undefined) {
    const { crashAt } = one;
    const dying = await groundOf(model.folder, (store) => failingStore(store, crashAt));
    await collect(dying, plan, task).catch((error: unknown) => expect(String(error)).toMatch(/killed/));
    rmSync(path.join(model.folder, 'locks'), { recursive: true, force: true });
    model.ground = await groundOf(model.folder);
    return;
  }
  const report = await collect(model.ground, plan, task);
  const after = filesBelow(model.folder);
  const unlinked = [...before].filter(([file]) => !after.has(file) && !after.has(quarantineOf(after, file))).reduce((sum, [, bytes]) => sum + bytes, 0);
  expect(unlinked, 'what is unlinked at once is what the plan said').toBe(plan.freesNow);
  expect(report.freed).toBe(plan.freesNow);
  const made = [...after].filter(([file]) => !before.has(file) && /^(packs|meta)/.test(file)).reduce((sum, [, bytes]) => sum + bytes, 0);
  expect(report.rewritten).toBe(made);
  const taken = [...before].filter(([file]) => /^(packs|meta)/.test(file) && !after.has(file)).reduce((sum, [, bytes]) => sum + bytes, 0);
  if (plan.packsRewritten === 0) expect(plan.freesAfter, 'what purging will free').toBe(taken);
  else expect(Math.abs(plan.freesAfter - Math.max(0, taken - made))).toBeLessThanOrEqual(0.15 * made + 3000 * plan.packsRewritten);
  if (one.budget !== undefined) expect(plan.bytesRewritten).toBeLessThanOrEqual(one.budget);
  await basesAreHeld(model.ground);
}

const quarantineOf = (files: ReadonlyMap<string, number>, file: string): string =>
  [...files.keys()].find((one) => one.startsWith('quarantine/') && one.endsWith(`/${file}`)) ?? '';

describe('collect', () => {
  it('over random histories every kept snapshot restores equal after each step, and the figures are those of brute force', { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.noBias(fc.array(step, { minLength: 12, maxLength: 26, size: 'max' })), fc.nat(1000), async (steps, seed) => {
        using folder = temporaryFolder();
        await (await newRepository(folder.path)).close();
        const model: Model = {
          folder: folder.path,
          ground: await groundOf(folder.path),
          kept: new Map(),
          last: new Map([
            ['a', rowsOf(1500, seed)],
            ['b', rowsOf(300, seed + 1)],
          ]),
          past: [],
          seed: seed * 100,
        };
        for (const one of steps) {
          await run(model, one);
          await allRestore(model);
        }
        model.ground = await groundOf(folder.path);
        expect((await checkAndRecord(model.ground, { level: 'decoded' }, task)).problems).toEqual([]);
        // What one collect copies may leave another pack mostly dead: a few turns, and nothing is left to do.
        for (let turn = 0; turn < 3 || (turn < 8 && bytesOf(filesBelow(folder.path), 'quarantine/') > 0); turn += 1) {
          await checkAndRecord(model.ground, { level: 'authenticated' }, task);
          await collect(model.ground, (await planCollect(model.ground, { purgeNow: false }, task)).plan, task);
          await allRestore(model);
        }
        expect(bytesOf(filesBelow(folder.path), 'quarantine/')).toBe(0);
        const idle = await planCollect(model.ground, { purgeNow: false }, task);
        expect(idle.plan).toMatchObject({ freesNow: 0, freesAfter: 0, packsDropped: 0, packsRewritten: 0 });
        expect(idle.reindex).toBe(false);
      }),
      // A history takes a second: shrinking one would take the rest of the time limit.
      { numRuns: 10, endOnFailure: true },
    );
  });
});
