import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Place } from '../sweep/damage/look.ts';
import { quickFolder } from '../sweep/damage/specimen.ts';
import { fixtures, saidOf, wholeOf } from './damaged-cases.ts';
import type { DamagedCase } from './damaged-cases.ts';

/** Repositories that were damaged once and are kept: what was said of each then is said for ever. */
const names = readdirSync(fixtures).filter((name) => name.startsWith('damaged-'));

test('there are damaged repositories', () => {
  expect(names).toContain('damaged-format-1-development');
});

describe.each(names)('%s', (name) => {
  const cases = JSON.parse(readFileSync(join(fixtures, name, 'cases.json'), 'utf8')) as readonly DamagedCase[];
  const place = new Place(wholeOf(name), quickFolder());
  afterAll(() => place.remove());

  test('undamaged, it gives back everything and a check passes', async () => {
    const seqs = place.specimen.snapshots.map(({ record }) => record.seq);
    expect(await saidOf(place, {})).toEqual({ opens: 'yes', listed: seqs, unreadable: [], passed: true, problems: [], mended: true });
  });

  test.each(cases.map((one) => [one.name, one] as const))('%s', async (_name, { files, says }) => {
    expect(await saidOf(place, files)).toEqual(says);
  });
});
