import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { change, contentOf, makeShop, Place } from '../helpers/cli/belay.ts';
import { endBrowser, openWindow, serve } from '../helpers/window/browser.ts';

afterAll(endBrowser);

describe('the main loop in the window, on SQLite', () => {
  test('from a first start to a first proved snapshot of a database that was found, in at most six clicks', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 100);
    await using host = await serve(place);
    await using driven = await openWindow(host.address);
    const { page } = driven;
    let clicks = 0;
    const click = async (name: string | RegExp): Promise<void> => {
      clicks += 1;
      await page.getByRole('button', { name, exact: typeof name === 'string' }).click();
    };

    await page.getByRole('heading', { name: 'Nothing is protected yet' }).waitFor();
    await click('Snapshot shop');
    await click('Make the repository');
    await page.getByText('Snapshot of shop taken').waitFor();
    await click('Prove it');
    await page.getByText('The snapshot of shop is proved').waitFor();
    await page.getByRole('heading', { name: 'The source is safe' }).waitFor();

    expect(clicks).toBeLessThanOrEqual(6);
    expect(await place.data('list')).toMatchObject({ snapshots: [{ source: 'shop', proved: 'proved' }] });
    expect(driven.complaints).toEqual([]);
  });

  test('snapshot, break, rewind, undo', async () => {
    await using place = await Place.withShop(100);
    await using host = await serve(place);
    await using driven = await openWindow(host.address);
    const { page } = driven;
    const before = contentOf(place.path('shop.db'));

    await page.getByRole('button', { name: 'Snapshot now' }).click();
    await page.getByLabel('Name', { exact: true }).fill('before-migration');
    expect(await page.getByText('belay snap shop --name before-migration').isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Take the snapshot' }).click();
    await page.getByText('Snapshot of shop taken').waitFor();

    change(place.path('shop.db'), "delete from orders where id > 10; update customers set name = 'gone'");
    const broken = contentOf(place.path('shop.db'));

    await page.getByRole('link', { name: /^Shelf/ }).click();
    await page.getByRole('row', { name: /before-migration/ }).click();
    await page.getByRole('button', { name: 'Rewind…' }).click();
    const sheet = page.getByRole('dialog', { name: /^Rewind shop to/ });
    await sheet.getByText(/needed, .* free/).waitFor();
    expect(await sheet.getByText(/^belay rewind shop --to [0-9a-f]{8}$/).isVisible()).toBe(true);
    expect(contentOf(place.path('shop.db'))).toEqual(broken);
    await sheet.getByRole('button', { name: 'Rewind', exact: true }).click();
    await sheet.getByText('Equal to what was captured', { exact: true }).waitFor();
    expect(contentOf(place.path('shop.db'))).toEqual(before);

    await sheet.getByRole('button', { name: 'Undo' }).click();
    await sheet.getByText('Taken back: it is as it was before.').waitFor();
    expect(contentOf(place.path('shop.db'))).toEqual(broken);
    await sheet.getByRole('button', { name: 'Done' }).click();
    expect(driven.complaints).toEqual([]);
  });

  test('compared first, then discarded, then promoted', async () => {
    await using place = await Place.withShop(60);
    await place.ok('snap', 'shop', '--name', 'whole');
    const before = contentOf(place.path('shop.db'));
    change(place.path('shop.db'), 'delete from orders');
    const broken = contentOf(place.path('shop.db'));
    await using host = await serve(place);
    await using driven = await openWindow(`${host.origin}/shelf${new URL(host.address).hash}`);
    const { page } = driven;
    const held = async (decision: string): Promise<void> => {
      await page.getByRole('row', { name: /whole/ }).click();
      await page.getByRole('button', { name: 'Rewind…' }).click();
      await page.getByText('Compare, then decide').click();
      await page.getByRole('button', { name: 'Restore and compare' }).click();
      await page.getByText('The copy waits beside the source, which was not touched.').waitFor();
      expect(contentOf(place.path('shop.db'))).toEqual(broken);
      await page.getByRole('button', { name: decision, exact: true }).click();
    };
    await held('Discard');
    await page.getByText('The copy was removed. Nothing else was touched.').waitFor();
    expect(contentOf(place.path('shop.db'))).toEqual(broken);
    await page.getByRole('button', { name: 'Done' }).click();
    await held('Promote');
    await page.getByText(/^Swapped in\. What was there before is kept/).waitFor();
    expect(contentOf(place.path('shop.db'))).toEqual(before);
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await page.getByText('Taken back: it is as it was before.').waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    // One that is left when the sheet is closed waits on Home.
    await held('Close');
    await page.getByRole('link', { name: /^Home/ }).click();
    await page.getByRole('button', { name: /^Promote the copy for/ }).click();
    await page.getByText('The copy was put in place').waitFor();
    expect(contentOf(place.path('shop.db'))).toEqual(before);
    await page.getByRole('region', { name: 'Copies that wait for a decision' }).waitFor({ state: 'detached' });
    expect(driven.complaints).toEqual([]);
  });

  test('a production source is put back only where its name was typed', async () => {
    await using place = await Place.withShop(20);
    await place.ok('source', 'set', 'shop', '--environment', 'production');
    await place.ok('snap', 'shop', '--name', 'whole');
    await using host = await serve(place);
    await using driven = await openWindow(host.address);
    const { page } = driven;
    await page.getByRole('button', { name: 'More for shop' }).click();
    await page.getByRole('menuitem', { name: 'Rewind…' }).click();
    const run = page.getByRole('button', { name: 'Rewind', exact: true });
    await page.getByText(/needed, .* free/).waitFor();
    expect(await run.isDisabled()).toBe(true);
    await page.getByLabel(/Type its name/).fill('shop');
    await run.click();
    await page.getByText('Equal to what was captured', { exact: true }).waitFor();
  });

  test('an export is a file that SQLite reads; a file is replaced only where that is said, a source never', async () => {
    await using place = await Place.withShop(20);
    await place.ok('snap', 'shop', '--name', 'whole');
    await using host = await serve(place);
    await using driven = await openWindow(`${host.origin}/shelf${new URL(host.address).hash}`);
    const { page } = driven;
    await page.getByRole('row', { name: /whole/ }).dblclick();
    await page.getByRole('button', { name: 'Export…' }).click();
    const file = page.getByLabel('New file');
    expect(await file.inputValue()).toBe(place.path('shop-whole.sqlite'));
    await file.fill(place.path('shop.db'));
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    await page.getByText(`${place.path('shop.db')} exists already.`).waitFor();
    await page.getByRole('button', { name: 'Replace it' }).click();
    await page.getByText(`${place.path('shop.db')} is the source shop itself: it is not replaced.`).waitFor();
    await file.fill(place.path('shop-whole.sqlite'));
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    await page.getByText('The snapshot was exported').waitFor();
    expect(contentOf(place.path('shop-whole.sqlite'))).toEqual(contentOf(place.path('shop.db')));

    writeFileSync(place.path('taken.sqlite'), 'what was here');
    await page.getByRole('button', { name: 'Export…' }).click();
    await file.fill(place.path('taken.sqlite'));
    await file.press('Enter');
    await page.getByText(`${place.path('taken.sqlite')} exists already.`).waitFor();
    expect(readFileSync(place.path('taken.sqlite'), 'utf8')).toBe('what was here');
    await page.getByRole('button', { name: 'Replace it' }).click();
    await expect.poll(() => page.getByRole('dialog', { name: 'Export the snapshot' }).count()).toBe(0);
    expect(contentOf(place.path('taken.sqlite'))).toEqual(contentOf(place.path('shop.db')));
    expect(driven.complaints).toEqual([]);
  });

  test('what a source is held against is set, and Home judges by it', async () => {
    await using place = await Place.withShop(20);
    await using host = await serve(place);
    await using driven = await openWindow(host.address);
    const { page } = driven;
    const configure = async (): Promise<void> => {
      await page.getByRole('button', { name: 'More for shop' }).click();
      await page.getByRole('menuitem', { name: 'Environment and targets…' }).click();
    };
    await page.getByRole('heading', { name: 'One source has a step open' }).waitFor();
    await configure();
    await page.getByLabel('Environment').selectOption('staging');
    const rpo = page.getByLabel('Newest snapshot at most (RPO)');
    await rpo.fill('soon');
    expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await rpo.fill('5m');
    expect(await page.getByText('belay source set shop --environment staging --rpo 5m').isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'One source needs you' }).waitFor();
    expect(await place.data('source', 'list')).toMatchObject({ sources: [{ environment: 'staging', targets: { rpoMs: 300_000 } }] });

    await configure();
    await page.getByRole('button', { name: 'Remove…' }).click();
    await page.getByRole('button', { name: 'Remove it' }).click();
    await page.getByRole('heading', { name: 'Nothing is protected yet' }).waitFor();
    expect(driven.complaints).toEqual([]);
  });

  test('with the keyboard alone', async () => {
    await using place = await Place.withShop(40);
    await using host = await serve(place);
    await using driven = await openWindow(host.address);
    const { page } = driven;
    const press = (key: string) => page.keyboard.press(key);
    const find = async (words: string): Promise<void> => {
      await press('Control+k');
      await page.getByRole('combobox').waitFor();
      await page.keyboard.type(words);
      await page.getByRole('option').first().waitFor();
      await press('Enter');
    };
    await page.getByRole('heading', { name: /step open/ }).waitFor();
    await find('snapshot shop');
    await page.getByText('Snapshot of shop taken').waitFor();
    const before = contentOf(place.path('shop.db'));
    change(place.path('shop.db'), 'delete from orders');

    await find('rewind shop');
    await page.getByText(/needed, .* free/).waitFor();
    await press('Enter');
    await page.getByText('Equal to what was captured', { exact: true }).waitFor();
    expect(contentOf(place.path('shop.db'))).toEqual(before);
    await press('Escape');
    await page.getByRole('dialog', { name: /^Rewind/ }).waitFor({ state: 'detached' });

    await find('undo');
    await page.getByText('The rewind was taken back').waitFor();
    expect(contentOf(place.path('shop.db'))).not.toEqual(before);

    await find('shelf');
    const table = page.getByRole('grid', { name: 'Snapshots' });
    await table.waitFor();
    for (let tabs = 0; tabs < 40 && !(await table.evaluate((element) => element === document.activeElement)); tabs += 1) await press('Tab');
    await press('ArrowDown');
    await press('p');
    await page.getByText('The snapshot of shop is proved').waitFor();
    await press('Enter');
    await page.getByRole('tab', { name: 'Proof' }).waitFor();
    expect(driven.complaints).toEqual([]);
  });
});
