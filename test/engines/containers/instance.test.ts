import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../electron/core/base/errors.ts';
import { systemClock, systemRandom } from '../../../electron/core/base/system.ts';
import type { Engine } from '../../../electron/core/containers/engine.ts';
import { startExec } from '../../../electron/core/containers/exec.ts';
import { startInstance } from '../../../electron/core/containers/instance.ts';
import type { InstanceSpec } from '../../../electron/core/containers/instance.ts';
import { reap } from '../../../electron/core/containers/reap.ts';
import { dockerPossible, privateDocker } from '../../helpers/containers/docker.ts';
import type { TestDocker } from '../../helpers/containers/docker.ts';
import { allOf } from '../../helpers/containers/look.ts';

const signal = new AbortController().signal;
const ports = { random: systemRandom, clock: systemClock };
const owner = { installation: 'here', run: 'now' };
const spec: InstanceSpec = {
  purpose: 'drill',
  image: 'busybox:1',
  command: ['sleep', '1000'],
  env: {},
  network: { kind: 'none' },
  folders: [{ folder: '/tmp', on: 'memory', most: 8 << 20 }],
  limits: { memory: 64 << 20, processes: 20, lifetime: 3_600_000 },
};

describe.runIf(dockerPossible)('a throw-away instance', () => {
  let docker: TestDocker;
  let engine: Engine;

  beforeAll(async () => {
    docker = await privateDocker(['busybox:1', 'postgres:15']);
    engine = await docker.engine();
  });
  afterAll(async () => {
    await docker?.[Symbol.asyncDispose]();
  });

  async function left(): Promise<{ containers: number; volumes: number; networks: number }> {
    const containers = (await docker.call('GET', '/containers/json?all=1')).json as unknown[];
    const volumes = ((await docker.call('GET', '/volumes')).json as { Volumes: unknown[] | null }).Volumes ?? [];
    const networks = ((await docker.call('GET', '/networks')).json as { Name: string }[]).filter(({ Name }) => Name.startsWith('belay-'));
    return { containers: containers.length, volumes: volumes.length, networks: networks.length };
  }
  const nothing = { containers: 0, volumes: 0, networks: 0 };

  async function inside(id: string, ...argv: [string, ...string[]]): Promise<{ code: number; out: string }> {
    const run = await startExec(engine, id, { argv, keepStderr: 1000, signal }, ports);
    run.stdin.end();
    const out = (await allOf(run.stdout)).toString();
    const { exitCode, stderr } = await run.end;
    return { code: exitCode, out: out + stderr };
  }

  it('is locked down as the kernel sees it', async () => {
    await using instance = await startInstance(engine, spec, owner, ports, signal);
    const status = (await inside(instance.id, 'cat', '/proc/self/status')).out;
    expect(/CapEff:\s*(\w+)/.exec(status)?.[1]).toBe('0000000000000000');
    expect(/CapBnd:\s*(\w+)/.exec(status)?.[1]).toBe('0000000000000000');
    expect(/NoNewPrivs:\s*(\d)/.exec(status)?.[1]).toBe('1');
    expect(/Seccomp:\s*(\d)/.exec(status)?.[1]).toBe('2');
    expect((await inside(instance.id, 'ls', '/sys/class/net')).out.trim()).toBe('lo');
    expect((await inside(instance.id, 'touch', '/etc/x')).code).not.toBe(0);
    expect((await inside(instance.id, 'touch', '/tmp/x')).code).toBe(0);
    expect((await inside(instance.id, 'dd', 'if=/dev/zero', 'of=/tmp/big', 'bs=1M', 'count=16')).code).not.toBe(0);
    expect((await inside(instance.id, 'mount', '-t', 'tmpfs', 'x', '/data')).code).not.toBe(0);
    const found = (await docker.call('GET', `/containers/${instance.id}/json`)).json as {
      State: { Pid: number };
      HostConfig: Record<string, unknown>;
      Config: { Labels: object };
    };
    const memory = /:memory:(.*)/.exec(readFileSync(`/proc/${String(found.State.Pid)}/cgroup`, 'utf8'))?.[1];
    if (memory !== undefined) expect(readFileSync(`/sys/fs/cgroup/memory${memory}/memory.limit_in_bytes`, 'utf8').trim()).toBe(String(64 << 20));
    expect(found.HostConfig).toMatchObject({
      NetworkMode: 'none',
      Privileged: false,
      CapDrop: ['ALL'],
      PidsLimit: 20,
      ReadonlyRootfs: true,
      Binds: null,
      RestartPolicy: { Name: 'no' },
    });
    expect(found.Config.Labels).toMatchObject({ 'belay.owner': 'here', 'belay.run': 'now', 'belay.nonce': instance.nonce });
  });

  it('runs PostgreSQL of the source image without rights or network, and takes everything with it', async () => {
    const postgres: InstanceSpec = {
      ...spec,
      image: 'postgres:15',
      user: 'postgres',
      command: ['postgres', '-c', 'listen_addresses=127.0.0.1'],
      env: { POSTGRES_HOST_AUTH_METHOD: 'trust' },
      folders: [
        { folder: '/var/lib/postgresql/data', on: 'disk' },
        { folder: '/var/run/postgresql', on: 'memory', mode: 0o777 },
        { folder: '/tmp', on: 'memory', mode: 0o1777 },
      ],
      limits: { memory: 512 << 20, processes: 100, lifetime: 3_600_000, sharedMemory: 64 << 20 },
    };
    {
      await using instance = await startInstance(engine, postgres, owner, ports, signal);
      // The start script has a server of its own for the time of the set-up, which listens on the socket alone.
      await instance.ready({ kind: 'exec', argv: ['psql', '-XAtq', '-h', '127.0.0.1', '-U', 'postgres', '-c', 'select 1'] }, 60_000, signal);
      await instance.assertOurs(signal);
      expect((await inside(instance.id, 'psql', '-XAtq', '-U', 'postgres', '-c', 'create table t as select 7 as x; select x from t')).out).toBe('7\n');
      expect(await left()).toEqual({ containers: 1, volumes: 1, networks: 0 });
    }
    expect(await left()).toEqual(nothing);
  });

  it('is reached on loopback alone where it has a port, and has no way out', async () => {
    const server: InstanceSpec = { ...spec, network: { kind: 'loopback', port: 8080 }, command: ['sh', '-c', 'sleep 0.5; exec httpd -f -p 8080 -h /etc'] };
    {
      await using instance = await startInstance(engine, server, owner, ports, signal);
      await instance.ready({ kind: 'port' }, 20_000, signal);
      await instance.assertOurs(signal);
      const place = await instance.address();
      expect(place).toEqual({ host: '127.0.0.1', port: expect.any(Number) });
      expect(await (await fetch(`http://127.0.0.1:${String(place?.port)}/group`)).text()).toContain('root:x:0:');
      const listening = readFileSync('/proc/net/tcp', 'utf8')
        .split('\n')
        .filter((line) => line.includes(`:${(place?.port ?? 0).toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`));
      expect(listening.map((line) => line.trim().split(/\s+/)[1]?.split(':')[0])).toEqual(['0100007F']);
    }
    expect(await left()).toEqual(nothing);
  });

  it('pulls nothing, and leaves nothing where it cannot start', async () => {
    await expect(startInstance(engine, { ...spec, image: 'postgres:99', network: { kind: 'loopback', port: 1 } }, owner, ports, signal)).rejects.toMatchObject({
      code: 'tool.missing',
    });
    await expect(
      startInstance(engine, { ...spec, command: ['/no/such'], network: { kind: 'loopback', port: 1 } }, owner, ports, signal),
    ).rejects.toBeInstanceOf(AppError);
    await expect(startInstance(engine, { ...spec, capabilities: ['SYS_ADMIN' as 'CHOWN'] }, owner, ports, signal)).rejects.toMatchObject({
      code: 'target.denied',
    });
    await expect(startInstance(engine, { ...spec, limits: { ...spec.limits, memory: 0 } }, owner, ports, signal)).rejects.toMatchObject({
      code: 'target.denied',
    });
    expect(await left()).toEqual(nothing);
  });

  it('says how a server ended that was never ready, and that one is late', async () => {
    await using ends = await startInstance(engine, { ...spec, command: ['sh', '-c', 'echo my last words >&2; exit 3'] }, owner, ports, signal);
    const probe = { kind: 'exec', argv: ['true'] } as const;
    await expect(ends.ready({ kind: 'exec', argv: ['false'] }, 20_000, signal)).rejects.toMatchObject({
      code: 'tool.failed',
      details: { exitCode: 3, log: 'my last words\n' },
    });
    await expect(ends.assertOurs(signal)).rejects.toMatchObject({ code: 'target.denied' });
    await using hungry = await startInstance(engine, { ...spec, command: ['sh', '-c', 'x=x; while true; do x=$x$x; done'] }, owner, ports, signal);
    await expect(hungry.ready({ kind: 'exec', argv: ['false'] }, 60_000, signal)).rejects.toMatchObject({
      code: 'tool.failed',
      details: { outOfMemory: true },
    });
    await using late = await startInstance(engine, spec, owner, ports, signal);
    await late.ready(probe, 20_000, signal);
    await expect(late.ready({ kind: 'exec', argv: ['false'] }, 500, signal)).rejects.toMatchObject({ code: 'tool.failed' });
    await expect(late.ready({ kind: 'exec', argv: ['sleep', '100'] }, 500, signal)).rejects.toMatchObject({ code: 'tool.failed' });
  });

  it('is not taken for ours where another container stands in its place', async () => {
    await using instance = await startInstance(engine, spec, owner, ports, signal);
    await instance.assertOurs(signal);
    await docker.call('DELETE', `/containers/${instance.id}?force=1`);
    const other = await docker.run('busybox:1', { Cmd: ['sleep', '1000'] }, instance.name);
    await expect(instance.assertOurs(signal)).rejects.toMatchObject({ code: 'source.missing' });
    await instance.remove();
    expect((await docker.call('GET', `/containers/${other}/json`)).status).toBe(200);
    await docker.call('DELETE', `/containers/${other}?force=1`);
  });

  it('is reaped with its volumes and network once its owner is gone, and only then', async () => {
    const everything: InstanceSpec = { ...spec, network: { kind: 'loopback', port: 1 }, folders: [{ folder: '/data', on: 'disk' }] };
    const make = (installation: string, run: string, lifetime = 3_600_000) =>
      startInstance(engine, { ...everything, limits: { ...spec.limits, lifetime } }, { installation, run }, ports, signal);
    const mine = await make('here', 'now');
    const before = await make('here', 'before');
    const neighbour = await make('elsewhere', 'now');
    const forgotten = await make('elsewhere', 'now', -7_200_000);
    const users = await docker.run('busybox:1', { Cmd: ['sleep', '1000'], Labels: { 'belay.owner': 'here' } }, 'users-own');
    expect(await reap(engine, owner, ports, signal)).toEqual({ containers: 2, volumes: 0, networks: 2 });
    for (const [id, status] of [
      [mine.id, 200],
      [before.id, 404],
      [neighbour.id, 200],
      [forgotten.id, 404],
      [users, 200],
    ] as const)
      expect((await docker.call('GET', `/containers/${id}/json`)).status).toBe(status);
    expect(await reap(engine, owner, ports, signal)).toEqual({ containers: 0, volumes: 0, networks: 0 });
    await Promise.all([mine.remove(), neighbour.remove(), docker.call('DELETE', `/containers/${users}?force=1`)]);
    expect(await left()).toEqual(nothing);
  });
});
