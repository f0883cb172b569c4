import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeShop, Place } from '../../helpers/cli/belay.ts';

/** The largest pack of data: changed by one bit in its middle. */
async function flip(repository: string): Promise<string> {
  const packs = (await readdir(join(repository, 'packs'), { recursive: true })).filter((name) => name.length > 30);
  const sized = await Promise.all(
    packs.map(async (name) => ({ file: join(repository, 'packs', name), bytes: await readFile(join(repository, 'packs', name)) })),
  );
  const [largest] = sized.toSorted((a, b) => b.bytes.length - a.bytes.length);
  if (largest === undefined) throw new Error('no pack');
  const at = largest.bytes.length >>> 1;
  largest.bytes[at] = (largest.bytes[at] ?? 0) ^ 1;
  await writeFile(largest.file, largest.bytes);
  return largest.file;
}

test('what a check finds is remembered, told by list and doctor, and made good by the next snapshot', async () => {
  await using place = await Place.make();
  makeShop(place.path('shop.db'), 2000);
  await place.data('init', place.path('repository'), '--no-encryption');
  await place.data('source', 'add', 'shop.db');
  await place.data('snap', '--name', 'first');
  expect((await place.run(['doctor'])).stdout).toContain('belay check');
  await flip(place.path('repository'));
  await place.host();

  expect((await place.run(['check'])).code).toBe(6);
  expect(await place.data('list')).toMatchObject({ snapshots: [{ name: 'first', failing: true }] });
  const doctor = await place.run(['doctor']);
  expect(doctor.stdout).toMatch(/Snapshot 1 failed a proof/);
  expect(doctor.stdout).toMatch(/found problems/);
  const collect = await place.run(['collect', '--yes']);
  expect([collect.code, collect.stderr]).toEqual([6, expect.stringContaining('belay snap')]);

  await place.data('snap', '--name', 'second', '--level', 'proved');
  const again = await place.run(['check']);
  expect(again.stdout).not.toContain('first');
  expect(await place.data('list')).toMatchObject({ snapshots: [{ failing: false }, { failing: false }] });
  await place.data('collect', '--yes');
  expect(await place.data('check')).toMatchObject({ passed: true });
  expect(await place.data('verify', 'first', '--level', 'proved')).toMatchObject({ verification: { result: 'passed' } });
});

test('a pack that is gone is damage, whatever needs it', async () => {
  await using place = await Place.make();
  makeShop(place.path('shop.db'), 2000);
  await place.data('init', place.path('repository'), '--no-encryption');
  await place.data('source', 'add', 'shop.db');
  await place.data('snap', '--name', 'first');
  const pack = await flip(place.path('repository'));
  await rename(pack, place.path('aside'));
  await place.host();
  const codes: Record<string, number | null> = {};
  for (const args of [
    ['restore', 'first', '--to', place.path('copy.db')],
    ['rows', 'first', 'customers'],
    ['export', 'first', '--to', place.path('copy.sqlite')],
    ['verify', 'first'],
    ['check'],
    ['collect', '--yes'],
  ])
    codes[args[0] ?? ''] = (await place.run(args)).code;
  expect(codes).toEqual({ restore: 6, rows: 6, export: 6, verify: 8, check: 6, collect: 6 });
});

test('a snapshot whose manifest opens from no copy can be forgotten by its id or number, listed or not, and all is well again', async () => {
  await using place = await Place.withShop(20);
  for (const [i, name] of ['first', 'second', 'third'].entries()) {
    await place.data('snap', 'shop', '--name', name);
    if (i === 2) break;
    for (const folder of ['snapshots', 'snapshots.copy']) {
      const [file = ''] = (await readdir(join(place.home, 'repository', folder))).filter((one) => Number(one.slice(0, 10)) === i + 1);
      await writeFile(join(place.home, 'repository', folder, file), 'no manifest');
    }
  }
  await place.host();
  expect((await place.run(['check'])).code).toBe(6);
  expect((await place.run(['collect', '--yes'])).code).toBe(6);
  await place.data('forget', '1', '--yes');
  const [file = ''] = (await readdir(join(place.home, 'repository', 'snapshots'))).filter((one) => one.startsWith('0000000002'));
  await place.run(['rebuild-catalog']);
  expect((await place.run(['forget', 'ffff', '--yes'])).code).toBe(3);
  await place.data('forget', file.slice(11, 19), '--yes');
  await place.data('collect', '--yes');
  expect(await place.data('check')).toMatchObject({ passed: true, snapshots: 1 });
  expect(await place.data('verify', 'third', '--level', 'proved')).toMatchObject({ verification: { result: 'passed' } });
});
