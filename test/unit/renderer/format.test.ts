import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { age, ago, change, day, duration, size, sizeOf } from '../../../renderer/ui/format.ts';

describe('figures on screen', () => {
  test('sizes are binary units with three digits', () => {
    expect([0, 512, 1023, 1024, 1536, 2_179_000_000, 1_099_511_627_776].map(size)).toEqual([
      '0 B',
      '512 B',
      '1,023 B',
      '1.00 KiB',
      '1.50 KiB',
      '2.03 GiB',
      '1.00 TiB',
    ]);
    expect(sizeOf(1_331_439_862, 2_179_000_000)).toBe('1.24 of 2.03 GiB');
    fc.assert(
      fc.property(fc.nat(), (bytes) => {
        expect(
          size(bytes)
            .split(' ')[0]
            ?.replaceAll(/[^0-9]/g, '').length,
        ).toBeLessThanOrEqual(4);
      }),
    );
  });

  test('lengths of time are two units at most, and one day is said as 24 h', () => {
    expect([640, 4100, 12_000, 72_000, 3_600_000, 11_100_000, 86_400_000, 172_800_000, 180_000_000].map(duration)).toEqual([
      '640 ms',
      '4.1 s',
      '12 s',
      '1 min 12 s',
      '1 h',
      '3 h 5 min',
      '24 h',
      '2 days',
      '2 days 2 h',
    ]);
  });

  test('ages are one unit', () => {
    expect([9000, 300_000, 68_400_000, 86_400_000, 259_200_000].map(age)).toEqual(['9 s', '5 min', '19 h', '24 h', '3 days']);
    expect(ago(1000, 5000)).toBe('just now');
    expect(ago(0, 300_000)).toBe('5 min ago');
  });

  test('days count by midnights', () => {
    const noon = new Date(2026, 10, 21, 12).getTime();
    expect(day(new Date(2026, 10, 21, 0, 5).getTime(), noon)).toBe('Today 00:05');
    expect(day(new Date(2026, 10, 20, 23, 59).getTime(), noon)).toBe('Yesterday 23:59');
    expect(day(new Date(2026, 10, 18, 2, 15).getTime(), noon)).toBe('Wed 18 Nov 02:15');
    expect(day(new Date(2024, 10, 18).getTime(), noon)).toBe('18 Nov 2024');
  });

  test('a change is told in per cent with its sign, and never rounded to none', () => {
    expect(change(100, 100)?.words).toBe('0');
    expect(change(100, 154)?.words).toBe('+54 %');
    expect(change(100, 62)?.words).toBe('−38 %');
    expect(change(1_000_000, 1_000_001)?.words).toBe('+<0.01 %');
    expect(change(0, 5)).toBeUndefined();
  });
});
