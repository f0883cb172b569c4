import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRandom } from '../../../electron/core/base/system.ts';
import type { Engine } from '../../../electron/core/containers/engine.ts';
import { startExec } from '../../../electron/core/containers/exec.ts';
import type { ContainerExec, ExecRequest } from '../../../electron/core/containers/exec.ts';
import { dockerPossible, privateDocker } from '../../helpers/containers/docker.ts';
import type { ImageName, TestDocker } from '../../helpers/containers/docker.ts';
import { allOf, processesWith, until } from '../../helpers/containers/look.ts';

const ports = { random: systemRandom };
const never = new AbortController().signal;
const asks = (argv: readonly [string, ...string[]], more: Partial<ExecRequest> = {}): ExecRequest => ({ argv, keepStderr: 4096, signal: never, ...more });

/** Resolves when the program, a `cat`, has answered. */
async function runs(exec: ContainerExec): Promise<void> {
  exec.stdin.write('x');
  await once(exec.stdout, 'readable');
}

describe.runIf(dockerPossible)('exec in a container', () => {
  let docker: TestDocker;
  let engine: Engine;
  const ids = new Map<ImageName, string>();
  const container = (image: ImageName): string => ids.get(image) ?? '';

  beforeAll(async () => {
    docker = await privateDocker(['busybox:1', 'noshell:1', 'debian:12']);
    engine = await docker.engine();
    ids.set('busybox:1', await docker.run('busybox:1', { Cmd: ['sleep', '100000'] }, 'plain'));
    ids.set('noshell:1', await docker.run('noshell:1', { Cmd: ['sleep', '100000'] }, 'noshell'));
    ids.set('debian:12', await docker.run('debian:12', { Cmd: ['sleep', '100000'] }, 'debian'));
  });
  afterAll(async () => {
    await docker?.[Symbol.asyncDispose]();
  });

  const images: readonly (readonly [ImageName, (...argv: string[]) => readonly [string, ...string[]]])[] = [
    ['busybox:1', (program = '', ...rest) => [program, ...rest]],
    ['noshell:1', (program = '', ...rest) => ['/bin/busybox', program, ...rest]],
    ['debian:12', (program = '', ...rest) => [program, ...rest]],
  ];

  describe.each(images)('of %s', (image, argv) => {
    it('sends and receives bytes as they are, in both directions at once', async () => {
      const bytes = randomBytes(20 << 20);
      const run = await startExec(engine, container(image), asks(argv('cat')), ports);
      const [out] = await Promise.all([allOf(run.stdout), pipeline(Readable.from([bytes.subarray(0, 1000), bytes.subarray(1000)]), run.stdin)]);
      expect(out.equals(bytes)).toBe(true);
      expect(await run.end).toEqual({ exitCode: 0, stderr: '' });
    });

    it('gives the arguments on as they are', async () => {
      const hostile = ["a'b", '$(id)', '`id`', '; id', '-n', '', 'two words', '*', 'ü\n'];
      const run = await startExec(engine, container(image), asks(argv('printf', '%s|', ...hostile)), ports);
      run.stdin.end();
      expect((await allOf(run.stdout)).toString()).toBe(hostile.map((word) => `${word}|`).join(''));
      expect((await run.end).exitCode).toBe(0);
    });

    it.each([0, 1, 3, 125, 255])('tells the exit code %i', async (code) => {
      const run = await startExec(engine, container(image), asks(argv('awk', `BEGIN { print "x" > "/dev/stderr"; exit ${String(code)} }`)), ports);
      run.stdin.end();
      await allOf(run.stdout);
      // Debian's smallest image has an awk as well.
      expect(await run.end).toEqual({ exitCode: code, stderr: 'x\n' });
    });

    it('ends the program inside on cancel, before it answers', async () => {
      const controller = new AbortController();
      const mark = `8${String(randomBytes(3).readUIntBE(0, 3))}`;
      const run = await startExec(engine, container(image), asks(argv('sleep', mark), { signal: controller.signal }), ports);
      await until(() => processesWith(mark).length > 0);
      controller.abort();
      await expect(run.end).rejects.toMatchObject({ name: 'CancelledError' });
      expect(processesWith(mark)).toEqual([]);
    });

    it('says that a program is not there', async () => {
      const run = await startExec(engine, container(image), asks(['/no/such/program']), ports);
      run.stdin.end();
      await allOf(run.stdout);
      expect([126, 127]).toContain((await run.end).exitCode);
    });
  });

  it('ends a program that ignores the polite signal, and what it started', async () => {
    const controller = new AbortController();
    const mark = `9${String(randomBytes(3).readUIntBE(0, 3))}`;
    const stubborn = ['sh', '-c', `trap "" TERM; sleep ${mark} & while true; do sleep ${mark}; done`] as const;
    const run = await startExec(engine, container('busybox:1'), asks(stubborn, { signal: controller.signal }), ports);
    await until(() => processesWith(mark).length >= 3);
    controller.abort();
    await expect(run.end).rejects.toMatchObject({ name: 'CancelledError' });
    expect(processesWith(mark)).toEqual([]);
  });

  it('kills a program alone where what it started is to be spared', async () => {
    const controller = new AbortController();
    const mark = `9${String(randomBytes(3).readUIntBE(0, 3))}`;
    const stubborn = ['sh', '-c', `trap "" TERM; sleep ${mark} & while true; do sleep 0.1; done`] as const;
    const run = await startExec(engine, container('busybox:1'), asks(stubborn, { signal: controller.signal, sparesChildren: true }), ports);
    await until(() => processesWith(mark).length >= 2);
    controller.abort();
    await expect(run.end).rejects.toMatchObject({ name: 'CancelledError' });
    const left = processesWith(mark);
    expect(left).toHaveLength(1);
    for (const pid of left) process.kill(pid, 'SIGKILL');
  });

  it('never lets a cancelled program see the end of its input', async () => {
    const controller = new AbortController();
    const wrote = 'echo begun; while read -r line; do :; done; echo committed > /data/committed';
    const run = await startExec(engine, container('busybox:1'), asks(['sh', '-c', wrote], { signal: controller.signal }), ports);
    run.stdout.once('data', () => run.stdin.write('a row\n', () => controller.abort()));
    await expect(run.end).rejects.toMatchObject({ name: 'CancelledError' });
    const look = await startExec(engine, container('busybox:1'), asks(['test', '-e', '/data/committed']), ports);
    look.stdin.end();
    await allOf(look.stdout);
    expect((await look.end).exitCode).toBe(1);
  });

  it('ends a program whose output nobody reads any more', async () => {
    const run = await startExec(engine, container('busybox:1'), asks(['yes']), ports);
    await once(run.stdout, 'readable');
    run.stdout.destroy();
    await expect(run.end).rejects.toMatchObject({ name: 'CancelledError' });
    expect(processesWith('yes')).toEqual([]);
  });

  it('holds a program back whose output is not read, and keeps the end of a long error output', async () => {
    const before = process.memoryUsage().rss;
    const argv = [
      'sh',
      '-c',
      'i=0; while [ $i -lt 20000 ]; do echo "complaint $i" >&2; i=$((i+1)); done; dd if=/dev/zero bs=1M count=200 2>/dev/null',
    ] as const;
    const run = await startExec(engine, container('busybox:1'), asks(argv, { keepStderr: 100 }), ports);
    run.stdin.end();
    let bytes = 0;
    let most = 0;
    for await (const part of run.stdout as AsyncIterable<Buffer>) {
      bytes += part.length;
      most = Math.max(most, process.memoryUsage().rss - before);
      if (bytes % (8 << 20) < part.length) await new Promise((resolve) => setImmediate(resolve));
    }
    const end = await run.end;
    expect({ bytes, exitCode: end.exitCode, stderr: end.stderr.length }).toEqual({ bytes: 200 << 20, exitCode: 0, stderr: 100 });
    expect(end.stderr).toMatch(/complaint 19999\n$/);
    expect(most).toBeLessThan(150 << 20);
  });

  it('hands secrets over where neither the engine nor a command line shows them', async () => {
    const secret = `S3CR3T ' $x \\ ${randomBytes(8).toString('hex')} `;
    const run = await startExec(
      engine,
      container('busybox:1'),
      asks(['sh', '-c', 'printf "[%s][%s]" "$PGPASSWORD" "$OTHER"; cat'], { secrets: { PGPASSWORD: secret, OTHER: 'x' } }),
      ports,
    );
    run.stdin.write('and the rest');
    const shown = JSON.stringify((await docker.call('GET', `/containers/${container('busybox:1')}/json`)).json);
    const execs = (JSON.parse(shown) as { ExecIDs: string[] | null }).ExecIDs ?? [];
    expect(execs).toHaveLength(1);
    const told = await Promise.all(execs.map(async (id) => JSON.stringify((await docker.call('GET', `/exec/${id}/json`)).json)));
    run.stdin.end();
    expect((await allOf(run.stdout)).toString()).toBe(`[${secret}][x]and the rest`);
    expect(told.join('')).not.toContain(secret.slice(0, 8));
    expect(shown).not.toContain(secret.slice(0, 8));
    expect((await run.end).exitCode).toBe(0);
  });

  it('refuses secrets where there is no shell to take them, and those of several lines', async () => {
    await expect(startExec(engine, container('noshell:1'), asks(['/bin/busybox'], { secrets: { A: 'b' } }), ports)).rejects.toMatchObject({
      code: 'tool.missing',
    });
    await expect(startExec(engine, container('busybox:1'), asks(['true'], { secrets: { A: 'b\nc' } }), ports)).rejects.toMatchObject({ code: 'input.invalid' });
  });

  it('names a container that is not there, stopped or paused', async () => {
    await expect(startExec(engine, 'nobody', asks(['true']), ports)).rejects.toMatchObject({ code: 'source.missing' });
    await expect(startExec(engine, 'nobody', asks(['true'], { secrets: { A: 'b' } }), ports)).rejects.toMatchObject({ code: 'source.missing' });
    const id = await docker.run('busybox:1', { Cmd: ['true'] });
    await docker.call('POST', `/containers/${id}/wait`);
    await expect(startExec(engine, id, asks(['true']), ports)).rejects.toMatchObject({ code: 'source.unreachable' });
    const paused = await docker.run('busybox:1', { Cmd: ['sleep', '1000'] });
    await docker.call('POST', `/containers/${paused}/pause`);
    await expect(startExec(engine, paused, asks(['true']), ports)).rejects.toMatchObject({ code: 'source.unreachable' });
  });

  it('tells that a container was killed, or removed, while a program ran in it', async () => {
    const killed = await docker.run('busybox:1', { Cmd: ['sleep', '1000'] });
    const first = await startExec(engine, killed, asks(['cat']), ports);
    await runs(first);
    await docker.call('POST', `/containers/${killed}/kill`);
    await allOf(first.stdout);
    expect((await first.end).exitCode).toBe(137);
    const removed = await docker.run('busybox:1', { Cmd: ['sleep', '1000'] });
    const second = await startExec(engine, removed, asks(['cat']), ports);
    await runs(second);
    await docker.call('DELETE', `/containers/${removed}?force=1`);
    second.stdout.resume();
    const how = await second.end.then(
      (end) => end.exitCode,
      (error: unknown) => (error as { code: string }).code,
    );
    expect(['source.missing', 137]).toContain(how);
  });
});
