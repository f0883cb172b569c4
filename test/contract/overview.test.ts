import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { silentLog, systemClock, systemRandom } from '../../electron/core/base/system.ts';
import { connectOrHost } from '../../electron/host/connect.ts';
import { change, makeShop, Place } from '../helpers/cli/belay.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { readonly version: string };

async function clientOf(place: Place) {
  const { client } = await connectOrHost({
    home: place.home,
    version,
    startedBy: 'command',
    createBelay: () => Promise.reject(new Error('The host of this place is gone.')),
    ports: { clock: systemClock, random: systemRandom, log: silentLog },
  });
  return client;
}

test('the overview tells of each source what makes it safe, and asks none', async () => {
  await using place = await Place.withShop(100, 'hosted');
  makeShop(place.path('other.db'), 3);
  await place.ok('source', 'add', 'other.db', '--environment', 'production');
  const client = await clientOf(place);
  await place.ok('snap', 'shop', '--name', 'first');
  await place.ok('verify', 'first');
  change(place.path('shop.db'), 'delete from orders where id > 50');
  await place.ok('snap', 'shop', '--name', 'second');
  await place.ok('drill', 'shop');
  await place.ok('snap', 'shop', '--name', 'third');

  const { sources, userFolder } = await client.call('sources.overview', {});
  expect(userFolder).toBe(place.root);
  const [shop, other] = sources;
  expect(shop).toMatchObject({
    place: place.path('shop.db'),
    demo: false,
    targets: { rpoMs: null, rtoMs: null },
    newest: { name: 'third' },
    newestProved: { name: 'second' },
    newestComplete: { name: 'third' },
    drill: { result: 'proved' },
  });
  expect(shop?.trend.map((point) => point.rows)).toEqual([300, 150, 150]);
  expect(other).toMatchObject({ source: { name: 'other' }, targets: { rpoMs: 86_400_000, rtoMs: 14_400_000 }, trend: [] });
  expect(other).not.toHaveProperty('newest');

  await client.call('demo.create', {});
  const after = await client.call('sources.overview', {});
  expect(after.sources.map((one) => one.demo)).toEqual([false, false, true]);
  expect(after.sources[2]?.place).toBe(join(place.home, 'demo', 'box-office.sqlite'));
  // The data directory holds databases of Belay's own: nobody is asked to protect those.
  const { entries: before } = await client.call('journal.list', { limit: 1 });
  const { found, noContainers } = await client.call('discover', { folder: place.root });
  expect(noContainers).toMatchObject({ state: 'not-running', statement: expect.stringContaining('no-engine.sock') as string });
  // The window looks by itself: that is nothing that the record should fill with.
  expect((await client.call('journal.list', { limit: 1 })).entries).toEqual(before);
  expect(found.map((one) => one.location['path']).toSorted()).toEqual([place.path('other.db'), place.path('shop.db'), after.sources[2]?.place].toSorted());
  await client.close();
});

test('a host that has just begun tells the sources at once, with their drills, and again when its repository is open', async () => {
  await using place = await Place.withShop(10);
  await place.ok('snap', 'shop');
  await place.ok('drill', 'shop');
  await place.host();
  const client = await clientOf(place);
  const opened = new Promise<void>((resolve) => void client.subscribe('snapshots.changed', () => resolve()));
  const [first] = (await client.call('sources.overview', {})).sources;
  expect(first).toMatchObject({ newest: { seq: 1 }, newestProved: { seq: 1 }, drill: { result: 'proved' } });
  await opened;
  expect((await client.call('sources.overview', {})).sources).toEqual([first]);
  await client.close();
});

test('the record of a drill and the log of all are written where the window says, as the command line writes them, and over nothing', async () => {
  await using place = await Place.withShop(10, 'hosted');
  await place.ok('snap', 'shop');
  for (const by of ['Ada', 'Bob']) await place.ok('drill', 'shop', '--by', by);
  const client = await clientOf(place);
  const read = (name: string): string => readFileSync(place.path(name), 'utf8');
  const { drill } = await client.call('drill.show', { drill: 'latest' });
  for (const ending of ['md', 'JSON']) {
    await client.call('drill.report', { to: place.path(`all.${ending}`) });
    await client.call('drill.report', { drill: drill.id, to: place.path(`one.${ending}`) });
    await place.ok('drill', 'list', '--report', `cli-all.${ending}`);
    await place.ok('drill', 'show', 'latest', '--report', `cli-one.${ending}`);
    expect(read(`all.${ending}`)).toBe(read(`cli-all.${ending}`));
    expect(read(`one.${ending}`)).toBe(read(`cli-one.${ending}`));
  }
  await expect(client.call('drill.report', { to: place.path('all.md') })).rejects.toMatchObject({ code: 'target.exists' });
  await expect(client.call('drill.report', { to: place.path('nowhere', 'all.md') })).rejects.toMatchObject({ code: 'target.denied' });
  await client.close();
});
