import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quietTask } from '../../../electron/core/base/ports.ts';
import { createRepository } from '../../../electron/core/repository/create.ts';
import type { Repository } from '../../../electron/core/repository/repository.ts';
import {
  churned,
  contentOf,
  filesBelow,
  newRepository,
  ports,
  reopen,
  rowsOf,
  sameContent,
  take,
  temporaryFolder,
  treeHash,
} from '../../helpers/repository/world.ts';
import type { Content } from '../../helpers/repository/world.ts';

const task = quietTask();
let folder: ReturnType<typeof temporaryFolder>;
let repository: Repository;
const kept = new Map<string, Content>();
const at = (...parts: readonly string[]): string => path.join(folder.path, ...parts);
const below = (within: string): readonly string[] => [...filesBelow(folder.path).keys()].filter((file) => file.startsWith(`${within}/`));

beforeEach(async () => {
  folder = temporaryFolder();
  repository = await newRepository(folder.path);
  kept.clear();
  const rows = rowsOf(1500, 1);
  for (const content of [
    new Map([['a', rows]]),
    new Map([
      ['a', churned(rows, 2, 0.05)],
      ['b', rowsOf(100, 3)],
    ]),
  ]) {
    kept.set((await take(repository, content, [...kept.keys()].at(-1))).id, content);
  }
});
afterEach(async () => {
  await repository.close();
  folder[Symbol.dispose]();
});

type Damage = (file: string) => void;
const flip: Damage = (file) => {
  const bytes = readFileSync(at(file));
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4;
  writeFileSync(at(file), bytes);
};
const cut: Damage = (file) => writeFileSync(at(file), readFileSync(at(file)).subarray(0, 40));
const lose: Damage = (file) => rmSync(at(file));
const damages: readonly (readonly [string, Damage])[] = [
  ['changed', flip],
  ['cut short', cut],
  ['lost', lose],
];

/** A dry run changes nothing and says what the real one then does; afterwards everything is there, and nothing was deleted. */
async function mends(files: readonly string[]): Promise<void> {
  const damaged = new Map(files.map((file) => [file, filesBelow(folder.path).has(file) ? readFileSync(at(file)) : undefined]));
  const before = treeHash(folder.path);
  const dry = await repository.repair({ dryRun: true }, task);
  expect(treeHash(folder.path)).toBe(before);
  expect(dry.beyondRepair).toEqual([]);
  const done = await repository.repair({ dryRun: false }, task);
  expect(done.mended).toEqual(dry.mended);
  expect(done.mended.length).toBeGreaterThan(0);
  expect(done.beyondRepair).toEqual([]);
  for (const [file, bytes] of damaged) {
    const aside = below('quarantine').find((one) => one.endsWith(`/${file}`));
    if (bytes !== undefined) expect(readFileSync(at(aside ?? 'nowhere')).equals(bytes), `${file} was put aside`).toBe(true);
  }
  const again = await reopen(folder.path);
  expect((await again.check({ level: 'decoded' }, task)).problems).toEqual([]);
  for (const [id, content] of kept) expect(sameContent(await contentOf(again, id), content)).toBe(true);
  expect((await again.repair({ dryRun: true }, task)).mended).toEqual([]);
  await again.close();
}

describe('repair', () => {
  it.each(damages)('from second copies, where every first one is %s, and the other way round', async (_what, damage) => {
    for (const second of [false, true]) {
      const files = [...filesBelow(folder.path).keys()].filter((file) =>
        (second ? /^(config\.copy$|meta\.copy\/|snapshots\.copy\/)/ : /^(config$|meta\/|snapshots\/)/).test(file),
      );
      expect(files.length).toBe(5);
      for (const file of files) damage(file);
      await mends(files);
    }
  });

  it.each(damages)('index files that are %s are made anew from the packs themselves', async (_what, damage) => {
    const files = below('index');
    damage(files[0] ?? '');
    await mends([files[0] ?? '']);
    for (const file of below('index')) damage(file);
    await mends([]);
  });

  it('packs back from quarantine by name, whatever epoch they lie in', async () => {
    for (const [i, pack] of below('packs').entries()) {
      mkdirSync(at(`quarantine/${i + 3}`, path.dirname(pack)), { recursive: true });
      renameSync(at(pack), at(`quarantine/${i + 3}`, pack));
    }
    await mends([]);
  });

  it('packs back from quarantine though the index is lost with them', async () => {
    for (const file of [...below('packs'), ...below('index')]) {
      mkdirSync(at('quarantine/9', path.dirname(file)), { recursive: true });
      if (file.startsWith('packs')) renameSync(at(file), at('quarantine/9', file));
      else rmSync(at(file));
    }
    await mends([]);
  });

  it('a manifest that is missed is found in quarantine', async () => {
    const [first = ''] = below('snapshots');
    mkdirSync(at('quarantine/2/snapshots'), { recursive: true });
    renameSync(at(first), at('quarantine/2', first));
    rmSync(at(first.replace('snapshots/', 'snapshots.copy/')));
    await mends([]);
  });

  it('a file that only pretends to be the pack does not serve', async () => {
    const [pack = ''] = below('packs');
    mkdirSync(at('quarantine/2', path.dirname(pack)), { recursive: true });
    writeFileSync(at('quarantine/2', pack), readFileSync(at(below('packs')[1] ?? '')));
    flip(pack);
    const before = treeHash(folder.path);
    const { mended, beyondRepair } = await repository.repair({ dryRun: false }, task);
    expect(mended).toEqual([]);
    expect(beyondRepair.map((problem) => problem.file)).toContain(pack);
    expect(beyondRepair.flatMap((problem) => problem.affects).length).toBeGreaterThan(0);
    expect(treeHash(folder.path)).toBe(before);
  });

  it('a pack of nobody that does not open is taken out, so that collect can work again', async () => {
    const file = `packs/00/${'0'.repeat(32)}`;
    mkdirSync(at('packs/00'), { recursive: true });
    writeFileSync(at(file), 'not a pack');
    await expect(repository.planCollect({ purgeNow: false }, task)).rejects.toMatchObject({ code: 'repository.damaged' });
    await repository.repair({ dryRun: false }, task);
    expect(below('packs')).not.toContain(file);
    await repository.planCollect({ purgeNow: false }, task);
  });

  it('a pack that nothing needs and that is lost is named no more; one with a bad part that nothing needs is copied without it', async () => {
    const [first = '', second = ''] = [...kept.keys()];
    const { id: third } = await take(
      repository,
      new Map([
        ['n', rowsOf(4000, 9)],
        ['m', rowsOf(40_000, 10)],
      ]),
    );
    await take(repository, new Map([['n', rowsOf(4000, 9)]]));
    await repository.forget(await repository.planForget([first, second, third], task), task);
    kept.clear();
    const sizes = [...filesBelow(folder.path)].filter(([file]) => file.startsWith('packs/')).toSorted(([, a], [, b]) => b - a);
    const [[large = ''] = [], [small = ''] = []] = sizes;
    rmSync(at(small));
    const bytes = readFileSync(at(large));
    bytes[bytes.length - 20_000] = (bytes[bytes.length - 20_000] ?? 0) ^ 1;
    writeFileSync(at(large), bytes);
    const found = await repository.check({ level: 'authenticated' }, task);
    expect(found.problems.map((problem) => [problem.file, problem.affects.length]).toSorted()).toEqual(
      [
        [large, 0],
        [small, 0],
      ].toSorted(),
    );
    expect((await repository.repair({ dryRun: false }, task)).beyondRepair).toEqual([]);
    expect((await repository.check({ level: 'decoded' }, task)).problems).toEqual([]);
    const [last] = (await repository.snapshots()).snapshots;
    expect(sameContent(await contentOf(repository, last?.id ?? ''), new Map([['n', rowsOf(4000, 9)]]))).toBe(true);
  });

  it('packs whose ends are bad, or of which each copy is bad elsewhere, are copied out, since each frame still opens somewhere', async () => {
    const change = (file: string, place: (bytes: Buffer) => number): void => {
      const bytes = readFileSync(at(file));
      bytes[place(bytes)] = (bytes[place(bytes)] ?? 0) ^ 1;
      writeFileSync(at(file), bytes);
    };
    const [footer = '', end = ''] = below('packs');
    change(footer, (bytes) => bytes.length - 40);
    writeFileSync(at(end), readFileSync(at(end)).subarray(0, -20));
    for (const file of below('meta')) {
      change(file, (bytes) => bytes.length - 40);
      change(file.replace('meta/', 'meta.copy/'), () => 70);
    }
    const found = await repository.check({ level: 'authenticated' }, task);
    expect(found.problems.map((problem) => problem.affects.length)).toEqual([0, 0, 0, 0, 0, 0]);
    const before = treeHash(folder.path);
    const dry = await repository.repair({ dryRun: true }, task);
    expect(treeHash(folder.path)).toBe(before);
    expect(dry.beyondRepair).toEqual([]);
    expect(dry.mended.filter((one) => one.how.startsWith('copied anew')).length).toBeGreaterThanOrEqual(2);
    const done = await repository.repair({ dryRun: false }, task);
    expect([done.mended, done.beyondRepair]).toEqual([dry.mended, []]);
    const again = await reopen(folder.path);
    expect((await again.check({ level: 'decoded' }, task)).problems).toEqual([]);
    for (const [id, content] of kept) expect(sameContent(await contentOf(again, id), content)).toBe(true);
    await again.collect(await again.planCollect({ purgeNow: false }, task), task);
    await again.close();
  });

  it('metadata of which both copies are lost is promised to nobody, and stays named for when it is put back', async () => {
    const lost = new Map([...below('meta'), ...below('meta.copy')].map((file) => [file, readFileSync(at(file))]));
    const index = below('index');
    for (const file of lost.keys()) rmSync(at(file));
    const found = await repository.check({ level: 'authenticated' }, task);
    expect(found.problems.map((problem) => [problem.file, problem.repairable])).toEqual([...lost.keys()].toSorted().map((file) => [file, false]));
    const done = await repository.repair({ dryRun: false }, task);
    expect([done.mended, done.beyondRepair.length]).toEqual([[], lost.size]);
    expect(below('index')).toEqual(index);
    for (const [file, bytes] of lost) writeFileSync(at(file), bytes);
    expect((await (await reopen(folder.path)).check({ level: 'decoded' }, task)).problems).toEqual([]);
  });

  it.each(damages)('a journal file that is %s stops forget and collect until the loss is accepted', async (_what, damage) => {
    const [first = '', second = ''] = [...kept.keys()];
    for (const note of ['one', 'two', 'three']) await repository.record([{ kind: 'note', snapshot: first, note }]);
    const [, file = '', ...others] = below('journal').toSorted();
    damage(file);
    const hurt = await reopen(folder.path);
    await expect(hurt.forget(await hurt.planForget([second], task), task)).rejects.toMatchObject({ code: 'journal.damaged' });
    await expect(hurt.planCollect({ purgeNow: false }, task)).rejects.toMatchObject({ code: 'repository.damaged' });
    expect((await hurt.repair({ dryRun: false }, task)).beyondRepair.map((one) => one.file)).toEqual([file]);

    const before = treeHash(folder.path);
    const plan = await hurt.planAcceptLoss(task);
    expect(plan.losses.map((one) => one.file)).toEqual([file]);
    await expect(hurt.acceptLoss({ ...plan, hash: '0' }, task)).rejects.toMatchObject({ code: 'input.confirmation-needed' });
    expect(treeHash(folder.path)).toBe(before);
    const bytes = filesBelow(folder.path).has(file) ? readFileSync(at(file)) : undefined;
    await hurt.acceptLoss(plan, task);
    if (bytes !== undefined) expect(readFileSync(at(below('quarantine').find((one) => one.endsWith(file)) ?? 'nowhere')).equals(bytes)).toBe(true);

    const again = await reopen(folder.path);
    expect((await again.check({ level: 'authenticated' }, task)).problems).toEqual([]);
    expect((await again.planAcceptLoss(task)).losses).toEqual([]);
    expect((await again.facts()).flatMap(({ fact }) => (fact.kind === 'note' ? [fact.note] : [])).length).toBe(2);
    await again.forget(await again.planForget([second], task), task);
    await again.collect(await again.planCollect({ purgeNow: false }, task), task);
    expect(sameContent(await contentOf(again, first), kept.get(first) ?? new Map())).toBe(true);
    expect(others.length).toBeGreaterThan(0);

    damage(others[0] ?? '');
    expect((await (await reopen(folder.path)).check({ level: 'authenticated' }, task)).problems.map((one) => one.file)).toEqual([others[0]]);
  });

  it('a lost part of the journal that is put back is used again', async () => {
    const [first = ''] = [...kept.keys()];
    for (const note of ['one', 'two']) await repository.record([{ kind: 'note', snapshot: first, note }]);
    const [file = ''] = below('journal').toSorted().slice(-2);
    const bytes = readFileSync(at(file));
    lose(file);
    const hurt = await reopen(folder.path);
    await hurt.acceptLoss(await hurt.planAcceptLoss(task), task);
    writeFileSync(at(file), bytes);
    const again = await reopen(folder.path);
    expect((await again.facts()).flatMap(({ fact }) => (fact.kind === 'note' ? [fact.note] : []))).toEqual(['one', 'two']);
    expect((await again.check({ level: 'authenticated' }, task)).problems).toEqual([]);
  });

  it('a snapshot that was taken away without a word is accepted as lost, and the next one goes on', async () => {
    const [, second = ''] = [...kept.keys()];
    const { id: third } = await take(repository, new Map([['c', rowsOf(50, 5)]]), second);
    for (const file of [...below('snapshots'), ...below('snapshots.copy')].filter((one) => one.endsWith(second))) lose(file);
    const hurt = await reopen(folder.path);
    await expect(hurt.planCollect({ purgeNow: false }, task)).rejects.toMatchObject({ code: 'repository.damaged' });
    await hurt.acceptLoss(await hurt.planAcceptLoss(task), task);
    await hurt.collect(await hurt.planCollect({ purgeNow: false }, task), task);
    await take(hurt, new Map([['c', rowsOf(60, 5)]]), third);
    const again = await reopen(folder.path);
    expect((await again.check({ level: 'decoded' }, task)).problems).toEqual([]);
    expect((await again.snapshots()).snapshots.map((one) => one.seq)).toEqual([1, 3, 4]);
  });

  it('nothing lost, nothing to accept', async () => {
    const plan = await repository.planAcceptLoss(task);
    expect(plan.losses).toEqual([]);
    await expect(repository.acceptLoss(plan, task)).rejects.toMatchObject({ code: 'input.invalid' });
  });

  it('does not work while somebody writes, but looks', async () => {
    const writer = await repository.begin({}, task);
    await expect(repository.repair({ dryRun: false }, task)).rejects.toMatchObject({ code: 'repository.locked' });
    expect((await repository.repair({ dryRun: true }, task)).mended).toEqual([]);
    await writer.abort();
  });

  it('key slots from their second copies', async () => {
    using other = temporaryFolder();
    const made = await createRepository(other.path, { keyFile: true }, ports);
    const slots = [...filesBelow(other.path).keys()].filter((file) => file.startsWith('keys'));
    const [first = '', second = ''] = [slots.find((file) => file.startsWith('keys/')), slots.findLast((file) => file.startsWith('keys.copy/'))];
    writeFileSync(path.join(other.path, first), '{}');
    rmSync(path.join(other.path, second));
    expect((await made.repository.repair({ dryRun: false }, task)).beyondRepair).toEqual([]);
    const sizes = filesBelow(other.path);
    expect(sizes.get(first)).toBe(sizes.get(first.replace('keys/', 'keys.copy/')));
    expect(sizes.has(second)).toBe(true);
    await made.repository.close();
  });
});
