import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { change, contentOf, makeShop, Place } from '../helpers/cli/belay.ts';
import { endBrowser, openWindow, serve } from '../helpers/window/browser.ts';
import { obstaclesInBothThemes } from '../helpers/window/obstacles.ts';

afterAll(endBrowser);

const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

function mount(...args: readonly string[]): void {
  const done = spawnSync(process.env['BELAY_TEST_MOUNT'] ?? 'mount', args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(done.stderr);
}

test.runIf(mayMount)('a repository that can only be read: said, what writes is off, the rest works, and it comes back without a new start', async () => {
  await using place = await Place.make();
  makeShop(place.path('shop.db'), 50);
  const disk = join(place.root, 'disk');
  mkdirSync(disk);
  mount('-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk);
  try {
    await place.ok('init', join(disk, 'repository'), '--no-encryption');
    await place.ok('source', 'add', 'shop.db');
    await place.ok('snap', 'shop', '--name', 'good');
    await place.ok('drill', 'shop');
    const good = contentOf(place.path('shop.db'));
    change(place.path('shop.db'), 'delete from orders');
    mount('-o', 'remount,ro', disk);
    await using host = await serve(place);
    await using driven = await openWindow(host.address);
    const { page } = driven;
    const notice = page.getByRole('main').getByText('The repository can only be read', { exact: true });
    const obstructed: string[] = [];
    const off = async (name: string | RegExp): Promise<void> => {
      const button = page.getByRole('button', { name, exact: typeof name === 'string' }).first();
      await button.waitFor();
      expect([String(name), await button.isDisabled(), await button.getAttribute('title')]).toEqual([String(name), true, 'The repository can only be read']);
    };

    await notice.waitFor();
    await page.getByText(/Mount its disk for writing, or give this user the right to write there/).waitFor();
    await off('Snapshot now');
    obstructed.push(...(await obstaclesInBothThemes(page)));
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('shop');
    await page.getByRole('option', { name: /Rewind shop/ }).waitFor();
    expect(await page.getByRole('option', { name: /^(Snapshot|Drill) shop/ }).count()).toBe(0);
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Drills' }).click();
    await off('Run a drill…');
    await off('Drill shop');
    await page.getByRole('link', { name: 'Storage' }).click();
    await page.getByText('The repository can only be read from here: nothing of it can be freed.').waitFor();
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await page.getByText('Every byte is sound', { exact: true }).waitFor();

    // A key reaches what no button offers; a proof is made and not kept; a rewind needs nothing of the repository but to be read.
    await page.getByRole('link', { name: /^Shelf/ }).click();
    await page.getByRole('row', { name: /good/ }).click();
    await page.keyboard.press('h');
    await page.getByText('Nothing was begun. What can be done stands at the top of the page.').first().waitFor();
    await page.keyboard.press('p');
    await page.getByText('The snapshot of shop is proved').first().waitFor();
    await page
      .getByText(/This is not recorded: the repository can only be read\./)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Rewind…' }).click();
    const sheet = page.getByRole('dialog', { name: /^Rewind shop to/ });
    await sheet.getByText(/needed, .* free/).waitFor();
    await sheet.getByRole('button', { name: 'Rewind', exact: true }).click();
    await sheet.getByText('Equal to what was captured', { exact: true }).waitFor();
    expect(contentOf(place.path('shop.db'))).toEqual(good);
    await sheet.getByRole('button', { name: 'Done' }).click();

    mount('-o', 'remount,rw', disk);
    await page.getByRole('button', { name: 'Look again' }).click();
    await notice.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Snapshot now' }).click();
    await page.getByRole('button', { name: 'Take the snapshot' }).click();
    await page.getByText('Snapshot of shop taken').first().waitFor();
    expect(obstructed).toEqual([]);
    expect(driven.complaints).toEqual([]);
  } finally {
    spawnSync('umount', ['--lazy', disk]);
  }
});
