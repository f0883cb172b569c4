import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressText, chooseEndpoint, parseHost } from '../../../electron/core/containers/endpoint.ts';
import type { EndpointFacts } from '../../../electron/core/containers/endpoint.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'endpoint-'));
});
afterEach(() => rm(home, { recursive: true }));

const choose = (env: EndpointFacts['env'], more: Partial<EndpointFacts> = {}) => chooseEndpoint({ env, platform: 'linux', userHome: home, uid: 1000, ...more });

async function context(name: string, host: string, options: { tls?: boolean; skip?: boolean } = {}): Promise<void> {
  const hash = createHash('sha256').update(name).digest('hex');
  const meta = path.join(home, '.docker', 'contexts', 'meta', hash);
  await mkdir(meta, { recursive: true });
  await writeFile(
    path.join(meta, 'meta.json'),
    JSON.stringify({ Name: name, Metadata: {}, Endpoints: { docker: { Host: host, SkipTLSVerify: options.skip ?? false } } }),
  );
  if (options.tls !== true) return;
  const tls = path.join(home, '.docker', 'contexts', 'tls', hash, 'docker');
  await mkdir(tls, { recursive: true });
  await writeFile(path.join(tls, 'ca.pem'), '');
}

describe('where a container engine is looked for', () => {
  it('takes DOCKER_HOST before all else', async () => {
    await context('work', 'unix:///work.sock');
    await writeFile(path.join(home, '.docker', 'config.json'), '{"currentContext":"work"}');
    expect(await choose({ DOCKER_HOST: 'unix:///mine.sock', DOCKER_CONTEXT: 'work' })).toEqual({
      kind: 'candidates',
      named: true,
      endpoints: [{ origin: 'DOCKER_HOST', address: { kind: 'socket', path: '/mine.sock' } }],
    });
  });

  it('takes the current context, or the one that is named, with its certificates', async () => {
    await context('work', 'unix:///work.sock');
    await context('far', 'tcp://far.example:2376', { tls: true });
    await writeFile(path.join(home, '.docker', 'config.json'), '{"currentContext":"work","auths":{}}');
    expect(await choose({})).toMatchObject({ endpoints: [{ origin: 'the context work', address: { path: '/work.sock' } }] });
    expect(await choose({ DOCKER_CONTEXT: 'far' })).toMatchObject({
      endpoints: [{ address: { kind: 'tcp', host: 'far.example', port: 2376, tls: { ca: expect.stringMatching(/ca\.pem$/) } } }],
    });
    expect(await choose({ DOCKER_CONTEXT: 'default' })).toMatchObject({ named: false });
  });

  it('names a context that cannot be used, and looks nowhere else', async () => {
    await context('loose', 'tcp://far.example:2376', { tls: true, skip: true });
    await context('../../x', 'unix:///x.sock');
    for (const name of ['nobody', 'loose']) expect(await choose({ DOCKER_CONTEXT: name })).toMatchObject({ kind: 'unusable', origin: `the context ${name}` });
    expect(await choose({ DOCKER_CONTEXT: '../../x' })).toMatchObject({ endpoints: [{ address: { path: '/x.sock' } }] });
  });

  it('looks at the usual sockets, Docker before Podman, where nothing is named or the settings are broken', async () => {
    await mkdir(path.join(home, '.docker'));
    await writeFile(path.join(home, '.docker', 'config.json'), '{broken');
    const found = await choose({ XDG_RUNTIME_DIR: '/run/user/7', DOCKER_HOST: ' ' });
    const places = found.kind === 'candidates' ? found.endpoints.map(({ address }) => addressText(address)) : [];
    expect(places[0]).toBe('unix:///var/run/docker.sock');
    expect(places).toContain(`unix://${home}/.docker/run/docker.sock`);
    expect(places.indexOf('unix:///run/user/7/podman/podman.sock')).toBeGreaterThan(places.indexOf('unix:///run/user/7/docker.sock'));
    expect(await choose({}, { platform: 'win32' })).toMatchObject({ endpoints: [{ address: { path: '//./pipe/docker_engine' } }, {}] });
    expect(await choose({ CONTAINER_HOST: 'unix:///p.sock' })).toMatchObject({ endpoints: [{ origin: 'CONTAINER_HOST', address: { path: '/p.sock' } }] });
  });

  const tls = { ca: 'a', cert: 'b', key: 'c' };
  it.each([
    ['unix://', undefined, { kind: 'socket', path: '/var/run/docker.sock' }],
    ['npipe:////./pipe/other', undefined, { kind: 'socket', path: '//./pipe/other' }],
    ['tcp://localhost', undefined, { kind: 'tcp', host: 'localhost', port: 2375, tls: undefined }],
    ['127.0.0.1:1234', undefined, { kind: 'tcp', host: '127.0.0.1', port: 1234, tls: undefined }],
    ['tcp://[::1]:1234', undefined, { kind: 'tcp', host: '::1', port: 1234, tls: undefined }],
    ['tcp://far.example:80', tls, { kind: 'tcp', host: 'far.example', port: 80, tls }],
  ] as const)('reads %s', (host, certificates, address) => {
    expect(parseHost(host, certificates)).toEqual(address);
  });

  it.each([
    'tcp://far.example:2375',
    'https://localhost',
    'unix://relative',
    'ssh://far.example',
    'ftp://x',
    'tcp://',
    'tcp://u:p@localhost',
    'tcp://127.0.0.1.evil.example:1',
    'tcp://localhost/path',
  ])('refuses %s with what to do', (host) => {
    expect(parseHost(host, undefined)).toEqual({ why: expect.any(String), hint: expect.any(String) });
  });
});
