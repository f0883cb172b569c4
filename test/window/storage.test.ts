import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, test } from 'vitest';
import { encodeBeat, encodeLock } from '../../electron/core/repository/lock/lock-file.ts';
import { change, makeShop, Place, record } from '../helpers/cli/belay.ts';
import { endBrowser, openWindow, serve } from '../helpers/window/browser.ts';
import { obstacles, obstaclesInBothThemes } from '../helpers/window/obstacles.ts';

afterAll(endBrowser);

function files(place: Place, below = ''): readonly string[] {
  const folder = join(place.home, 'repository', below);
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => statSync(path).isFile());
}

function bytesOf(place: Place, below = ''): number {
  return files(place, below).reduce((sum, path) => sum + statSync(path).size, 0);
}

/** One bit in the middle of the largest pack of data. */
function flip(place: Place): void {
  const largest = files(place, 'packs').toSorted((a, b) => statSync(b).size - statSync(a).size)[0] ?? '';
  const bytes = readFileSync(largest);
  const at = bytes.length >>> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(largest, bytes);
}

/** The figure behind a name in a list of facts: its words. */
async function fact(page: Page, name: string): Promise<string> {
  return (await page.locator(`dt:text-is("${name}") + dd`).textContent()) ?? '';
}

describe('the page of storage', () => {
  test('frees after a forget what its plan said, and tells what went into quarantine', async () => {
    await using place = await Place.withShop(20);
    await using host = await serve(place);
    // Content that nothing else has: no piece of the first snapshot is in the second.
    change(place.path('shop.db'), 'create table noise as select hex(randomblob(2000)) as text from orders');
    await place.ok('snap', 'shop', '--name', 'first');
    change(place.path('shop.db'), 'drop table noise; vacuum');
    for (const name of ['second', 'third']) await place.ok('snap', 'shop', '--name', name);
    await using driven = await openWindow(`${host.origin}/shelf?source=shop${new URL(host.address).hash}`);
    const { page } = driven;

    // What the shelf says of one source: its rows fell with the table.
    await page.getByRole('table', { name: 'Rows', exact: true }).getByRole('cell', { name: '−40 % against the one before' }).waitFor({ state: 'attached' });
    expect(await obstaclesInBothThemes(page)).toEqual([]);
    await page.getByRole('link', { name: 'Storage' }).click();
    await page.getByRole('heading', { name: 'The repository was never read as a whole' }).waitFor();
    // Figures of the plots stand in tables for readers, and on demand for the eye.
    const numbers = page.getByRole('table', { name: /^As wholes, and as stored/ });
    expect(await numbers.getByRole('row').allTextContents()).toEqual([
      expect.stringContaining('Stored'),
      expect.stringContaining('#3 shop, third'),
      expect.stringContaining('#2 shop, second'),
      expect.stringContaining('#1 shop, first'),
    ]);
    const plot = page.getByRole('slider', { name: 'As wholes, and as stored' });
    await plot.focus();
    expect(await plot.getAttribute('aria-valuetext')).toContain('#3 shop, third');
    await page.keyboard.press('ArrowLeft');
    expect(await plot.getAttribute('aria-valuetext')).toContain('#2 shop, second');
    await page.keyboard.press('Home');
    expect(await plot.getAttribute('aria-valuetext')).toContain('#1 shop, first');

    await page.getByRole('button', { name: 'See what it would free' }).click();
    await page.getByText('Nothing can be freed now: every byte is needed by a snapshot that is kept.').waitFor();
    await place.ok('forget', 'first', '--yes');
    await page.getByRole('button', { name: 'Look again' }).first().click();
    await page.getByText('Frees later, from quarantine').waitFor();
    const later = await fact(page, 'Frees later, from quarantine');
    expect(later).not.toBe('0 B');
    const before = bytesOf(place, 'packs');
    await page.getByRole('button', { name: 'Free it' }).click();
    await page.getByText(/went into quarantine: it can be put back, and is removed after two later checks/).waitFor();
    expect(bytesOf(place, 'packs')).toBeLessThan(before - 10_000);

    for (const times of ['once', 'twice']) {
      await page.getByRole('button', { name: /^Check( again)?$/ }).click();
      await page.getByText('Every byte is sound', { exact: true }).waitFor();
      expect(await place.data('check', 'list'), times).toMatchObject({ total: times === 'once' ? 1 : 2 });
    }
    await page.getByRole('heading', { name: /^Every byte was sound/ }).waitFor();
    await page.getByRole('button', { name: 'Look again' }).first().click();
    await page.getByText('Frees at once').waitFor();
    const freed = await fact(page, 'Frees at once');
    const planned = record((await place.data('collect', '--dry-run'))['plan'])['freesNow'];
    const full = bytesOf(place);
    await page.getByRole('button', { name: 'Free it' }).click();
    await page.getByText(`Freed ${freed}`, { exact: true }).waitFor();
    const gone = full - bytesOf(place);
    expect(planned).toBeGreaterThan(10_000);
    expect(Math.abs(gone - Number(planned))).toBeLessThan(Number(planned) * 0.2);
    expect(await obstaclesInBothThemes(page)).toEqual([]);
    expect(driven.complaints).toEqual([]);
  });

  test('a check finds a changed byte, names the snapshots that it hits, and what comes next', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 2000);
    makeShop(place.path('notes.db'), 3);
    await using host = await serve(place);
    await place.ok('init', '--no-encryption');
    for (const file of ['shop.db', 'notes.db']) await place.ok('source', 'add', file);
    await place.ok('snap', 'shop', '--name', 'nightly');
    await place.ok('snap', 'notes', '--name', 'other');
    flip(place);
    await using driven = await openWindow(`${host.origin}/storage${new URL(host.address).hash}`);
    const { page } = driven;

    await page.getByText('Every byte, decoded').click();
    await page.getByText('belay check --level decoded').waitFor();
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    const problems = page.getByRole('list', { name: 'Problems' });
    await problems.getByRole('link', { name: '#1 of shop, “nightly”' }).first().waitFor();
    expect(await problems.getByRole('link', { name: /other/ }).count()).toBe(0);
    await page.getByText(/^1 of 2 snapshots can be restored as before/).waitFor();
    await page.getByRole('heading', { name: /^A check .* found problems/ }).waitFor();
    await page.getByRole('button', { name: 'See what can be mended' }).click();
    await page.getByText(/Nothing can be mended from a copy\. .* beyond repair/).waitFor();
    expect(await obstacles(page)).toEqual([]);
    await problems.getByRole('link').first().click();
    await page.getByRole('heading', { name: 'nightly' }).waitFor();
    expect(driven.complaints).toEqual([]);
  });

  test('a lock goes only where its machine was named, a loss is accepted only where it was typed, and the catalog is made anew', async () => {
    await using place = await Place.withShop(20);
    for (const name of ['first', 'second']) await place.ok('snap', 'shop', '--name', name);
    const repository = join(place.home, 'repository');
    const instance = 'ab'.repeat(16);
    const holder = { host: 'far-away', machine: 'another', pid: 7 };
    writeFileSync(join(repository, 'locks', instance), encodeLock({ instance, mode: 'writer', createdAt: 1_700_000_000_000, holder }));
    writeFileSync(join(repository, 'locks', `${instance}.beat`), encodeBeat(1, 1_700_000_000_000));
    await using host = await serve(place);
    await using driven = await openWindow(`${host.origin}/storage${new URL(host.address).hash}`);
    const { page } = driven;

    const lock = page.getByRole('row', { name: /far-away/ });
    await lock.getByText('It is held from another machine, far-away.').waitFor();
    await lock.getByRole('button', { name: 'Remove…' }).click();
    const remove = page.getByRole('button', { name: 'Remove the lock' });
    await page.getByLabel(/then type its name/).fill('far');
    expect(await remove.isDisabled()).toBe(true);
    await page.getByLabel(/then type its name/).fill('far-away');
    expect(await obstacles(page)).toEqual([]);
    await remove.click();
    await page.getByText('The lock of far-away was removed').waitFor();
    await page.getByText('Nobody holds it.').waitFor();
    expect(existsSync(join(repository, 'locks', instance))).toBe(false);

    const [, , lost = ''] = readdirSync(join(repository, 'journal')).toSorted();
    rmSync(join(repository, 'journal', lost));
    await page.getByText('Structure', { exact: true }).click();
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await page.getByRole('button', { name: 'See what can be mended' }).first().click();
    await page.getByRole('button', { name: 'Accept the loss…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Accept what is lost' });
    await dialog.getByText(`journal/${lost}`).first().waitFor({ state: 'attached' });
    const accept = dialog.getByRole('button', { name: 'Accept the loss' });
    expect(await accept.isDisabled()).toBe(true);
    await dialog.getByLabel('Type lost to go on without them').fill('lost');
    expect(await obstacles(page)).toEqual([]);
    await accept.click();
    await page.getByText('1 loss accepted').waitFor();
    expect(await place.data('repair', '--accept-loss', '--dry-run')).toMatchObject({ losses: [] });

    await page.getByRole('button', { name: 'Rebuild the catalog' }).click();
    await page.getByText(/^2 snapshots and \d+ objects\.$/).waitFor();
    expect(driven.complaints).toEqual([]);
  });

  test('asks for the passphrase of a locked repository, and for a repository where there is none', async () => {
    await using place = await Place.make();
    await using host = await serve(place);
    await using driven = await openWindow(`${host.origin}/storage${new URL(host.address).hash}`);
    const { page } = driven;
    await page.getByRole('heading', { name: 'No repository yet' }).waitFor();
    await page.getByRole('button', { name: 'Make the repository' }).click();
    await page.getByText('With a passphrase').click();
    await page.getByLabel('Passphrase', { exact: true }).fill('correct horse');
    await page.getByLabel('Passphrase, again').fill('correct horse');
    await page.getByRole('dialog').getByRole('button', { name: 'Make the repository' }).click();
    await page.getByRole('button', { name: 'It is kept elsewhere' }).click();
    await page.getByRole('heading', { name: 'Nothing is stored yet' }).waitFor();
    expect(await obstacles(page)).toEqual([]);
    await host[Symbol.asyncDispose]();

    await using again = await serve(place);
    await page.goto(`${again.origin}/storage${new URL(again.address).hash}`);
    await page.getByRole('heading', { name: 'The repository is locked' }).waitFor();
    expect(await obstacles(page)).toEqual([]);
    await page.getByRole('button', { name: 'Unlock…' }).click();
    await page.getByLabel('Passphrase').fill('correct horse');
    await page.getByRole('button', { name: 'Unlock', exact: true }).click();
    await page.getByRole('heading', { name: 'Nothing is stored yet' }).waitFor();
  });
});
