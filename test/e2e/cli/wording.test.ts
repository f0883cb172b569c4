import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { answerOf, change, makeShop, Place, record } from '../../helpers/cli/belay.ts';
import type { Ended } from '../../helpers/cli/belay.ts';

/** What a person reads: no sentence ends twice, and nothing is counted as `1 rows`. */
function expectPlain(ran: Pick<Ended, 'stdout' | 'stderr'>): string {
  const text = `${ran.stdout}${ran.stderr}`;
  expect(text).not.toMatch(/(?<!\.)\.\.(?:\s|$)|expected string|Invalid input|Too small|\[object/);
  expect(text).not.toMatch(/(?<![\d,.])1 (?:rows|items|objects|snapshots|files|entries|bytes|chunks|keys|facts)\b/);
  return text;
}

async function said(place: Place, ...argv: readonly string[]): Promise<string> {
  return expectPlain(await place.run(argv));
}

async function refused(place: Place, argv: readonly string[]): Promise<Record<string, unknown>> {
  const ran = await place.run([...argv, '--json']);
  const error = record(answerOf(ran)['error']);
  expectPlain({ stdout: '', stderr: ran.stderr });
  return { exit: ran.code, ...error };
}

describe('a shop with one row of everything', () => {
  test('names, counts and what is not there are told plainly', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 1);
    makeShop(place.path('dash.db'), 1);
    await place.host();
    await place.ok('init', '--no-encryption');
    await place.ok('source', 'add', 'shop.db');
    expect(await said(place, 'source', 'add', 'dash.db', '--name=-x y')).toContain("Next: belay snap -- '-x y'\n");
    expect(await said(place, 'status')).toContain("belay snap -- '-x y'\n");
    expect(await said(place, 'doctor')).toContain("Run: belay snap -- '-x y'\n");

    for (const name of ['latest', 'latest:shop', '12', '#3', '4f2a91c0'])
      expect(await refused(place, ['snap', 'shop', '--name', name])).toMatchObject({
        exit: 2,
        code: 'input.invalid',
        hint: 'Add a word to it, as in build-12.',
      });
    expect(await refused(place, ['snap', 'shop', '--name', 'x'.repeat(201)])).toMatchObject({ message: '--name must be at most 200 characters long.' });
    expect(await place.data('list')).toMatchObject({ total: 0 });

    expect(await said(place, 'snap', '--name', 'build-12', '--tag', 'a', '--', '-x y')).toMatch(/To go back to it: belay rewind --to [0-9a-f]+ -- '-x y'\n/);
    await place.ok('snap', 'shop');
    for (const argv of [
      ['list', 'nosuch'],
      ['show', 'latest:nosuch'],
      ['rows', 'latest:nosuch'],
      ['verify', 'latest:nosuch'],
      ['snap', 'nosuch'],
    ])
      expect(await refused(place, argv)).toMatchObject({ exit: 3, code: 'source.unknown', hint: 'There are: shop, -x y.' });
    expect(await refused(place, ['source', 'remove', 'nosuch'])).toMatchObject({ exit: 3, code: 'source.unknown', hint: 'There are: shop, -x y.' });
    expect(await said(place, 'source', 'remove', '--', '-x y')).toContain('What stays: 1 snapshot.');
    expect(await said(place, 'list', '--', '-x y')).toContain('build-12');
    expect(await said(place, 'show', 'latest:-x y')).toContain('build-12');

    const tagged = await place.run(['tag', 'build-12', 'b', '--remove', 'a', '--remove', 'gone', '--quiet']);
    expect([tagged.code, tagged.stderr]).toEqual([0, 'warning  The tag gone was not there.\n']);
    expect(await place.data('tag', 'build-12', '--remove', 'gone')).toMatchObject({ absent: ['gone'], snapshot: { tags: ['b'] } });
    expect(await refused(place, ['tag', 'build-12', 'c', '--remove', 'c'])).toMatchObject({ exit: 2, code: 'input.invalid' });

    const shown = await place.data('show', '2');
    const objects = shown['objects'];
    expect(Array.isArray(objects) ? objects.length : 0).toBe(record(shown['snapshot'])['objects']);
    expect(await place.data('rows', '2')).toMatchObject({
      objects: [
        { name: 'customers', rows: 1 },
        { name: 'orders', rows: 2 },
      ],
    });
    const words = await said(place, 'show', '2');
    expect(words).toContain(`in ${String(record(shown['snapshot'])['objects'])} objects, 3 rows`);
    expect(words).toMatch(/captured +passed .* file\/main: [\d.]+ KiB read/);
    expect(words).not.toMatch(/[{}]/);
    expect(await said(place, 'rows', '2')).not.toContain('0 B');
    for (const argv of [
      ['verify', '2'],
      ['verify', './shop.db', '--against', '2'],
      ['rebuild-catalog'],
      ['check'],
      ['journal'],
      ['journal', 'verify'],
      ['jobs', '--all'],
    ])
      await said(place, ...argv);

    await place.ok('pin', '2', 'why');
    const pinned = await refused(place, ['forget', '2', '--yes']);
    expect(pinned).toMatchObject({ exit: 10, code: 'snapshot.pinned' });
    await place.ok(...String(pinned['hint']).split('belay ').slice(-1).join('').split(' '));
    expect(await place.data('show', '2')).not.toHaveProperty('snapshot.pin');
    expect(await said(place, 'unpin', '2')).toMatch(/^Was not pinned: #2 /);
    await place.ok('pin', '2', 'first');
    expect(await said(place, 'pin', '2', 'second')).toContain('Reason: second (before: first)');

    expect(await place.data('snap', 'shop', '--name', 'build-12')).toMatchObject({ warnings: [expect.stringContaining('another snapshot is named build-12')] });
    expect(await refused(place, ['show', 'build-12'])).toMatchObject({ exit: 2, code: 'input.ambiguous', hint: 'Point at one by its number: 3, 1.' });
    expect((await place.run(['rows', '2', 'orders', '--offset', '9'])).stderr).toBe('No row after the first 9; there are 2.\n');
    expect(await place.ok('rows', '2', 'orders', '--offset', '9')).toMatch(/^id +customer +total +note\n$/);
  });

  test('places that are none, and files that promise another format', async () => {
    await using place = await Place.withShop(1, 'hosted');
    await place.ok('snap', 'shop');
    expect(await refused(place, ['discover', 'nodir'])).toMatchObject({
      exit: 3,
      code: 'source.missing',
      message: `There is no folder ${place.path('nodir')}.`,
    });
    expect(await refused(place, ['discover', 'shop.db'])).toMatchObject({ exit: 2, code: 'input.invalid' });
    // A machine may have servers of its own.
    expect(await place.data('discover', '.')).toMatchObject({ found: expect.arrayContaining([expect.objectContaining({ source: 'shop' })]) as unknown });

    for (const to of ['x.tar', 'x.sql.gz', 'x.PDF'])
      expect(await refused(place, ['export', '1', '--to', to])).toMatchObject({ exit: 2, code: 'input.invalid' });
    expect(await refused(place, ['export', '1', '--to', 'x', '--format', 'tar'])).toMatchObject({ exit: 11, code: 'engine.unsupported' });
    expect(existsSync(place.path('x.tar'))).toBe(false);
    await place.ok('export', '1', '--to', 'x.tar', '--format', 'sqlite');
    for (const to of ['x', 'x.db', 'x.SQLITE3', 'x-2026.11.21']) await place.ok('export', '1', '--to', to);
    expect(await refused(place, ['restore', '1', '--to', 'shp'])).toMatchObject({ exit: 2, code: 'input.ambiguous' });
    expect(existsSync(place.path('shp'))).toBe(false);
    expect(await said(place, 'restore', '1', '--to', 'elsewhere')).toContain(`Restored to ${place.path('elsewhere')}, in`);

    for (const argv of [
      ['export', '1', '--to', 'out/'],
      ['restore', '1', '--to', 'out/'],
    ])
      expect(await refused(place, argv)).toMatchObject({ exit: 3, code: 'target.missing', message: `There is no folder ${place.path('out')}.` });
    expect(await refused(place, ['verify', '1', '--against', '1'])).toMatchObject({ exit: 2, code: 'input.invalid' });
    expect(await refused(place, ['rewind', 'shop', '--confirm', 'another'])).toMatchObject({ exit: 2, code: 'input.invalid' });
    expect(await refused(place, ['discard', 'nosuch'])).toMatchObject({ exit: 3, code: 'undo.nothing' });
    expect(await refused(place, ['checkpoint', 'drop', 'shop', 'nosuch'])).toMatchObject({ exit: 3, code: 'checkpoint.unknown' });
    for (const argv of [
      ['key', 'add', 'passphrase'],
      ['key', 'passphrase'],
      ['key', 'remove', 'slot-1'],
    ])
      expect(await refused(place, argv)).toMatchObject({ exit: 2, code: 'input.invalid', message: 'The repository is not encrypted: it has no keys.' });
    expect(await refused(place, ['source', 'add', 'x.db', '--attached', 'a b=shop.db'])).toMatchObject({
      message: '--attached must be of letters, digits, - and _, at most 64.',
    });

    change(place.path('shop.db'), 'delete from orders');
    const differs = await refused(place, ['restore', '--file', 'shop.db', '--to', './y.db', '--check-query', 'select count(*) from orders == 2']);
    expect(differs).toMatchObject({ exit: 8, code: 'check.failed' });
    expect(String(differs['message'])).toContain('Equal, but the check');
    expect(existsSync(place.path('y.db'))).toBe(false);
  });

  test.runIf(process.platform !== 'win32')('what lies in a folder of backups and is none is listed, and hangs nothing', async () => {
    await using place = await Place.withShop(1, 'hosted');
    const folder = place.path('backups');
    await mkdir(folder);
    await copyFile(place.path('shop.db'), place.path('backups', 'shop-2026-11-01.db'));
    await copyFile(place.path('shop.db'), place.path('backups', 'shop-2099-01-01.db'));
    await copyFile(place.path('shop.db'), place.path('backups', 'later.db'));
    await utimes(place.path('backups', 'later.db'), 4_000_000_000, 4_000_000_000);
    await symlink(place.path('shop.db'), place.path('backups', 'link.db'));
    await writeFile(place.path('backups', 'notes.txt'), 'notes');
    spawnSync('mkfifo', [place.path('backups', 'pipe.db')]);
    await mkdir(place.path('backups', '.belay-checkpoints'));
    await copyFile(place.path('shop.db'), place.path('backups', '.belay-checkpoints', 'main.db'));
    const ran = await place.run(['import', 'backups', '--json']);
    const data = record(answerOf(ran)['data']);
    expect(ran.code).toBe(6);
    expect(data['imported']).toMatchObject([{ path: place.path('backups', 'shop-2026-11-01.db') }]);
    const skipped = data['skipped'];
    const reasons = new Map((Array.isArray(skipped) ? skipped : []).map(record).map((one) => [String(one['path']).slice(folder.length + 1), one]));
    expect([...reasons.keys()].toSorted()).toEqual(['.belay-checkpoints', 'later.db', 'link.db', 'notes.txt', 'pipe.db', 'shop-2099-01-01.db']);
    expect(reasons.get('link.db')).toMatchObject({ reason: 'it is a link, which is not followed' });
    expect(reasons.get('pipe.db')).toMatchObject({ reason: 'it is a pipe' });
    expect(reasons.get('shop-2099-01-01.db')).toMatchObject({ failed: true });
    expect(await refused(place, ['import', 'backups/shop-2099-01-01.db'])).toMatchObject({ exit: 2, code: 'input.invalid' });
    expect(await refused(place, ['import', 'backups/later.db'])).toMatchObject({ exit: 2, code: 'input.invalid' });
    for (const argv of [
      ['import', 'backups/pipe.db'],
      ['verify', './backups/pipe.db'],
      ['source', 'add', 'backups/pipe.db'],
    ])
      expect(await refused(place, argv)).toMatchObject({ exit: 2, code: 'source.not-a-database' });
    await said(place, 'import', 'backups', '--dry-run');
  });
});
