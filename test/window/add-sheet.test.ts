import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { makeShop, Place } from '../helpers/cli/belay.ts';
import { endBrowser, openWindow, serve } from '../helpers/window/browser.ts';

afterAll(endBrowser);

/** What listens and never answers, until its connections are broken off. */
async function silentServer() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  const open = new Set<Socket>();
  server.on('connection', (socket) => open.add(socket.on('error', () => undefined)));
  const hangUp = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: address.port,
    called: () => once(server, 'connection'),
    hangUp,
    async [Symbol.asyncDispose]() {
      hangUp();
      server.close();
      await once(server, 'close');
    },
  };
}

test('the add sheet: by the keyboard, left by Back, and what happens after it was closed is told', async () => {
  await using place = await Place.make();
  makeShop(place.path('dev.db'), 3);
  await using listener = await silentServer();
  await using host = await serve(place);
  await using driven = await openWindow(`${host.origin}/sources${new URL(host.address).hash}`);
  const { page } = driven;
  const opener = page.getByRole('button', { name: 'Add a source…' }).first();
  const sheet = page.getByRole('dialog', { name: 'Add a source' });
  const open = async (): Promise<void> => {
    await opener.press('Enter');
    await sheet.waitFor();
  };

  await open();
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });
  expect(await opener.evaluate((element) => element === document.activeElement)).toBe(true);

  await page.getByRole('link', { name: 'Journal' }).click();
  await page.getByRole('link', { name: 'Sources', exact: true }).click();
  await open();
  await page.goBack();
  await page.getByRole('heading', { name: 'Journal' }).waitFor();
  await sheet.waitFor({ state: 'detached' });
  await page.goForward();

  // Closed in the middle: what comes of it is told all the same.
  await open();
  await sheet.getByLabel('Address', { exact: true }).fill(`postgres://app@127.0.0.1:${String(listener.port)}/shop?sslmode=disable`);
  const called = listener.called();
  await sheet.getByRole('button', { name: 'Add it' }).click();
  await called;
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });
  listener.hangUp();
  await page
    .getByRole('region', { name: 'Notices' })
    .getByText(`postgres://127.0.0.1:${String(listener.port)}/shop cannot be reached.`)
    .waitFor();

  // A file below the own folder, as the list shows it; Enter adds it.
  await open();
  await sheet.getByText('A SQLite file').click();
  const file = sheet.getByLabel('File', { exact: true });
  await file.fill('~/project/dev.db');
  await file.press('Enter');
  await page.getByText('dev is a source now').waitFor();
  expect(await place.data('source', 'list')).toMatchObject({ sources: [{ name: 'dev', location: { path: place.path('dev.db') } }] });
  expect(driven.complaints).toEqual([]);
});

test('a host that dies while a source is tried is told in the sheet, and what was typed is still there', async () => {
  await using place = await Place.make();
  await using listener = await silentServer();
  const host = await serve(place);
  await using driven = await openWindow(`${host.origin}/sources${new URL(host.address).hash}`);
  const { page } = driven;
  await page.getByRole('button', { name: 'Add a source…' }).first().click();
  const sheet = page.getByRole('dialog', { name: 'Add a source' });
  const typed = `postgres://app@127.0.0.1:${String(listener.port)}/shop?sslmode=disable`;
  const address = sheet.getByLabel('Address', { exact: true });
  await address.fill(typed);
  const called = listener.called();
  await sheet.getByRole('button', { name: 'Test the connection' }).click();
  await called;
  const gone = once(host.process, 'close');
  host.process.kill('SIGKILL');
  await gone;
  await sheet.getByRole('alert').getByText(/host/).first().waitFor();
  expect(await address.inputValue()).toBe(typed);
  expect(await sheet.getByRole('button', { name: 'Test the connection' }).isEnabled()).toBe(true);
  expect(driven.complaints).toEqual([]);
});
