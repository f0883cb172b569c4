import { linkSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { answerOf, change, contentOf, makeShop, Place, record } from '../../helpers/cli/belay.ts';

test('an export replaces a file only where that was said, whole, and nothing that is somebody’s database', async () => {
  await using place = await Place.withShop(50);
  await place.host();
  await place.ok('snap', 'shop', '--name', 'good');
  const shop = contentOf(place.path('shop.db'));
  change(place.path('shop.db'), 'delete from orders');
  await place.ok('snap', 'shop', '--name', 'emptied');
  const before = readdirSync(place.project);

  writeFileSync(place.path('old.sqlite'), 'what was here');
  expect((await place.run(['export', 'good', '--to', 'old.sqlite', '--json'])).code).toBe(10);
  expect(readFileSync(place.path('old.sqlite'), 'utf8')).toBe('what was here');
  expect(await place.data('export', 'good', '--to', 'old.sqlite', '--replace')).toMatchObject({ files: [{ path: place.path('old.sqlite') }] });
  expect(contentOf(place.path('old.sqlite'))).toEqual(shop);
  await place.ok('export', 'good', '--to', 'fresh.sqlite', '--replace');
  expect(contentOf(place.path('fresh.sqlite'))).toEqual(shop);
  expect(readdirSync(place.project).filter((name) => !before.includes(name))).toEqual(['fresh.sqlite', 'old.sqlite']);

  symlinkSync(place.path('shop.db'), place.path('symbolic.sqlite'));
  linkSync(place.path('shop.db'), place.path('hard.sqlite'));
  makeShop(place.path('open.sqlite'), 3);
  using open = new DatabaseSync(place.path('open.sqlite'));
  open.exec('pragma journal_mode = wal; create table written (x); insert into written values (1)');
  const refused = async (to: string): Promise<unknown> => {
    const { error } = answerOf(await place.run(['export', 'good', '--to', to, '--replace', '--json']));
    return record(error)['code'];
  };
  for (const own of ['shop.db', 'symbolic.sqlite', 'hard.sqlite', join(place.home, 'catalog.sqlite')]) {
    expect([own, await refused(own)]).toEqual([own, 'target.denied']);
  }
  expect(await refused('open.sqlite')).toBe('target.busy');
  expect(open.prepare('select count(*) as n from written').get()).toEqual({ n: 1 });
  expect(contentOf(place.path('shop.db'))).not.toEqual(shop);
  expect(readdirSync(place.project).filter((name) => name.startsWith('.belay-export'))).toEqual([]);
});

test('an export that fails leaves the file as it was, and nothing beside it', async () => {
  await using place = await Place.withShop(50);
  const end = await place.host();
  await place.ok('snap', 'shop', '--name', 'good');
  await end();
  writeFileSync(place.path('old.sqlite'), 'what was here');
  for (const pack of readdirSync(join(place.home, 'repository', 'packs'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())) {
    const file = join(pack.parentPath, pack.name);
    writeFileSync(file, readFileSync(file).fill(0, 40));
  }
  const names = readdirSync(place.project);
  expect((await place.run(['export', 'good', '--to', 'old.sqlite', '--replace'])).code).not.toBe(0);
  expect(readFileSync(place.path('old.sqlite'), 'utf8')).toBe('what was here');
  expect(readdirSync(place.project)).toEqual(names);
});
