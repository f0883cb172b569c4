import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkAndRecord } from '../../../electron/core/repository/collect/checked.ts';
import { planCollect } from '../../../electron/core/repository/collect/plan.ts';
import { Damage, damageFact, damageOf } from '../../../electron/core/repository/journal/damage.ts';
import type { CheckOptions, RecordedFact } from '../../../electron/core/repository/repository.ts';
import { Collecting, task } from '../../helpers/repository/collecting.ts';
import { rowsOf } from '../../helpers/repository/world.ts';

const on = new Collecting();

describe('what a check found damaged', () => {
  const content = { a: rowsOf(4000, 1), b: rowsOf(4000, 2) };
  const middle = 3000;

  async function damageOne(): Promise<string> {
    const [pack] = on.below('packs');
    if (pack === undefined) throw new Error('no pack');
    on.flip(pack, middle);
    return pack;
  }

  it('is stored anew by the next snapshot, which makes the damaged one whole as well', async () => {
    const first = await on.take(content);
    const pack = await damageOne();
    const before = await checkAndRecord(on.ground, { level: 'authenticated' }, task);
    expect(before.passed).toBe(false);
    expect(before.sound).not.toContain(first);
    const second = await on.take(content, first);
    const after = await checkAndRecord(on.ground, { level: 'decoded' }, task);
    expect(after.sound.toSorted()).toEqual([first, second].toSorted());
    expect(after.problems.flatMap((problem) => problem.affects)).toEqual([]);
    expect(after.problems.map((problem) => problem.file)).toEqual([pack]);
    await on.allRestore();
  });

  it('goes with the next collect, and the checks pass again', async () => {
    const first = await on.take(content);
    await damageOne();
    await checkAndRecord(on.ground, { level: 'authenticated' }, task);
    await on.take(content, first);
    await on.tidy();
    expect((await checkAndRecord(on.ground, { level: 'decoded' }, task)).problems).toEqual([]);
    await on.allRestore();
    await on.purge();
    await on.allRestore();
  });

  it('in a small part of a pack takes the rest of the pack elsewhere', async () => {
    const large = { a: rowsOf(200_000, 5) };
    const first = await on.take(large);
    const [pack = ''] = on.below('packs');
    on.flip(pack, middle);
    await checkAndRecord(on.ground, { level: 'authenticated' }, task);
    await on.take(large, first);
    await on.tidy();
    expect(on.below('packs')).not.toContain(pack);
    await on.purge();
    await on.allRestore();
  });

  it('stops a collect while a snapshot needs it, and no longer once that is forgotten', async () => {
    const first = await on.take(content);
    await damageOne();
    await checkAndRecord(on.ground, { level: 'authenticated' }, task);
    await expect(planCollect(on.ground, { purgeNow: false }, task)).rejects.toMatchObject({ code: 'repository.damaged' });
    await on.drop(first);
    await on.take({ c: rowsOf(1000, 3) });
    await on.tidy();
    await on.purge();
    await on.allRestore();
  });

  it('twice, in what was stored anew as well, keeps nobody from forgetting what is lost', async () => {
    const first = await on.take(content);
    const pack = await damageOne();
    await checkAndRecord(on.ground, { level: 'authenticated' }, task);
    const second = await on.take(content, first);
    for (const other of on.below('packs')) if (other !== pack) on.flip(other, middle);
    await checkAndRecord(on.ground, { level: 'authenticated' }, task);
    await expect(planCollect(on.ground, { purgeNow: false }, task)).rejects.toMatchObject({
      code: 'repository.damaged',
      details: { packs: [expect.anything(), expect.anything()] },
    });
    await on.drop(first);
    await on.drop(second);
    await on.take({ c: rowsOf(1000, 3) });
    await on.tidy();
    await on.purge();
    await on.allRestore();
  });

  it('is known from a look at one snapshot, too, and is sound again when a whole check says so', async () => {
    const first = await on.take(content);
    const [pack = ''] = on.below('packs');
    on.flip(pack, middle);
    await checkAndRecord(on.ground, { level: 'authenticated', snapshots: [first] }, task);
    expect(damageOf((await on.ground.journal.read()).facts).packs.map((one) => one.pack)).toEqual([pack.slice(-32)]);
    on.flip(pack, middle);
    await checkAndRecord(on.ground, { level: 'authenticated' }, task);
    expect(damageOf((await on.ground.journal.read()).facts).any).toBe(false);
  });

  it('is stored anew where deltas were built on it', async () => {
    const first = await on.take(content);
    const changed = { a: rowsOf(4000, 1).map((byte, i) => (i === 20_000 ? byte ^ 1 : byte)), b: content.b };
    const second = await on.take(changed, first);
    for (const pack of on.below('packs')) on.flip(pack, 100);
    await checkAndRecord(on.ground, { level: 'decoded' }, task);
    await on.take(content, second);
    await on.take(changed);
    const after = await checkAndRecord(on.ground, { level: 'decoded' }, task);
    expect(after.sound).toHaveLength(4);
    await on.allRestore();
    await on.tidy();
    await on.purge();
    await on.allRestore();
  });
});

describe('damage as facts', () => {
  const pack = fc.constantFrom('a'.repeat(32), 'b'.repeat(32), 'c'.repeat(32));
  const found = fc.uniqueArray(fc.record({ pack, frames: fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 4 }) }), { selector: (one) => one.pack });
  const options = fc.record({ level: fc.constantFrom<CheckOptions['level']>('authenticated', 'decoded', 'structure'), whole: fc.boolean() });

  it('hold after any looks what the last whole look and those at parts since have found', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ options, found }), { maxLength: 6 }), (looks) => {
        const facts: RecordedFact[] = [];
        for (const look of looks) {
          const asked = look.options.whole ? { level: look.options.level } : { level: look.options.level, snapshots: [] };
          const known = damageOf(facts);
          const fact = damageFact(known, asked, look.found);
          if (fact !== undefined) facts.push({ at: 0, fact });
          const now = damageOf(facts);
          for (const one of look.found) for (const frame of one.frames) expect(now.has(one.pack, frame)).toBe(true);
          if (look.options.whole && look.options.level === 'decoded') expect(now.packs).toEqual(Damage.of(look.found).packs);
          if (!look.options.whole || look.options.level === 'structure')
            for (const one of known.packs) for (const frame of one.frames ?? []) expect(now.has(one.pack, frame)).toBe(true);
          if (look.options.whole && look.options.level === 'decoded') {
            expect(damageFact(now, asked, look.found)).toBeUndefined();
            expect(damageOf([...facts, { at: 0, fact: { kind: 'check', level: 'decoded', passed: true, epoch: 0 } }]).any).toBe(false);
          }
        }
      }),
    );
  });
});
