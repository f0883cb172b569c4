import { rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from 'vitest';
import { change, contentOf, Place } from '../helpers/cli/belay.ts';
import { endBrowser, openWindow, serve } from '../helpers/window/browser.ts';

afterAll(endBrowser);

test('who clicks twice, presses a key too many or looks at what was just forgotten loses nothing and is told no untruth', async () => {
  await using place = await Place.withShop(40);
  await place.ok('snap', 'shop', '--name', 'good');
  const good = contentOf(place.path('shop.db'));
  change(place.path('shop.db'), 'delete from orders where id > 3');
  const broken = contentOf(place.path('shop.db'));
  await place.ok('snap', 'shop', '--name', 'broken');
  await using host = await serve(place);
  await using driven = await openWindow(`${host.origin}/shelf${new URL(host.address).hash}`);
  const { page } = driven;

  await page.getByRole('button', { name: 'Snapshot now' }).dblclick();
  await page.getByRole('dialog').getByLabel('Name', { exact: true }).waitFor();
  await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('half typed');
  await page.keyboard.press('Control+k');
  expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('half typed');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });

  await page.getByRole('row', { name: /good/ }).click();
  await page.getByRole('button', { name: 'Rewind…' }).dblclick();
  const sheet = page.getByRole('dialog', { name: /^Rewind shop to/ });
  await sheet.getByText(/needed, .* free/).waitFor();
  await sheet.getByRole('button', { name: 'Rewind', exact: true }).dblclick();
  await sheet.getByText('Equal to what was captured', { exact: true }).waitFor();
  expect(contentOf(place.path('shop.db'))).toEqual(good);
  await sheet.getByRole('button', { name: 'Undo' }).dblclick();
  await sheet.getByText('Taken back: it is as it was before.').waitFor();
  expect(contentOf(place.path('shop.db'))).toEqual(broken);
  const { entries } = await place.data('journal', 'list');
  const undone = (entries as readonly { readonly what: string; readonly result: string }[]).filter((entry) => entry.what === 'undo.run');
  expect(undone.map((entry) => entry.result)).toEqual(['done', 'started']);
  expect(await page.getByText('No kept copy is named').count()).toBe(0);
  await sheet.getByRole('button', { name: 'Done' }).click();

  // What is in the way is mended elsewhere and looked at again, with what was typed still there.
  writeFileSync(place.path('taken.db'), 'somebody else');
  await page.getByRole('button', { name: 'Rewind…' }).click();
  await sheet.getByText('A new file').click();
  await sheet.getByRole('textbox', { name: 'New file' }).fill(place.path('taken.db'));
  await sheet.getByText(/taken\.db exists already/).waitFor();
  expect(await sheet.getByRole('button', { name: 'Restore' }).isDisabled()).toBe(true);
  rmSync(place.path('taken.db'));
  await sheet.getByRole('button', { name: 'Look again' }).click();
  await expect.poll(() => sheet.getByRole('button', { name: 'Restore' }).isEnabled()).toBe(true);
  expect(await sheet.getByRole('textbox', { name: 'New file' }).inputValue()).toBe(place.path('taken.db'));
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });

  await page.getByRole('searchbox').fill('nothing has this');
  await page.getByRole('heading', { name: 'No snapshot fits' }).waitFor();
  await page.getByRole('button', { name: 'Show all' }).click();

  await page.getByRole('row', { name: /broken/ }).dblclick();
  await page.getByRole('tab', { name: 'Proof' }).waitFor();
  await place.ok('forget', 'broken', '--yes');
  await page.getByRole('heading', { name: 'This snapshot is gone' }).waitFor();
  await page.getByText('“broken” of shop was forgotten while it was shown.').waitFor();
  await page.getByRole('button', { name: 'See the shelf' }).click();
  await page.getByRole('row', { name: /good/ }).waitFor();
  expect(driven.complaints).toEqual([]);
});

test('what others wrote is shown as it is: a note that turns its direction, a column whose name hides something', async () => {
  await using place = await Place.withShop(3);
  const database = new DatabaseSync(place.path('shop.db'));
  database.exec('create table odd (id integer primary key, "c\u200Bolumn<b>" text, raw blob, next text)');
  database.exec("insert into odd values (1, 'a\u202Eb', x'00ff', 'n')");
  database.close();
  await place.ok('snap', 'shop', '--name', 'odd', '--note', 'safe\u202Egpj.exe <img src=x onerror=alert(1)>');
  await using host = await serve(place);
  await using driven = await openWindow(`${host.origin}/shelf${new URL(host.address).hash}`);
  const { page } = driven;
  await page.getByRole('row', { name: /odd/ }).dblclick();
  await page.getByText('safe\\u{202e}gpj.exe <img src=x onerror=alert(1)>').waitFor();
  await page.getByRole('tab', { name: 'Data' }).click();
  await page.getByRole('button', { name: /^(customers|odd|orders)/ }).click();
  await page.getByRole('menuitem', { name: /^odd/ }).click();
  await page.getByRole('row', { name: /a\\u\{202e\}b.*00ff/ }).waitFor();
  const heads = await page.getByRole('columnheader').evaluateAll((all) =>
    all.map((one) => {
      const [text] = one.querySelectorAll('bdi');
      return (text?.getBoundingClientRect().right ?? 0) <= one.getBoundingClientRect().right + 1;
    }),
  );
  expect(heads).toEqual([true, true, true, true]);
  expect(driven.complaints).toEqual([]);
});
