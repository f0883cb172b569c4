import { describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../electron/core/base/system.ts';
import { openArchive, readArchive } from '../../electron/core/containers/archive.ts';
import { listContainers } from '../../electron/core/containers/discovery.ts';
import { startExec } from '../../electron/core/containers/exec.ts';
import { startInstance } from '../../electron/core/containers/instance.ts';
import type { InstanceSpec } from '../../electron/core/containers/instance.ts';
import { reap } from '../../electron/core/containers/reap.ts';
import { dockerPossible, privateDocker } from '../helpers/containers/docker.ts';
import { allOf } from '../helpers/containers/look.ts';

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
