import type { Locator } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { Place } from '../helpers/cli/belay.ts';
import { endBrowser, openWindow, serve } from '../helpers/window/browser.ts';

afterAll(endBrowser);

async function edges(of: Locator): Promise<{ readonly top: number; readonly bottom: number; readonly right: number }> {
  const box = await of.boundingBox();
  if (box === null) throw new Error('It is not on the page.');
  return { top: box.y, bottom: box.y + box.height, right: box.x + box.width };
}

test('in the smallest window nothing of the sheet of a rewind lies on another part of it, and the timeline ends inside the page', async () => {
  await using place = await Place.withShop(5);
  await place.ok('snap', 'shop', '--name', 'whole');
  await using host = await serve(place);
  await using driven = await openWindow(`${host.origin}/shelf${new URL(host.address).hash}`, { width: 1024, height: 700 });
  const { page } = driven;
  await page.getByRole('row', { name: /whole/ }).click();
  const reach = await page.evaluate(() =>
    Math.max(...[...document.querySelectorAll('main [aria-hidden=true] span')].map((one) => one.getBoundingClientRect().right)),
  );
  expect(reach).toBeLessThanOrEqual(1024);

  await page.getByRole('button', { name: 'Rewind…' }).click();
  const sheet = page.getByRole('dialog', { name: /^Rewind shop to/ });
  await sheet.getByText('A new file').click();
  await sheet.getByRole('textbox', { name: 'New file' }).fill(place.path('shop.db'));
  for (const query of ['select 1', 'select 2', 'select 3']) {
    await sheet.getByRole('button', { name: 'Add a check' }).click();
    await sheet.getByLabel('Query', { exact: true }).last().fill(query);
  }
  await sheet.getByText(/shop\.db exists already/).waitFor();
  const checked = sheet.getByRole('region', { name: 'Before anything is touched' });
  const last = await edges(checked.getByRole('listitem').last());
  const line = await edges(sheet.locator('code').filter({ hasText: /^belay restore/ }));
  expect(line.top).toBeGreaterThanOrEqual(last.bottom);
  expect(driven.complaints).toEqual([]);
});
