import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { areaPath, linePath, nearest, sampled } from '../../../renderer/ui/plot/sample.ts';
import { placed, timeAxis, timeRange, valueAxis } from '../../../renderer/ui/plot/scale.ts';

const mebibyte = 1024 * 1024;
const day = 86_400_000;
const units = ['bytes', 'time', 'count'] as const;

describe('an axis of figures', () => {
  test('holds every figure, and its ticks ascend within it and are few, whatever the figures', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 2 ** 50 }), { maxLength: 30 }), fc.constantFrom(...units), fc.boolean(), (values, unit, zero) => {
        const axis = valueAxis(values, unit, { zero });
        for (const one of values) expect(one >= axis.from && one <= axis.until).toBe(true);
        expect(axis.ticks.length).toBeGreaterThan(1);
        expect(axis.ticks.length).toBeLessThan(9);
        expect(axis.ticks).toEqual(axis.ticks.toSorted((a, b) => a - b));
        expect(axis.ticks.every((one) => one >= axis.from && one <= axis.until)).toBe(true);
        expect(new Set(axis.ticks.map((one) => axis.label(one))).size).toBe(axis.ticks.length);
      }),
    );
  });

  test('is labelled in round binary units, durations and counts', () => {
    const labels = (values: readonly number[], unit: (typeof units)[number], zero = true): readonly string[] => {
      const axis = valueAxis(values, unit, { zero });
      return axis.ticks.map((one) => axis.label(one));
    };
    expect(labels([1800 * mebibyte], 'bytes')).toEqual(['0', '512 MiB', '1 GiB', '1.5 GiB', '2 GiB']);
    expect(labels([700], 'bytes')).toEqual(['0', '256 B', '512 B', '768 B']);
    expect(labels([3700], 'time')).toEqual(['0', '1 s', '2 s', '3 s', '4 s']);
    expect(labels([13_000_000], 'time')).toEqual(['0', '1 h', '2 h', '3 h', '4 h']);
    expect(labels([9200], 'count')).toEqual(['0', '5,000', '10,000']);
    expect(labels([], 'count')).toEqual(['0', '1']);
  });

  test('leaves 0 out only where it is allowed and the figures are close together', () => {
    expect(valueAxis([1000, 1010], 'count').from).toBe(0);
    expect(valueAxis([1000, 1010], 'count', { zero: false }).from).toBeGreaterThan(900);
    expect(valueAxis([500, 1010], 'count', { zero: false }).from).toBe(0);
  });
});

describe('an axis of time', () => {
  test('has ticks in order, within the range, at most a few, for any length of time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2e12 }),
        fc.integer({ min: 60_000, max: 40 * 365 * day }),
        fc.integer({ min: 1, max: 10 }),
        (from, length, most) => {
          const axis = timeAxis({ from, until: from + length }, most);
          expect(axis.ticks.length).toBeLessThanOrEqual(most + 2);
          expect(axis.ticks).toEqual(axis.ticks.toSorted((a, b) => a - b));
          expect(axis.ticks.every((one) => one >= from && one <= from + length)).toBe(true);
        },
      ),
    );
  });

  test('ticks at local midnights and first days of months', () => {
    const from = new Date(2026, 10, 1, 5).getTime();
    const days = timeAxis({ from, until: from + 5 * day }, 6);
    expect(days.ticks.map((one) => days.label(one))).toEqual(['2 Nov', '3 Nov', '4 Nov', '5 Nov', '6 Nov']);
    const months = timeAxis({ from, until: from + 150 * day }, 6);
    expect(months.ticks.map((one) => new Date(one).getDate())).toEqual([1, 1, 1, 1]);
    const hours = timeAxis({ from, until: from + 20 * 3_600_000 }, 6);
    expect(hours.ticks.map((one) => hours.label(one))).toEqual(['06:00', '09:00', '12:00', '15:00', '18:00', '21:00', '2 Nov']);
  });

  test('gives a single moment room on both sides', () => {
    expect(timeRange([5 * day])).toEqual({ from: 4.5 * day, until: 5.5 * day });
    expect(timeRange([])).toEqual({ from: 0, until: day });
    expect(placed(5 * day, timeRange([5 * day]), 100)).toBe(50);
  });
});

describe('points for pixels', () => {
  test('10,000 points become a few a column, and no peak is lost', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 1000 }), { minLength: 2000, maxLength: 10_000 }), (values) => {
        const width = 400;
        const spots = values.map((y, at) => ({ x: (at / values.length) * width, y, at }));
        const kept = sampled(spots, width);
        expect(kept.length).toBeLessThanOrEqual(4 * width);
        expect(Math.max(...kept.map((one) => one.y))).toBe(Math.max(...values));
        expect(Math.min(...kept.map((one) => one.y))).toBe(Math.min(...values));
        expect(kept.map((one) => one.at)).toEqual(kept.map((one) => one.at).toSorted((a, b) => a - b));
        expect(kept[0]).toBe(spots[0]);
        expect(kept.at(-1)).toBe(spots.at(-1));
      }),
      { numRuns: 20 },
    );
  });

  test('the nearest place is the one that a pointer is over', () => {
    expect(nearest([], 5)).toBe(-1);
    expect(nearest([1], 500)).toBe(0);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 1000 }), { minLength: 1 }), fc.nat({ max: 1100 }), (raw, to) => {
        const places = raw.toSorted((a, b) => a - b);
        const best = Math.min(...places.map((one) => Math.abs(one - to)));
        expect(Math.abs((places[nearest(places, to)] ?? Number.NaN) - to)).toBe(best);
      }),
    );
  });

  test('a line and a stepped area are paths', () => {
    const spots = [
      { x: 0, y: 10, at: 0 },
      { x: 5, y: 4.25, at: 1 },
    ];
    expect(linePath(spots, false)).toBe('M0 10L5 4.3');
    expect(areaPath(spots, true, 20)).toBe('M0 10H5V4.3V20H0Z');
    expect(areaPath([], true, 20)).toBe('');
  });
});
