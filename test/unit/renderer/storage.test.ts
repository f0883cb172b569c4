import { describe, expect, test } from 'vitest';
import { addedOf, growthOf, partsOf, timesSmaller } from '../../../renderer/features/storage/growth.ts';
import type { Usage } from '../../../renderer/features/storage/growth.ts';
import { situationOf } from '../../../renderer/features/storage/situation.ts';
import { aSnapshot } from '../../helpers/cli/models.ts';

const now = 1_800_000_000_000;
const day = 86_400_000;
const usage: Usage = { packs: 800, metadata: 100, index: 60, snapshots: 40, journal: 0, quarantine: 0, other: 0, total: 1000, logical: 25_000 };

describe('what storage says of itself', () => {
  test('known damage comes before everything, then the newest check of every byte', () => {
    const sound = { at: now - 6 * 3_600_000, level: 'authenticated', passed: true } as const;
    expect(situationOf([sound], 2, 5, now)).toMatchObject({ tone: 'bad', title: '2 problems are known' });
    expect(situationOf([{ ...sound, passed: false }, sound], 0, 5, now)).toMatchObject({ tone: 'bad', title: 'A check 6 h ago found problems' });
    expect(situationOf([sound], 0, 5, now)).toMatchObject({ tone: 'plain', title: 'Every byte was sound 6 h ago' });
    expect(situationOf([{ ...sound, at: now - 40 * day }], 0, 5, now)).toMatchObject({ tone: 'warn', title: 'Read as a whole 40 days ago' });
    expect(situationOf([], 0, 5, now)).toMatchObject({ tone: 'warn', title: 'The repository was never read as a whole' });
    expect(situationOf([], 0, 0, now)).toMatchObject({ tone: 'plain', title: 'Nothing is stored yet' });
  });

  test('what takes room is told largest first, and adds up to all of it', () => {
    const parts = partsOf(usage);
    expect(parts.map((one) => [one.key, one.share])).toEqual([
      ['packs', 0.8],
      ['metadata', 0.1],
      ['index', 0.06],
      ['snapshots', 0.04],
    ]);
    expect(parts.reduce((sum, one) => sum + one.bytes, 0)).toBe(usage.total);
    expect(timesSmaller(usage)).toBe('25');
    expect(timesSmaller({ ...usage, logical: 1050 })).toBeUndefined();
  });

  test('growth counts every snapshot once, in the order in which they were taken', () => {
    const snapshots = [
      aSnapshot({ id: 'b', seq: 2, createdAt: now, bytes: 50, added: 5, name: 'nightly' }),
      aSnapshot({ id: 'a', seq: 1, createdAt: now - day, bytes: 40, added: 30 }),
    ];
    expect(growthOf(snapshots)).toEqual([
      { key: 'a', at: now - day, values: [40, 30], name: '#1 shop' },
      { key: 'b', at: now, values: [90, 35], name: '#2 shop, nightly' },
    ]);
    expect(addedOf(snapshots).map((one) => one.values)).toEqual([[30], [5]]);
  });
});
