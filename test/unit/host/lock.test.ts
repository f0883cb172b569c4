import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLock, releaseLock, takeLock, takeOver } from '../../../electron/host/lock.ts';
import type { HostLock } from '../../../electron/host/lock.ts';
import { temporaryFolder } from '../../helpers/world.ts';

function lock(number: number): HostLock {
  return {
    version: 1,
    nonce: number.toString(16).padStart(32, '0'),
    token: 'a'.repeat(64),
    socket: '/nowhere',
    belay: '1',
    startedBy: 'command',
    startedAt: 1,
    process: { host: 'h', machine: 'm', pid: number },
  };
}

test('of many who take a free lock at once, one has it', async () => {
  await using home = await temporaryFolder();
  const taken = await Promise.all(Array.from({ length: 20 }, (_, number) => takeLock(home.path, lock(number))));
  expect(taken.filter((won) => won)).toHaveLength(1);
  expect(await readLock(home.path)).toEqual(lock(taken.indexOf(true)));
  expect(await readdir(home.path)).toEqual(['host.lock']);
  expect((await stat(path.join(home.path, 'host.lock'))).mode & 0o777).toBe(0o600);
});

test('only the owner gives a lock back', async () => {
  await using home = await temporaryFolder();
  await takeLock(home.path, lock(1));
  await releaseLock(home.path, lock(2).nonce);
  expect((await readLock(home.path))?.nonce).toBe(lock(1).nonce);
  await releaseLock(home.path, lock(1).nonce);
  expect(await readdir(home.path)).toEqual([]);
});

test('a dead lock goes to exactly one of many, whoever died before in the middle of taking it', async () => {
  await fc.assert(
    // `deaths` breakers claimed one after the other and died; the first `replaced` of them had put their lock in place.
    fc.asyncProperty(fc.integer({ min: 0, max: 4 }), fc.nat(4), fc.integer({ min: 1, max: 8 }), fc.nat(4), async (deaths, replacedRaw, contenders, seenRaw) => {
      await using home = await temporaryFolder();
      const replaced = Math.min(replacedRaw, deaths);
      const put = (name: string, number: number) => writeFile(path.join(home.path, name), JSON.stringify(lock(number)));
      await put('host.lock', replaced);
      // Claims of those that replaced may have been removed already; those after them are there.
      for (let number = replaced; number < deaths; number += 1) await put(`host.lock.break-${lock(number).nonce}`, number + 1);
      const dead = (one: HostLock) => Promise.resolve(one.process.pid <= deaths);
      const wins = await Promise.all(
        Array.from({ length: contenders }, async (_, index) => {
          // Some saw the lock long ago and come late with what they saw.
          const seen = index === 0 ? replaced : Math.min(seenRaw, replaced);
          return takeOver(home.path, lock(seen), lock(100 + index), dead);
        }),
      );
      const winners = wins.flatMap((won, index) => (won ? [100 + index] : []));
      expect(winners.length).toBeLessThanOrEqual(1);
      const now = await readLock(home.path);
      expect(now?.process.pid).toBe(winners[0] ?? replaced);
      if (winners.length === 0) {
        // Late ones with an old view may have made each other give up; who looks afresh gets it.
        expect(await takeOver(home.path, lock(replaced), lock(200), dead)).toBe(true);
      }
      expect(await takeOver(home.path, lock(replaced), lock(300), dead)).toBe(false);
    }),
    { numRuns: 150 },
  );
});

test('who judged a lock dead and comes late does not break the lock of the one who was faster', async () => {
  await using home = await temporaryFolder();
  const dead = (one: HostLock) => Promise.resolve(one.process.pid === 1);
  await takeLock(home.path, lock(1));
  expect(await takeOver(home.path, lock(1), lock(2), dead)).toBe(true);
  expect(await takeOver(home.path, lock(1), lock(3), dead)).toBe(false);
  expect(await readLock(home.path)).toEqual(lock(2));
  await releaseLock(home.path, lock(2).nonce);
  expect(await takeOver(home.path, lock(1), lock(4), dead)).toBe(false);
  expect(await readdir(home.path)).toEqual([]);
});

test('while one who lives is taking over, others wait', async () => {
  await using home = await temporaryFolder();
  await takeLock(home.path, lock(1));
  await writeFile(path.join(home.path, `host.lock.break-${lock(1).nonce}`), JSON.stringify(lock(7)));
  expect(await takeOver(home.path, lock(1), lock(3), (one) => Promise.resolve(one.process.pid === 1))).toBe(false);
  expect(await readLock(home.path)).toEqual(lock(1));
});

test('a file that is no lock is said, and left', async () => {
  await using home = await temporaryFolder();
  await writeFile(path.join(home.path, 'host.lock'), '{"version":1,"nonce":"short"}');
  await expect(readLock(home.path)).rejects.toMatchObject({ code: 'home.unusable' });
  await expect(releaseLock(home.path, lock(1).nonce)).rejects.toMatchObject({ code: 'home.unusable' });
  expect(await takeLock(home.path, lock(1))).toBe(false);
  await mkdir(path.join(home.path, 'sub'));
  expect(await readLock(path.join(home.path, 'sub'))).toBeUndefined();
});
