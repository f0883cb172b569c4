import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { AppError } from '../../../electron/core/base/errors.ts';
import { silentLog, systemClock, systemRandom } from '../../../electron/core/base/system.ts';
import { hostAlone } from '../../../electron/host/connect.ts';
import { serveWeb } from '../../../electron/host/web/server.ts';
import { relativePath } from '../../../electron/host/web/static-files.ts';
import { fakeBelay } from '../../helpers/fake-belay.ts';
import type { FakeBelay } from '../../helpers/fake-belay.ts';
import { temporaryFolder } from '../../helpers/world.ts';

const ports = { clock: systemClock, random: systemRandom, log: silentLog };

async function serve(belay: FakeBelay = fakeBelay(), built?: Record<string, string>) {
  const folder = await temporaryFolder();
  const home = path.join(folder.path, 'home');
  const window = path.join(folder.path, 'window');
  await mkdir(window);
  await writeFile(path.join(folder.path, 'secret.txt'), 'S3CR3T');
  for (const [name, text] of Object.entries(built ?? {})) {
    await mkdir(path.dirname(path.join(window, name)), { recursive: true });
    await writeFile(path.join(window, name), text);
  }
  const host = await hostAlone({ home, version: '1.0.0', startedBy: 'serve', createBelay: () => Promise.resolve(belay), ports });
  const web = await serveWeb({ host, ports, ...(built === undefined ? {} : { window }) });
  return {
    host,
    web,
    window,
    folder: folder.path,
    get: (target: string, headers: Record<string, string> = {}, method = 'GET') =>
      ask(web.port, target, { Host: `127.0.0.1:${String(web.port)}`, ...headers }, method),
    async [Symbol.asyncDispose]() {
      await host.close('over');
      await web.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The path goes out as it is: `fetch` would resolve `..` in it. */
function ask(
  port: number,
  target: string,
  headers: Record<string, string>,
  method: string,
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: target, method, headers, setHost: false, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

test('the address carries a token of 256 bits in its fragment, another one each time', async () => {
  await using first = await serve();
  await using second = await serve();
  expect(first.web.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[0-9a-f]{64}$/);
  expect(first.web.address.slice(-64)).not.toBe(second.web.address.slice(-64));
});

test('listens on loopback only', async () => {
  await using at = await serve();
  const { networkInterfaces } = await import('node:os');
  const others = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).filter((one) => one.family === 'IPv4' && !one.internal).map((one) => one.address),
  );
  for (const address of others) {
    const socket = connect(at.web.port, address);
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
  }
  expect((await at.get('/')).status).toBe(200);
});

test('every answer forbids what a page of ours never does', async () => {
  await using at = await serve();
  for (const target of ['/', '/plain.js', '/health', '/nothing', '/connection']) {
    const { headers } = await at.get(target);
    const policy = headers['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['set-cookie']).toBeUndefined();
  }
});

test('a name that leads here by DNS, or none, is refused', async () => {
  await using at = await serve();
  const port = String(at.web.port);
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    `127.0.0.1.evil.example:${port}`,
    '127.0.0.1:1',
    '127.0.0.1',
    `0.0.0.0:${port}`,
    `127.0.0.1:${port}@evil.example`,
  ]) {
    expect([host, (await at.get('/', { Host: host })).status]).toEqual([host, 421]);
    expect([host, (await at.get('/health', { Host: host })).status]).toEqual([host, 421]);
  }
  for (const host of [`localhost:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`]) expect((await at.get('/', { Host: host })).status).toBe(200);
});

test('a page from elsewhere is refused, also when it opens a WebSocket', async () => {
  await using at = await serve();
  const port = String(at.web.port);
  const upgrade = async (headers: Record<string, string>, target = '/connection') => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${target}`, { headers });
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    return response.statusCode;
  };
  for (const origin of ['https://evil.example', 'null', `https://127.0.0.1:${port}`, 'http://127.0.0.1:1', `http://127.0.0.1:${port}.evil.example`]) {
    expect([origin, (await at.get('/', { Origin: origin })).status]).toEqual([origin, 403]);
    expect([origin, await upgrade({ Origin: origin })]).toEqual([origin, 403]);
  }
  expect(await upgrade({ Host: `evil.example:${port}` })).toBe(421);
  expect(await upgrade({}, '/elsewhere')).toBe(404);
  expect((await at.get('/', { Origin: `http://127.0.0.1:${port}` })).status).toBe(200);
});

test('health tells anyone that things can be reached, and nothing else', async () => {
  const status = {
    home: '/S3CR3T',
    version: '1.0.0',
    host: { pid: 1, startedBy: 'serve' as const, clients: 0 },
    locked: false,
    sources: [],
    snapshots: 3,
    jobs: [],
    undo: [],
    next: [],
  };
  const repository = { id: 'S3CR3T', location: '/S3CR3T', format: 1, protection: 'keys' as const, createdAt: 1, readOnly: false };
  const belay = fakeBelay({ status: () => Promise.resolve(status) });
  await using at = await serve(belay);
  const health = async () => {
    const { status: code, body } = await at.get('/health');
    expect(body).not.toContain('S3CR3T');
    return [code, JSON.parse(body)] as const;
  };
  const base = { version: '1.0.0', host: 'alive' };
  expect(await health()).toEqual([200, { ...base, status: 'ok', catalog: 'reachable', repository: 'none' }]);
  belay.handlers.status = () => Promise.resolve({ ...status, repository });
  expect(await health()).toEqual([200, { ...base, status: 'ok', catalog: 'reachable', repository: 'reachable' }]);
  belay.handlers.status = () => Promise.resolve({ ...status, repository, locked: true });
  expect(await health()).toEqual([200, { ...base, status: 'ok', catalog: 'reachable', repository: 'locked' }]);
  belay.handlers.status = () => Promise.reject(new AppError('repository.missing', 'gone: /S3CR3T', { details: { at: 'S3CR3T' } }));
  expect(await health()).toEqual([503, { ...base, status: 'degraded', catalog: 'reachable', repository: 'unreachable', code: 'repository.missing' }]);
  belay.handlers.status = () => Promise.reject(new AppError('catalog.damaged', 'S3CR3T'));
  expect(await health()).toEqual([503, { ...base, status: 'degraded', catalog: 'unreachable', repository: 'none', code: 'catalog.damaged' }]);
});

test('a supervisor can ask with HEAD, and by the code alone; nothing beside it is there', async () => {
  const belay = fakeBelay({ status: () => Promise.reject(new AppError('repository.missing', 'S3CR3T')) });
  await using at = await serve(belay);
  const [got, head] = [await at.get('/health'), await at.get('/health', {}, 'HEAD')];
  expect([got.status, head.status, head.body]).toEqual([503, 503, '']);
  expect(head.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(head.headers['content-length']).toBe(String(got.body.length));
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const { status, headers } = await at.get('/health', {}, method);
    expect([method, status, headers['allow']]).toEqual([method, 405, 'GET, HEAD']);
  }
  for (const target of ['/health/', '/health/x', '/healthz', '/Health', '//health']) expect([target, (await at.get(target)).status]).toEqual([target, 404]);
  expect((await at.get('/health?token=x')).status).toBe(503);
});

test('only GET and HEAD are answered', async () => {
  await using at = await serve();
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) expect([method, (await at.get('/', {}, method)).status]).toEqual([method, 405]);
  const head = await at.get('/', {}, 'HEAD');
  expect([head.status, head.body]).toEqual([200, '']);
});

test('without a built window a plain page says so', async () => {
  await using at = await serve();
  const { body, headers } = await at.get('/');
  expect(headers['content-type']).toContain('text/html');
  expect(body).toContain('npm run build');
  expect(body).not.toMatch(/<script>|onload=|style="/);
  expect(body).not.toContain(at.web.address.slice(-64));
});

test('the built window is served with its kinds; places inside it get its page', async () => {
  await using at = await serve(fakeBelay(), {
    'index.html': '<p>built',
    'assets/app.js': 'run()',
    'assets/odd.exe': 'x',
    'assets/.hidden.js': 'x',
    'empty.css': '',
  });
  expect(await at.get('/')).toMatchObject({ status: 200, body: '<p>built' });
  expect(await at.get('/snapshots/abc')).toMatchObject({ status: 200, body: '<p>built' });
  const script = await at.get('/assets/app.js?v=1');
  expect([script.status, script.body, script.headers['content-type']]).toEqual([200, 'run()', 'text/javascript; charset=utf-8']);
  expect(await at.get('/empty.css')).toMatchObject({ status: 200, body: '' });
  for (const target of ['/assets/odd.exe', '/assets/.hidden.js', '/assets/missing.js', '/plain.js', '/index.html/x.js'])
    expect([target, (await at.get(target)).status]).toEqual([target, 404]);
});

test("no spelling of a path leads out of the window's folder", async () => {
  await using at = await serve(fakeBelay(), { 'index.html': '<p>built' });
  await symlink(path.join(at.folder, 'secret.txt'), path.join(at.window, 'link.txt'));
  await symlink(at.folder, path.join(at.window, 'folder'));
  const paths = [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '/a/../../secret.txt',
    '//secret.txt',
    '/./../secret.txt',
    '/%252e%252e/secret.txt',
    '/secret.txt%00.js',
    '/link.txt',
    '/folder/secret.txt',
    `/${at.folder}/secret.txt`,
    'http://x/../secret.txt',
    '/%c0%ae%c0%ae/secret.txt',
  ];
  for (const target of paths) {
    const { status, body } = await at.get(target);
    expect([target, body.includes('S3CR3T')]).toEqual([target, false]);
    expect([target, status === 404 || status === 400]).toEqual([target, true]);
  }
});

test('whatever the path, what would be read is plainly below the folder', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('/', '..', '.', '%2e', '%2f', '%5c', '\\', 'a', 'b.js', '%00', '%', ':', 'é', '~'), { maxLength: 12 }), (parts) => {
      const relative = relativePath(`/${parts.join('')}`);
      if (relative === undefined) return;
      expect(path.resolve('/root', relative)).toBe(`/root/${relative}`);
      expect(relative).not.toMatch(/(?:^|\/)\./);
    }),
    { numRuns: 2000 },
  );
});

test('a taken port is said', async () => {
  await using at = await serve();
  await expect(serveWeb({ host: at.host, port: at.web.port, ports })).rejects.toMatchObject({
    code: 'home.in-use',
    hint: expect.stringContaining('--port') as string,
  });
});
