import { userInfo } from 'node:os';
import { writeFile } from 'node:fs/promises';
import { afterAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { Place } from '../helpers/cli/belay.ts';
import type { RunOptions } from '../helpers/cli/belay.ts';
import { majors, startServer } from '../helpers/postgres/server.ts';
import type { PostgresServer } from '../helpers/postgres/server.ts';
import { askAll, visible } from '../helpers/postgres/visible.ts';
import { endBrowser, openWindow, serve } from '../helpers/window/browser.ts';
import { obstaclesInBothThemes } from '../helpers/window/obstacles.ts';

afterAll(endBrowser);

/** Other tests look at this machine meanwhile: its name is none of theirs. */
async function fill(server: PostgresServer): Promise<void> {
  await server.run('postgres', 'CREATE DATABASE bazaar');
  await server.run('bazaar', `CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 500) n`);
}

/** A place whose host can keep a password. */
async function withVault(place: Place): Promise<RunOptions> {
  await writeFile(place.path('vault'), 'a passphrase of the file of secrets\n', { mode: 0o600 });
  return { env: { BELAY_SECRETS_PASSPHRASE_FILE: place.path('vault') } };
}

function onSources(address: string, page: string): string {
  return `${new URL(address).origin}${page}${new URL(address).hash}`;
}

test.runIf(majors.includes(15))('from a first start to a first proved snapshot of a PostgreSQL database that was found, in at most six clicks', async () => {
  await using server = await startServer(15);
  await fill(server);
  await server.run('postgres', `CREATE ROLE "${userInfo().username}" SUPERUSER LOGIN`);
  await using _ = await visible(server);
  await using place = await Place.make();
  await using host = await serve(place);
  await using driven = await openWindow(host.address);
  const { page } = driven;
  let clicks = 0;
  const click = async (name: string): Promise<void> => {
    clicks += 1;
    await page.getByRole('button', { name, exact: true }).click();
  };

  await page.getByRole('heading', { name: 'Nothing is protected yet' }).waitFor();
  const found = page.getByRole('listitem').filter({ hasText: `server at /tmp, port ${String(server.port)}` });
  await found.waitFor();
  expect(await found.getByRole('img', { name: 'PostgreSQL' }).isVisible()).toBe(true);
  clicks += 1;
  await found.getByRole('button', { name: 'Snapshot bazaar' }).click();
  await click('Make the repository');
  await page.getByText('Snapshot of bazaar taken').waitFor();
  await click('Prove it');
  await page.getByText('The snapshot of bazaar is proved').waitFor();
  await page.getByRole('heading', { name: 'The source is safe' }).waitFor();

  expect(clicks).toBeLessThanOrEqual(6);
  expect(await place.data('list')).toMatchObject({ snapshots: [{ source: 'bazaar', engine: 'postgres', proved: 'proved' }] });
  expect(driven.complaints).toEqual([]);
});

test.runIf(majors.includes(15))('a PostgreSQL source is added by address or field by field, and each refusal says what to do', async () => {
  await using server = await startServer(15);
  await fill(server);
  await using place = await Place.make();
  await using host = await serve(place, await withVault(place));
  await using driven = await openWindow(onSources(host.address, '/sources'));
  const { page } = driven;
  await page.getByRole('button', { name: 'Add a source…' }).first().click();
  const sheet = page.getByRole('dialog', { name: 'Add a source' });
  const address = sheet.getByLabel('Address', { exact: true });
  const password = sheet.getByLabel('Password', { exact: true });
  const refused = async (says: RegExp, todo: RegExp): Promise<void> => {
    await sheet.getByRole('button', { name: 'Test the connection' }).click();
    const alert = sheet.getByRole('alert');
    await alert.getByText(says).waitFor();
    expect(await alert.getByText(todo).isVisible()).toBe(true);
    expect(await alert.innerText()).not.toContain('wr0ng');
  };
  const at = `127.0.0.1:${String(server.port)}`;

  await address.fill(`postgres://${server.superuser}@${at}/bazaar`);
  await refused(/asks for a password, and none is known/, /Give it/);
  await password.fill('wr0ng');
  await refused(/refused the role or its password/, /Check the user and the password/);
  await password.fill(server.password);
  await address.fill(`postgres://${server.superuser}@${at}/bazzar`);
  await refused(/has no such database/, /Check the name of the database/);
  await address.fill(`postgres://${server.superuser}@127.0.0.1:1/bazaar`);
  await refused(/cannot be reached/, /Check that the server runs/);
  await address.fill('localhost/shop');
  await refused(/location of a PostgreSQL source is not right/, /postgres:\/\/user@host:5432\/database/);
  expect(await place.data('source', 'list')).toMatchObject({ sources: [] });

  // Tried, which keeps nothing; then added.
  await address.fill(`postgres://${server.superuser}@${at}/bazaar`);
  await sheet.getByRole('button', { name: 'Test the connection' }).click();
  await sheet.getByRole('heading', { name: 'It can be added as bazaar' }).waitFor();
  expect(await sheet.getByText(/^Version 15\./).isVisible()).toBe(true);
  expect(await place.data('source', 'list')).toMatchObject({ sources: [] });
  await sheet.getByLabel('Name', { exact: true }).fill('by-address');
  await sheet.getByRole('button', { name: 'Add it' }).click();
  await page.getByText('by-address is a source now').waitFor();
  await sheet.waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Add a source…' }).first().click();
  await sheet.getByText('PostgreSQL, field by field').click();
  await sheet.getByLabel('Host', { exact: true }).fill('127.0.0.1');
  await sheet.getByLabel('Port', { exact: true }).fill('54x');
  await sheet.getByLabel('Database', { exact: true }).fill('bazaar');
  await sheet.getByLabel('Role', { exact: true }).fill(server.superuser);
  await password.fill(server.password);
  const add = sheet.getByRole('button', { name: 'Add it' });
  expect(await add.isDisabled()).toBe(true);
  await sheet.getByLabel('Port', { exact: true }).fill(String(server.port));
  expect(await sheet.getByText(`belay source add postgres://${server.superuser}@${at}/bazaar`, { exact: true }).isVisible()).toBe(true);
  await add.click();
  await sheet
    .getByRole('alert')
    .getByText(/is the source by-address already/)
    .waitFor();
  await sheet.getByLabel('Database', { exact: true }).fill('postgres');
  // By the keyboard: Enter in a field adds it.
  await sheet.getByLabel('Database', { exact: true }).press('Enter');
  await page.getByText('postgres is a source now').waitFor();
  expect(await place.data('source', 'list')).toMatchObject({ sources: [{ name: 'by-address' }, { name: 'postgres' }] });

  // Both work with the password that was typed, which no source holds.
  await page.getByRole('button', { name: 'Test by-address' }).click();
  await page
    .getByRole('row', { name: /by-address/ })
    .getByText(/^pg_dump/)
    .waitFor();
  expect(JSON.stringify(await place.data('source', 'list'))).not.toContain(JSON.stringify(server.password).slice(1, -1));
  expect(driven.complaints).toEqual([]);
});

test.runIf(majors.includes(15))(
  'a server that was found and lets nobody look is logged in to; a container without an engine is told with what to do',
  async () => {
    await using server = await startServer(15);
    await fill(server);
    await askAll(server);
    await using socket = await visible(server);
    await using place = await Place.make();
    await using host = await serve(place, await withVault(place));
    await using driven = await openWindow(host.address);
    const { page } = driven;

    // On the first page already.
    const found = page.getByRole('listitem').filter({ hasText: `server at /tmp, port ${String(server.port)}` });
    await found.getByText('asks for a password').waitFor();
    expect(await found.getByRole('button', { name: /^Snapshot/ }).count()).toBe(0);
    await found.getByRole('button', { name: /^Log in to/ }).click();
    const sheet = page.getByRole('dialog', { name: 'Add a source' });
    expect(await sheet.getByLabel('Host', { exact: true }).inputValue()).toBe(socket.folder);
    expect(await sheet.getByLabel('Port', { exact: true }).inputValue()).toBe(String(server.port));
    await server.run('postgres', "CREATE ROLE app SUPERUSER LOGIN PASSWORD 'of the app'");
    await sheet.getByLabel('Database', { exact: true }).fill('bazaar');
    await sheet.getByLabel('Role', { exact: true }).fill('app');
    await sheet.getByLabel('Password', { exact: true }).fill('of the app');
    await sheet.getByRole('button', { name: 'Add it' }).click();
    await page.getByText('bazaar is a source now').waitFor();
    await page.getByRole('heading', { name: 'One source has a step open' }).waitFor();

    await page.getByRole('link', { name: 'Sources', exact: true }).click();
    await page.getByRole('button', { name: 'Add a source…' }).first().click();
    await sheet.getByText('PostgreSQL in a container').click();
    await noEngine(page);
    await sheet.getByLabel('Container', { exact: true }).fill('shop-db-1');
    await sheet.getByRole('button', { name: 'Test the connection' }).click();
    await sheet
      .getByRole('alert')
      .getByText(/No container engine listens/)
      .waitFor();
    expect(await obstaclesInBothThemes(page)).toEqual([]);
    expect(driven.complaints).toEqual([]);
  },
);

async function noEngine(page: Page): Promise<void> {
  const state = page.getByRole('dialog').getByRole('status').filter({ hasText: 'Docker or Podman is not running' });
  await state.getByText(/can be added by its address/).waitFor();
  expect(await state.getByText(/^Start it/).isVisible()).toBe(true);
}
