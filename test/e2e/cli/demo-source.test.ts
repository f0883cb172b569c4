import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { answerOf, Place, record, makeShop } from '../../helpers/cli/belay.ts';

test('the demo is a source that can be broken and rewound', async () => {
  await using place = await Place.make();
  await place.host();
  await place.ok('init', '--no-encryption');
  const made = await place.data('demo');
  expect(made).toMatchObject({ source: { name: 'demo', environment: 'dev' }, rows: 30_000 });
  expect(existsSync(join(place.home, 'demo', 'box-office.sqlite'))).toBe(true);
  expect(answerOf(await place.run(['demo', '--json']))['error']).toMatchObject({ code: 'source.exists' });

  await place.ok('snap', 'demo');
  expect(await place.data('compare', 'demo')).toMatchObject({ equal: true });
  const { done } = await place.data('demo', '--damage');
  expect(done).toHaveLength(4);
  const compared = await place.run(['compare', 'demo', '--json']);
  expect(record(answerOf(compared)['data'])).toMatchObject({ equal: false });
  const again = answerOf(await place.run(['demo', '--damage', '--json']));
  expect(again['error']).toMatchObject({ code: 'input.invalid', hint: expect.stringContaining('belay rewind') as unknown });

  await place.ok('rewind', 'demo');
  expect(await place.data('compare', 'demo')).toMatchObject({ equal: true });
});

test('without a demo there is nothing to damage', async () => {
  await using place = await Place.make();
  expect(answerOf(await place.run(['demo', '--damage', '--json']))['error']).toMatchObject({
    code: 'source.missing',
    hint: expect.stringContaining('belay demo') as unknown,
  });
});

test('a dry run of an addition keeps nothing, and the journal has the name that a source got from its file', async () => {
  await using place = await Place.withShop(10, 'hosted');
  makeShop(place.path('other.db'), 5);
  expect(await place.data('source', 'add', 'other.db', '--dry-run')).toMatchObject({
    source: { name: 'other' },
    probe: { facts: expect.any(Array) as unknown },
  });
  expect(await place.data('source', 'list')).toMatchObject({ sources: [{ name: 'shop' }] });
  await place.ok('source', 'add', 'other.db');
  const { entries } = (await place.data('journal', 'list', '--what', 'sources.add')) as { entries: { details: Record<string, unknown> }[] };
  expect(entries.map(({ details }) => [details['name'], details['dryRun']])).toEqual([
    ['other', false],
    ['other', true],
    ['shop', false],
  ]);
});

test("a source's targets are its environment's until somebody sets them", async () => {
  await using place = await Place.withShop(10, 'hosted');
  const hour = 3_600_000;
  expect(await place.data('source', 'set', 'shop', '--environment', 'staging')).toMatchObject({
    source: { environment: 'staging' },
    targets: { rpoMs: 24 * hour, rtoMs: 4 * hour },
  });
  expect(await place.data('source', 'set', 'shop', '--rpo', '5m')).toMatchObject({ targets: { rpoMs: 300_000, rtoMs: 4 * hour } });
  // One that is set leaves the other to the environment.
  expect(await place.data('source', 'set', 'shop', '--environment', 'dev')).toMatchObject({ targets: { rpoMs: 300_000, rtoMs: null } });
  expect(await place.data('source', 'set', 'shop', '--environment', 'staging')).toMatchObject({ targets: { rpoMs: 300_000, rtoMs: 4 * hour } });
  expect(await place.data('source', 'set', 'shop', '--rpo', 'environment')).toMatchObject({ targets: { rpoMs: 24 * hour, rtoMs: 4 * hour } });
  expect(await place.data('source', 'set', 'shop', '--rpo', '5m')).toMatchObject({ targets: { rpoMs: 300_000 } });
  expect(await place.data('source', 'set', 'shop', '--rto', 'none')).toMatchObject({ targets: { rpoMs: 300_000, rtoMs: null } });
  expect(await place.data('source', 'list')).toMatchObject({ sources: [{ environment: 'staging', targets: { rpoMs: 300_000, rtoMs: null } }] });
  expect(answerOf(await place.run(['source', 'set', 'shop', '--json']))['error']).toMatchObject({ code: 'input.invalid' });
  expect(answerOf(await place.run(['source', 'set', 'shop', '--rpo', 'soon', '--json']))['error']).toMatchObject({ code: 'input.invalid' });
  expect(answerOf(await place.run(['source', 'set', 'nobody', '--rpo', '5m', '--json']))['error']).toMatchObject({ code: 'source.unknown' });
});
