import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { AppError } from '../../../electron/core/base/errors.ts';
import { silentLog, systemClock, systemRandom } from '../../../electron/core/base/system.ts';
import { standardBelay } from '../../../electron/core/app/standard.ts';
import { hostAlone } from '../../../electron/host/connect.ts';
import type { HostOptions } from '../../../electron/host/host.ts';
import { readLock } from '../../../electron/host/lock.ts';
import { LARGEST_FROM_HOST, PROTOCOL } from '../../../electron/contract/wire.ts';
import { socketChannel } from '../../../electron/host/wire/socket-channel.ts';
import { fakeBelay } from '../../helpers/fake-belay.ts';
import type { FakeBelay } from '../../helpers/fake-belay.ts';
import { hear } from '../../helpers/hear.ts';
import { temporaryFolder } from '../../helpers/world.ts';

const ports = { clock: systemClock, random: systemRandom, log: silentLog };

function options(home: string, belay: FakeBelay = fakeBelay()): HostOptions {
  return { home, version: '1.0.0', startedBy: 'command', createBelay: () => Promise.resolve(belay), ports };
}

const posix = process.platform !== 'win32';

test.runIf(posix)('the socket is for this user alone, whatever the umask and the rights of the folder', async () => {
  for (const umask of [0o000, 0o022, 0o777]) {
    await using folder = await temporaryFolder();
    const home = path.join(folder.path, 'home');
    await mkdir(home, { mode: 0o755 });
    const before = process.umask(umask);
    try {
      const host = await hostAlone(options(home));
      const socket = (await readLock(home))?.socket ?? '';
      expect([umask, (await stat(socket)).mode & 0o777]).toEqual([umask, 0o600]);
      expect((await readdir(home)).filter((name) => name.endsWith('.new'))).toEqual([]);
      await host.close('over');
    } finally {
      process.umask(before);
    }
  }
});

test('what a kill left of a start is removed by the next host', async () => {
  await using folder = await temporaryFolder();
  const left = [`host.lock.new-${'0'.repeat(32)}`, `host.lock.break-${'1'.repeat(32)}`];
  for (const name of left) await writeFile(path.join(folder.path, name), '{"half":');
  await mkdir(path.join(folder.path, 'host-01234567.new'));
  await writeFile(path.join(folder.path, 'host-01234567.new', 's'), '');
  await writeFile(path.join(folder.path, 'host.lock.news'), 'mine');
  const host = await hostAlone(options(folder.path));
  const names = await readdir(folder.path);
  expect(names.filter((name) => left.includes(name) || name.endsWith('.new'))).toEqual([]);
  await host.close('over');
  expect(await readdir(folder.path)).toEqual(['host.lock.news']);
});

const blocked = async (home: string): Promise<void> => {
  await mkdir(path.join(home, 'host-0123456789abcdef.sock', 'inside'), { recursive: true });
};

test('an old socket that cannot be removed does not stand in the way of a start, and is told', async () => {
  await using folder = await temporaryFolder();
  await blocked(folder.path);
  const told: string[] = [];
  const host = await hostAlone({ ...options(folder.path), ports: { ...ports, log: { ...silentLog, warn: (message) => void told.push(message) } } });
  expect(told).toEqual(['sockets of earlier hosts could not be removed']);
  await host.close('over');
});

test('whatever fails between taking the lock and opening, the start fails with it and gives the lock back', async () => {
  await using folder = await temporaryFolder();
  await blocked(folder.path);
  const failure = new AppError('catalog.newer', 'newer');
  const log = {
    ...silentLog,
    warn: () => {
      throw failure;
    },
  };
  await expect(hostAlone({ ...options(folder.path), ports: { ...ports, log } })).rejects.toBe(failure);
  expect(await readdir(folder.path)).toEqual(['host-0123456789abcdef.sock']);
});

test('who greeted before the core could be opened is told why it cannot', async () => {
  await using folder = await temporaryFolder();
  const raw = async (token: string) => {
    const lock = await readLock(folder.path);
    const socket = connect(lock?.socket ?? '');
    await once(socket, 'connect');
    const channel = socketChannel(socket, LARGEST_FROM_HOST);
    const heard = hear(channel);
    channel.send(JSON.stringify({ type: 'hello', protocol: PROTOCOL, version: '1.0.0', client: 'command', token: token === '' ? lock?.token : token }));
    return heard;
  };
  const waiting = Promise.withResolvers<Awaited<ReturnType<typeof raw>>>();
  const createBelay = async (): Promise<FakeBelay> => {
    waiting.resolve(await raw(''));
    // Answered after the greeting before it was taken in.
    await (await raw('wrong')).next();
    throw new AppError('catalog.newer', 'newer');
  };
  await expect(hostAlone({ ...options(folder.path), createBelay })).rejects.toMatchObject({ code: 'catalog.newer' });
  expect(await (await waiting.promise).next()).toMatchObject({ type: 'refused', error: { code: 'catalog.newer' } });
});

/** What can happen to a data directory under a host that runs. */
const losses: Readonly<Record<string, (home: string) => Promise<void>>> = {
  'the lock is removed': (home) => rm(path.join(home, 'host.lock')),
  'the data directory is deleted': (home) => rm(home, { recursive: true }),
  'the data directory is moved': (home) => rename(home, `${home}-moved`),
  'the data directory is restored from a backup': async (home) => {
    await cp(home, `${home}-copy`, { recursive: true, filter: (name) => !name.endsWith('.sock') });
    await rename(home, `${home}-before`);
    await rename(`${home}-copy`, home);
  },
  "the lock is another host's": async (home) => {
    const lock = JSON.parse(await readFile(path.join(home, 'host.lock'), 'utf8')) as object;
    await writeFile(path.join(home, 'host.lock'), JSON.stringify({ ...lock, nonce: 'f'.repeat(32) }));
  },
};

test.each(Object.entries(losses))('when %s, the host begins nothing more, says so, and ends', async (_, lose) => {
  await using folder = await temporaryFolder();
  const home = path.join(folder.path, 'home');
  let began = 0;
  const belay = fakeBelay({
    'undo.list': () => {
      began += 1;
      return Promise.resolve({ undo: [] });
    },
  });
  const host = await hostAlone(options(home, belay));
  const client = await host.client('command');
  await client.call('undo.list', {});
  expect(began).toBe(1);
  await lose(home);
  await expect(client.call('undo.list', {})).rejects.toMatchObject({ code: 'home.lost', retryable: true, hint: expect.stringContaining('again') as string });
  expect(began).toBe(1);
  expect(await host.closed).toContain('removed, moved or replaced');
  expect(belay.closedWith).toHaveLength(1);
  // Another owner's lock is not this host's to remove.
  if (existsSync(path.join(home, 'host.lock'))) expect((await readLock(home))?.nonce).toBe('f'.repeat(32));
});

test('where the core does not open and the lock cannot be given back, the host still says why it did not open', async () => {
  await using folder = await temporaryFolder();
  const why = new AppError('home.unusable', 'The disk fails.');
  const createBelay = async (): Promise<never> => {
    await rm(path.join(folder.path, 'host.lock'));
    await mkdir(path.join(folder.path, 'host.lock'));
    throw why;
  };
  await expect(hostAlone({ ...options(folder.path), createBelay })).rejects.toBe(why);
});

test('a file that a killed process was about to put in place of another is gone when the next host opens; a file of somebody else stays', async () => {
  await using folder = await temporaryFolder();
  for (const name of ['restores.json.0123456789abcdef.tmp', 'notes.tmp']) await writeFile(path.join(folder.path, name), '{');
  const createBelay: HostOptions['createBelay'] = (facts) => standardBelay({ home: folder.path, version: '1.0.0' }, facts);
  const host = await hostAlone({ ...options(folder.path), createBelay });
  await host.close('over');
  expect((await readdir(folder.path)).filter((name) => name.endsWith('.tmp'))).toEqual(['notes.tmp']);
});
