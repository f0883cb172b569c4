import { afterAll, expect, test } from 'vitest';
import { makeShop, Place } from '../helpers/cli/belay.ts';
import { endBrowser, openWindow, serve } from '../helpers/window/browser.ts';
import { obstaclesInBothThemes } from '../helpers/window/obstacles.ts';

afterAll(endBrowser);

test('Home tells in one line of what nothing protects, until somebody leaves it so, and again only for what is new', async () => {
  await using place = await Place.withShop(10);
  makeShop(place.path('other.db'), 5);
  await using host = await serve(place);
  await using driven = await openWindow(host.address);
  const { page } = driven;
  const line = page.getByRole('region', { name: 'Not protected', exact: true });
  // A server of this machine may be told of as well.
  await line.getByText(/databases? here without a source:$/).waitFor();
  const other = line.getByTitle(/project\/other\.db/);
  expect(await other.isVisible()).toBe(true);
  expect(await obstaclesInBothThemes(page)).toEqual([]);

  await line.getByRole('button', { name: 'Leave unprotected' }).click();
  await other.waitFor({ state: 'detached' });
  await page.reload();
  const discover = page.getByRole('button', { name: 'Discover' });
  await discover.click();
  // Left alone it is still found by who looks.
  const list = page.getByRole('region', { name: 'Found on this machine, not protected' });
  await list.getByTitle('other', { exact: true }).waitFor();

  makeShop(place.path('late.db'), 5);
  await page.reload();
  await line.getByTitle(/project\/late\.db/).waitFor();
  expect(await other.count()).toBe(0);
  await line.getByRole('button', { name: 'Show' }).click();
  // An impatient user: one source, one snapshot.
  await list.getByRole('button', { name: 'Snapshot late' }).dblclick();
  await page.getByText('Snapshot of late taken').waitFor();
  await list.getByTitle('late', { exact: true }).waitFor({ state: 'detached' });
  expect(await page.getByText(/late already/).count()).toBe(0);
  expect(await place.data('list')).toMatchObject({ total: 1, snapshots: [{ source: 'late' }] });
  const { entries } = await place.data('journal', 'list');
  expect(JSON.stringify(entries)).not.toContain('"discover"');
  expect(driven.complaints).toEqual([]);
});

test('a first start where nothing is found says what was looked at and goes on by an address or the demo', async () => {
  await using place = await Place.make();
  await using host = await serve(place);
  await using driven = await openWindow(host.address, { width: 1024, height: 700 });
  const { page } = driven;
  await page.getByRole('heading', { name: 'Nothing is protected yet' }).waitFor();
  const looked = page.getByRole('region', { name: 'Found on this machine, not protected' });
  const nothing = looked.getByRole('status').filter({ hasText: 'No unprotected database was found' });
  // A server of this machine may stand there in its place.
  await nothing.or(looked.getByRole('listitem')).first().waitFor();
  // Containers were not looked at, and are not said to be.
  await looked.getByRole('status').filter({ hasText: 'Databases in containers are not shown.' }).waitFor();
  expect(await looked.getByText(/and in containers/).count()).toBe(0);
  expect(await obstaclesInBothThemes(page)).toEqual([]);
  makeShop(place.path('late.db'), 5);
  await looked.getByRole('button', { name: 'Look again' }).click();
  await looked.getByRole('button', { name: 'Snapshot late' }).waitFor();
  expect(await nothing.count()).toBe(0);
  expect(await page.getByRole('button', { name: 'Make the demo and snapshot it' }).isVisible()).toBe(true);
  expect(driven.complaints).toEqual([]);
});
