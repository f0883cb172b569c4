import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import { silentLog, systemClock, systemRandom } from '../../../electron/core/base/system.ts';
import type { BlobStore } from '../../../electron/core/repository/blob-store.ts';
import { judge } from '../../../electron/core/repository/lock/judge.ts';
import { encodeBeat, encodeLock } from '../../../electron/core/repository/lock/lock-file.ts';
import { HEARTBEAT_MS, Locks } from '../../../electron/core/repository/lock/lock.ts';
import type { HeldLock, LockPorts } from '../../../electron/core/repository/lock/lock.ts';
import { systemMachine } from '../../../electron/core/repository/lock/machine.ts';
import type { Machine, ProcessIdentity } from '../../../electron/core/repository/lock/machine.ts';
import { openLocalFolder } from '../../../electron/core/repository/store/local-folder.ts';
import { MemoryStore } from '../../helpers/repository/memory-store.ts';

const here: ProcessIdentity = { host: 'box', machine: 'm1', boot: 'boot-2', space: 'pid:[1]', pid: 100, start: '5000' };
const BOOTED = 1_000_000_000;

function machineWith(table: Readonly<Record<number, string | undefined>>, self = here): Machine {
  return {
    self: () => Promise.resolve(self),
    bootedAt: () => BOOTED,
    look: (pid) => {
      const start = table[pid];
      return Promise.resolve(pid in table ? { running: true, ...(start === undefined ? {} : { start }) } : { running: false });
    },
  };
}

function portsOver(store: BlobStore, machine: Machine = machineWith({ 100: '5000' }), more: Partial<LockPorts> = {}): LockPorts {
  return { store, machine, clock: systemClock, random: systemRandom, log: silentLog, pause: () => new Promise((resolve) => setTimeout(resolve, 5)), ...more };
}

const id = (digit: string): string => digit.repeat(32);

function plant(store: MemoryStore, instance: string, holder: ProcessIdentity, heartbeatAt: number | undefined = BOOTED + 10): void {
  const file = (bytes: Uint8Array, version: number) => ({ bytes, version });
  store.files.set(`locks/${instance}`, file(encodeLock({ instance, mode: 'writer', createdAt: Math.min(heartbeatAt ?? BOOTED, BOOTED), holder }), -1));
  if (heartbeatAt !== undefined) store.files.set(`locks/${instance}.beat`, file(encodeBeat(1, heartbeatAt), -2));
}

describe('taking a lock', () => {
  it('of takers in any interleaving, exactly one holds at a time, and all are heard', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 4 }), async (scheduler, takers) => {
        const store = new MemoryStore((operation) => scheduler.schedule(Promise.resolve(), operation));
        let now = 0;
        const clock = { now: () => now, monotonic: () => now };
        const pause = async (ms: number): Promise<void> => {
          now += ms;
          await scheduler.schedule(Promise.resolve(), 'pause');
        };
        const held: HeldLock[] = [];
        const taken = Array.from({ length: takers }, async () => {
          try {
            held.push(await new Locks(portsOver(store, machineWith({ 100: '5000' }), { clock, pause })).take('writer'));
            return 'held';
          } catch (error) {
            if (isAppError(error, 'repository.locked')) return 'locked';
            throw error;
          }
        });
        const all = Promise.all(taken);
        await scheduler.waitFor(all);
        expect((await all).toSorted()).toEqual(['held', ...Array.from({ length: takers - 1 }, () => 'locked')]);
        const [winner] = held;
        await scheduler.waitFor((winner as HeldLock).assertHeld());
        await scheduler.waitFor((winner as HeldLock).release());
        expect([...store.files.keys()]).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('holders that come and go never overlap', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const store = new MemoryStore((operation) => scheduler.schedule(Promise.resolve(), operation));
        let inside = 0;
        let turns = 0;
        const worker = async (): Promise<void> => {
          const locks = new Locks(portsOver(store, machineWith({ 100: '5000' }), { pause: () => scheduler.schedule(Promise.resolve(), 'pause') }));
          for (let tries = 0; tries < 12 && turns < 4; tries += 1) {
            const lock = await locks.take('exclusive').catch((error: unknown) => {
              if (isAppError(error, 'repository.locked')) return undefined;
              throw error;
            });
            if (lock === undefined) continue;
            inside += 1;
            expect(inside).toBe(1);
            await scheduler.schedule(Promise.resolve(), 'work');
            await lock.assertHeld();
            inside -= 1;
            turns += 1;
            await lock.release();
          }
        };
        await scheduler.waitFor(Promise.all([worker(), worker(), worker()]));
        expect(turns).toBeGreaterThan(0);
      }),
      { numRuns: 100 },
    );
  });

  it('a cancelled or failed taker leaves no claim', async () => {
    const store = new MemoryStore();
    const cancelled = AbortSignal.abort();
    await expect(new Locks(portsOver(store)).take('writer', cancelled)).rejects.toThrow('Cancelled');
    const failing = new MemoryStore((operation) =>
      operation.includes('.beat') && operation.startsWith('publish') ? Promise.reject(new Error('disk')) : Promise.resolve(),
    );
    await expect(new Locks(portsOver(failing)).take('writer')).rejects.toThrow('disk');
    expect([...store.files.keys(), ...failing.files.keys()]).toEqual([]);
  });
});

describe('proof of staleness', () => {
  const cases: readonly [string, ProcessIdentity, number | undefined, string][] = [
    ['the process runs', { ...here, pid: 200, start: '7' }, BOOTED + 10, 'alive'],
    ['no such process', { ...here, pid: 999 }, BOOTED + 10, 'stale'],
    ['its number was given to another process', { ...here, pid: 200, start: '6' }, BOOTED + 10, 'stale'],
    ['another process space of the same kernel', { ...here, pid: 999, space: 'pid:[2]' }, BOOTED + 10, 'unknown'],
    ['the same kernel under another name', { ...here, pid: 999, host: 'renamed' }, BOOTED + 10, 'stale'],
    ['restarted since its last beat', { ...here, boot: 'boot-1', pid: 200 }, BOOTED - 600_000, 'stale'],
    ['another run of the system, but a beat since this one began', { ...here, boot: 'boot-1', pid: 999 }, BOOTED + 10, 'unknown'],
    ['another run of the system, a beat just before this one began', { ...here, boot: 'boot-1', pid: 999 }, BOOTED - 10, 'unknown'],
    ['another machine', { ...here, host: 'other', machine: 'm2', boot: 'boot-9', pid: 999 }, 5, 'unknown'],
    ['another machine of the same name', { ...here, machine: 'm2', boot: 'boot-9', pid: 999 }, 5, 'unknown'],
    ['a claim of a dead process', { ...here, pid: 999 }, undefined, 'stale'],
    ['a claim of a live process', { ...here, pid: 200, start: '7' }, undefined, 'alive'],
  ];

  it.each(cases)('%s', async (_what, holder, heartbeatAt, wanted) => {
    const store = new MemoryStore();
    plant(store, id('a'), holder, heartbeatAt);
    const locks = new Locks(portsOver(store, machineWith({ 100: '5000', 200: '7' }), { clock: { now: () => 0, monotonic: () => performance.now() * 1000 } }));
    expect((await locks.list()).map((lock) => lock.state)).toEqual([wanted]);
    const taken = locks.take('writer');
    if (wanted === 'stale') {
      await (await taken).release();
      expect([...store.files.keys()]).toEqual([]);
    } else {
      await expect(taken).rejects.toMatchObject({ code: 'repository.locked', details: { locks: [{ instance: id('a'), state: wanted }] } });
      expect(store.files.has(`locks/${id('a')}`)).toBe(true);
    }
  });

  it('where the system tells neither boot nor start: by process number on the same machine, by restart, else unknown', async () => {
    const { host, machine, pid } = here;
    const poor = { host, machine, pid };
    const table = machineWith({ 100: undefined, 200: undefined }, poor);
    const verdict = (holder: ProcessIdentity, heartbeatAt: number) =>
      judge({ instance: id('a'), bytes: 9, heartbeatAt, record: { instance: id('a'), mode: 'writer', createdAt: 1, holder } }, new Set(), poor, table).then(
        (one) => one.state,
      );
    expect(await verdict({ ...poor, pid: 999 }, BOOTED + 1)).toBe('stale');
    expect(await verdict({ ...poor, pid: 200 }, BOOTED + 1)).toBe('alive');
    expect(await verdict({ ...poor, pid: 200 }, BOOTED - 600_000)).toBe('stale');
    expect(await verdict({ ...poor, pid: 999, machine: 'm2' }, 1)).toBe('unknown');
  });

  it('an empty lock file stands for nobody; one that cannot be understood blocks until the user breaks it', async () => {
    const store = new MemoryStore();
    store.files.set(`locks/${id('0')}`, { bytes: new Uint8Array(0), version: 1 });
    store.files.set(`locks/${id('1')}.beat`, { bytes: new Uint8Array(0), version: 1 });
    store.files.set('locks/junk', { bytes: Uint8Array.of(1), version: 1 });
    await (await new Locks(portsOver(store)).take('writer')).release();
    expect([...store.files.keys()]).toEqual(['locks/junk']);
    for (const bytes of [encodeLock({ instance: id('2'), mode: 'writer', createdAt: 1, holder: here }).subarray(0, 40), new TextEncoder().encode('{"v":2}')]) {
      store.files.set(`locks/${id('2')}`, { bytes, version: 1 });
      const locks = new Locks(portsOver(store));
      await expect(locks.take('writer')).rejects.toMatchObject({ code: 'repository.locked' });
      await locks.break(id('2'));
      await (await locks.take('writer')).release();
    }
  });

  it('any planted lock blocks unless it is proved stale', async () => {
    const holder = fc.record({
      host: fc.constantFrom('box', 'other'),
      machine: fc.constantFrom('m1', 'm2'),
      boot: fc.constantFrom('boot-1', 'boot-2'),
      space: fc.constantFrom('pid:[1]', 'pid:[2]'),
      pid: fc.constantFrom(100, 200, 999),
      start: fc.constantFrom('7', '5000'),
    });
    await fc.assert(
      fc.asyncProperty(holder, fc.constantFrom(BOOTED - 600_000, BOOTED + 10), async (one, heartbeatAt) => {
        const store = new MemoryStore();
        plant(store, id('a'), one, heartbeatAt);
        const sameKernel = one.boot === here.boot;
        const gone = sameKernel
          ? one.space === here.space && !(one.pid === 100 && one.start === '5000') && !(one.pid === 200 && one.start === '7')
          : one.host === 'box' && one.machine === 'm1' && heartbeatAt < BOOTED;
        const result = await new Locks(
          portsOver(store, machineWith({ 100: '5000', 200: '7' }), { clock: { now: () => 0, monotonic: () => performance.now() * 1000 } }),
        )
          .take('writer')
          .then(
            () => true,
            () => false,
          );
        expect(result).toBe(gone);
      }),
    );
  });
});

describe('holding a lock', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('a lock that was taken away is noticed before the next publish, and release stays harmless', async () => {
    const store = new MemoryStore();
    const lock = await new Locks(portsOver(store)).take('writer');
    await lock.assertHeld();
    store.files.delete(`locks/${lock.instance}`);
    await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'repository.lock-lost' });
    plant(store, lock.instance, here);
    await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'repository.lock-lost' });
    await lock.release();
    await lock.release();
  });

  it('beats on a timer without changing the lock file, and stops at release', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const store = new MemoryStore();
    const lock = await new Locks(portsOver(store)).take('writer');
    const file = store.files.get(`locks/${lock.instance}`);
    const beats = new Set<number | undefined>();
    for (let turn = 0; turn < 3; turn += 1) {
      beats.add(store.files.get(`locks/${lock.instance}.beat`)?.version);
      await vi.advanceTimersByTimeAsync(HEARTBEAT_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(beats.size).toBe(3);
    expect(store.files.get(`locks/${lock.instance}`)).toBe(file);
    await lock.release();
    expect(vi.getTimerCount()).toBe(0);
    expect([...store.files.keys()]).toEqual([]);
  });

  it('only a lock whose holder is not seen to live can be broken', async () => {
    const store = new MemoryStore();
    const locks = new Locks(portsOver(store));
    const lock = await locks.take('writer');
    await expect(locks.break(lock.instance)).rejects.toMatchObject({ code: 'repository.locked' });
    await expect(new Locks(portsOver(store)).break(lock.instance)).rejects.toMatchObject({ code: 'repository.locked' });
    await expect(locks.break(id('f'))).rejects.toMatchObject({ code: 'repository.lock-unknown' });
    await lock.release();
    plant(store, id('a'), { ...here, host: 'other', boot: 'boot-9' });
    await locks.break(id('a'));
    expect([...store.files.keys()]).toEqual([]);
  });
});

describe('on this machine', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'belay-lock-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('a lock of a killed process is stale, of a running one alive', async () => {
    const store = await openLocalFolder(folder, { random: systemRandom });
    const script = path.join(folder, 'holder.ts');
    const core = path.resolve(import.meta.dirname, '../../../electron/core');
    writeFileSync(
      script,
      `
      import { Locks } from ${JSON.stringify(`${core}/repository/lock/lock.ts`)};
      import { systemMachine } from ${JSON.stringify(`${core}/repository/lock/machine.ts`)};
      import { openLocalFolder } from ${JSON.stringify(`${core}/repository/store/local-folder.ts`)};
      import { silentLog, systemClock, systemRandom } from ${JSON.stringify(`${core}/base/system.ts`)};
      const store = await openLocalFolder(${JSON.stringify(folder)}, { random: systemRandom });
      const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
      await new Locks({ store, clock: systemClock, random: systemRandom, machine: systemMachine(systemClock), log: silentLog, pause }).take('writer');
      process.stdout.write('held');
      setInterval(() => undefined, 1000);
    `,
    );
    const locks = new Locks(portsOver(store, systemMachine(systemClock)));
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    expect((await locks.list()).map((lock) => [lock.state, lock.pid])).toEqual([['alive', child.pid]]);
    await expect(locks.take('exclusive')).rejects.toMatchObject({ code: 'repository.locked', retryable: true });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await locks.list()).map((lock) => lock.state)).toEqual(['stale']);
    const lock = await locks.take('exclusive');
    await lock.assertHeld();
    await lock.release();
    expect(await store.list('locks')).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('a process that ended and was never reaped does not run', async () => {
    const machine = systemMachine(systemClock);
    const parent = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      await expect.poll(() => machine.look(pid)).toEqual({ running: false });
      process.kill(pid, 0);
      expect((await machine.look(process.pid)).start).toBe((await machine.self()).start);
    } finally {
      parent.kill('SIGKILL');
      await once(parent, 'exit');
    }
  });
});
