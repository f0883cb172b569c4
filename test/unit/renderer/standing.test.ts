import { describe, expect, test } from 'vitest';
import type { Drill } from '../../../electron/contract/drills.ts';
import { standingOf, worstFirst } from '../../../renderer/features/home/standing.ts';
import type { Overview } from '../../../renderer/features/home/standing.ts';
import { aSnapshot, aSource } from '../../helpers/cli/models.ts';

const now = 1_800_000_000_000;
const hour = 3_600_000;
const targets = { rpoMs: 24 * hour, rtoMs: 4 * hour };

function one(parts: Partial<Overview> = {}): Overview {
  const newest = aSnapshot({ createdAt: now - hour, provedAt: now - hour, proved: 'proved' });
  return { source: aSource(), place: '/shop.db', demo: false, targets, newest, newestProved: newest, newestComplete: newest, trend: [], ...parts };
}

function drilled(parts: Partial<Drill>): Drill {
  const record: Partial<Drill> = { at: now, result: 'proved', statement: 'The restore failed.', ...parts };
  return record as Drill;
}

/** Without these fields, as the host leaves them out. */
function without(of: Overview, ...fields: readonly (keyof Overview)[]): Overview {
  return Object.fromEntries(Object.entries(of).filter(([field]) => !fields.some((name) => name === field))) as unknown as Overview;
}

describe('how a source stands', () => {
  test('one that was never snapshotted needs somebody, where anything is asked of it', () => {
    const bare = without(one(), 'newest', 'newestProved', 'newestComplete');
    expect(standingOf(bare, now)).toMatchObject({ rank: 0, statement: 'Never snapshotted', act: 'snap' });
    expect(standingOf({ ...bare, targets: { rpoMs: null, rtoMs: null } }, now)).toMatchObject({ rank: 2, act: 'snap' });
  });

  test('a failed proof comes first, and what still holds is said', () => {
    const newest = aSnapshot({ id: 'b', failing: true, createdAt: now - hour });
    const complete = aSnapshot({ id: 'a', createdAt: now - 20 * hour, proved: 'proved' });
    expect(standingOf(one({ newest, newestComplete: complete, newestProved: complete }), now)).toMatchObject({
      rank: 0,
      act: 'snap-again',
      detail: expect.stringContaining('20 h old, is proved') as unknown,
    });
  });

  test('age counts from the newest complete one, to the millisecond of the target', () => {
    const at = (createdAt: number) => one({ newestComplete: aSnapshot({ createdAt }) });
    expect(standingOf(at(now - 24 * hour), now).rank).toBe(3);
    expect(standingOf(at(now - 24 * hour - 1), now)).toMatchObject({ rank: 0, statement: 'Older than 24 h', act: 'snap' });
    expect(standingOf(without(one(), 'newestComplete'), now)).toMatchObject({ rank: 0, statement: 'No complete snapshot' });
    expect(standingOf({ ...at(0), targets: { rpoMs: null, rtoMs: null } }, now).rank).toBe(3);
  });

  test('a drill that failed after the newest proof needs somebody; one before it does not', () => {
    expect(standingOf(one({ drill: drilled({ result: 'failed' }) }), now)).toMatchObject({ rank: 0, statement: 'The last drill failed' });
    expect(standingOf(one({ drill: drilled({ result: 'failed', at: now - 2 * hour }) }), now).rank).toBe(3);
    expect(standingOf(one({ drill: drilled({ recoveryMs: 5 * hour }) }), now)).toMatchObject({ rank: 1, statement: 'Restore takes longer than 4 h' });
  });

  test('rows or size that moved by more than 15 % are pointed out', () => {
    const trend = (rows: number, bytes = 1000) => [
      { at: 1, rows: 100, bytes: 1000 },
      { at: 2, rows, bytes },
    ];
    expect(standingOf(one({ trend: trend(62) }), now)).toMatchObject({ rank: 1, statement: 'Rows fell by 38 %' });
    expect(standingOf(one({ trend: trend(100, 1540) }), now)).toMatchObject({ rank: 1, statement: 'Grew by 54 %' });
    expect(standingOf(one({ trend: trend(115) }), now).rank).toBe(3);
  });

  test('what is not proved asks for it', () => {
    expect(standingOf(without(one(), 'newestProved'), now)).toMatchObject({ rank: 2, statement: 'Not proved yet', act: 'prove' });
  });

  test('worst first, then by name', () => {
    const named = (name: string, parts: Partial<Overview> = {}) => one({ source: aSource({ name }), ...parts });
    const bad = { newest: aSnapshot({ failing: true }) };
    expect(worstFirst([named('b'), named('z', bad), named('a')], now).map((row) => row.one.source.name)).toEqual(['z', 'a', 'b']);
  });
});
