import { existsSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { Place } from '../helpers/cli/belay.ts';
import { endBrowser, openWindow, serve } from '../helpers/window/browser.ts';
import { obstaclesInBothThemes } from '../helpers/window/obstacles.ts';

afterAll(endBrowser);

test('settings: theme, where everything lies, what is in order, and the keys of the repository', async () => {
  await using place = await Place.make();
  writeFileSync(place.path('pass'), 'correct horse battery', { mode: 0o600 });
  await using host = await serve(place);
  await place.ok('init', '--encrypt', '--passphrase-file', place.path('pass'));
  await using driven = await openWindow(host.address);
  const { page } = driven;

  // By the keyboard alone.
  await page.getByRole('link', { name: 'Settings' }).waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').waitFor();
  await page.keyboard.type('settings');
  await page.getByRole('option', { name: /^Settings/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  const directory = page.getByRole('region', { name: 'Data directory and host' });
  await directory.getByTitle(place.home, { exact: true }).waitFor();
  expect(await directory.getByText(`process ${String(host.process.pid)}, started by belay serve`).isVisible()).toBe(true);
  await page.getByRole('region', { name: 'In order?' }).getByText('No source is known.').waitFor();
  await page.getByText('Nothing keeps secrets here').waitFor();
  expect(await obstaclesInBothThemes(page)).toEqual([]);

  const theme = () => page.evaluate(() => document.documentElement.dataset['theme']);
  await page.getByText('Dark', { exact: true }).click();
  expect(await theme()).toBe('dark');
  await page.getByText('Light', { exact: true }).click();
  expect(await theme()).toBe('light');
  await page.getByText('As the system', { exact: true }).click();

  // The last two keys stay, which is told; a third one is made, shown once and removed again.
  const keys = page.getByRole('region', { name: 'Keys' });
  const slots = keys.getByRole('listitem');
  expect(await slots.count()).toBe(2);
  await keys.getByRole('button', { name: /^Remove the recovery key/ }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByText('A repository keeps at least 2 key slots, and this one has 2.').waitFor();
  await page.keyboard.press('Escape');
  await keys.getByRole('button', { name: 'Add a key' }).click();
  await page.getByRole('menuitem', { name: 'Recovery key…' }).click();
  await page.getByRole('button', { name: 'Make it' }).click();
  const shown = page.getByRole('dialog', { name: 'The recovery key' });
  const key = await shown.locator('code').innerText();
  expect(key.length).toBeGreaterThan(20);
  // All of it is to be read, and nothing that is pressed by accident takes it away.
  expect(await shown.locator('code').evaluate((element) => element.scrollWidth <= element.clientWidth && element.scrollHeight <= element.clientHeight)).toBe(
    true,
  );
  await page.keyboard.press('Escape');
  await page.mouse.click(5, 400);
  expect(await shown.locator('code').innerText()).toBe(key);
  expect(await shown.getByRole('button', { name: 'Close' }).count()).toBe(0);
  expect(await obstaclesInBothThemes(page)).toEqual([]);
  await shown.getByRole('button', { name: 'It is kept elsewhere' }).click();
  await slots.nth(2).waitFor();
  expect(await page.getByText(key).count()).toBe(0);
  await keys.getByRole('button', { name: 'Add a key' }).click();
  await page.getByRole('menuitem', { name: 'Key file…' }).click();
  await page.getByLabel('New file').fill(place.path('spare.key'));
  await page.getByRole('button', { name: 'Add it' }).click();
  await slots.nth(3).waitFor();
  expect(existsSync(place.path('spare.key'))).toBe(true);
  await keys
    .getByRole('button', { name: /^Remove the recovery key/ })
    .first()
    .click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByText('The key was removed').waitFor();
  await slots.nth(3).waitFor({ state: 'detached' });

  // A passphrase that is not the present one changes nothing; the right one does.
  await keys.getByRole('button', { name: 'Change…' }).click();
  await page.getByLabel('Present passphrase').fill('wrong');
  await page.getByLabel('New passphrase', { exact: true }).fill('another one of these');
  await page.getByLabel('New passphrase, again').fill('another one of those');
  expect(await page.getByRole('button', { name: 'Change it' }).isDisabled()).toBe(true);
  await page.getByLabel('New passphrase, again').fill('another one of these');
  await page.getByRole('button', { name: 'Change it' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Present passphrase').fill('correct horse battery');
  await page.getByRole('button', { name: 'Change it' }).click();
  await page.getByText('The passphrase was changed').waitFor();
  expect(await place.data('key', 'list')).toMatchObject({ slots: [{}, {}, {}] });
  expect(driven.complaints).toEqual([]);
});
