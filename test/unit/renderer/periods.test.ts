import { expect, test } from 'vitest';
import { periodOf, periodText } from '../../../renderer/features/shared/periods.ts';

test('targets are read and written in the words of the command line', () => {
  for (const [text, ms] of [
    ['none', null],
    ['90s', 90_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['48h', 172_800_000],
    ['7d', 604_800_000],
  ] as const) {
    expect(periodOf(text)).toBe(ms);
    expect(periodText(ms)).toBe(text);
  }
  for (const wrong of ['', 'soon', '0h', '-1h', '5', 'h', '5 weeks']) expect(periodOf(wrong)).toBeUndefined();
});
