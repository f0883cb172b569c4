import { expect, test } from 'vitest';
import { createRate } from '../../../electron/core/jobs/rate.ts';
import { manualClock } from '../../helpers/world.ts';

test('rows have a rate and, where it is known of how many, a remaining time', () => {
  const clock = manualClock();
  const rate = createRate(clock);
  expect(rate({ stage: 'fingerprinting', rowsDone: 0, rowsTotal: 10_000 })).toEqual({ stage: 'fingerprinting', rowsDone: 0, rowsTotal: 10_000 });
  clock.advance(1000);
  expect(rate({ stage: 'fingerprinting', rowsDone: 2000, rowsTotal: 10_000 })).toMatchObject({ rowRate: 2000, remaining: 4000 });
  clock.advance(1000);
  const unknown = rate({ stage: 'fingerprinting', rowsDone: 4000 });
  expect(unknown).toMatchObject({ rowRate: 2000 });
  expect(unknown).not.toHaveProperty('remaining');
});

test('bytes and rows at once: each has its rate, the bytes say how long', () => {
  const clock = manualClock();
  const rate = createRate(clock);
  rate({ stage: 'reading main', bytesDone: 0, bytesTotal: 1000, rowsDone: 0 });
  clock.advance(1000);
  expect(rate({ stage: 'reading main', bytesDone: 250, bytesTotal: 1000, rowsDone: 10, rowsTotal: 20 })).toMatchObject({
    rate: 250,
    rowRate: 10,
    remaining: 3000,
  });
  clock.advance(1000);
  // The rows go on where the bytes end.
  const alone = rate({ stage: 'fingerprinting', rowsDone: 15, rowsTotal: 20 });
  expect(alone).toMatchObject({ rowRate: 8, remaining: 625 });
  expect(alone).not.toHaveProperty('rate');
});

test('another stage begins anew', () => {
  const clock = manualClock();
  const rate = createRate(clock);
  rate({ stage: 'a', bytesDone: 0 });
  clock.advance(1000);
  expect(rate({ stage: 'a', bytesDone: 500 })).toMatchObject({ rate: 500 });
  clock.advance(1000);
  expect(rate({ stage: 'b', bytesDone: 600 })).not.toHaveProperty('rate');
  expect(rate({ stage: 'c' })).toEqual({ stage: 'c' });
});
