import { chmod, mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openApi } from '../../../electron/core/containers/api.ts';
import { engineOrThrow, findEngine } from '../../../electron/core/containers/engine.ts';
import type { Patience } from '../../../electron/core/containers/engine.ts';

let folder: string;
let socket: string;
const servers: net.Server[] = [];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'engine-'));
  socket = path.join(folder, 's');
});
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve).unref());
  await rm(folder, { recursive: true });
});

const never = new AbortController().signal;
const find = (signal = never, env: Record<string, string> = { DOCKER_HOST: `unix://${socket}` }, patience?: Patience) =>
  findEngine({ env: { PATH: '', ...env }, platform: 'linux', userHome: folder, uid: 4_000_000 }, signal, patience);

async function serve(answer: http.RequestListener): Promise<void> {
  const server = http.createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
}

/** Whatever it is sent, it says this, and closes or not. */
async function speak(text: string, close: boolean): Promise<void> {
  const server = net.createServer((connection) => {
    connection.on('error', () => undefined);
    connection.once('data', () => {
      connection.write(text);
      if (close) connection.end();
      else connection.unref();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
}

const version = (answer: object) => serve((_request, response) => response.end(JSON.stringify({ Version: '1', ...answer })));

describe('what a container engine answers', () => {
  it.each([
    [{ ApiVersion: '1.41' }, '1.41'],
    [{ ApiVersion: '1.45', MinAPIVersion: '1.24' }, '1.45'],
    [{ ApiVersion: '1.52', MinAPIVersion: '1.44' }, '1.47'],
    [{ ApiVersion: '1.60', MinAPIVersion: '1.50' }, '1.50'],
  ])('%j is spoken to in %s', async (answer, spoken) => {
    await version(answer);
    expect(await find()).toMatchObject({ state: 'answers', engine: { apiVersion: spoken, product: 'docker', local: true } });
  });

  it('tells Podman', async () => {
    await serve((request, response) => {
      if (request.url !== '/_ping') response.writeHead(500);
      response.setHeader('Api-Version', '1.41').setHeader('Libpod-API-Version', '4.3.1').end('OK');
    });
    expect(await find()).toMatchObject({ state: 'answers', engine: { product: 'podman', version: '4.3.1', apiVersion: '1.41' } });
  });

  it('that is too old is named', async () => {
    await version({ ApiVersion: '1.9' });
    expect(await find()).toMatchObject({ state: 'too-old', hint: expect.stringContaining('20.10') });
  });

  it('that refuses is named', async () => {
    await serve((_request, response) => response.writeHead(403).end('{"message":"no"}'));
    expect(await find()).toMatchObject({ state: 'denied' });
  });

  it.each([
    ['nothing that is HTTP', 'SSH-2.0-OpenSSH\r\n'],
    ['another program', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    ['another form', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]'],
    ['an answer cut short', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"Version'],
    ['a redirection to nowhere', 'HTTP/1.1 301 Moved\r\nLocation: http:/x\r\nContent-Length: 0\r\n\r\n'],
    ['a redirection elsewhere', 'HTTP/1.1 301 Moved\r\nLocation: ftp://x\r\nContent-Length: 0\r\n\r\n'],
    ['a change of protocol', 'HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n'],
    ['an error', 'HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n'],
  ])('as %s does, is no engine', async (_what, text) => {
    await speak(text, true);
    expect(await find()).toMatchObject({ state: 'not-answering' });
  });

  it.each([
    ['nothing', ''],
    ['half an answer', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"Version'],
  ])('with %s is not waited for', async (_what, text) => {
    await speak(text, false);
    expect(await find()).toMatchObject({ state: 'not-answering' });
  });

  it('that is slow is waited for by work that needs it, longer than by who looks', async () => {
    const waiting: http.ServerResponse[] = [];
    await serve((_request, response) => void waiting.push(response.setHeader('Api-Version', '1.41').setHeader('Libpod-API-Version', '4.3.1')));
    const needed = find(never, undefined, 'work');
    expect(await find()).toMatchObject({ state: 'not-answering' });
    for (const response of waiting) response.end('OK');
    expect(await needed).toMatchObject({ state: 'answers' });
  });

  it('that redirects has not done what it was asked', async () => {
    await serve((_request, response) => response.writeHead(301, { Location: '/elsewhere' }).end());
    const api = await openApi({ kind: 'socket', path: socket });
    await expect(api.done({ method: 'POST', path: '/x', signal: never })).rejects.toMatchObject({ status: 301 });
    await expect(api.hijack({ method: 'POST', path: '/x', upgrade: true, signal: never })).rejects.toMatchObject({ status: 301 });
  });

  it('ends at once where it is cancelled', async () => {
    await speak('', false);
    const controller = new AbortController();
    const finding = find(controller.signal);
    controller.abort();
    await expect(finding).rejects.toMatchObject({ name: 'CancelledError' });
  });

  it('is no more than can be held', async () => {
    await serve((_request, response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(1 << 20)));
      };
      response.on('drain', more);
      response.on('error', () => undefined);
      more();
    });
    const api = await openApi({ kind: 'socket', path: socket });
    await expect(api.json({ method: 'GET', path: '/x', signal: never }, z.unknown())).rejects.toMatchObject({ name: 'RefusedError' });
  });
});

describe('where no engine is', () => {
  it('says that a named one does not run, and that none is installed', async () => {
    expect(await find()).toMatchObject({ state: 'not-running' });
    const none = await find(never, { DOCKER_CONTEXT: 'nobody' });
    expect(none).toMatchObject({ state: 'unusable' });
    expect(() => engineOrThrow(none)).toThrow(expect.objectContaining({ code: 'source.unsupported', details: { state: 'unusable' } }));
  });

  // Root may use every socket: the test gives the right up for the moment.
  it.runIf(process.getuid?.() === 0)('says that the socket may not be used', async () => {
    await version({ ApiVersion: '1.41' });
    await chmod(folder, 0o755);
    await chmod(socket, 0o600);
    process.seteuid?.(65_534);
    try {
      const denied = await find();
      expect(denied).toMatchObject({ state: 'denied', hint: expect.stringContaining('group docker') });
      expect(() => engineOrThrow(denied)).toThrow(expect.objectContaining({ code: 'source.denied' }));
    } finally {
      process.seteuid?.(0);
    }
  });
});
