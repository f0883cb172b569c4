import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeArchive } from '../../../electron/core/containers/archive.ts';
import { findEngine } from '../../../electron/core/containers/engine.ts';
import type { DiscoverScope, EngineContext, EngineSource, SourceLocation } from '../../../electron/core/engines/engine.ts';
import { compareFingerprints } from '../../../electron/core/engines/fingerprint.ts';
import { createPostgresEngine } from '../../../electron/core/engines/postgres/engine.ts';
import { cacheFolder, imageFiles } from '../../../tools/provision/images.mjs';
import { dockerPossible, privateDocker } from '../../helpers/containers/docker.ts';
import type { TestDocker } from '../../helpers/containers/docker.ts';
import { until } from '../../helpers/containers/look.ts';
import { inContainer, runPostgres, sqlIn } from '../../helpers/containers/postgres.ts';
import { containerSubject } from '../../helpers/containers/subject.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { makeBank } from '../../helpers/postgres/bank.ts';
import { engineCore } from '../../contract/engine-suite.ts';

const password = 'c4nary of: the \\ container';
const here = { folder: '/', environment: {} };
const child = fileURLToPath(new URL('../../helpers/postgres/exec-session-child.ts', import.meta.url));
const usualPath = process.env['PATH'];
const noIntent = (): Promise<void> => Promise.resolve();

/** No tool of PostgreSQL is on this machine, as far as the engine sees. */
const postgres = createPostgresEngine();

describe.runIf(dockerPossible)('PostgreSQL in containers', () => {
  let docker: TestDocker;
  let folder = '';
  const places = { open: { user: 'shop', database: 'shop' }, closed: { user: 'postgres', database: 'postgres' } };

  beforeAll(async () => {
    docker = await privateDocker(['postgres:15', 'noshell:1']);
    await docker.call('POST', '/networks/create', { Name: 'shop', Driver: 'bridge' });
    await docker.call('POST', '/networks/create', { Name: 'inner', Driver: 'bridge', Internal: true });
    folder = await mkdtemp(path.join(tmpdir(), 'shop-'));
    const labels = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'db', 'com.docker.compose.project.working_dir': folder };
    await Promise.all([
      runPostgres(docker, { name: 'open', password, ...places.open, network: 'shop', published: true }),
      runPostgres(docker, { name: 'shop-db-1', password, ...places.closed, network: 'inner', labels }),
      runPostgres(docker, { name: 'cut-off', password, network: 'none', started: false }),
    ]);
    await sqlIn(docker, 'open', places.open, `${makeBank}; SELECT lo_from_bytea(0, repeat('x', 100000)::bytea)`);
    await onlyBusybox(docker, 'open', ['dd', 'mkdir', 'rm', 'ls', 'sh', 'dash', 'bash']);
    process.env['PATH'] = '/nowhere';
  });
  afterAll(async () => {
    process.env['PATH'] = usualPath;
    await docker?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** What the context of a host in which the source was added has. */
  function withHost<T>(work: (context: EngineContext) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return withContext(
      (context) =>
        work({
          ...context,
          secret: (handle) => Promise.resolve(handle === 'h' ? password : undefined),
          containerEngine: (one, patience) => findEngine({ env: { DOCKER_HOST: docker.host }, platform: 'linux', userHome: '/', uid: 0 }, one, patience),
        }),
      signal,
    );
  }

  /** As `source add` does it. */
  async function added(url: string): Promise<EngineSource> {
    const given = await withHost(async (context) => postgres.complete?.({ url }, here, context));
    const apart = postgres.separateSecrets?.(given ?? {});
    expect(JSON.stringify(apart?.input)).not.toContain('c4nary');
    expect(apart?.secrets).toEqual({ password });
    const location: SourceLocation = postgres.normaliseLocation({ ...apart?.input, secrets: { password: 'h' } }, '/');
    return { name: 'source', engine: 'postgres', location };
  }

  it('are discovered, one line each however many ways lead to it, and none of it secret', async () => {
    const found = (await docker.call('GET', '/containers/open/json')).json as { NetworkSettings: { Ports: Record<string, { HostPort: string }[]> } };
    const port = found.NetworkSettings.Ports['5432/tcp']?.[0]?.HostPort ?? '';
    await writeFile(path.join(folder, '.env'), `DATABASE_URL=postgresql+asyncpg://shop:${encodeURIComponent(password)}@localhost:${port}/shop\n`);
    const services = { db: { image: 'postgres:15', environment: { POSTGRES_PASSWORD: password } }, later: { image: 'postgres:16', ports: ['6432:5432'] } };
    await writeFile(path.join(folder, 'compose.yaml'), JSON.stringify({ services }));
    const environment = { PGHOST: '127.0.0.1', PGPORT: port, PGUSER: 'shop', PGPASSWORD: password, REPORTS_DATABASE_URL: 'postgres://me@db.example/reports' };
    const notes: string[] = [];
    const reasons: string[] = [];
    const where: DiscoverScope = {
      folder,
      depth: 0,
      environment,
      note: (one) => void notes.push(one),
      noContainers: ({ state }) => void reasons.push(state),
    };
    const all = await withHost((context) => postgres.discover(where, context));
    const lines = all.map(({ description, named, state, add }) => ({ description: description.replace(/ \(.*/, ''), named, state, add }));
    expect(lines.filter(({ description }) => !description.includes('server at /') && !description.includes(':5432'))).toEqual([
      { description: 'postgres, container cut-off', named: [], state: 'created', add: 'docker://cut-off/postgres' },
      {
        description: 'shop, container open',
        named: ['PG* variables in the environment', 'DATABASE_URL in .env'],
        state: 'running',
        add: 'docker://open/shop',
      },
      { description: 'postgres, container shop-db-1', named: ['service db in compose.yaml'], state: 'running', add: 'docker://shop+db/postgres' },
      { description: 'postgres, server at 127.0.0.1:6432', named: ['service later in compose.yaml'], state: undefined, add: undefined },
    ]);
    expect(all.find(({ add }) => add === 'env:REPORTS_DATABASE_URL')).toMatchObject({ description: 'reports, server at db.example:5432' });
    expect(all.find(({ add }) => add === 'docker://open/shop')?.bytes).toBeGreaterThan(1_000_000);
    expect(notes).toEqual([]);
    expect(JSON.stringify(all)).not.toContain('c4nary');
    for (const one of all) expect(postgres.describeLocation(one.location)).toMatch(/^(postgres|docker):/);

    const byVariable = await withHost(async (context) => postgres.complete?.({ variable: 'DATABASE_URL@.env' }, { folder, environment }, context));
    expect(byVariable).toEqual({ host: 'localhost', port: Number(port), user: 'shop', database: 'shop', password });
    const byVariables = await withHost(async (context) => postgres.complete?.({ url: 'postgres:///' }, { folder, environment }, context));
    // PGPASSWORD is used, and never kept.
    expect(byVariables).toEqual({ host: '127.0.0.1', port: Number(port), user: 'shop', database: 'shop' });
    await writeFile(path.join(folder, 'services'), `[work]\nhost=db.example\ndbname=work\nuser=me\npassword=${password}\n`);
    const byService = { folder, environment: { PGSERVICEFILE: path.join(folder, 'services') } };
    const ofService = await withHost(async (context) => postgres.complete?.({ url: 'postgres:///?service=work' }, byService, context));
    expect(ofService).toEqual({ host: 'db.example', port: 5432, user: 'me', database: 'work', password });

    using _ = docker.frozen();
    const without = await withHost((context) => postgres.discover(where, context));
    expect(reasons).toEqual([expect.stringMatching(/^not-(?:running|answering)$/)]);
    expect(without.map(({ add }) => add)).toEqual(expect.arrayContaining(['postgres:///', 'env:REPORTS_DATABASE_URL']));
  });

  it('captures and restores by the tools in it, with nothing but busybox beside them', async () => {
    const source = await added('docker://open');
    expect(source.location).toMatchObject({ container: { name: 'open' }, user: 'shop', database: 'shop', port: 5432 });
    expect(postgres.describeLocation(source.location)).toBe('docker://open/shop');
    const probe = await withHost((context) => postgres.probe(source, context));
    expect(probe.tools).toEqual(['pg_dump', 'pg_restore'].map((tool) => ({ tool, version: probe.serverVersion, origin: 'in the container open' })));

    const sink = memorySink();
    const report = await withHost((context) => postgres.capture(source, { maxWriterWait: 5000 }, sink, context));
    expect(report.warnings).toEqual([]);
    const snapshot = sink.snapshot('postgres', source.location, report.fingerprint);
    const target = { location: postgres.targetLocation('shop_copy', source.location, '/'), mode: 'new' } as const;
    expect((await withHost((context) => postgres.preflight(snapshot, target, context))).blockers).toEqual([]);
    const copy = await withHost((context) => postgres.restore(snapshot, target, context, noIntent));
    expect(compareFingerprints(report.fingerprint, await withHost((context) => postgres.fingerprint({ kind: 'copy', copy }, context)))).toEqual([]);
    await withHost((context) => postgres.promote(copy, target, context, noIntent));
    const there = `SELECT count(*), md5(string_agg(a::text, ',' ORDER BY a.id)), (SELECT sum(length(data)) FROM pg_largeobject) FROM accounts a`;
    const copied = { user: 'shop', database: 'shop_copy' };
    expect(await sqlIn(docker, 'open', copied, there)).toBe(await sqlIn(docker, 'open', places.open, there));
    expect(await sqlIn(docker, 'open', copied, `SELECT count(*) FROM pg_index WHERE NOT indisvalid`)).toBe('0');
    expect((await inContainer(docker, 'open', ['ls', '/tmp'])).out).toBe('');
    expect(JSON.stringify([...sink.objects, report])).not.toContain('c4nary');
  });

  it('leaves nothing in it where the restore is cancelled', async () => {
    const source = await added('docker://open');
    const sink = memorySink();
    const report = await withHost((context) => postgres.capture(source, { maxWriterWait: 5000 }, sink, context));
    const snapshot = sink.snapshot('postgres', source.location, report.fingerprint);
    const target = { location: postgres.targetLocation('cancelled', source.location, '/'), mode: 'new' } as const;
    const abort = new AbortController();
    const failed = await withHost(
      (context) =>
        postgres.restore(
          snapshot,
          target,
          { ...context, progress: ({ stage }) => (stage === 'building indexes' ? setImmediate(() => abort.abort()) : undefined) },
          noIntent,
        ),
      abort.signal,
    ).catch((error: unknown) => error);
    expect(failed).toMatchObject({ name: 'CancelledError' });
    expect((await inContainer(docker, 'open', ['ls', '/tmp'])).out).toBe('');
    expect(await sqlIn(docker, 'open', places.open, `SELECT datname FROM pg_database WHERE datname LIKE 'cancelled%'`)).toBe('');
  });

  it('finds a service of Compose by its address, and again when it was made anew', async () => {
    const source = await added('docker://shop-db-1');
    expect(source.location).toMatchObject({ container: { project: 'shop', service: 'db' } });
    expect(postgres.describeLocation(source.location)).toBe('docker://shop+db/postgres');
    expect(await withHost((context) => postgres.probe(source, context))).toMatchObject({ consistency: 'transaction' });
    await docker.call('POST', '/containers/shop-db-1/rename?name=shop-db-2');
    expect(await withHost((context) => postgres.probe(source, context))).toMatchObject({ consistency: 'transaction' });
    await docker.call('POST', '/containers/shop-db-2/pause');
    const paused = await withHost((context) => postgres.probe(source, context)).catch((error: unknown) => error);
    expect(paused).toMatchObject({ code: 'source.unreachable', hint: expect.stringContaining('docker unpause shop-db-2') as unknown });
    await docker.call('POST', '/containers/shop-db-2/unpause');
  });

  it('is refused with what to do where nothing in it can hand on a connection, with a shell or without', async () => {
    await docker.run('noshell:1', { Cmd: ['sleep', '1000'] }, 'bare');
    await docker.run('postgres:15', { Cmd: ['sleep', '1000'] }, 'poor');
    await onlyBusybox(docker, 'poor', ['perl', 'bash']);
    for (const name of ['bare', 'poor']) {
      const location = postgres.normaliseLocation({ url: `docker://${name}/shop` }, '/');
      const failed = await withHost((context) => postgres.probe({ name, engine: 'postgres', location }, context)).catch((error: unknown) => error);
      expect(failed, JSON.stringify(failed)).toMatchObject({
        code: 'tool.missing',
        message: expect.stringContaining('no perl, bash or busybox') as unknown,
        hint: expect.stringContaining('"127.0.0.1:5432:5432"') as unknown,
      });
    }
  });

  it('says of one that does not run how to start it, of one that is not there that it is not, and reaches one that no network leads to', async () => {
    const source = await added('docker://cut-off');
    const probe = (): Promise<unknown> => withHost((context) => postgres.probe(source, context)).catch((error: unknown) => error);
    expect(await probe()).toMatchObject({ code: 'source.unreachable', hint: 'Start it: docker start cut-off' });
    await docker.call('POST', '/containers/cut-off/start');
    // Nothing answers in it yet: it is told as such.
    expect(await probe()).toMatchObject({ code: 'source.unreachable', details: { container: 'cut-off' } });
    await until(async () => (await inContainer(docker, 'cut-off', ['/usr/lib/postgresql/15/bin/pg_isready', '-h', '127.0.0.1'])).code === 0);
    for (const lacking of [[], ['perl'], ['bash', 'busybox']]) {
      await onlyBusybox(docker, 'cut-off', lacking);
      expect(await probe()).toMatchObject({ consistency: 'transaction' });
    }
    // The server is the first process there: what a session leaves behind ended by a signal it takes for a crash of its own.
    expect((await docker.call('GET', '/containers/cut-off/logs?stdout=1&stderr=1')).json).not.toContain('terminated by signal');
    const noUrl = await withHost(async (context) => postgres.connection?.(source.location, context)).catch((error: unknown) => error);
    expect(noUrl).toMatchObject({ code: 'engine.unsupported', hint: expect.stringMatching(/"127\.0\.0\.1:5432:5432".*--url-file/s) as unknown });
    await sqlIn(docker, 'cut-off', places.closed, makeBank);
    const sink = memorySink();
    const report = await withHost((context) => postgres.capture(source, { maxWriterWait: 5000 }, sink, context));
    const snapshot = sink.snapshot('postgres', source.location, report.fingerprint);
    const target = { location: postgres.targetLocation('again', source.location, '/'), mode: 'new' } as const;
    const copy = await withHost((context) => postgres.restore(snapshot, target, context, noIntent));
    expect(compareFingerprints(report.fingerprint, await withHost((context) => postgres.fingerprint({ kind: 'copy', copy }, context)))).toEqual([]);
    await withHost((context) => postgres.discard(copy, context));
    const sessions = `SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'belay%'`;
    await until(async () => (await sqlIn(docker, 'cut-off', places.closed, sessions)) === '0');
    const holder = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', child, docker.host, 'cut-off', password], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    expect(await sqlIn(docker, 'cut-off', places.closed, sessions)).toBe('1');
    holder.kill('SIGKILL');
    await until(async () => (await sqlIn(docker, 'cut-off', places.closed, sessions)) === '0');

    const none = await withHost(async (context) => postgres.complete?.({ url: 'docker://nowhere/x' }, here, context)).catch((error: unknown) => error);
    expect(none).toMatchObject({ code: 'source.missing' });
    const service = postgres.normaliseLocation({ url: 'docker://shop+nothing/x' }, '/');
    const gone = await withHost((context) => postgres.probe({ ...source, location: service }, context)).catch((error: unknown) => error);
    expect(gone).toMatchObject({ code: 'source.missing', hint: expect.stringContaining('compose up') as unknown });
  });

  describe('with its tools and nothing of this machine', () => {
    // The subjects of the suite have the server to themselves.
    beforeAll(async () => {
      const at = { ...places.open, database: 'postgres' };
      for (const name of (await sqlIn(docker, 'open', at, `SELECT datname FROM pg_database WHERE datname LIKE 'shop%'`)).split('\n'))
        await sqlIn(docker, 'open', at, `DROP DATABASE "${name}" WITH (FORCE)`);
    });
    engineCore('postgres in a container', { inPlace: false, imports: true }, () =>
      containerSubject(docker, { name: 'open', user: places.open.user, password }),
    );
  });
});

/** As in the everyday small images: what a program of ours needs there is busybox's. */
async function onlyBusybox(docker: TestDocker, container: string, names: readonly string[]): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'busybox-'));
  execFileSync('tar', ['-C', folder, '-xf', path.join(cacheFolder(process.env), 'images', imageFiles().busybox), './bin/busybox'], {
    env: { PATH: usualPath },
  });
  const body = await readFile(path.join(folder, 'bin/busybox'));
  await rm(folder, { recursive: true });
  const file = (name: string) => ({ name, kind: 'file', mode: 0o755, uid: 0, gid: 0, bytes: body.length, body }) as const;
  await writeArchive(await docker.engine(), container, '/usr/bin', names.map(file), AbortSignal.timeout(30_000));
}
