import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test, vi } from 'vitest';
import { silentLog, systemClock, systemRandom } from '../../../electron/core/base/system.ts';
import { AppError, CancelledError } from '../../../electron/core/base/errors.ts';
import { connectOrHost, hostAlone } from '../../../electron/host/connect.ts';
import type { HostOptions } from '../../../electron/host/host.ts';
import { readLock } from '../../../electron/host/lock.ts';
import { serveChannel } from '../../../electron/host/session.ts';
import { memoryChannels } from '../../../electron/host/wire/memory-channel.ts';
import { fakeBelay, untilCancelled } from '../../helpers/fake-belay.ts';
import type { FakeBelay } from '../../helpers/fake-belay.ts';
import { manualClock, temporaryFolder } from '../../helpers/world.ts';

const ports = { clock: systemClock, random: systemRandom, log: silentLog };

function options(home: string, belay: FakeBelay = fakeBelay(), fields: Partial<HostOptions> = {}): HostOptions {
  return { home, version: '1.0.0', startedBy: 'command', createBelay: () => Promise.resolve(belay), ports, ...fields };
}

interface Child {
  readonly said: string;
  readonly role: string;
  readonly hostPid: number;
  readonly pid: number;
  go(): Promise<void>;
  kill(): Promise<void>;
}

async function start(home: string): Promise<Child> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, '../../helpers/host-child.ts'), home], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: said } = (await lines.next()) as { value: string };
  const [role = '', hostPid = ''] = said.split(' ');
  return {
    said,
    role,
    hostPid: Number(hostPid),
    pid: child.pid ?? 0,
    async go() {
      child.stdin.write('go\n');
      await exit;
    },
    async kill() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}

test('of processes that start at once one hosts, the others attach; when it is killed, the same again', async () => {
  await using folder = await temporaryFolder();
  const home = path.join(folder.path, 'home');
  for (let round = 0; round < 2; round += 1) {
    const children = await Promise.all(Array.from({ length: 5 }, () => start(home)));
    const hosts = children.filter((child) => child.role === 'host');
    expect(hosts.map((child) => child.pid)).toEqual([...new Set(children.map((child) => child.hostPid))]);
    expect(hosts).toHaveLength(1);
    await hosts[0]?.kill();
    await Promise.all(children.filter((child) => child.role === 'client').map((child) => child.go()));
    expect((await readLock(home))?.process.pid).toBe(hosts[0]?.pid);
  }
  const last = await start(home);
  expect(last.role).toBe('host');
  await last.go();
  expect((await readdir(home)).toSorted()).toEqual([]);
});

test('a host that a command started stays for its clients and their jobs, then goes', async () => {
  await using folder = await temporaryFolder();
  const held = untilCancelled();
  const belay = fakeBelay({ discover: held.handler, 'undo.list': () => Promise.resolve({ undo: [] }) });
  const first = await connectOrHost(options(folder.path, belay));
  const second = await connectOrHost(options(folder.path));
  expect([first.host === undefined, second.host === undefined]).toEqual([false, true]);
  const abort = new AbortController();
  const job = second.client.call('discover', { folder: '/x' }, { signal: abort.signal });
  const outcome = expect(job).rejects.toBeInstanceOf(CancelledError);
  await held.started;

  await first.client.close();
  let gone = false;
  const lingering = first.host?.lingerUntilIdle().then(() => {
    gone = true;
  });
  expect(await second.client.call('undo.list', {})).toEqual({ undo: [] });
  expect((await held.started).signal?.aborted).toBe(false);
  abort.abort();
  await outcome;
  expect(await second.client.call('undo.list', {})).toEqual({ undo: [] });
  expect(gone).toBe(false);
  await second.client.close();
  await lingering;
  expect(await first.host?.closed).toBe('no client and no job is left');
  expect(belay.closedWith).toEqual(['no client and no job is left']);
  expect(await readdir(folder.path)).toEqual([]);
});

test('a job keeps a host without clients alive until it has ended', async () => {
  await using folder = await temporaryFolder();
  const release = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const belay = fakeBelay({
    'undo.list': async () => {
      started.resolve();
      await release.promise;
      return { undo: [] };
    },
  });
  const { client, host } = await connectOrHost(options(folder.path, belay));
  const call = belay.call('undo.list', {}, { client: 'schedule' });
  await started.promise;
  await client.close();
  const lingering = host?.lingerUntilIdle();
  await new Promise(setImmediate);
  expect(belay.closedWith).toEqual([]);
  release.resolve();
  await call;
  await lingering;
  expect(belay.closedWith).toHaveLength(1);
});

test.for([
  { name: 'window', lasts: true, goesOn: true },
  { name: 'window', lasts: false, goesOn: false },
  { name: 'command', lasts: true, goesOn: false },
])('a job of a $name that is gone, found again without its answer: $lasts, goes on: $goesOn', async ({ name, lasts, goesOn }) => {
  await using folder = await temporaryFolder();
  const held = untilCancelled();
  const belay = fakeBelay({
    discover: (input, call) => {
      if (lasts) call.onLasting?.();
      return held.handler(input, call);
    },
  });
  const host = await hostAlone(options(folder.path, belay));
  const client = await host.client(name);
  const call = client.call('discover', { folder: '/' }).catch(() => undefined);
  const { signal } = await held.started;
  await client.close();
  await call;
  await expect.poll(() => host.clients()).toBe(0);
  expect(signal?.aborted).toBe(!goesOn);
  expect(belay.activeJobs()).toBe(goesOn ? 1 : 0);
  await host.close('over');
  await held.cancelled;
});

test("one cancelled call of two leaves the other client's job alone", async () => {
  await using folder = await temporaryFolder();
  const [mine, theirs] = [untilCancelled(), untilCancelled()];
  const first = await connectOrHost(options(folder.path, fakeBelay({ discover: mine.handler, 'repository.check': theirs.handler })));
  const second = await connectOrHost(options(folder.path));
  const abort = new AbortController();
  const ended = Promise.allSettled([first.client.call('discover', { folder: '/' }, { signal: abort.signal }), second.client.call('repository.check', {})]);
  await Promise.all([mine.started, theirs.started]);
  abort.abort();
  await mine.cancelled;
  expect((await theirs.started).signal?.aborted).toBe(false);
  await second.client.close();
  await theirs.cancelled;
  await ended;
  await first.host?.close('over');
});

test('clients wait while the host opens; when it cannot open, they are told what the host is told, and nothing stays', async () => {
  await using folder = await temporaryFolder();
  const opening = Promise.withResolvers<FakeBelay>();
  const first = connectOrHost(options(folder.path, undefined, { createBelay: () => opening.promise }));
  await expect.poll(() => existsSync(path.join(folder.path, 'host.lock'))).toBe(true);
  const second = connectOrHost(options(folder.path));
  const outcomes = Promise.allSettled([first, second]);
  const failure = new AppError('catalog.newer', 'newer', { hint: 'Use the newer one.' });
  await expect.poll(async () => (await readLock(folder.path))?.process.pid).toBe(process.pid);
  opening.reject(failure);
  const [one, two] = await outcomes;
  expect(one).toMatchObject({ status: 'rejected', reason: { code: 'catalog.newer' } });
  if (two.status === 'fulfilled') await two.value.host?.close('over');
  else expect(two).toMatchObject({ reason: { code: 'catalog.newer' } });
  expect(await readdir(folder.path)).toEqual([]);
});

test('a host of another version is named', async () => {
  await using folder = await temporaryFolder();
  const { host, client } = await connectOrHost(options(folder.path));
  await expect(connectOrHost(options(folder.path, undefined, { version: '2.0.0' }))).rejects.toMatchObject({
    code: 'home.in-use',
    message: expect.stringMatching(/1\.0\.0.*2\.0\.0/) as string,
  });
  await client.close();
  await host?.close('over');
});

test('a second host for itself is refused with who is there', async () => {
  await using folder = await temporaryFolder();
  const host = await hostAlone(options(folder.path, undefined, { startedBy: 'serve' }));
  await expect(hostAlone(options(folder.path))).rejects.toMatchObject({ code: 'home.in-use', details: { pid: process.pid, startedBy: 'serve' } });
  await host.close('over');
  await (await hostAlone(options(folder.path))).close('over');
});

test('an owner that cannot be reached or proved dead is left alone', async () => {
  await using folder = await temporaryFolder();
  const lock = {
    version: 1,
    nonce: 'a'.repeat(32),
    token: 'b'.repeat(64),
    socket: path.join(folder.path, 'host-0000000000000000.sock'),
    belay: '1.0.0',
    startedBy: 'serve',
    startedAt: 1,
    process: { host: 'far away', machine: 'another', pid: 4 },
  };
  const text = JSON.stringify(lock);
  await writeFile(path.join(folder.path, 'host.lock'), text);
  const clock = manualClock();
  const fast = {
    ...clock,
    monotonic: () => {
      clock.advance(5000);
      return clock.now();
    },
  };
  await expect(connectOrHost(options(folder.path, undefined, { ports: { ...ports, clock: fast } }))).rejects.toMatchObject({
    code: 'home.in-use',
    message: expect.stringContaining('far away') as string,
    hint: expect.stringContaining('host.lock') as string,
  });
  expect(await readFile(path.join(folder.path, 'host.lock'), 'utf8')).toBe(text);
});

test('lock and socket are private; sockets of dead hosts are removed', async () => {
  await using folder = await temporaryFolder();
  await writeFile(path.join(folder.path, 'host-0123456789abcdef.sock'), '');
  await writeFile(path.join(folder.path, 'host-notes.sock'), '');
  const host = await hostAlone(options(folder.path));
  const names = await readdir(folder.path);
  expect(names.filter((name) => name.endsWith('.sock'))).toHaveLength(2);
  expect(names).toContain('host-notes.sock');
  expect((await stat(folder.path)).mode & 0o777).toBe(0o700);
  expect((await stat(path.join(folder.path, 'host.lock'))).mode & 0o777).toBe(0o600);
  await host.close('over');
  expect(await readdir(folder.path)).toEqual(['host-notes.sock']);
});

test('a data directory with a path too long for a socket is served from a private short one', async () => {
  await using folder = await temporaryFolder();
  const home = path.join(folder.path, 'x'.repeat(90), 'y'.repeat(90));
  await mkdir(home, { recursive: true, mode: 0o700 });
  const first = await connectOrHost(options(home, fakeBelay({ 'undo.list': () => Promise.resolve({ undo: [] }) })));
  const socket = (await readLock(home))?.socket ?? '';
  expect(socket.length).toBeLessThan(104);
  expect((await stat(path.dirname(socket))).mode & 0o777).toBe(0o700);
  const second = await connectOrHost(options(home));
  expect(second.host).toBeUndefined();
  expect(await second.client.call('undo.list', {})).toEqual({ undo: [] });
  await second.client.close();
  await first.host?.close('over');
  expect(existsSync(socket)).toBe(false);
});

test('who connects and says nothing is let go', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const [near, far] = memoryChannels();
    let why: string | undefined;
    near.open({ message: () => undefined, closed: (said) => (why = said) });
    serveChannel(far, {
      version: '1',
      token: 'x',
      belay: Promise.resolve(fakeBelay()),
      closing: () => undefined,
      owned: () => Promise.resolve(),
      named: (name) => name,
      log: silentLog,
      changed: () => undefined,
      gone: () => undefined,
      patience: 5000,
    });
    vi.advanceTimersByTime(4999);
    await new Promise(setImmediate);
    expect(why).toBeUndefined();
    vi.advanceTimersByTime(1);
    await new Promise(setImmediate);
    expect(why).toContain('closed');
  } finally {
    vi.useRealTimers();
  }
});

test('a client that does not read is let go, with its work; others go on', async () => {
  await using folder = await temporaryFolder();
  const held = untilCancelled();
  const belay = fakeBelay({ discover: held.handler, 'undo.list': () => Promise.resolve({ undo: [] }) });
  const { host, client } = await connectOrHost(options(folder.path, belay));
  const lock = await readLock(folder.path);
  const deaf = connect(lock?.socket ?? '');
  const say = (message: object): void => {
    const bytes = Buffer.from(JSON.stringify(message));
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(bytes.length);
    deaf.write(Buffer.concat([prefix, bytes]));
  };
  deaf.pause();
  say({ type: 'hello', protocol: 1, version: '1.0.0', client: 'command', token: lock?.token });
  await expect.poll(() => host?.clients()).toBe(2);
  say({ type: 'subscribe', event: 'host.closing' });
  say({ type: 'call', id: 1, name: 'discover', input: {} });
  const { onProgress } = await held.started;
  const reason = 'x'.repeat(1_000_000);
  onProgress?.({ stage: 'small' });
  for (let count = 0; count < 80; count += 1) belay.emit('host.closing', { reason });
  await held.cancelled;
  await expect.poll(() => host?.clients()).toBe(1);
  expect(await client.call('undo.list', {})).toEqual({ undo: [] });
  deaf.destroy();
  await client.close();
  await host?.close('over');
});
