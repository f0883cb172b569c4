import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { HostLock } from '../../../electron/host/lock.ts';
import { judgeOwner } from '../../../electron/host/owner.ts';
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

const state = async (one: HostLock, seen: Machine) => (await judgeOwner(one, seen)).state;

test('on this machine, the process number and its start time tell', async () => {
  expect(await state(lock({ pid: 77 }), machine(me, { 77: '100' }))).toBe('alive');
  expect(await state(lock({ pid: 77 }), machine(me, { 77: '999' }))).toBe('dead');
  expect(await state(lock({ pid: 77 }), machine(me, {}))).toBe('dead');
  expect(await state(lock({ pid: 77, boot: 'b0' }), machine(me, { 77: '100' }))).toBe('dead');
});

test('where the start time is not told, a process of that number is not taken for dead', async () => {
  const bare: ProcessIdentity = { host: 'box', machine: 'm1', pid: 10 };
  const other = lock({ pid: 77, boot: undefined, space: undefined, start: undefined } as object);
  expect(await state(other, machine(bare, { 77: undefined }))).toBe('unknown');
  expect(await state(other, machine(bare, {}))).toBe('dead');
});

test('an owner on another machine is never taken for dead by its process number', async () => {
  expect(await state(lock({ host: 'elsewhere', machine: 'm2', boot: 'b9', pid: 77 }), machine(me, {}))).toBe('unknown');
  expect(await state(lock({ host: 'elsewhere', machine: 'm2', boot: undefined, pid: 77 } as object), machine(me, {}))).toBe('unknown');
  expect(await state(lock({ machine: 'm2', boot: 'b9', pid: 77 }), machine(me, {}))).toBe('unknown');
});

test('in another container of this kernel, only a socket on which nobody listens proves death', async () => {
  await using folder = await temporaryFolder();
  const socket = path.join(folder.path, 's');
  const inContainer = lock({ host: 'c0ffee', machine: 'm2', space: 's2', pid: 1 }, socket);
  const sameNames = lock({ space: 's2', pid: 10 }, socket);
  for (const one of [inContainer, sameNames]) expect(await state(one, machine(me, {}))).toBe('unknown');
  const server = createServer((connection) => connection.destroy());
  server.listen(socket);
  await once(server, 'listening');
  for (const one of [inContainer, sameNames]) expect(await state(one, machine(me, {}))).toBe('unknown');
  // A socket's file outlives its process only where that was killed: the same is seen after a rename.
  const { rename } = await import('node:fs/promises');
  await rename(socket, `${socket}-kept`);
  server.close();
  await once(server, 'close');
  await rename(`${socket}-kept`, socket);
  for (const one of [inContainer, sameNames]) expect(await state(one, machine(me, {}))).toBe('dead');
});
