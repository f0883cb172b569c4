import { afterAll, expect, test } from 'vitest';
import { mkdirSync } from 'node:fs';
import { makeShop, Place } from '../helpers/cli/belay.ts';
import { endBrowser, openWindow, serve } from '../helpers/window/browser.ts';
import { obstaclesInBothThemes } from '../helpers/window/obstacles.ts';

afterAll(endBrowser);

test('what is here is found without being asked for; a source is tried, added, tested, edited and removed', async () => {
  await using place = await Place.withShop(10);
  makeShop(place.path('other.db'), 5);
  await using host = await serve(place);
  await using driven = await openWindow(`${host.origin}/sources${new URL(host.address).hash}`);
  const { page } = driven;

  // Found by itself although there is a source already; what could not be looked at is said with the next step.
  const files = page.getByRole('region', { name: 'SQLite files' });
  await files.getByText('other', { exact: true }).first().waitFor();
  const engine = page.getByRole('status').filter({ hasText: 'Docker or Podman is not running' });
  expect(await engine.getByText(/^Start it/).isVisible()).toBe(true);
  expect(await engine.getByRole('button', { name: 'Look again' }).isVisible()).toBe(true);
  expect(await obstaclesInBothThemes(page)).toEqual([]);
  makeShop(place.path('late.db'), 5);
  await page.getByRole('button', { name: 'Look again' }).first().click();
  await files.getByText('late', { exact: true }).first().waitFor();

  await page.getByRole('button', { name: 'Add a source…' }).click();
  const sheet = page.getByRole('dialog', { name: 'Add a source' });
  await sheet.getByLabel('Address', { exact: true }).fill('postgres://app:s3cret@127.0.0.1:1/shop');
  expect(await sheet.getByText('belay source add postgres://app@127.0.0.1:1/shop', { exact: true }).isVisible()).toBe(true);
  expect(await sheet.innerText()).not.toContain('s3cret');
  await sheet.getByText('A SQLite file').click();
  await sheet.getByLabel('File', { exact: true }).fill(place.path('nothing.db'));
  await sheet.getByRole('button', { name: 'Test the connection' }).click();
  await sheet.getByRole('alert').waitFor();
  await sheet.getByLabel('File', { exact: true }).fill(place.path('other.db'));
  await sheet.getByLabel('Name', { exact: true }).fill('100% a/b');
  await sheet.getByLabel('Environment').selectOption('staging');
  await sheet.getByRole('button', { name: 'Test the connection' }).click();
  await sheet.getByRole('heading', { name: 'It can be added as 100% a/b' }).waitFor();
  expect(await sheet.getByText('SQLite library').isVisible()).toBe(true);
  expect(await obstaclesInBothThemes(page)).toEqual([]);
  expect(await place.data('source', 'list')).toMatchObject({ sources: [{ name: 'shop' }] });
  await sheet.getByRole('button', { name: 'Add it' }).click();
  const row = page.getByRole('row', { name: /100% a\/b/ });
  await row.getByText('RPO 24 h').waitFor();
  await files.getByText('other', { exact: true }).first().waitFor({ state: 'detached' });

  // Its own page tests the connection.
  await row.getByRole('link', { name: '100% a/b' }).click();
  await page.getByRole('heading', { level: 1, name: /100% a\/b/ }).waitFor();
  await page.getByText(/^It answers: SQLite/).waitFor();
  expect(await page.getByText("belay source test '100% a/b'").isVisible()).toBe(true);
  await page.reload();
  await page.getByText(/^It answers: SQLite/).waitFor();

  // One target that is set leaves the other one to the environment.
  await page.getByRole('button', { name: 'Edit or remove…' }).click();
  await page.getByLabel('Newest snapshot at most (RPO)').fill('5m');
  await page.getByRole('button', { name: 'Save' }).click();
  const held = page.getByRole('region', { name: 'Held against' });
  await held.getByText('5 min').waitFor();
  await page.getByRole('button', { name: 'Edit or remove…' }).click();
  await page.getByLabel('Environment').selectOption('dev');
  await page.getByRole('button', { name: 'Save' }).click();
  await held.getByText('not asked').waitFor();
  expect(await held.getByText('5 min').isVisible()).toBe(true);
  await page.getByRole('button', { name: 'Edit or remove…' }).click();
  await page.getByLabel('Restore within (RTO)').fill('2h');
  await page.getByRole('button', { name: 'Save' }).click();
  await held.getByText('2 h', { exact: true }).waitFor();
  expect(await held.getByText('5 min').isVisible()).toBe(true);

  await page.getByRole('button', { name: 'Edit or remove…' }).click();
  await page.getByRole('button', { name: 'Remove…' }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByRole('heading', { name: 'There is no source of that name' }).waitFor();
  expect(driven.complaints).toEqual([]);
});

test('files that are called alike are told apart and each protected by one click; no name, however long, widens the page', async () => {
  await using place = await Place.make();
  for (const folder of ['blog', 'shop', 'docs']) {
    mkdirSync(place.path(folder));
    makeShop(place.path(folder, 'dev.db'), 3);
  }
  const long = `${'a-name-that-goes-on-'.repeat(9)}<img src=x onerror=alert(1)>`;
  makeShop(place.path(`${long}.db`), 3);
  await using host = await serve(place);
  await place.ok('init', '--no-encryption');
  for (const start of ['/', '/sources']) {
    await using driven = await openWindow(`${host.origin}${start}${new URL(host.address).hash}`, { width: 1024, height: 700 });
    const { page } = driven;
    await page.getByTitle(place.path('blog', 'dev.db').replace(place.root, '~'), { exact: true }).waitFor();
    const wide = await page.evaluate(
      () =>
        [...document.querySelectorAll('main, main *')].filter((one) => getComputedStyle(one).overflowX === 'auto' && one.scrollWidth > one.clientWidth).length,
    );
    expect(wide).toBe(0);
    const button = await page.getByRole('button', { name: `Snapshot ${long}` }).boundingBox();
    expect((button?.x ?? 0) + (button?.width ?? 0)).toBeLessThan(1024);
    expect(driven.complaints).toEqual([]);
  }
  await using driven = await openWindow(`${host.origin}/sources${new URL(host.address).hash}`);
  const { page } = driven;
  const row = (folder: string) => page.getByRole('listitem').filter({ hasText: `~/project/${folder}/dev.db` });
  for (const folder of ['blog', 'shop', 'docs']) {
    await row(folder).getByRole('button', { name: 'Snapshot dev' }).click();
    await row(folder).waitFor({ state: 'detached' });
  }
  expect(await place.data('source', 'list')).toMatchObject({ sources: [{ name: 'dev' }, { name: 'shop-dev' }, { name: 'docs-dev' }] });
  expect(driven.complaints).toEqual([]);
});
