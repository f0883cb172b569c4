import { writeFile } from 'node:fs/promises';
import { afterAll, expect, test } from 'vitest';
import { Place } from '../helpers/cli/belay.ts';
import { majors, startServer } from '../helpers/postgres/server.ts';
import { endBrowser, openWindow, serve } from '../helpers/window/browser.ts';

afterAll(endBrowser);

test.runIf(majors.includes(15))(
  'a query of the user that fails on the copy blocks its promotion; a copy in a new database is compared, then promoted or discarded (PostgreSQL)',
  async () => {
    await using server = await startServer(15);
    await using place = await Place.make();
    await server.run('postgres', 'CREATE DATABASE shop');
    await server.run('shop', `CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 40) n`);
    const databases = async () =>
      (await server.run('postgres', `SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1`)).map((row) => String(row['datname']));
    const rowsOf = async (database: string) => (await server.run(database, 'SELECT count(*)::int AS n FROM orders'))[0]?.['n'];
    await writeFile(place.path('pw'), `${server.password}\n`, { mode: 0o600 });
    await writeFile(place.path('vault'), 'a passphrase of the file of secrets\n', { mode: 0o600 });
    await using host = await serve(place, { env: { BELAY_SECRETS_PASSPHRASE_FILE: place.path('vault') } });
    await place.ok('init', '--no-encryption');
    await place.ok('source', 'add', `postgres://${server.superuser}@127.0.0.1:${String(server.port)}/shop`, '--password-file', 'pw');
    await place.ok('snap', 'shop', '--name', 'whole');
    await server.run('shop', 'DELETE FROM orders WHERE id > 5');
    const before = await databases();
    await using driven = await openWindow(`${host.origin}/shelf${new URL(host.address).hash}`);
    const { page } = driven;
    const sheet = page.getByRole('dialog', { name: /^Rewind shop to/ });
    const open = async (): Promise<void> => {
      await page.getByRole('row', { name: /whole/ }).click();
      await page.getByRole('button', { name: 'Rewind…' }).click();
    };
    const expecting = async (found: string): Promise<void> => {
      await sheet.getByRole('button', { name: 'Add a check' }).click();
      await sheet.getByLabel('Query', { exact: true }).fill('select count(*) from orders');
      await sheet.getByLabel('Expected first cell').fill(found);
    };
    const promote = sheet.getByRole('button', { name: 'Promote' });

    // The copy is equal, and the query says no.
    await open();
    await sheet.getByText('Compare, then decide').click();
    await expecting('41');
    expect(await sheet.getByText(/--hold --check-query 'select count\(\*\) from orders == 41'$/).isVisible()).toBe(true);
    await sheet.getByText(/needed/).waitFor();
    await sheet.getByRole('button', { name: 'Restore and compare' }).click();
    await sheet.getByText('Equal to what was captured, and a check of yours failed').waitFor();
    const check = sheet.getByRole('list', { name: 'Checks' }).getByRole('listitem').filter({ hasText: 'select count(*) from orders == 41' });
    expect(await check.getByText('Expected 41, answered 40').isVisible()).toBe(true);
    expect(await promote.isDisabled()).toBe(true);
    expect(await sheet.getByText('The check select count(*) from orders == 41 failed: expected 41, answered 40.', { exact: true }).isVisible()).toBe(true);
    expect(await rowsOf('shop')).toBe(5);
    expect(await databases()).toHaveLength(before.length + 1);
    await sheet.getByRole('button', { name: 'Discard' }).click();
    await sheet.getByText('The copy was removed. Nothing else was touched.').waitFor();
    expect(await databases()).toEqual(before);
    await sheet.getByRole('button', { name: 'Done' }).click();

    // A rewind stops before its swap just the same, and keeps no copy.
    await open();
    await expecting('41');
    await sheet.getByText(/needed/).waitFor();
    await sheet.getByRole('button', { name: 'Rewind', exact: true }).click();
    await sheet.getByText('Expected 41, answered 40', { exact: true }).waitFor();
    expect(await rowsOf('shop')).toBe(5);
    expect(await databases()).toEqual(before);
    await sheet.getByRole('button', { name: 'Done' }).click();

    // Into a new database: discarded, then promoted, the source untouched.
    for (const decision of ['Discard', 'Promote']) {
      await open();
      await sheet.getByText('A new database').first().click();
      await expecting('40');
      await sheet.getByText(/needed/).waitFor();
      await sheet.getByRole('button', { name: 'Restore', exact: true }).click();
      await sheet.getByText('Equal to what was captured', { exact: true }).waitFor();
      expect(await databases()).not.toContain('shop_restored');
      await sheet.getByRole('button', { name: decision }).click();
      await sheet.getByText(decision === 'Discard' ? 'The copy was removed. Nothing else was touched.' : /^It stands in its new place/).waitFor();
      await sheet.getByRole('button', { name: 'Done' }).click();
    }
    expect(await databases()).toEqual([...before, 'shop_restored'].toSorted());
    expect(await rowsOf('shop_restored')).toBe(40);
    expect(await rowsOf('shop')).toBe(5);
    expect(driven.complaints).toEqual([]);
  },
);
