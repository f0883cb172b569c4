import { describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../electron/core/base/system.ts';
import { openArchive, readArchive } from '../../electron/core/containers/archive.ts';
import { listContainers } from '../../electron/core/containers/discovery.ts';
import { findEngine } from '../../electron/core/containers/engine.ts';
import { startExec } from '../../electron/core/containers/exec.ts';
import { startInstance } from '../../electron/core/containers/instance.ts';
import type { InstanceSpec } from '../../electron/core/containers/instance.ts';
import { reap } from '../../electron/core/containers/reap.ts';
import { createPostgresEngine } from '../../electron/core/engines/postgres/engine.ts';
import { dockerPossible, privateDocker } from '../helpers/containers/docker.ts';
import { allOf, processesWith, until } from '../helpers/containers/look.ts';
import { inContainer, runPostgres, sqlIn } from '../helpers/containers/postgres.ts';
import { withContext } from '../helpers/engine-context.ts';
import { memorySink } from '../helpers/memory-sink.ts';
import { makeBank } from '../helpers/postgres/bank.ts';

const never = new AbortController().signal;
const ports = { random: systemRandom, clock: systemClock };
const spec: InstanceSpec = {
  purpose: 'drill',
  image: 'busybox:1',
  command: ['sleep', '1000'],
  env: {},
  network: { kind: 'loopback', port: 1 },
  folders: [{ folder: '/data', on: 'disk' }],
  limits: { memory: 64 << 20, processes: 20, lifetime: 3_600_000 },
};

describe.runIf(dockerPossible)('the engine', () => {
  it('that is killed while a program writes, while an archive is read and while an instance stands, is never taken for an end', async () => {
    await using docker = await privateDocker(['busybox:1']);
    const engine = await docker.engine();
    const id = await docker.run('busybox:1', { Cmd: ['sleep', '1000'] });
    const instance = await startInstance(engine, spec, { installation: 'here', run: 'before' }, ports, never);
    const writes = await startExec(engine, id, { argv: ['sh', '-c', 'while true; do echo row; done'], keepStderr: 100, signal: never }, ports);
    const waits = await startExec(engine, id, { argv: ['cat'], keepStderr: 100, signal: never }, ports);
    const archive = await openArchive(engine, id, '/bin', never);
    archive.once('error', () => undefined);
    await new Promise((resolve) => writes.stdout.once('data', resolve));
    const endings = [writes, waits].map((run) =>
      run.end.then(
        (end) => end.exitCode,
        (error: unknown) => (error as { code?: string }).code,
      ),
    );
    const outputs = [writes, waits].map((run) =>
      allOf(run.stdout).then(
        (all) => all.length,
        () => 'broken off',
      ),
    );
    await docker.kill();
    expect(await Promise.all(endings)).toEqual(['source.unreachable', 'source.unreachable']);
    await Promise.all(outputs);
    await expect(archive.toArray()).rejects.toThrow('aborted');
    await expect(instance.assertOurs(never)).rejects.toMatchObject({ code: 'source.unreachable' });
    await expect(instance.remove()).rejects.toMatchObject({ code: 'source.unreachable' });
    await expect(listContainers(engine, never)).rejects.toMatchObject({ code: 'source.unreachable' });

    // What the dead run left goes at the next start, whatever state it is in.
    await docker.startAgain();
    expect(await reap(engine, { installation: 'here', run: 'now' }, ports, never)).toMatchObject({ containers: 1, networks: 1 });
    const left = (await docker.call('GET', '/containers/json?all=1')).json as { Id: string }[];
    expect(left.map(({ Id }) => Id)).toEqual([id]);
    expect((await docker.call('GET', '/volumes')).json).toMatchObject({ Volumes: [] });
    await instance.remove();
  });

  it('that is killed while sources in a container are captured: each capture fails in seconds, and the next one is whole', async () => {
    await using docker = await privateDocker(['postgres:15']);
    // Its rows come over its own address, which outlives the engine.
    await docker.call('POST', '/networks/create', { Name: 'shop', Driver: 'bridge' });
    const shop = { name: 'shop-db', password: 'of the container', user: 'shop', database: 'shop' };
    await runPostgres(docker, { ...shop, network: 'shop' });
    await sqlIn(docker, shop.name, shop, makeBank);
    await sqlIn(docker, shop.name, shop, 'CREATE DATABASE stuck');
    const mark = `7${String(process.pid)}`;
    const bin = '/usr/lib/postgresql/15/bin';
    const wrapper = `case "$*" in *stuck*) exec sleep ${mark};; esac; exec ${bin}/pg_dump.real "$@"`;
    const wrap = ['sh', '-c', 'mv $0 $0.real; printf "#!/bin/sh\\n%s\\n" "$1" > $0; chmod 755 $0', `${bin}/pg_dump`, wrapper] as const;
    expect(await inContainer(docker, shop.name, wrap)).toEqual({ code: 0, out: '' });

    const postgres = createPostgresEngine({ folders: [] });
    const capture = async (database: string, onWrite: () => Promise<void> = () => Promise.resolve()) => {
      const location = postgres.normaliseLocation({ container: { name: shop.name }, database, user: shop.user, secrets: { password: 'h' } }, '/');
      const report = await withContext((context) =>
        postgres.capture({ name: database, engine: 'postgres', location }, { maxWriterWait: 5000 }, memorySink({ onWrite }), {
          ...context,
          secret: () => Promise.resolve(shop.password),
          containerEngine: (signal, patience) => findEngine({ env: { DOCKER_HOST: docker.host }, platform: 'linux', userHome: '/', uid: 0 }, signal, patience),
        }),
      );
      return report.fingerprint;
    };
    const whole = await capture('shop');

    const killed = Promise.withResolvers<void>();
    let writing = false;
    let since = 0;
    const ended = (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => 'taken for whole',
        (error: unknown) => ({ code: (error as { code?: string }).code, inTime: performance.now() - since < 10_000 }),
      );
    const rows = capture('shop', () => {
      writing = true;
      return killed.promise;
    });
    const captures = [ended(rows), ended(capture('stuck'))];
    await until(() => writing && processesWith(mark).length > 0);
    await docker.kill();
    since = performance.now();
    killed.resolve();
    expect(await Promise.all(captures)).toEqual(captures.map(() => ({ code: 'source.unreachable', inTime: true })));

    await docker.startAgain();
    await docker.call('POST', `/containers/${shop.name}/start`);
    await until(async () => (await inContainer(docker, shop.name, [`${bin}/pg_isready`, '-q', '-h', '127.0.0.1'])).code === 0);
    expect(await capture('shop')).toEqual(whole);
  });

  it('that hangs ends every call in its time, and a cancel at once', async () => {
    await using docker = await privateDocker(['busybox:1']);
    const engine = await docker.engine();
    const id = await docker.run('busybox:1', { Cmd: ['sleep', '1000'] });
    using still = docker.frozen();
    const controller = new AbortController();
    const calls = [
      listContainers(engine, controller.signal),
      startExec(engine, id, { argv: ['true'], keepStderr: 100, signal: controller.signal }, ports),
      reap(engine, { installation: 'here', run: 'now' }, ports, controller.signal),
      readArchive(engine, id, '/bin', { limits: { entries: 9, bytes: 9 }, signal: controller.signal }).next(),
    ].map((call) =>
      call.then(
        () => 'answered',
        (error: unknown) => (error as Error).name,
      ),
    );
    const late = listContainers(engine, never).then(
      () => 'answered',
      (error: unknown) => (error as { code?: string }).code,
    );
    controller.abort();
    expect(await Promise.all(calls)).toEqual(calls.map(() => 'CancelledError'));
    expect(await late).toBe('source.unreachable');
    expect(still).toBeDefined();
  });
});
