import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../sweep/disk/commands.ts';
import { tryCommand, tryWayOut } from '../sweep/disk/point.ts';
import type { Left } from '../sweep/disk/small-disk.ts';
import { diskHindrance, SmallDisk } from '../sweep/disk/small-disk.ts';
import { DiskWorld } from '../sweep/disk/world.ts';

/** Everything on a disk that somebody else fills to the last byte: a sample of the part "disk" of `npm run test:faults`, by name. */
describe.runIf(diskHindrance() === undefined)('a full disk (needs root)', () => {
  let folder: string;
  let disk: SmallDisk;
  let world: DiskWorld;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'belay-full-'));
    disk = new SmallDisk(folder, 'ext4');
    mkdirSync(join(folder, 'roomy'));
    world = new DiskWorld(folder, disk, 'everything');
    await world.prepare();
  });
  afterAll(() => {
    disk.unmount();
    rmSync(folder, { recursive: true, force: true });
  });

  const reserve = (): readonly [number, number] => [
    existsSync(join(world.home, 'reserve')) ? statSync(join(world.home, 'reserve')).size : 0,
    existsSync(join(world.home, 'reserve-files')) ? readdirSync(join(world.home, 'reserve-files')).length : 0,
  ];

  const open = 'an open host';
  const closed = 'no host';
  test.each<readonly [string, Left, typeof open | typeof closed]>([
    ['list', 0, closed],
    ['status', 0, closed],
    ['export elsewhere', 0, closed],
    ['compare shop 3', 'no file', closed],
    ['rows 2', 0, open],
    ['export elsewhere', 'no file', open],
    ['init elsewhere', 0, closed],
  ])('%s with %s left and %s', async (name, left, host) => {
    const command = commands.find((one) => one.name === name);
    expect(command).toBeDefined();
    if (command !== undefined) expect(await tryCommand(world, disk, { command, left, open: host === open })).toBeUndefined();
    expect(reserve()).toEqual([4 * 2 ** 20, 64]);
  });

  test.each<readonly [Left, typeof open | typeof closed]>([
    [0, open],
    [0, closed],
    ['no file', open],
    ['no file', closed],
  ])('forget, collect, check and collect --purge-now make room with %s left and %s, and the reserve is there again', async (left, host) => {
    expect(await tryWayOut(world, disk, { left, open: host === open })).toBeUndefined();
    expect(reserve()).toEqual([4 * 2 ** 20, 64]);
  });

  test('they do on a disk of the repository alone that takes no file more', async () => {
    const apart = mkdtempSync(join(tmpdir(), 'belay-full-'));
    const own = new SmallDisk(apart, 'tmpfs');
    try {
      mkdirSync(join(apart, 'roomy'));
      const its = new DiskWorld(apart, own, 'repository');
      await its.prepare();
      expect(await tryWayOut(its, own, { left: 'no file', open: false })).toBeUndefined();
    } finally {
      own.unmount();
      rmSync(apart, { recursive: true, force: true });
    }
  });

  test('an open host gives the reserve to what makes room, and fills it again when it ends', async () => {
    world.putBack();
    const host = await world.serve();
    disk.fill(0);
    expect(await world.belay('list')).toMatchObject({ code: 0 });
    expect(reserve()).toEqual([4 * 2 ** 20, 64]);
    expect(await world.belay('forget', '1', '--yes')).toMatchObject({ code: 0 });
    expect(reserve()[0], 'what forget wrote lies where the reserve was').toBeLessThan(4 * 2 ** 20);
    disk.makeRoom();
    await host.close();
    expect(reserve()).toEqual([4 * 2 ** 20, 64]);
  });

  test('without a reserve says what is wrong and what helps', async () => {
    world.putBack();
    for (const name of ['reserve', 'reserve-files']) rmSync(join(world.home, name), { recursive: true });
    disk.fill(0);
    const ran = await world.belay('list');
    expect([ran.code, JSON.parse(ran.stdout)]).toMatchObject([5, { error: { code: 'home.unusable', hint: expect.stringContaining('room') as unknown } }]);
    disk.makeRoom();
    expect(await world.belay('list')).toMatchObject({ code: 0 });
    expect(reserve()).toEqual([4 * 2 ** 20, 64]);
  });
});
