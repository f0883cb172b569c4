import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { afterAll, describe, expect, test } from 'vitest';
import { makeShop, Place } from '../helpers/cli/belay.ts';
import { browser, endBrowser, openWindow, serve } from '../helpers/window/browser.ts';

afterAll(endBrowser);

async function otherServer(): Promise<AsyncDisposable & { readonly origin: string }> {
  const server = createServer((_request, response) => response.end('<title>elsewhere</title>')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('the window and its host', () => {
  test('a job that the command line started appears, is cancelled here, and leaves nothing', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 300_000);
    await place.ok('init', '--no-encryption');
    await place.ok('source', 'add', 'shop.db');
    await using host = await serve(place);
    await using driven = await openWindow(host.address);
    const { page } = driven;
    await page.getByText('No job is running').waitFor();
    const snap = place.run(['snap', 'shop', '--json']);
    const bar = page.getByRole('contentinfo', { name: 'Jobs' });
    await bar.getByText('Snapshot of shop').waitFor();
    await bar.getByRole('progressbar').waitFor();
    await bar.getByRole('button', { name: 'Cancel: snapshot of shop' }).click();
    expect((await snap).code).toBe(130);
    await bar.getByText('Cancelled, nothing of it is left').waitFor();
    expect(await place.data('list')).toMatchObject({ total: 0 });
    expect(driven.complaints).toEqual([]);
  });

  test('a page that is loaded again or closed ends no job that it began: the bar shows it, cancels it, and it ends well', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 300_000);
    await place.ok('init', '--no-encryption');
    await place.ok('source', 'add', 'shop.db');
    await using host = await serve(place);
    await using driven = await openWindow(host.address);
    const { page, context } = driven;
    const bar = page.getByRole('contentinfo', { name: 'Jobs' });
    const snapshots = async (): Promise<number> => {
      const { jobs } = await place.data('jobs', '--all');
      return (jobs as readonly { readonly command: string }[]).filter((job) => job.command === 'snapshot.create').length;
    };
    let begun = 0;
    const begin = async (): Promise<void> => {
      await page.getByRole('button', { name: 'Snapshot now' }).click();
      await page.getByRole('button', { name: 'Take the snapshot' }).click();
      begun += 1;
      // The bar tells of the one before, too.
      if (begun === 1) await bar.getByText('Snapshot of shop').waitFor();
      else await expect.poll(snapshots).toBe(begun);
    };

    await begin();
    await page.reload();
    await bar.getByRole('button', { name: 'Cancel: snapshot of shop' }).click();
    await bar.getByText('Cancelled, nothing of it is left').waitFor();
    expect(await place.data('list')).toMatchObject({ total: 0 });

    await begin();
    await page.reload();
    await bar.getByText('Snapshot of shop').waitFor();
    await bar.getByText(/^Done/).waitFor();
    expect(await place.data('list')).toMatchObject({ total: 1 });

    await begin();
    await page.close();
    await expect.poll(() => place.data('list')).toMatchObject({ total: 2 });
    expect(context.pages()).toEqual([]);
    expect(driven.complaints).toEqual([]);
  });

  test('what another face did shows without a reload', async () => {
    await using place = await Place.withShop(20);
    await using host = await serve(place);
    await using driven = await openWindow(`${host.origin}/shelf${new URL(host.address).hash}`);
    await driven.page.getByRole('heading', { name: 'No snapshot yet' }).waitFor();
    await place.ok('snap', 'shop', '--name', 'by-hand');
    await driven.page.getByRole('row', { name: /by-hand/ }).waitFor();
    expect(driven.complaints).toEqual([]);
  });

  test('the journal tells who did what, and whether the record is whole', async () => {
    await using place = await Place.withShop(20);
    await using host = await serve(place);
    await using driven = await openWindow(`${host.origin}/journal${new URL(host.address).hash}`);
    const { page } = driven;
    await page.getByRole('row', { name: /sources\.add done/ }).waitFor();
    await place.ok('snap', 'shop', '--name', 'by-hand');
    await page.getByRole('row', { name: /snapshot\.create done Snapshot of shop/ }).waitFor();
    await place.run(['snap', 'nobody']);
    await page.getByRole('button', { name: 'Failed or cancelled' }).click();
    await page.getByRole('row', { name: /snapshot\.create failed Snapshot of nobody · There is no source named nobody/ }).waitFor();
    await page.getByRole('button', { name: 'Verify the chain' }).click();
    await page.getByText('The record is whole').waitFor();
    expect(driven.complaints).toEqual([]);
  });

  test('a host that is killed is told, and the window comes back with the next one on the same port and token only by its address', async () => {
    await using place = await Place.withShop(20);
    const host = await serve(place);
    const port = Number(new URL(host.address).port);
    await using driven = await openWindow(host.address);
    const { page } = driven;
    await page.getByRole('heading', { name: /step open/ }).waitFor();
    const gone = once(host.process, 'close');
    host.process.kill('SIGKILL');
    await gone;
    await page.getByText('The host is gone').waitFor();
    expect(await page.getByRole('link', { name: 'shop' }).first().isVisible()).toBe(true);

    await using again = await serve(place, { port });
    await page.getByRole('heading', { name: 'This address opens no window' }).waitFor();
    await page.goto('about:blank');
    await page.goto(again.address);
    await page.getByRole('heading', { name: /step open/ }).waitFor();
    expect(driven.complaints).toEqual([]);
  });

  test('an encrypted repository asks for its passphrase before it is written to', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 20);
    const first = await serve(place);
    await using driven = await openWindow(first.address);
    const { page } = driven;
    await page.getByRole('button', { name: 'Snapshot shop' }).click();
    await page.getByText('With a passphrase').click();
    await page.getByLabel('Passphrase', { exact: true }).fill('correct horse');
    await page.getByLabel('Passphrase, again').fill('correct horse');
    await page.getByRole('button', { name: 'Make the repository' }).click();
    await page.getByRole('button', { name: 'It is kept elsewhere' }).click();
    await page.getByText('Snapshot of shop taken').waitFor();
    await first[Symbol.asyncDispose]();

    await using second = await serve(place);
    await page.goto('about:blank');
    await page.goto(second.address);
    await page.getByRole('button', { name: 'Snapshot now' }).click();
    await page.getByRole('button', { name: 'Take the snapshot' }).click();
    const dialog = page.getByRole('dialog', { name: 'The repository is locked' });
    await dialog.getByLabel('Passphrase').fill('wrong');
    await dialog.getByRole('button', { name: 'Unlock' }).click();
    await dialog.getByRole('alert').waitFor();
    await dialog.getByLabel('Passphrase').fill('correct horse');
    await dialog.getByRole('button', { name: 'Unlock' }).click();
    await page.getByText('Snapshot of shop taken').waitFor();
    await page.getByRole('link', { name: /^Shelf/ }).click();
    expect(await page.getByRole('grid', { name: 'Snapshots' }).getAttribute('aria-rowcount')).toBe('3');
    expect(driven.complaints).toEqual([]);
  });

  test('without its token the address opens nothing, and a name that leads here by DNS gets no answer', async () => {
    await using place = await Place.withShop(5);
    await using host = await serve(place);
    await using driven = await openWindow(`${host.origin}/`);
    await driven.page.getByRole('heading', { name: 'This address opens no window' }).waitFor();
    await using forged = await openWindow(`${host.origin}/#token=${'0'.repeat(64)}`);
    await forged.page.getByRole('heading', { name: 'This address opens no window' }).waitFor();

    const port = Number(new URL(host.address).port);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: '/', headers: { Host: `rebound.example:${String(port)}` }, setHost: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(421);
  });

  test('a page from elsewhere cannot connect, even with the token', async () => {
    await using place = await Place.withShop(5);
    await using host = await serve(place);
    // A page of another server on this machine: the browser itself lets it connect.
    await using elsewhere = await otherServer();
    const page = await (await browser()).newPage();
    await page.goto(elsewhere.origin);
    const outcome = await page.evaluate(
      (url) =>
        new Promise<string>((resolve) => {
          const socket = new WebSocket(url);
          socket.addEventListener('open', () => resolve('open'));
          socket.addEventListener('error', () => resolve('refused'));
        }),
      `${host.origin.replace('http', 'ws')}/connection`,
    );
    expect(outcome).toBe('refused');
    await page.close();
  });
});
