import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, test } from 'vitest';
import { change, makeShop, Place } from '../helpers/cli/belay.ts';
import { obstacles } from '../helpers/window/obstacles.ts';
import { endBrowser, openWindow, serve } from '../helpers/window/browser.ts';

afterAll(endBrowser);

const built = fileURLToPath(new URL('../../dist/window/assets', import.meta.url));

/** Goes through every page and surface, and tells what axe and the console have to say. */
async function lookThrough(address: string, theme: 'light' | 'dark'): Promise<readonly string[]> {
  await using driven = await openWindow(address, { theme });
  const { page } = driven;
  const found: string[] = [];
  const look = async (name: string): Promise<void> => {
    for (const one of await obstacles(page)) found.push(`${name}: ${one}`);
  };

  await page.getByText('Can be taken back').waitFor();
  await look('home');
  await page.getByRole('button', { name: 'Snapshot now' }).click();
  await page.getByRole('dialog', { name: 'Snapshot now' }).waitFor();
  await look('snapshot dialog');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page.getByRole('option').first().waitFor();
  await look('palette');
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: /^Shelf/ }).click();
  await page.getByRole('row', { name: /second/ }).click();
  await look('shelf');
  await page.getByRole('button', { name: 'Rewind…' }).click();
  await page.getByText(/needed, .* free/).waitFor();
  await look('rewind, before');
  await page.getByRole('button', { name: 'Rewind', exact: true }).click();
  await page.getByText('Equal to what was captured', { exact: true }).waitFor();
  await look('rewind, after');
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Open' }).click();
  await page
    .getByRole('row', { name: /orders/ })
    .first()
    .waitFor();
  await look('snapshot, objects');
  await page.getByRole('tab', { name: 'Data' }).click();
  await page.getByText(/^Rows 1 to/).waitFor();
  await look('snapshot, data');
  await page.getByRole('tab', { name: 'Proof' }).click();
  await page.getByRole('heading', { name: 'History' }).waitFor();
  await look('snapshot, proof');
  await page.getByRole('link', { name: 'Journal' }).click();
  await page
    .getByRole('row', { name: /Rewind shop/ })
    .first()
    .dblclick();
  await page.getByRole('dialog', { name: 'rewind' }).waitFor();
  await look('journal, one entry');
  await page.keyboard.press('Escape');
  await look('journal');

  return [...found, ...driven.complaints];
}

describe('every page', () => {
  test('has nothing serious in the way of anyone, light and dark', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 30);
    await using host = await serve(place);
    await place.ok('init', '--no-encryption');
    await place.ok('source', 'add', 'shop.db');
    await place.ok('demo');
    await place.ok('snap', 'shop', '--name', 'first', '--tag', 'fixture');
    change(place.path('shop.db'), 'delete from orders where id > 20');
    await place.ok('snap', 'shop', '--name', 'second', '--pin', 'release');
    await place.ok('verify', 'first');
    await place.ok('rewind', 'shop', '--to', 'first');
    for (const theme of ['light', 'dark'] as const) expect(await lookThrough(host.address, theme), theme).toEqual([]);
  });

  test.each(['light', 'dark'] as const)('is as good at the first start, %s', async (theme) => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 5);
    await using host = await serve(place);
    await using driven = await openWindow(host.address, { theme });
    await driven.page.getByRole('button', { name: 'Snapshot shop' }).waitFor();
    expect(await obstacles(driven.page)).toEqual([]);
    await driven.page.getByRole('button', { name: 'Make the demo and snapshot it' }).click();
    await driven.page.getByRole('dialog', { name: 'Where snapshots are kept' }).waitFor();
    expect(await obstacles(driven.page)).toEqual([]);
    await driven.page.goto(`${host.origin}/shelf`);
    await driven.page.getByRole('heading', { name: 'No snapshot yet' }).waitFor();
    expect(await obstacles(driven.page)).toEqual([]);
  });

  test('shows hostile names as text, whole on demand, and runs nothing of them', async () => {
    await using place = await Place.make();
    const names = [
      '<img src=x onerror=alert(1)>',
      'two\nlines',
      'right\u202eto left',
      `quote"s and 'more'`,
      'ü'.repeat(31) + 'x',
      '{{constructor}}',
      '</script><script>alert(1)</script>',
    ];
    const file = place.path('<b onclick=alert(1)>.db');
    const db = new Database(file);
    for (const name of names)
      db.exec(`create table "${name.replaceAll('"', '""')}" (a); insert into "${name.replaceAll('"', '""')}" values ('<svg onload=alert(1)>')`);
    db.close();
    await place.ok('init', '--no-encryption');
    await place.ok('source', 'add', file);
    await place.ok('snap', '<b onclick=alert(1)>', '--name', '<img src=x onerror=alert(2)>', '--tag', '<i>tag</i>', '--note', '<u>note</u>\u202e');
    await using host = await serve(place);
    await using driven = await openWindow(host.address);
    const { page } = driven;

    await page.getByRole('row', { name: /<b onclick=alert\(1\)>/ }).waitFor();
    await page.getByRole('link', { name: /^Shelf/ }).click();
    await page.getByRole('row', { name: /<img src=x onerror=alert\(2\)>/ }).dblclick();
    await page.getByRole('heading', { name: '<img src=x onerror=alert(2)>' }).waitFor();
    const objects = page.getByRole('grid', { name: 'Objects' });
    await objects.getByRole('row').nth(1).waitFor();
    const shown = await objects.locator('bdi').evaluateAll((all) => all.map((one) => one.getAttribute('title') ?? ''));
    expect(shown).toEqual(
      expect.arrayContaining([
        '<img src=x onerror=alert(1)>',
        String.raw`two\nlines`,
        String.raw`right\u{202e}to left`,
        `quote"s and 'more'`,
        'ü'.repeat(31) + 'x',
      ]),
    );
    await objects.getByRole('row', { name: /<img src=x/ }).click();
    await page.getByRole('button', { name: 'Browse' }).click();
    await page.getByRole('gridcell', { name: '<svg onload=alert(1)>' }).waitFor();

    // What only readers see lies in the lists, and does not lengthen the window.
    expect(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight)).toBe(true);
    expect(await page.locator('img, body script, [onclick], [onload], [onerror], main u').count()).toBe(0);
    expect(driven.complaints).toEqual([]);
  });

  test('needs nothing that Chromium 108 lacks', () => {
    const styles = readdirSync(built).filter((name) => name.endsWith('.css'));
    const css = styles.map((name) => readFileSync(join(built, name), 'utf8')).join('\n');
    expect(styles).toHaveLength(1);
    // Colours and functions of Chromium 111, nesting of 112, what came later than that.
    expect(css).not.toMatch(/oklch\(|oklab\(|light-dark\(|@starting-style|text-wrap|field-sizing|interpolate-size|@scope|[{;]\s*&|linear\(/);
    expect(css.replaceAll(/@supports[^{]*\{(?:[^{}]|\{[^{}]*\})*\}/g, '')).not.toContain('color-mix(');
    expect(css).not.toMatch(/url\((?!\/assets\/)/);
  });

  test('costs at most 350 kB of script, compressed', async () => {
    const { gzipSync } = await import('node:zlib');
    const scripts = readdirSync(built).filter((name) => name.endsWith('.js'));
    const bytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(built, name))).byteLength, 0);
    console.log(`window: ${(bytes / 1000).toFixed(0)} kB of script, compressed`);
    expect(bytes).toBeLessThan(350_000);
  });
});
