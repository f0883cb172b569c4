import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CancelledError } from '../../../electron/core/base/errors.ts';
import { silentLog, systemClock, systemRandom } from '../../../electron/core/base/system.ts';
import { systemMachine } from '../../../electron/core/repository/lock/machine.ts';
import { connectOrHost, hostAlone } from '../../../electron/host/connect.ts';
import type { HostOptions } from '../../../electron/host/host.ts';
import { readLock } from '../../../electron/host/lock.ts';
import { fakeBelay } from '../../helpers/fake-belay.ts';
import type { FakeBelay } from '../../helpers/fake-belay.ts';
import { temporaryFolder } from '../../helpers/world.ts';

const ports = { clock: systemClock, random: systemRandom, log: silentLog };

function options(home: string, belay: FakeBelay = fakeBelay()): HostOptions {
  return { home, version: '1.0.0', startedBy: 'command', createBelay: () => Promise.resolve(belay), ports };
}

/** A host, as far as a client sees: it lives, it is connected to, and it says nothing. */
async function silentHost() {
  const folder = await temporaryFolder();
  const socket = path.join(folder.path, 'silent');
  const server = createServer();
  server.listen(socket);
  await once(server, 'listening');
  const lock = {
    version: 1,
    nonce: 'a'.repeat(32),
    token: 'b'.repeat(64),
    socket,
    belay: '1.0.0',
    startedBy: 'serve',
    startedAt: 1,
    process: await systemMachine(systemClock).self(),
  };
  await writeFile(path.join(folder.path, 'host.lock'), JSON.stringify(lock));
  return {
    home: folder.path,
    connected: once(server, 'connection') as Promise<[Socket]>,
    stopListening: () => server.close(),
    async [Symbol.asyncDispose]() {
      server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test.each(['connectOrHost', 'hostAlone'] as const)(
  '%s: a wait for the welcome of a host ends when it is cancelled, and its connection with it',
  async (how) => {
    await using host = await silentHost();
    const abort = new AbortController();
    const waiting = (how === 'hostAlone' ? hostAlone : connectOrHost)({ ...options(host.home), signal: abort.signal });
    const outcome = expect(waiting).rejects.toBeInstanceOf(CancelledError);
    const [socket] = await host.connected;
    await once(socket, 'data');
    const gone = once(socket, 'close');
    abort.abort();
    await outcome;
    await gone;
  },
);

test('a wait for a host that does not listen any more ends when it is cancelled', async () => {
  await using host = await silentHost();
  host.stopListening();
  const abort = new AbortController();
  let looked = 0;
  const clock = {
    now: () => systemClock.now(),
    monotonic: () => {
      looked += 1;
      if (looked > 3) abort.abort();
      return 1;
    },
  };
  const waiting = connectOrHost({ ...options(host.home), ports: { ...ports, clock }, signal: abort.signal });
  await expect(waiting).rejects.toMatchObject({ name: expect.stringMatching(/^(?:AbortError|CancelledError)$/) as string });
});

test('a host that nobody wants any more when it is open is given up', async () => {
  await using folder = await temporaryFolder();
  const abort = new AbortController();
  const belay = fakeBelay();
  const createBelay = (): Promise<FakeBelay> => {
    abort.abort();
    return Promise.resolve(belay);
  };
  await expect(connectOrHost({ ...options(folder.path), createBelay, signal: abort.signal })).rejects.toBeInstanceOf(CancelledError);
  expect(belay.closedWith).toHaveLength(1);
  expect(await readLock(folder.path)).toBeUndefined();
});

test('who comes while a host closes waits until the lock is given back, then is the host', async () => {
  await using folder = await temporaryFolder();
  const [closing, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = fakeBelay();
  const first = await hostAlone({
    ...options(folder.path),
    createBelay: () =>
      Promise.resolve({
        ...slow,
        close: async () => {
          closing.resolve();
          await release.promise;
        },
      }),
  });
  const closed = first.close('it was asked to leave');
  await closing.promise;
  const before = await readLock(folder.path);
  let looked = 0;
  const seen = Promise.withResolvers<void>();
  const clock = {
    now: () => systemClock.now(),
    monotonic: () => {
      looked += 1;
      if (looked > 3) seen.resolve();
      return 1;
    },
  };
  const second = hostAlone({ ...options(folder.path), ports: { ...ports, clock } });
  await seen.promise;
  expect((await readLock(folder.path))?.nonce).toBe(before?.nonce);
  release.resolve();
  await closed;
  const host = await second;
  expect((await readLock(folder.path))?.nonce).not.toBe(before?.nonce);
  await host.close('over');
});
