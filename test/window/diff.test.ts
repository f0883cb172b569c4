import { writeFile } from 'node:fs/promises';
import { afterAll, expect, test } from 'vitest';
import { change, Place } from '../helpers/cli/belay.ts';
import { majors, startServer } from '../helpers/postgres/server.ts';
import { endBrowser, openWindow, serve } from '../helpers/window/browser.ts';
import { obstaclesInBothThemes } from '../helpers/window/obstacles.ts';

afterAll(endBrowser);

test('what changed between two snapshots, and since one, down to the cells of a row; and where a snapshot went (SQLite)', async () => {
  await using place = await Place.withShop(60);
  await using host = await serve(place);
  await place.ok('snap', 'shop', '--name', 'whole', '--tag', 'deploy-812');
  change(place.path('shop.db'), "delete from orders where id > 60; update orders set note = 'checked' where id = 7; create index late on orders(note)");
  await place.ok('snap', 'shop', '--name', 'damaged');
  await place.ok('rewind', 'shop', '--to', 'whole');
  await place.ok('drill', 'shop', '--snapshot', 'whole');
  await using driven = await openWindow(`${host.origin}/shelf${new URL(host.address).hash}`);
  const { page } = driven;
  await page.getByRole('row', { name: /damaged/ }).dblclick();
  await page.getByRole('tab', { name: 'Diff' }).click();
  // Against the one before it, by itself.
  await page.getByRole('heading', { name: '1 definition and 1 table changed' }).waitFor();
  expect(await page.getByText('Index "late" on "orders" was added').isVisible()).toBe(true);
  await page.getByText('60 removed, 1 changed').waitFor();
  const row = page.getByRole('article', { name: 'Row changed' });
  expect(await row.innerText()).toMatch(/id = 7[\s\S]*note\s+note 7[\s\S]*checked/);
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('id = 120', { exact: true }).waitFor();
  expect(await page.getByRole('article').count()).toBe(11);
  expect(await obstaclesInBothThemes(page)).toEqual([]);

  // The rewind put everything back: against the source as it is now the change goes the other way.
  await page.getByRole('button', { name: '“whole”' }).click();
  await page.getByRole('menuitem', { name: 'The source as it is now' }).click();
  await page.getByText('60 added, 1 changed').waitFor();

  await page.getByRole('tab', { name: 'Lineage' }).click();
  await page.getByRole('region', { name: 'Line' }).getByRole('link', { name: 'whole' }).click();
  await page.getByRole('tab', { name: 'Lineage' }).click();
  const put = page.getByRole('region', { name: 'Where it was put' });
  await put.getByText('Rewound to').waitFor();
  expect(await put.getByRole('button', { name: 'Undo' }).isVisible()).toBe(true);
  // What followed it, and the drill that had it.
  const drills = page.getByRole('region', { name: 'Drills' });
  await drills.getByText('Proved').waitFor();
  expect(await drills.getByRole('listitem').count()).toBe(1);
  expect(await page.getByRole('region', { name: 'Line' }).getByRole('link', { name: 'damaged' }).isVisible()).toBe(true);
  expect(await page.getByRole('region', { name: 'Tags' }).getByText('deploy-812').isVisible()).toBe(true);
  expect(await obstaclesInBothThemes(page)).toEqual([]);
  await page.getByRole('region', { name: 'Line' }).getByRole('link', { name: 'damaged' }).click();
  await place.ok('forget', 'whole', '--yes');
  await page.getByRole('tab', { name: 'Lineage' }).click();
  await page.getByText('The one that it was taken on top of was forgotten; nothing of this one was lost with it.').waitFor();
  // Without it there is nothing to compare with but the source: no page is empty for that.
  await page.getByRole('tab', { name: 'Diff' }).click();
  await page.getByText('60 added, 1 changed').waitFor();
  expect(driven.complaints).toEqual([]);
});

test.runIf(majors.includes(15))('rows of a snapshot are put back into the live table, planned first, and taken out again (PostgreSQL)', async () => {
  await using server = await startServer(15);
  await using place = await Place.make();
  await server.run('postgres', 'CREATE DATABASE shop');
  await server.run(
    'shop',
    `CREATE TABLE orders (id int PRIMARY KEY, paid boolean, note text); INSERT INTO orders SELECT n, n % 2 = 0, 'order ' || n FROM generate_series(1, 30) n`,
  );
  const rows = async () => (await server.run('shop', `SELECT count(*)::int AS n, count(*) FILTER (WHERE note = 'mine')::int AS mine FROM orders`))[0];
  await writeFile(place.path('pw'), `${server.password}\n`, { mode: 0o600 });
  await writeFile(place.path('vault'), 'a passphrase of the file of secrets\n', { mode: 0o600 });
  await using host = await serve(place, { env: { BELAY_SECRETS_PASSPHRASE_FILE: place.path('vault') } });
  await place.ok('init', '--no-encryption');
  await place.ok(
    'source',
    'add',
    `postgres://${server.superuser}@127.0.0.1:${String(server.port)}/shop`,
    '--password-file',
    'pw',
    '--environment',
    'production',
  );
  await place.ok('snap', 'shop', '--name', 'whole');
  await server.run('shop', `DELETE FROM orders WHERE id > 20; UPDATE orders SET note = 'mine', paid = true WHERE id = 3`);
  await using driven = await openWindow(`${host.origin}/shelf${new URL(host.address).hash}`);
  const { page } = driven;
  await page.getByRole('row', { name: /whole/ }).dblclick();
  await page.getByRole('tab', { name: 'Diff' }).click();
  await page.getByText('10 removed, 1 changed').waitFor();
  expect(await page.getByRole('article', { name: 'Row changed' }).innerText()).toMatch(/id = 3[\s\S]*note\s+order 3[\s\S]*mine[\s\S]*paid\s+false[\s\S]*true/);

  await page.getByRole('button', { name: 'Put rows back…' }).click();
  const dialog = page.getByRole('dialog', { name: /^Put rows back into/ });
  await dialog.getByText('10 rows of the snapshot are missing and are put back.').waitFor();
  const act = dialog.getByRole('button', { name: 'Put 10 rows back' });
  expect(await act.isDisabled()).toBe(true);
  expect(await rows()).toEqual({ n: 20, mine: 1 });
  await dialog.getByLabel(/Type its name/).fill('shop');
  await act.click();
  await page.getByText('10 rows put back into public.orders').waitFor();
  expect(await rows()).toEqual({ n: 30, mine: 1 });
  await page.getByText('1 changed', { exact: true }).waitFor();
  await page.getByRole('tab', { name: 'Lineage' }).click();
  const put = page.getByRole('region', { name: 'Where it was put' });
  await put.getByText('Rows put back into').waitFor();
  expect(await put.getByText('taken for safety before:').isVisible()).toBe(true);
  await page.getByRole('button', { name: 'Undo', exact: true }).first().click();
  await page.getByLabel('Type shop to go on').fill('shop');
  await page.keyboard.press('Enter');
  await page.getByText('The merge was taken back').waitFor();
  expect(await rows()).toEqual({ n: 20, mine: 1 });
  expect(driven.complaints).toEqual([]);
});
