import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { AppError } from '../../../electron/core/base/errors.ts';
import { quietTask } from '../../../electron/core/base/ports.ts';
import type { BlobStore } from '../../../electron/core/repository/blob-store.ts';
import { storeWith } from '../../helpers/repository/failing-store.ts';
import { groundOf, quickTake } from '../../helpers/repository/quick.ts';
import { Nonces } from '../../helpers/repository/nonces.ts';
import { churned, newRepository, reopen, rowsOf, temporaryFolder } from '../../helpers/repository/world.ts';

const task = quietTask();
const content = (seed: number): ReadonlyMap<string, Uint8Array> => new Map([['a', churned(rowsOf(1500, 1), seed, 0.05)]]);

test('a repository that was written, collected, damaged and repaired never seals two contents under one key and nonce', async () => {
  using folder = temporaryFolder();
  const nonces = new Nonces();
  await (await newRepository(folder.path)).close();
  const ground = await groundOf(folder.path);
  const records: string[] = [];
  for (let seed = 1; seed <= 4; seed += 1) records.push((await quickTake(ground, content(seed)))?.id ?? '');
  nonces.folder(folder.path);
  const repository = await reopen(folder.path);
  await repository.forget(await repository.planForget([records[0] ?? '', records[2] ?? ''], task), task);
  await repository.collect(await repository.planCollect({ purgeNow: false }, task), task);
  nonces.folder(folder.path);
  for (const name of readdirSync(path.join(folder.path, 'index'))) rmSync(path.join(folder.path, 'index', name));
  const { mended } = await repository.repair({ dryRun: false }, task);
  expect(mended.length).toBeGreaterThan(0);
  await repository.close();
  await quickTake(await groundOf(folder.path), content(1));
  expect(nonces.folder(folder.path).twice).toEqual([]);
  expect(nonces.counts.keys).toBeGreaterThan(20);
});

test('what is written again after a failed write is sealed anew, whatever became of the first', async () => {
  using folder = temporaryFolder();
  await (await newRepository(folder.path)).close();
  const nonces = new Nonces();
  let calls = 0;
  let failures = 0;
  const failing = (store: BlobStore): BlobStore =>
    storeWith(store, {
      publish: async (file, parts, options) => {
        nonces.bytes(file, Buffer.concat(parts));
        calls += 1;
        if (calls % 11 === 7 && !file.startsWith('locks/')) {
          failures += 1;
          throw new AppError('repository.io', 'The write failed.');
        }
        await store.publish(file, parts, options);
      },
    });
  const ground = await groundOf(folder.path, failing);
  let taken = 0;
  for (let tries = 0; tries < 12; tries += 1) if ((await quickTake(ground, content(1 + (tries >> 1))).catch(() => undefined)) !== undefined) taken += 1;
  expect(taken).toBeGreaterThan(0);
  expect(failures).toBeGreaterThan(3);
  expect(nonces.folder(folder.path).twice).toEqual([]);
});

test('two copies of one state that go on by themselves, as of a cloned machine, have no salt in common', async () => {
  using folder = temporaryFolder();
  using copy = temporaryFolder();
  await (await newRepository(folder.path)).close();
  await quickTake(await groundOf(folder.path), content(1));
  cpSync(folder.path, copy.path, { recursive: true });
  const child = new URL('../../helpers/repository/take-child.ts', import.meta.url).pathname;
  const ended = await Promise.all(
    [folder.path, copy.path].map(async (at) => {
      const [code] = (await once(spawn(process.execPath, ['--disable-warning=ExperimentalWarning', child, at], { stdio: 'inherit' }), 'exit')) as [number];
      return code;
    }),
  );
  expect(ended).toEqual([0, 0]);
  const both = new Nonces().folder(folder.path).folder(copy.path);
  expect(both.twice).toEqual([]);
  const one = new Nonces().folder(folder.path);
  expect(both.counts.keys).toBeGreaterThan(one.counts.keys + 3);
  const again = await reopen(copy.path);
  expect((await again.snapshots()).snapshots).toHaveLength(2);
  await again.close();
});

test('the walk itself sees a salt that was used twice', () => {
  const file = (last: number): Buffer => Buffer.concat([Buffer.from('BELAY\0\0\u0001\u0001', 'latin1'), Buffer.alloc(55, 7), Buffer.from([last])]);
  const other = Buffer.from(file(1));
  other[8] = 2;
  expect(new Nonces().bytes('a', file(1)).bytes('b', file(1)).bytes('c', other).twice).toEqual([]);
  expect(new Nonces().bytes('a', file(1)).bytes('b', Buffer.concat([file(1), Buffer.of(0)])).twice).toEqual(['a and b']);
});
