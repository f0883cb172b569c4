import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRandom } from '../../../electron/core/base/system.ts';
import { readArchive, readFileFrom, writeArchive } from '../../../electron/core/containers/archive.ts';
import type { ArchiveInput } from '../../../electron/core/containers/archive.ts';
import { credentialsOf, findContainer, listContainers } from '../../../electron/core/containers/discovery.ts';
import type { Engine } from '../../../electron/core/containers/engine.ts';
import { startExec } from '../../../electron/core/containers/exec.ts';
import { collationLibraries } from '../../../electron/core/containers/libraries.ts';
import { dockerPossible, privateDocker } from '../../helpers/containers/docker.ts';
import type { TestDocker } from '../../helpers/containers/docker.ts';
import { allOf, until } from '../../helpers/containers/look.ts';

const signal = new AbortController().signal;
const secret = 'S3CR3T-of-the-canary';
const limits = { entries: 1000, bytes: 1 << 30 };

describe.runIf(dockerPossible)('what is in an engine', () => {
  let docker: TestDocker;
  let engine: Engine;

  beforeAll(async () => {
    docker = await privateDocker(['busybox:1', 'postgres:15']);
    engine = await docker.engine();
    const labels = {
      'com.docker.compose.project': 'shop',
      'com.docker.compose.service': 'db',
      'com.docker.compose.project.working_dir': '/home/me/shop',
      'some.token': secret,
    };
    await docker.run(
      'postgres:15',
      { Env: [`POSTGRES_PASSWORD=${secret}`, 'POSTGRES_USER=shop', `DATABASE_URL=postgres://shop:${secret}@db/shop`], Labels: labels },
      'shop-db-1',
    );
    const health = { Test: ['CMD', 'true'], Interval: 1_000_000_000 };
    await docker.call('POST', '/networks/create', { Name: 'front', Driver: 'bridge' });
    await docker.run(
      'busybox:1',
      {
        Cmd: ['sleep', '1000'],
        Env: ['REDIS_PASSWORD_FILE=/data/link'],
        ExposedPorts: { '6379/tcp': {} },
        Healthcheck: health,
        HostConfig: { NetworkMode: 'front', PortBindings: { '6379/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } },
      },
      'cache',
    );
    const stopped = await docker.run('busybox:1', { Cmd: ['true'] }, 'stopped');
    await docker.call('POST', `/containers/${stopped}/wait`);
  });
  afterAll(async () => {
    await docker?.[Symbol.asyncDispose]();
  });

  it('lists containers, running and stopped, with what tells their databases and nothing secret', async () => {
    await until(async () => (await findContainer(engine, 'cache', signal)).health === 'healthy');
    const rows = await listContainers(engine, signal);
    expect(rows.map(({ name, kind, state, health, image }) => ({ name, kind, state, health, image }))).toEqual([
      { name: 'cache', kind: 'redis', state: 'running', health: 'healthy', image: 'busybox:1' },
      { name: 'shop-db-1', kind: 'postgres', state: 'running', health: undefined, image: 'postgres:15' },
      { name: 'stopped', kind: undefined, state: 'stopped', health: undefined, image: 'busybox:1' },
    ]);
    const [cache, shop] = rows;
    expect(shop?.compose).toEqual({ project: 'shop', service: 'db', folder: '/home/me/shop' });
    expect(shop?.env).toEqual({ POSTGRES_USER: 'shop', PGDATA: '/var/lib/postgresql/data', PG_MAJOR: '15', LANG: 'C.UTF-8' });
    expect(shop?.volumes).toEqual([{ name: expect.any(String), folder: '/var/lib/postgresql/data', readOnly: false }]);
    expect(shop?.ports).toEqual([{ port: 5432, protocol: 'tcp', published: undefined }]);
    expect(cache?.ports).toEqual([{ port: 6379, protocol: 'tcp', published: { host: '127.0.0.1', port: expect.any(Number) } }]);
    expect(cache?.addresses).toEqual([{ network: 'front', address: expect.stringMatching(/^10\./) }]);
    expect(inspect(rows, { depth: 9 })).not.toContain(secret);
  });

  it('hands a password out when it is asked for, and then in no way that prints', async () => {
    const credentials = await credentialsOf(engine, 'shop-db-1', signal);
    expect(credentials.password?.reveal()).toBe(secret);
    expect({ user: credentials.user, database: credentials.database }).toEqual({ user: 'shop', database: 'shop' });
    expect(inspect(credentials) + JSON.stringify(credentials) + String(credentials.password)).not.toContain(secret);
  });

  it('reads a password from the file that is named, through links', async () => {
    await writeArchive(
      engine,
      'cache',
      '/data',
      [{ name: 'p', kind: 'file', mode: 0o600, uid: 0, gid: 0, bytes: secret.length + 1, body: Buffer.from(`${secret}\n`) }],
      signal,
    );
    expect((await credentialsOf(engine, 'cache', signal)).password).toBeUndefined();
    const made = await docker.call('POST', '/containers/cache/exec', { Cmd: ['ln', '-s', '../data/p', '/data/link'] });
    await docker.call('POST', `/exec/${(made.json as { Id: string }).Id}/start`, { Detach: true });
    await until(async () => (await credentialsOf(engine, 'cache', signal)).password?.reveal() === secret);
    expect((await readFileFrom(engine, 'cache', '/data/link', { most: 6, signal }))?.toString()).toBe('S3CR3T');
  });

  it('says that a container is not there', async () => {
    await expect(findContainer(engine, 'nobody', signal)).rejects.toMatchObject({ code: 'source.missing' });
    await expect(credentialsOf(engine, '../version', signal)).rejects.toMatchObject({ code: 'source.missing' });
    await expect(allEntries('nobody', '/etc')).rejects.toMatchObject({ code: 'source.missing' });
  });

  async function allEntries(container: string, folder: string): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for await (const entry of readArchive(engine, container, folder, { limits, signal }))
      found.set(
        entry.name,
        `${entry.kind} ${entry.mode.toString(8)} ${String(entry.uid)}:${String(entry.gid)} ${entry.target ?? (await allOf(entry.body)).toString()}`,
      );
    return found;
  }

  it('puts files into a stopped container and takes them out again, modes and owners kept', async () => {
    const entries: ArchiveInput[] = [
      { name: 'tree', kind: 'folder', mode: 0o750, uid: 70, gid: 71 },
      { name: 'tree/-rf', kind: 'file', mode: 0o640, uid: 70, gid: 71, bytes: 3, body: Buffer.from('one') },
      { name: `tree/${'long/'.repeat(40)}ü\n'`, kind: 'file', mode: 0o600, uid: 0, gid: 0, bytes: 3, body: Buffer.from('two') },
    ];
    await writeArchive(engine, 'stopped', '/data', entries, signal);
    const found = await allEntries('stopped', '/data/tree');
    expect(found.get('tree')).toMatch(/^folder 750 70:71/);
    expect(found.get('tree/-rf')).toBe('file 640 70:71 one');
    expect(found.get(`tree/${'long/'.repeat(40)}ü\n'`)).toBe('file 600 0:0 two');
    expect(await readFileFrom(engine, 'stopped', '/data/none', { most: 10, signal })).toBeUndefined();
  });

  it('refuses names that lead out before it sends anything, and a body of another length', async () => {
    const file = (name: string, bytes: number): ArchiveInput => ({ name, kind: 'file', mode: 0o600, uid: 0, gid: 0, bytes, body: Buffer.from('x') });
    for (const name of ['../out', '/out', 'a/../../out', ''])
      await expect(writeArchive(engine, 'stopped', '/data', [file(name, 1)], signal)).rejects.toMatchObject({ code: 'source.damaged' });
    await expect(writeArchive(engine, 'stopped', '/data', [file('short', 5)], signal)).rejects.toThrow();
    await expect(writeArchive(engine, 'stopped', '/no/such', [file('x', 1)], signal)).rejects.toMatchObject({ code: 'source.missing' });
    expect([...(await allEntries('stopped', '/data')).keys()].filter((name) => name.includes('out') || name.includes('short'))).toEqual([]);
  });

  it('bounds what it takes out, and refuses devices', async () => {
    const few = async () => {
      for await (const entry of readArchive(engine, 'stopped', '/bin', { limits: { entries: 10, bytes: 1 << 30 }, signal })) entry.body.resume();
    };
    await expect(few()).rejects.toMatchObject({ code: 'source.damaged' });
    await docker.run('busybox:1', { Cmd: ['sh', '-c', 'mknod /data/device b 1 1; mkfifo /data/pipe; sleep 1000'] }, 'devices');
    await until(async () => (await allEntries('devices', '/data').catch((error: unknown) => error)) instanceof Error);
    await expect(allEntries('devices', '/data')).rejects.toMatchObject({ code: 'source.damaged' });
  });

  it('ends an archive that is cancelled in its middle', async () => {
    const controller = new AbortController();
    const reading = async () => {
      for await (const entry of readArchive(engine, 'shop-db-1', '/usr', { limits: { entries: 1e9, bytes: 1e12 }, signal: controller.signal })) {
        entry.body.resume();
        controller.abort();
      }
    };
    await expect(reading()).rejects.toMatchObject({ name: 'CancelledError' });
  });

  it('tells the C library and ICU from files alone, as the programs themselves tell them', async () => {
    const debian = await collationLibraries(engine, 'shop-db-1', signal);
    const run = await startExec(engine, 'shop-db-1', { argv: ['getconf', 'GNU_LIBC_VERSION'], keepStderr: 100, signal }, { random: systemRandom });
    run.stdin.end();
    expect(debian).toEqual({ libc: (await allOf(run.stdout)).toString().trim(), icu: expect.stringMatching(/^\d+\.\d+$/) });
    expect(await collationLibraries(engine, 'stopped', signal)).toEqual({ libc: undefined, icu: undefined });
    // The same without the list of packages, which small images may lack.
    await docker.call('POST', '/containers/create?name=bare', { Image: 'postgres:15' });
    const empty = { name: 'status', kind: 'file', mode: 0o644, uid: 0, gid: 0, bytes: 0 } as const;
    await writeArchive(engine, 'bare', '/var/lib/dpkg', [empty], signal);
    const bare = await collationLibraries(engine, 'bare', signal);
    expect({ libc: bare.libc, icu: bare.icu?.split('.')[0] }).toEqual({ libc: debian.libc, icu: debian.icu?.split('.')[0] });
  });
});
