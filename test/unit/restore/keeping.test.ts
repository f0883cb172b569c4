import { describe, expect, test } from 'vitest';
import { isDue, keptUntil, mostUnseen, sighted, type KeepRules } from '../../../electron/core/restore/keeping.ts';
import type { UndoRow } from '../../../electron/core/restore/records.ts';

const hour = 3_600_000;
const made = Date.UTC(2026, 10, 20);
const rules: KeepRules = { keepMs: 24 * hour, wasSnapshotted: () => true };
const row: UndoRow = {
  entry: { id: 'u', target: 'shop', kept: 'shop.old', what: 'rewind', at: made },
  state: 'kept',
  record: { engine: 'sqlite', target: {}, kept: 'shop.old', data: {} },
};
/** The row as hosts that opened at these hours after the swap leave it. */
const openedAt = (...hours: readonly number[]): UndoRow => hours.reduce((one, at) => sighted(one, made + at * hour, mostUnseen(rules)), row);

describe('how long an old copy is kept', () => {
  test('hosts that open now and then: until its time was over when it was last seen', () => {
    const almost = openedAt(6, 12, 18, 23.9);
    expect(isDue(almost, rules)).toBe(false);
    expect(keptUntil(almost, rules, made + 23.9 * hour)).toBeCloseTo(made + 24 * hour, -4);
    expect(isDue(openedAt(6, 12, 18, 24), rules)).toBe(true);
    expect(keptUntil(row, rules, made)).toBe(made + 24 * hour);
  });

  test.each([
    ['ten years ahead', [10 * 365 * 24]],
    ['ten years ahead and back', [10 * 365 * 24, 1]],
    ['ahead and back, twice', [5000, 1, 5000, 2]],
    ['ten years back', [-10 * 365 * 24, -10 * 365 * 24 + 1]],
  ])('no single jump of the clock takes one away: %s', (_what, hours) => {
    expect(isDue(openedAt(...hours), rules)).toBe(false);
  });

  test('a host that stays open counts what it saw itself, whatever the clock does', () => {
    const seen = sighted(row, made + 90_000 * hour, hour);
    expect(seen.age).toEqual({ ms: hour, seenAt: made + 90_000 * hour });
    expect(sighted(seen, made, hour).age).toEqual({ ms: hour, seenAt: made });
  });

  test('sightings within ten minutes are one, and cost no write', () => {
    expect(openedAt(0.1)).toBe(row);
  });

  test('asked to keep, without a time, or held by no snapshot: no time takes it away', () => {
    const old = openedAt(6, 12, 18, 24);
    expect(isDue({ ...old, keep: true }, rules)).toBe(false);
    expect(isDue(old, { ...rules, keepMs: undefined })).toBe(false);
    expect(isDue(old, { ...rules, wasSnapshotted: () => false })).toBe(false);
    expect(keptUntil(old, { ...rules, wasSnapshotted: () => false }, made)).toBeUndefined();
    expect(isDue({ ...old, state: 'pending' }, rules)).toBe(false);
  });
});
