import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { change, makeShop, Place } from '../helpers/cli/belay.ts';
import { endBrowser, openWindow, serve } from '../helpers/window/browser.ts';
import { timed } from '../helpers/timed.ts';

afterAll(endBrowser);

/** What a job may leave: locks in the repository, and folders of the host's own. */
function left(place: Place): readonly string[] {
  return [join(place.home, 'repository', 'locks'), join(place.home, 'tmp')].flatMap((folder) => readdirSync(folder));
}

/** Milliseconds from the click on a *Cancel* until the page says what came of it. */
async function untilSaid(cancel: Locator, said: Locator): Promise<number> {
  await cancel.click();
  const clicked = Date.now();
  await said.first().waitFor();
  return Date.now() - clicked;
}

test('a check is cancelled on its page and a drill in the bar: said within two seconds, and nothing of either is left', timed, async () => {
  await using place = await Place.make();
  makeShop(place.path('shop.db'), 10);
  change(
    place.path('shop.db'),
    'create table noise (x blob); with recursive n(i) as (select 1 union all select i + 1 from n where i < 250) insert into noise select randomblob(1000000) from n',
  );
  await place.ok('init', '--no-encryption');
  await place.ok('source', 'add', 'shop.db');
  await place.ok('snap', 'shop');
  const before = readdirSync(place.project);
  await using host = await serve(place);
  await using driven = await openWindow(`${host.origin}/storage${new URL(host.address).hash}`);
  const { page } = driven;
  const bar = page.getByRole('contentinfo', { name: 'Jobs' });

  await page.getByText('Every byte, decoded').click();
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  const main = page.getByRole('main');
  expect(await untilSaid(main.getByRole('button', { name: 'Cancel', exact: true }), page.getByText('Nothing of it is left.'))).toBeLessThan(2000);
  await main.getByRole('button', { name: 'Check', exact: true }).waitFor();
  expect(await main.getByRole('button', { name: 'Check', exact: true }).isEnabled()).toBe(true);
  await page.getByRole('heading', { name: 'The repository was never read as a whole' }).waitFor();
  expect(await place.data('check', 'list')).toMatchObject({ total: 0 });
  expect(left(place)).toEqual([]);

  await page.getByRole('link', { name: 'Drills' }).click();
  await page
    .getByRole('button', { name: 'Drill shop' })
    .or(page.getByRole('button', { name: 'Run a drill…' }))
    .first()
    .click();
  await page.getByRole('button', { name: 'Run the drill' }).click();
  await page.getByText('Drill of shop: ').or(bar.getByText('Drill of shop')).first().waitFor();
  expect(await untilSaid(bar.getByRole('button', { name: 'Cancel: drill of shop' }), bar.getByText('Cancelled, nothing of it is left'))).toBeLessThan(2000);
  await page.getByRole('heading', { name: 'No drill was made yet' }).first().waitFor();
  expect(await place.data('drill', 'list')).toMatchObject({ total: 0 });
  expect(left(place)).toEqual([]);
  expect(readdirSync(place.project)).toEqual(before);
  const { jobs } = await place.data('jobs', '--all');
  expect((jobs as readonly { readonly command: string; readonly state: string }[]).slice(0, 2).map((job) => `${job.command} ${job.state}`)).toEqual([
    'drill.run cancelled',
    'repository.check cancelled',
  ]);
  expect(driven.complaints).toEqual([]);
});
