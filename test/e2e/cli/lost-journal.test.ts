import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeShop, Place } from '../../helpers/cli/belay.ts';
import { IndependentReader } from '../../independent/reader.ts';

test('a hole in the journal: forget is refused, the loss is shown, accepted on a yes, and forget works again', async () => {
  await using place = await Place.make();
  makeShop(place.path('shop.db'), 20);
  await place.data('init', place.path('repository'), '--no-encryption');
  await place.data('source', 'add', 'shop.db');
  for (const name of ['first', 'second']) await place.data('snap', '--name', name);
  await place.data('pin', 'first', 'the one');
  await place.data('tag', 'second', 'later');
  const [, , lost = ''] = (await readdir(place.path('repository/journal'))).toSorted();
  await rm(join(place.path('repository/journal'), lost));

  const refused = await place.run(['forget', 'second', '--yes']);
  expect([refused.code, refused.stderr]).toEqual([6, expect.stringContaining('belay repair --accept-loss')]);
  const mended = await place.run(['repair']);
  expect([mended.code, mended.stdout]).toEqual([6, expect.stringContaining('belay repair --accept-loss')]);
  expect(await place.data('repair', '--accept-loss', '--dry-run')).toMatchObject({ losses: [{ file: `journal/${lost}` }], accepted: false });
  expect((await place.run(['repair', '--accept-loss'])).code).toBe(2);
  expect(new IndependentReader(place.path('repository')).warnings.join(' ')).toContain(lost);

  expect(await place.data('repair', '--accept-loss', '--yes')).toMatchObject({ losses: [{ file: `journal/${lost}` }], accepted: true });
  expect(new IndependentReader(place.path('repository')).warnings).toEqual([]);
  expect(await place.data('check')).toMatchObject({ passed: true });
  await place.data('forget', 'second', '--yes');
  await place.data('collect', '--yes');
  expect(await place.data('list')).toMatchObject({ total: 1 });
  expect((await place.run(['repair', '--accept-loss'])).stdout).toContain('nothing to accept');
});
