import { execFileSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { answerOf, change, makeShop, Place } from '../../helpers/cli/belay.ts';

test('a drill is made, kept with the repository, remarked upon, and handed out as a page', async () => {
  await using place = await Place.withShop(300, 'hosted');
  const none = await place.run(['drill', 'shop', '--json']);
  expect([none.code, answerOf(none)['data']]).toMatchObject([8, { drill: { result: 'not-run', statement: 'There is no snapshot of shop.' } }]);

  await place.data('snap', 'shop', '--name', 'nightly');
  change(place.path('shop.db'), 'delete from orders');
  const page = place.path('drill.md');
  const made = await place.run([
    'drill',
    'shop',
    '--within',
    '10m',
    '--note',
    'first of its kind',
    '--by',
    'Ada',
    '--check-query',
    'select count(*) from orders == 600',
    '--report',
    page,
    '--json',
  ]);
  expect(made.code).toBe(0);
  const { drill } = answerOf(made)['data'] as { drill: { id: string; steps: { name: string; result: string }[]; recoveryMs: number } };
  expect(drill).toMatchObject({ result: 'proved', by: 'Ada', snapshot: { name: 'nightly' }, notes: [{ text: 'first of its kind', by: 'Ada' }], rows: 900 });
  expect(drill.steps.map((step) => [step.name, step.result])).toEqual(['source', 'intact', 'complete', 'restored', 'time'].map((name) => [name, 'passed']));
  expect(drill.recoveryMs).toBeGreaterThan(0);
  expect(await readFile(page, 'utf8')).toContain('**Result: proved.**');
  expect((await place.run(['drill', 'shop', '--report', page])).code).toBe(10);
  const nowhere = await place.run(['drill', 'shop', '--report', place.path('absent/drill.md'), '--json']);
  expect([nowhere.code, answerOf(nowhere)['error']]).toMatchObject([3, { code: 'target.missing' }]);
  expect(await place.data('show', 'nightly')).toMatchObject({ snapshot: { proved: 'proved' } });

  const slow = await place.run(['drill', 'shop', '--within', '0.001s', '--json']);
  expect([slow.code, answerOf(slow)['data']]).toMatchObject([
    8,
    { drill: { result: 'proved', steps: expect.arrayContaining([expect.objectContaining({ name: 'time', result: 'failed' })]) as unknown } },
  ]);

  await place.data('drill', 'note', drill.id, '--blocker', 'the runbook names the old host', '--by', 'Bob');
  await rm(place.path('shop.db'));
  const gone = await place.run(['drill', 'shop', '--json']);
  expect([gone.code, answerOf(gone)['data']]).toMatchObject([
    8,
    { drill: { result: 'proved', steps: expect.arrayContaining([expect.objectContaining({ name: 'source', result: 'failed' })]) as unknown } },
  ]);
  const failed = await place.run(['drill', 'shop', '--check-query', 'select count(*) from orders == 1', '--json']);
  expect([failed.code, answerOf(failed)['data']]).toMatchObject([
    8,
    { drill: { result: 'failed', checks: expect.arrayContaining([expect.objectContaining({ result: 'failed' })]) as unknown } },
  ]);

  const long = await place.run(['drill', 'shop', '--check-query', 'select hex(zeroblob(1500000)) == 1', '--json']);
  expect([long.code, answerOf(long)['data']]).toMatchObject([8, { drill: { result: 'failed' } }]);

  // An old file that was taken in for the source is not its newest snapshot; one of a source that was removed can still be drilled.
  makeShop(place.path('old.sqlite'), 5);
  await place.data('import', 'old.sqlite', '--source', 'shop');
  const after = await place.run(['drill', 'shop', '--json']);
  expect(answerOf(after)['data']).toMatchObject({ drill: { result: 'proved', snapshot: { name: 'nightly' } } });
  await place.data('source', 'remove', 'shop');
  const removed = await place.run(['drill', 'shop', '--json']);
  expect([removed.code, answerOf(removed)['data']]).toMatchObject([
    8,
    { drill: { result: 'proved', steps: expect.arrayContaining([expect.objectContaining({ name: 'source', result: 'failed' })]) as unknown } },
  ]);

  await rm(place.path('drill.md'));
  expect(await place.data('drill', 'list', 'shop')).toMatchObject({
    total: 8,
    drills: [{ result: 'proved' }, { result: 'proved' }, { result: 'failed' }, { result: 'failed' }, {}, {}, { id: drill.id }, { result: 'not-run' }],
  });
  const shown = await place.run(['drill', 'show', drill.id, '--report', place.path('drill.json')]);
  expect(shown.stdout).toContain('blocker: the runbook names the old host (Bob');
  expect(JSON.parse(await readFile(place.path('drill.json'), 'utf8'))).toMatchObject({ id: drill.id, blockers: [{ by: 'Bob' }] });
  await place.ok('drill', 'list', '--report', place.path('log.md'));
  await place.ok('drill', 'list', 'shop', '--limit', '1', '--report', place.path('log.json'));
  const log = await readFile(place.path('log.md'), 'utf8');
  expect(log).toContain('8 drills, newest first.');
  expect(log.match(/^## Restore drill d-/gm)).toHaveLength(8);
  expect(log).toContain('the runbook names the old host');
  expect(JSON.parse(await readFile(place.path('log.json'), 'utf8'))).toHaveLength(8);
  expect((await place.run(['drill', 'list', '--report', place.path('log.md')])).code).toBe(10);
  expect((await place.run(['drill', 'show', 'd-nothing'])).code).toBe(3);
  expect((await place.run(['drill', 'list', 'nosuch'])).code).toBe(3);
  expect((await place.run(['drill', 'shop', '--within', 'soon'])).code).toBe(2);
});

test.runIf(process.getuid?.() === 0)('a user without a name on this machine, as in a container, is named by number', async () => {
  const nameless = 54_321;
  await using place = await Place.withShop(20);
  execFileSync('chown', ['-R', `${nameless}:${nameless}`, place.root]);
  const as = { uid: nameless, env: { NODE_COMPILE_CACHE: '' } };
  const made = await place.run(['drill', 'shop', '--json'], as);
  expect([made.code, answerOf(made)['data']]).toMatchObject([8, { drill: { by: `user ${nameless}`, result: 'not-run' } }]);
});
