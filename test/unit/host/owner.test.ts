import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { HostLock } from '../../../electron/host/lock.ts';
import { judgeOwner, ownerPorts } from '../../../electron/host/owner.ts';
import type { Machine, ProcessIdentity } from '../../../electron/core/repository/lock/machine.ts';
import { temporaryFolder } from '../../helpers/world.ts';

const me: ProcessIdentity = { host: 'box', machine: 'm1', boot: 'b1', space: 's1', pid: 10, start: '100' };

function machine(self: ProcessIdentity, processes: Readonly<Record<number, string | undefined>>): Machine {
  return {
    self: () => Promise.resolve(self),
    bootedAt: () => 0,
    look: (pid) =>
      Promise.resolve(
        Object.hasOwn(processes, pid) ? { running: true, ...(processes[pid] === undefined ? {} : { start: processes[pid] }) } : { running: false },
      ),
  };
}

function lock(owner: Partial<ProcessIdentity>, socket = '/nowhere/at/all'): HostLock {
  const { boot: _boot, space: _space, start: _start, ...plain } = me;
  const full = { ...me, ...owner };
  const process = Object.fromEntries(Object.entries(full).filter(([, value]) => value !== undefined)) as typeof plain;
  return { version: 1, nonce: '0'.repeat(32), token: 'a'.repeat(64), socket, belay: '1', startedBy: 'command', startedAt: 1, process };
}

/** The verdict as told on that platform; `said` is what the system says of the lock's socket. */
async function state(one: HostLock, seen: Machine, platform: NodeJS.Platform = 'linux', said?: string): Promise<string> {
  return (await judgeOwner(one, { machine: seen, platform, knock: () => Promise.resolve(said) })).state;
}

test('on this machine, the process number and its start time tell', async () => {
  expect(await state(lock({ pid: 77 }), machine(me, { 77: '100' }))).toBe('alive');
  expect(await state(lock({ pid: 77 }), machine(me, { 77: '999' }))).toBe('dead');
  expect(await state(lock({ pid: 77 }), machine(me, {}))).toBe('dead');
  expect(await state(lock({ pid: 77, boot: 'b0' }), machine(me, { 77: '100' }))).toBe('dead');
});

/** An identity without what only Linux tells. */
const bare: ProcessIdentity = { host: 'box', machine: 'm1', pid: 10 };
const untold = { boot: undefined, space: undefined, start: undefined } as object;
const others: readonly NodeJS.Platform[] = ['win32', 'darwin'];
const answers = [undefined, 'ENOENT', 'ECONNREFUSED', 'EPIPE'];

test('where the start time is not told, a process of that number is never taken for dead, whatever its socket says', async () => {
  for (const platform of others)
    for (const said of answers) {
      expect([said, await state(lock({ pid: 77, ...untold }), machine(bare, { 77: undefined }), platform, said)]).toEqual([said, 'unknown']);
      expect(await state(lock({ pid: 77, ...untold }), machine(bare, {}), platform, said)).toBe('dead');
    }
  for (const said of answers) expect(await state(lock({ pid: 77, start: undefined } as object), machine(me, { 77: '100' }), 'linux', said)).toBe('unknown');
});

test('where Linux does not tell whose count a number belongs to, the number proves nothing', async () => {
  const blind = { ...me, space: undefined } as unknown as ProcessIdentity;
  expect(await state(lock({ pid: 77, space: undefined } as object), machine(blind, {}))).toBe('unknown');
});

test('an owner on another machine is never taken for dead, by its process number or by a socket that is not here', async () => {
  const elsewhere = [
    { host: 'elsewhere', machine: 'm2', boot: 'b9' },
    { host: 'elsewhere', machine: 'm2', ...untold },
    { machine: 'm2', boot: 'b9' },
  ];
  for (const platform of [...others, 'linux'] as const)
    for (const said of answers)
      for (const one of elsewhere)
        expect([platform, said, await state(lock({ ...one, pid: 77 }), machine(me, {}), platform, said)]).toEqual([platform, said, 'unknown']);
});

test('a host that closes its endpoint before it gives back the lock is not taken for dead', async () => {
  expect(await state(lock({ pid: 77, ...untold }), machine(bare, { 77: undefined }), 'win32', 'ENOENT')).toBe('unknown');
  expect(await state(lock({ pid: 77 }), machine(me, { 77: '100' }), 'linux', 'ENOENT')).toBe('alive');
  expect(await state(lock({ host: 'c0ffee', machine: 'm2', space: 's2', pid: 1 }), machine(me, {}), 'linux', 'ENOENT')).toBe('unknown');
});

test.runIf(process.platform === 'linux')('in another container of this kernel, only a socket on which nobody listens proves death', async () => {
  await using folder = await temporaryFolder();
  const socket = path.join(folder.path, 's');
  const judge = async (one: HostLock) => (await judgeOwner(one, ownerPorts(machine(me, {})))).state;
  const inContainer = lock({ host: 'c0ffee', machine: 'm2', space: 's2', pid: 1 }, socket);
  const sameNames = lock({ space: 's2', pid: 10 }, socket);
  for (const one of [inContainer, sameNames]) expect(await judge(one)).toBe('unknown');
  const server = createServer((connection) => connection.destroy());
  server.listen(socket);
  await once(server, 'listening');
  for (const one of [inContainer, sameNames]) expect(await judge(one)).toBe('unknown');
  // A socket's file outlives its process only where that was killed: the same is seen after a rename.
  const { rename } = await import('node:fs/promises');
  await rename(socket, `${socket}-kept`);
  server.close();
  await once(server, 'close');
  await rename(`${socket}-kept`, socket);
  for (const one of [inContainer, sameNames]) expect(await judge(one)).toBe('dead');
});
