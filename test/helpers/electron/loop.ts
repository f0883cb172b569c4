import { expect } from 'vitest';
import { change, contentOf } from '../cli/belay.ts';
import type { Place } from '../cli/belay.ts';
import type { OpenApp } from './app.ts';

/** Snapshot, break, rewind, undo: clicked through on the source `shop`, and looked at in the database itself. */
export async function clickThroughLoop(place: Place, { page }: OpenApp): Promise<void> {
  const before = contentOf(place.path('shop.db'));
  await page.getByRole('button', { name: 'Snapshot now' }).click();
  await page.getByLabel('Name', { exact: true }).fill('before-migration');
  await page.getByRole('button', { name: 'Take the snapshot' }).click();
  await page.getByText('Snapshot of shop taken').waitFor();

  change(place.path('shop.db'), "delete from orders where id > 10; update customers set name = 'gone'");
  const broken = contentOf(place.path('shop.db'));
  await page.getByRole('link', { name: /^Shelf/ }).click();
  await page.getByRole('row', { name: /before-migration/ }).click();
  await page.getByRole('button', { name: 'Rewind…' }).click();
  const sheet = page.getByRole('dialog', { name: /^Rewind shop to/ });
  await sheet.getByText(/needed, .* free/).waitFor();
  await sheet.getByRole('button', { name: 'Rewind', exact: true }).click();
  await sheet.getByText('Equal to what was captured', { exact: true }).waitFor();
  expect(contentOf(place.path('shop.db'))).toEqual(before);

  await sheet.getByRole('button', { name: 'Undo' }).click();
  await sheet.getByText('Taken back: it is as it was before.').waitFor();
  expect(contentOf(place.path('shop.db'))).toEqual(broken);
}
