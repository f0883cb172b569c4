import { describe, expect, test } from 'vitest';
import type { Drill } from '../../../electron/contract/drills.ts';
import { bySource, drillWords, lastMonths, monthOf, recoveryPoints, situationOf } from '../../../renderer/features/drills/records.ts';
import type { Overview } from '../../../renderer/features/drills/records.ts';
import { userOf } from '../../../renderer/features/drills/user.ts';
import { aSnapshot, aSource } from '../../helpers/cli/models.ts';

const now = new Date(2026, 10, 21, 12).getTime();
const day = 86_400_000;
const targets = { rpoMs: day, rtoMs: 4000 };

function source(name: string): Overview {
  const newest = aSnapshot({ source: name });
  return { source: aSource({ name }), place: '/x', demo: false, targets, newest, trend: [] };
}

function drill(parts: Partial<Drill>): Drill {
  return {
    id: 'd-1',
    at: now - day,
    by: 'Ada',
    source: 'shop',
    result: 'proved',
    statement: 'Equal.',
    steps: [],
    recoveryMs: 1000,
    items: 1,
    rows: 1,
    differences: [],
    checks: [],
    machine: { system: 'linux', belay: '1' },
    notes: [],
    blockers: [],
    ...parts,
  };
}

const without = ({ recoveryMs: _measured, ...rest }: Drill): Drill => rest;

describe('what the drills say together', () => {
  const sources = ['shop', 'billing', 'notes'].map(source);

  test('the title counts the sources that were proved this month, the lead names what is lacking', () => {
    expect(situationOf(sources, [], now)).toMatchObject({ title: 'No drill was made yet' });
    const two = [drill({}), drill({ source: 'billing' }), drill({ source: 'notes', at: now - 40 * day })];
    expect(situationOf(sources, two, now)).toEqual({
      title: 'Two of three sources were proved by a drill this month',
      lead: 'The newest was made 24 h ago.',
      bad: false,
    });
    expect(situationOf(sources, two.slice(0, 1), now)).toMatchObject({
      title: 'One of three sources was proved by a drill this month',
      lead: 'billing and notes were never drilled.',
    });
    const failing = [drill({ result: 'failed' }), ...two];
    expect(situationOf(sources, failing, now)).toMatchObject({ lead: 'The last drill of shop failed.', bad: true });
    expect(situationOf(sources, [drill({ recoveryMs: 9000 }), ...two.slice(1)], now)).toMatchObject({ lead: 'shop took longer to restore than is asked.' });
    expect(situationOf(sources.slice(0, 1), [drill({ at: now - 40 * day })], now)).toMatchObject({ title: 'The source was not proved by a drill this month' });
  });

  test('a month is what its newest drill showed, and failures before it are told', () => {
    const months = lastMonths(now, 12);
    expect(months.map((one) => one.short).join(' ')).toBe('Dec Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov');
    const [october, november] = months.slice(-2);
    if (october === undefined || november === undefined) throw new Error('no month');
    const all = [drill({}), drill({ result: 'failed', at: now - 2 * day }), drill({ at: october.until - 1, result: 'inconclusive' })];
    expect(monthOf(all, november)).toMatchObject({ result: 'proved', words: 'November 2026: 2 drills, 1 failed, the newest proved' });
    expect(monthOf(all, october)).toMatchObject({ words: 'October 2026: one drill inconclusive' });
    expect(monthOf(all.slice(0, 1), october)).toBeUndefined();
  });

  test('a drill that failed has no time and is a mark; one that took too long is one too', () => {
    const points = recoveryPoints([drill({ recoveryMs: 5000 }), without(drill({ result: 'failed' })), drill({})], 4000);
    expect(points.map((one) => [one.values[0], one.mark?.words])).toEqual([
      [1000, undefined],
      [undefined, 'no time measured'],
      [5000, 'longer than 4.0 s'],
    ]);
    expect(recoveryPoints([without(drill({ result: 'failed' }))], 4000)).toEqual([]);
  });

  test('drills are found by what was said of them, and kept apart by source', () => {
    expect(drillWords(drill({ blockers: [{ at: now, by: 'Bob', text: 'the Runbook' }] }))).toContain('the runbook');
    expect([...bySource([drill({}), drill({ source: 'notes' }), drill({})]).entries()].map(([name, all]) => [name, all.length])).toEqual([
      ['shop', 2],
      ['notes', 1],
    ]);
    expect([userOf('/home/ada'), userOf('C:\\Users\\Ada'), userOf(undefined)]).toEqual(['ada', 'Ada', '']);
  });
});
