import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../../electron/core/base/system.ts';
import { readFileFrom, writeArchive } from '../../../electron/core/containers/archive.ts';
import { listContainers } from '../../../electron/core/containers/discovery.ts';
import { startExec } from '../../../electron/core/containers/exec.ts';
import { startInstance } from '../../../electron/core/containers/instance.ts';
import { reap } from '../../../electron/core/containers/reap.ts';
import type { EngineContext, EngineSource } from '../../../electron/core/engines/engine.ts';
import { createPostgresEngine } from '../../../electron/core/engines/postgres/engine.ts';
import { drill } from '../../../electron/core/verify/drill.ts';
import type { TestEngine } from '../../helpers/containers/docker.ts';
import { processesWith, until } from '../../helpers/containers/look.ts';
import { podmanPossible, privatePodman } from '../../helpers/containers/podman.ts';
import { inContainer, runPostgres, sqlIn } from '../../helpers/containers/postgres.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { makeBank } from '../../helpers/postgres/bank.ts';

const never = new AbortController().signal;
const password = 'c4nary of: the \\ container';
const shop = { user: 'shop', database: 'shop' };
const owner = { installation: 'here', run: 'now' };
const ports = { random: systemRandom, clock: systemClock };
/** No tool of PostgreSQL is on this machine, as far as the engine sees. */
const postgres = createPostgresEngine({ owner });
const usualPath = process.env['PATH'];

describe.runIf(podmanPossible)('Podman behind its compatible socket', () => {
  let podman: TestEngine & AsyncDisposable;

  beforeAll(async () => {
    podman = await privatePodman();
    await podman.call('POST', '/networks/create', { Name: 'shop', Driver: 'bridge', Internal: true });
    await runPostgres(podman, { name: 'shop-db', password, ...shop, network: 'shop' });
    await sqlIn(podman, 'shop-db', shop, makeBank);
    process.env['PATH'] = '/nowhere';
  });
  afterAll(async () => {
    process.env['PATH'] = usualPath;
    await podman?.[Symbol.asyncDispose]();
  });

  const withPodman = <T>(work: (context: EngineContext) => Promise<T>): Promise<T> =>
    withContext((context) =>
      work({
        ...context,
        secret: (handle) => Promise.resolve(handle === 'h' ? password : undefined),
        containerEngine: async () => ({ state: 'answers', engine: await podman.engine() }),
      }),
    );

  /** What is in it beside the source: containers, volumes, networks. */
  async function left(): Promise<readonly string[]> {
    const containers = (await podman.call('GET', '/containers/json?all=true')).json as { Names: string[] }[];
    const volumes = ((await podman.call('GET', '/volumes')).json as { Volumes: { Name: string }[] | null }).Volumes ?? [];
    const networks = (await podman.call('GET', '/networks')).json as { Name: string }[];
    return [
      ...containers.flatMap(({ Names }) => Names.filter((name) => name !== '/shop-db')),
      // Of the source, that of its data.
      ...volumes.slice(1).map(({ Name }) => `volume ${Name}`),
      ...networks.flatMap(({ Name }) => (['shop', 'podman', 'bridge'].includes(Name) ? [] : [`network ${Name}`])),
    ];
  }

  it('is known, lists what it has, and runs programs whose end and exit code are told', async () => {
    const engine = await podman.engine();
    expect(engine).toMatchObject({ product: 'podman', apiVersion: '1.41', local: true });
    const [row] = await listContainers(engine, never);
    expect(row).toMatchObject({ name: 'shop-db', kind: 'postgres', state: 'running', env: { PG_MAJOR: '15' }, addresses: [{ network: 'shop' }] });
    const where = { folder: '/', depth: 0, environment: {}, note: () => undefined };
    const found = await withPodman((context) => postgres.discover(where, context));
    expect(found.find(({ location }) => location['container'] !== undefined)).toMatchObject({ add: 'docker://shop-db/shop', state: 'running' });
    expect(JSON.stringify(found)).not.toContain('c4nary');

    expect(await inContainer(podman, 'shop-db', ['sh', '-c', 'echo said; exit 3'])).toEqual({ code: 3, out: 'said\n' });
    expect((await inContainer(podman, 'shop-db', ['/no/such/program'])).code).toBe(127);
    expect(await inContainer(podman, 'shop-db', ['sh', '-c', 'printf %s "$SECRET"'], { SECRET: password })).toEqual({ code: 0, out: password });
    const controller = new AbortController();
    const mark = `6${String(process.pid)}`;
    const run = await startExec(engine, 'shop-db', { argv: ['sleep', mark], keepStderr: 100, signal: controller.signal }, ports);
    await until(() => processesWith(mark).length > 0);
    controller.abort();
    await expect(run.end).rejects.toMatchObject({ name: 'CancelledError' });
    expect(processesWith(mark)).toEqual([]);

    const file = { name: 'put', kind: 'file', mode: 0o640, uid: 70, gid: 71, bytes: 3, body: Buffer.from('one') } as const;
    await writeArchive(engine, 'shop-db', '/tmp', [file], never);
    expect((await readFileFrom(engine, 'shop-db', '/tmp/put', { most: 10, signal: never }))?.toString()).toBe('one');
    expect((await inContainer(podman, 'shop-db', ['stat', '-c', '%a %u:%g', '/tmp/put'])).out).toBe('640 70:71\n');
    expect(await readFileFrom(engine, 'shop-db', '/tmp/none', { most: 10, signal: never })).toBeUndefined();
  });

  it('serves a source that is tested, captured and drilled in a throw-away container, of which nothing is left', async () => {
    const given = await withPodman(async (context) => postgres.complete?.({ url: 'docker://shop-db' }, { folder: '/', environment: {} }, context));
    const apart = postgres.separateSecrets?.(given ?? {});
    expect(apart?.secrets).toEqual({ password });
    const source: EngineSource = {
      name: 'shop',
      engine: 'postgres',
      location: postgres.normaliseLocation({ ...apart?.input, secrets: { password: 'h' } }, '/'),
    };
    const probe = await withPodman((context) => postgres.probe(source, context));
    expect(probe.tools).toEqual(['pg_dump', 'pg_restore'].map((tool) => ({ tool, version: probe.serverVersion, origin: 'in the container shop-db' })));
    const sink = memorySink();
    const report = await withPodman((context) => postgres.capture(source, { maxWriterWait: 5000 }, sink, context));
    expect(report.warnings).toEqual([]);
    const snapshot = sink.snapshot('postgres', source.location, report.fingerprint);
    const proved = await withPodman((context) => drill(postgres, snapshot, [], context, 'container'));
    expect(proved, JSON.stringify(proved)).toMatchObject({ result: 'passed', place: { kind: 'container', serverVersion: probe.serverVersion }, warnings: [] });
    expect(await left()).toEqual([]);
  });

  it('runs the tools of an image in a throw-away container of their own, where those of the source cannot be used', async () => {
    // Certificates of a login lie on this machine.
    const certificates = { sslmode: 'disable', sslcert: '/nowhere', sslkey: '/nowhere' };
    const location = postgres.normaliseLocation({ container: { name: 'shop-db' }, port: 5432, ...shop, ...certificates, secrets: { password: 'h' } }, '/');
    const source: EngineSource = { name: 'shop', engine: 'postgres', location };
    const { tools } = await withPodman((context) => postgres.probe(source, context));
    expect(tools[0]).toMatchObject({ tool: 'pg_dump', origin: expect.stringMatching(/^in a throw-away container of .*postgres:15$/) as unknown });
    const report = await withPodman((context) => postgres.capture(source, { maxWriterWait: 5000 }, memorySink(), context));
    const live = await withPodman((context) => postgres.fingerprint({ kind: 'source', source }, context));
    expect([report.warnings, report.fingerprint]).toEqual([[], live]);
    expect(await left()).toEqual([]);
  });

  it('cuts a throw-away instance off, and what an earlier run left is reaped', async () => {
    const engine = await podman.engine();
    const spec = {
      purpose: 'drill',
      image: 'postgres:15',
      command: ['sleep', '1000'],
      env: {},
      network: { kind: 'loopback', port: 1 },
      folders: [{ folder: '/data', on: 'disk' }],
      limits: { memory: 64 << 20, processes: 20, lifetime: 3_600_000 },
    } as const;
    const before = await startInstance(engine, spec, { ...owner, run: 'before' }, ports, never);
    await before.assertOurs(never);
    expect((await inContainer(podman, before.name, ['sh', '-c', 'cat /proc/net/route | wc -l; grep CapBnd /proc/self/status; touch /x'])).out).toMatch(
      /^2\nCapBnd:\s*0{16}\n.*Read-only/,
    );
    expect(await reap(engine, owner, ports, never)).toMatchObject({ containers: 1, networks: 1 });
    expect(await left()).toEqual([]);
  });
});
