import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAppError } from '../../electron/core/base/errors.ts';
import { quietTask } from '../../electron/core/base/ports.ts';
import type { Repository } from '../../electron/core/repository/repository.ts';
import { contentOf, filesBelow, newRepository, reopen, sameContent, take, treeHash } from '../helpers/repository/world.ts';
import { systemRandom } from '../../electron/core/base/system.ts';

const task = quietTask();
let folder: string;
let disk: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'belay-disk-'));
  disk = path.join(folder, 'disk');
  mkdirSync(disk);
});
afterEach(() => {
  spawnSync('umount', [disk]);
  rmSync(folder, { recursive: true, force: true });
});

const mount = (options: string): void => {
  execFileSync(process.env['BELAY_TEST_MOUNT'] ?? 'mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]);
};
const free = (): number => statfsSync(disk).bavail * statfsSync(disk).bsize;

/** Somebody else takes every byte that is left. */
function fill(): void {
  for (let block = 1 << 20; block >= 1; block >>= 4) {
    try {
      for (;;) appendFileSync(path.join(disk, 'somebody-elses'), Buffer.alloc(block));
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOSPC') throw error;
    }
  }
  expect(free()).toBeLessThan(4096);
}

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('a repository on a disk', () => {
  it('that is full: nothing acknowledged is lost, and forget, collect, check and purge give room without any', async () => {
    mount('size=48m');
    const repository = await newRepository(path.join(disk, 'r'));
    const kept: { readonly id: string; readonly content: ReadonlyMap<string, Uint8Array> }[] = [];
    for (let full = false; !full;) {
      const content = new Map([['a', systemRandom.bytes(6 << 20)]]);
      try {
        kept.push({ id: (await take(repository, content)).id, content });
      } catch (error) {
        expect(isAppError(error, 'repository.no-space')).toBe(true);
        full = true;
      }
    }
    expect(kept.length).toBeGreaterThanOrEqual(4);
    fill();
    expect([...filesBelow(path.join(disk, 'r'), 'tmp')]).toEqual([]);
    for (const { id, content } of kept) expect(sameContent(await contentOf(repository, id), content)).toBe(true);
    await expect(take(repository, new Map([['b', systemRandom.bytes(1 << 20)]]))).rejects.toMatchObject({ code: 'repository.no-space' });

    const last = kept.at(-1);
    await repository.forget(
      await repository.planForget(
        kept.slice(0, -1).map((one) => one.id),
        task,
      ),
      task,
    );
    fill();
    const first = await repository.planCollect({ purgeNow: false }, task);
    await repository.collect(first, task);
    fill();
    expect((await repository.check({ level: 'authenticated' }, task)).passed).toBe(true);
    const plan = await repository.planCollect({ purgeNow: true }, task);
    expect(plan.freesNow).toBeGreaterThan((kept.length * 5) << 20);
    await repository.collect(plan, task);
    expect(free()).toBeGreaterThan(10 << 20);
    expect(sameContent(await contentOf(repository, last?.id ?? ''), last?.content ?? new Map())).toBe(true);
    await take(repository, new Map([['c', systemRandom.bytes(5 << 20)]]));
    await repository.close();
  });

  it('that is read-only: lists, restores, checks, plans and looks for repairs; refuses every change', async () => {
    mount('size=64m');
    const place = path.join(disk, 'r');
    const content = new Map([['a', systemRandom.bytes(1 << 20)]]);
    const before = await newRepository(place);
    const { id } = await take(before, content);
    await before.record([{ kind: 'note', snapshot: id, note: 'n' }]);
    await before.close();
    execFileSync(process.env['BELAY_TEST_MOUNT'] ?? 'mount', ['-o', 'remount,ro', disk]);
    const tree = treeHash(place);
    const repository: Repository = await reopen(place);
    expect(repository.info.readOnly).toBe(true);
    expect((await repository.snapshots()).snapshots).toMatchObject([{ id, note: 'n' }]);
    expect(sameContent(await contentOf(repository, id), content)).toBe(true);
    expect(await repository.check({ level: 'decoded' }, task)).toMatchObject({ passed: true });
    const forgetting = await repository.planForget([id], task);
    const collecting = await repository.planCollect({ purgeNow: false }, task);
    expect((await repository.repair({ dryRun: true }, task)).mended).toEqual([]);
    const changes = [
      () => repository.begin({}, task),
      () => repository.record([{ kind: 'note', snapshot: id, note: 'x' }]),
      () => repository.forget(forgetting, task),
      () => repository.collect(collecting, task),
      () => repository.repair({ dryRun: false }, task),
    ];
    for (const change of changes) await expect(change()).rejects.toMatchObject({ code: 'repository.read-only' });
    await repository.close();
    expect(treeHash(place)).toBe(tree);
  });
});
