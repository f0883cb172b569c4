import { writeFile } from 'node:fs/promises';
import { afterAll, expect, test } from 'vitest';
import { Place } from '../helpers/cli/belay.ts';
import { majors, startServer } from '../helpers/postgres/server.ts';
import { endBrowser, openWindow, serve } from '../helpers/window/browser.ts';

afterAll(endBrowser);

const hostile = '<img src=x onerror=alert(1)>';
/** As long as PostgreSQL takes one, 63 bytes: quotes, a line's end, text that runs from the right. */
const hostileDatabase = `"<b>'\n\u202Eתפוז<img src=x onerror=alert(2)>${'x'.repeat(18)}`;

test.runIf(majors.includes(15))('snapshot, break, rewind and undo of a PostgreSQL database, its rows looked at on the way', async () => {
  await using server = await startServer(15);
  await using place = await Place.make();
  expect(Buffer.byteLength(hostileDatabase)).toBe(63);
  await server.run('postgres', `CREATE DATABASE "${hostileDatabase.replaceAll('"', '""')}"`);
  await server.run(
    hostileDatabase,
    `CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 500) n;
     CREATE TABLE "${hostile}" (id int); INSERT INTO "${hostile}" VALUES (7);`,
  );
  const rows = async () => (await server.run(hostileDatabase, 'SELECT count(*)::int AS n FROM orders'))[0]?.['n'];
  await writeFile(place.path('pw'), `${server.password}\n`, { mode: 0o600 });
  await writeFile(place.path('vault'), 'a passphrase of the file of secrets\n', { mode: 0o600 });
  const options = { env: { BELAY_SECRETS_PASSPHRASE_FILE: place.path('vault') } };
  await using host = await serve(place, options);
  await place.ok('init', '--no-encryption');
  const address = `postgres://${server.superuser}@127.0.0.1:${String(server.port)}/${encodeURIComponent(hostileDatabase)}`;
  await place.ok('source', 'add', address, '--name', 'shop', '--password-file', 'pw');
  await using driven = await openWindow(host.address);
  const { page } = driven;

  // Its place is told as an address, in which nothing can turn the line or break it.
  await page
    .getByTitle(/%0A%E2%80%AE.*onerror/)
    .first()
    .waitFor();
  await page.getByRole('button', { name: 'Snapshot', exact: true }).click();
  await page.getByText('Snapshot of shop taken').waitFor();
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await page.getByRole('row', { name: /public\.orders/ }).click();
  await page.getByRole('button', { name: 'Browse' }).click();
  await page.getByText('Rows 1 to 200 of 500').waitFor();
  expect(await page.getByRole('gridcell', { name: 'order 1', exact: true }).isVisible()).toBe(true);

  await server.run(hostileDatabase, 'DELETE FROM orders WHERE id > 5');
  expect(await rows()).toBe(5);
  await page.getByRole('button', { name: 'Rewind…' }).click();
  const sheet = page.getByRole('dialog', { name: /^Rewind shop to/ });
  await sheet.getByText(/needed/).waitFor();
  await sheet.getByRole('button', { name: 'Rewind', exact: true }).click();
  await sheet.getByText('Equal to what was captured', { exact: true }).waitFor();
  expect(await rows()).toBe(500);
  await sheet.getByRole('button', { name: 'Undo' }).click();
  await sheet.getByText('Taken back: it is as it was before.').waitFor();
  expect(await rows()).toBe(5);
  expect(driven.complaints).toEqual([]);
});
