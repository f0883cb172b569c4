import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, test } from 'vitest';
import { change, Place } from '../helpers/cli/belay.ts';
import { endBrowser, openWindow, serve } from '../helpers/window/browser.ts';
import { obstaclesInBothThemes } from '../helpers/window/obstacles.ts';

afterAll(endBrowser);

/** What the page gave as a file when that was chosen. */
async function saved(page: Page, menu: string, choice: string): Promise<string> {
  await page.getByRole('button', { name: menu }).click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: new RegExp(`^${choice}`) }).click()]);
  return readFile(await download.path(), 'utf8');
}

describe('the page of drills', () => {
  test('a drill is run, kept, remarked upon and handed out; one whose check fails says which', async () => {
    await using place = await Place.withShop(100);
    await place.ok('source', 'set', 'shop', '--environment', 'staging', '--rto', '10m');
    await place.ok('snap', 'shop', '--name', 'nightly');
    await using host = await serve(place);
    await using driven = await openWindow(`${host.origin}/drills${new URL(host.address).hash}`, { width: 1440, height: 900 });
    const { page } = driven;
    const obstructed: string[] = [];
    const look = async (): Promise<void> => void obstructed.push(...(await obstaclesInBothThemes(page)));

    await page.getByRole('heading', { name: 'No drill was made yet' }).first().waitFor();
    await page.getByRole('button', { name: 'Run a drill…' }).first().click();
    const sheet = page.getByRole('dialog', { name: 'Run a drill' });
    expect(await sheet.getByLabel('Restore within').inputValue()).toBe('10m');
    await sheet.getByLabel('By', { exact: true }).fill('Ada');
    await sheet.getByRole('button', { name: 'Add a check' }).click();
    await sheet.getByLabel('Query', { exact: true }).fill('select count(*) from orders');
    await sheet.getByLabel('Expected first cell').fill('200');
    await sheet.getByText(`belay drill shop --within 10m --check-query 'select count(*) from orders == 200' --by Ada`).waitFor();
    await look();
    await sheet.getByRole('button', { name: 'Run the drill' }).click();

    // What came of it opens by itself.
    const record = page.getByRole('dialog', { name: 'Drill of shop' });
    await record.getByText('Proved: it would work').waitFor();
    expect(await record.getByRole('listitem').filter({ hasText: 'passed' }).count()).toBeGreaterThanOrEqual(5);
    await record.getByLabel('Kind').selectOption('Blocker');
    await record.getByLabel('Remark', { exact: true }).fill('the runbook names the old host');
    await record.getByLabel('By', { exact: true }).fill('Bob');
    await record.getByRole('button', { name: 'Add', exact: true }).click();
    await record.getByText('Blocker: the runbook names the old host').waitFor();
    const shown = await place.data('drill', 'show', 'latest');
    expect(shown).toMatchObject({ drill: { by: 'Ada', result: 'proved', blockers: [{ by: 'Bob', text: 'the runbook names the old host' }] } });
    expect(await saved(page, 'Save the record', 'As Markdown')).toBe(shown['markdown']);
    await record.getByRole('button', { name: 'Done' }).click();

    await page.getByRole('heading', { name: 'The source was proved by a drill this month' }).waitFor();
    const numbers = page.getByRole('table', { name: 'Time to restore shop' });
    expect(await numbers.getByRole('row').nth(1).getByRole('cell').last().textContent()).toMatch(/^[\d.]+ m?s$/);
    await page.getByRole('button', { name: 'Numbers: Time to restore shop' }).click();
    expect((await numbers.boundingBox())?.height).toBeGreaterThan(30);
    await look();

    // The keyboard alone: a row's button, the sheet, a check that does not hold.
    change(place.path('shop.db'), 'delete from orders');
    await page.getByRole('button', { name: 'Drill shop' }).focus();
    await page.keyboard.press('Enter');
    await sheet.getByRole('button', { name: 'Add a check' }).focus();
    await page.keyboard.press('Enter');
    await sheet.getByLabel('Query', { exact: true }).fill('select count(*) from orders');
    await sheet.getByLabel('Expected first cell').fill('7');
    await page.keyboard.press('Enter');
    await record.getByRole('status').getByText('Failed', { exact: true }).waitFor();
    const failed = record.getByRole('list', { name: 'Checks' }).getByRole('listitem').filter({ hasText: 'orders == 7' });
    expect(await failed.textContent()).toContain('200');
    await look();
    await page.keyboard.press('Escape');
    await page.getByText('The last drill of shop failed.').waitFor();
    await page.getByRole('button', { name: /: 2 drills, 1 failed, the newest failed/ }).click();
    const log = page.getByRole('grid', { name: 'Drills' });
    expect(await log.getAttribute('aria-rowcount')).toBe('3');
    await look();
    await place.ok('drill', 'list', '--report', place.path('log.md'));
    await place.ok('drill', 'list', '--report', place.path('log.json'));
    expect(await saved(page, 'Save the log', 'As Markdown')).toBe(await readFile(place.path('log.md'), 'utf8'));
    expect(await saved(page, 'Save the log', 'As JSON')).toBe(await readFile(place.path('log.json'), 'utf8'));
    await page.getByRole('searchbox').fill('runbook');
    await expect.poll(() => log.getAttribute('aria-rowcount')).toBe('2');

    expect(obstructed).toEqual([]);
    expect(driven.complaints).toEqual([]);
  });
});
