import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answerOf, change, contentOf, Place, record } from '../../helpers/cli/belay.ts';

/** What stands at `path` in an answer, as text. */
function textAt(value: unknown, ...path: readonly string[]): string {
  let here = value;
  for (const part of path) here = Array.isArray(here) ? (here as readonly unknown[])[Number(part)] : record(here)[part];
  return typeof here === 'string' || typeof here === 'number' ? String(here) : JSON.stringify(here);
}

describe('the main loop', () => {
  test('with --json: from nothing to a rewound, proved, exported and taken-in database', async () => {
    await using place = await Place.make();
    const { makeShop } = await import('../../helpers/cli/belay.ts');
    makeShop(place.path('shop.db'), 300);
    const before = contentOf(place.path('shop.db'));

    expect(await place.data('status')).toMatchObject({ locked: false, snapshots: 0 });
    expect(await place.data('init', '--no-encryption')).toMatchObject({ repository: { protection: 'none', format: 1 }, attached: false });
    expect(await place.data('source', 'add', 'shop.db')).toMatchObject({ source: { name: 'shop', engine: 'sqlite', environment: 'dev' } });
    expect(await place.data('source', 'test', 'shop')).toMatchObject({ source: { name: 'shop' } });
    expect(await place.data('snap', 'shop', '--dry-run')).toMatchObject({ dryRun: { source: { name: 'shop' } } });
    expect(await place.data('list')).toMatchObject({ total: 0 });

    const snap = await place.data('snap', '--name', 'before', '--note', 'why', '--tag', 'deploy-1', '--level', 'proved');
    expect(snap).toMatchObject({
      snapshot: { source: 'shop', name: 'before', tags: ['deploy-1'], rows: 900, proved: 'proved' },
      verification: { result: 'passed', level: 'proved' },
    });
    const id = textAt(snap, 'snapshot', 'id');
    expect(await place.data('compare', 'shop')).toMatchObject({ equal: true, differences: [] });
    expect(await place.data('show', 'before')).toMatchObject({ snapshot: { id } });
    expect(await place.data('rows', id, 'orders', '--limit', '2', '--order-by', 'id')).toMatchObject({
      page: {
        rows: [
          [1, 2, 1.5, 'note 1'],
          [2, 3, { $: 'real', v: '3' }, 'note 2'],
        ],
      },
    });
    expect(await place.data('tag', '1', 'kept', '--remove', 'deploy-1')).toMatchObject({ snapshot: { tags: ['kept'] } });

    change(
      place.path('shop.db'),
      "update orders set note = 'gone' where id = 7; insert into customers values (301, 'new', null); drop index orders_by_customer",
    );
    const different = await place.run(['compare', 'shop', '--json']);
    expect(different.code).toBe(8);
    const differences = JSON.stringify(record(answerOf(different)['data'])['differences']);
    for (const name of ['orders', 'customers', 'orders_by_customer']) expect(differences).toContain(name);
    const broken = contentOf(place.path('shop.db'));

    const rewound = await place.data('rewind', 'shop', '--to', id.slice(0, 8));
    expect(rewound).toMatchObject({ snapshot: { id }, verification: { result: 'passed' }, undo: { what: 'rewind', source: 'shop' } });
    expect(contentOf(place.path('shop.db'))).toEqual(before);
    expect(await place.data('verify', id)).toMatchObject({ verification: { result: 'passed', level: 'proved' } });

    expect(await place.data('undo', '--list')).toMatchObject({ undo: [{ id: textAt(rewound, 'undo', 'id') }] });
    await place.data('undo');
    expect(contentOf(place.path('shop.db'))).toEqual(broken);
    await place.data('rewind', '--to', 'before');
    expect(contentOf(place.path('shop.db'))).toEqual(before);

    expect(await place.data('export', id, '--to', 'out.sqlite')).toMatchObject({ files: [{ path: place.path('out.sqlite') }] });
    expect(contentOf(place.path('out.sqlite'))).toEqual(before);
    expect(await place.data('verify', 'out.sqlite', '--against', id)).toMatchObject({ verification: { result: 'passed' } });
    expect(await place.data('import', 'out.sqlite', '--source', 'shop', '--tag', 'taken-in')).toMatchObject({
      imported: [{ snapshot: { source: 'shop', tags: ['taken-in'] } }],
      skipped: [],
    });
    expect(await place.data('restore', '--file', 'out.sqlite', '--to', 'new.db')).toMatchObject({
      target: place.path('new.db'),
      verification: { result: 'passed' },
    });
    expect(contentOf(place.path('new.db'))).toEqual(before);

    expect(await place.data('check', '--level', 'decoded')).toMatchObject({ passed: true, problems: [] });
    await place.data('snap', 'shop', '--pin', 'never');
    const pinned = await place.run(['forget', 'latest:shop', '--yes', '--json']);
    expect([pinned.code, record(answerOf(pinned)['error'])['code']]).toEqual([10, 'snapshot.pinned']);
    await place.data('unpin', 'latest:shop');
    expect(await place.data('forget', id, '--yes')).toMatchObject({ done: true });
    expect(record(answerOf(await place.run(['show', id, '--json']))['error'])['code']).toBe('snapshot.unknown');
    expect(await place.data('collect', '--dry-run')).toMatchObject({ plan: {} });
    expect(await place.data('collect', '--yes')).toMatchObject({ done: {} });
    expect(await place.data('check', '--level', 'decoded')).toMatchObject({ passed: true });
    expect(await place.data('rebuild-catalog')).toMatchObject({ problems: [] });
    expect(await place.data('repair', '--dry-run')).toMatchObject({ mended: [], beyondRepair: [] });
    expect(await place.data('unlock')).toMatchObject({ removed: null });
    expect(await place.data('jobs', '--all')).not.toMatchObject({ jobs: [] });
    expect(await place.data('journal', 'verify')).toMatchObject({ sound: true });
    const journal = await place.data('journal', '--limit', '1000');
    for (const what of ['snapshot.create', 'rewind', 'undo.run', 'export', 'import', 'snapshot.rows', 'snapshot.forget', 'repository.collect'])
      expect(JSON.stringify(journal)).toContain(`"${what}"`);
    expect((await place.run(['doctor', '--json'])).code).toBe(0);
  });

  test('for people, in a pipe: plain text, results on standard output, the rest beside it', async () => {
    await using place = await Place.withShop(200, 'hosted');
    expect(await place.ok()).toContain('shop');
    const snap = await place.run(['snap', 'shop', '--name', 'before']);
    expect(snap.stdout).toMatch(/^Snapshot #1 \([0-9a-z]{8}\) “before” of shop, just now \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\)\n/);
    expect(snap.stdout).toContain('■■■□ complete');
    expect(snap.stdout).toContain('To go back to it: belay rewind shop --to ');
    expect(`${snap.stdout}${snap.stderr}`).not.toMatch(/[\u001b\r]/);
    change(place.path('shop.db'), 'delete from orders where id = 5');
    const compared = await place.run(['compare', 'shop']);
    expect(compared.code).toBe(8);
    expect(compared.stdout).toContain('shop differs from snapshot #1');
    expect(compared.stdout).toContain('orders');
    expect(await place.ok('rewind', 'shop')).toMatch(/shop is back at snapshot #1[\s\S]*To take it back: belay undo /);
    expect(await place.ok('undo')).toContain('shop is as it was before the rewind');
    expect(await place.ok('list')).toMatch(/#\s+id\s+source\s+made/);
    expect(await place.ok('show', '1')).toContain('orders');
    expect(await place.ok('rows', 'latest', 'orders', '--limit', '1', '--order-by', 'id')).toContain('note 1');
    expect(await place.ok('journal', 'verify')).toContain('The journal is whole');
    expect(await place.ok('check')).toContain('The repository is whole');
    const quiet = await place.run(['snap', 'shop', '--quiet']);
    expect(quiet).toMatchObject({ code: 0, stderr: '' });
  });

  test('checkpoints: made, gone back to, dropped', async () => {
    await using place = await Place.withShop(200, 'hosted');
    const before = contentOf(place.path('shop.db'));
    const made = await place.data('checkpoint', 'create');
    const id = textAt(made, 'checkpoint', 'id');
    change(place.path('shop.db'), 'delete from orders');
    expect(await place.data('checkpoint', 'list', 'shop')).toMatchObject({ checkpoints: [{ id, source: 'shop' }] });
    expect(await place.data('rewind', 'shop', '--checkpoint', id)).toMatchObject({ undo: { what: 'checkpoint-rewind' } });
    expect(contentOf(place.path('shop.db'))).toEqual(before);
    expect(await place.data('checkpoint', 'drop', 'shop', id, '--yes')).toMatchObject({ dropped: { id } });
    expect(await place.data('checkpoint', 'list')).toMatchObject({ checkpoints: [] });
  });

  test('a held restore: checked, listed, discarded, or promoted and undone', async () => {
    await using place = await Place.withShop(200, 'hosted');
    await place.data('snap', 'shop');
    change(place.path('shop.db'), 'delete from orders where id > 10');
    const broken = contentOf(place.path('shop.db'));
    const held = await place.data('restore', 'latest', '--hold', '--check-query', 'select count(*) from orders == 400', '--check-command', 'true');
    expect(held).toMatchObject({ verification: { result: 'passed' } });
    const own = record(held['verification'])['checks'];
    expect(Array.isArray(own) ? own.filter((check) => record(check)['kind'] !== 'engine') : own).toMatchObject([
      { kind: 'command', result: 'passed' },
      { kind: 'query', result: 'passed' },
    ]);
    expect(contentOf(place.path('shop.db'))).toEqual(broken);
    expect(await place.data('restore', '--held')).toMatchObject({ held: [{ id: held['held'] }] });
    await place.data('promote', textAt(held, 'held'));
    expect(contentOf(place.path('shop.db'))).not.toEqual(broken);
    await place.data('undo');
    expect(contentOf(place.path('shop.db'))).toEqual(broken);
    const again = await place.data('restore', 'latest', '--hold');
    await place.data('discard', textAt(again, 'held'), '--yes');
    expect(await place.data('restore', '--held')).toMatchObject({ held: [] });
    expect((await readdir(place.project)).filter((name) => name.startsWith('shop.db') && !/-(?:wal|shm)$/.test(name))).toEqual(['shop.db']);
  });

  test('a check that fails stops the restore, with the target untouched', async () => {
    await using place = await Place.withShop(200, 'hosted');
    await place.data('snap', 'shop');
    change(place.path('shop.db'), 'delete from orders where id > 10');
    const broken = contentOf(place.path('shop.db'));
    const ran = await place.run(['restore', 'latest', '--check-query', 'select count(*) from orders == 1', '--json']);
    expect(ran.code).toBe(8);
    expect(contentOf(place.path('shop.db'))).toEqual(broken);
  });

  test('a folder of existing backups: times from their names, each taken in once', async () => {
    await using place = await Place.withShop(200, 'hosted');
    const { mkdir } = await import('node:fs/promises');
    await mkdir(place.path('old'));
    for (const name of ['shop-2026-01-02.sqlite', 'shop-2026-01-03.sqlite']) await copyFile(place.path('shop.db'), join(place.path('old'), name));
    expect(record(await place.data('import', 'old', '--source', 'shop', '--dry-run'))['imported']).toHaveLength(2);
    const taken = await place.data('import', 'old', '--source', 'shop');
    expect(taken).toMatchObject({ imported: [{ madeAtFrom: 'name' }, { madeAtFrom: 'name' }], skipped: [] });
    expect(await place.data('import', 'old', '--source', 'shop')).toMatchObject({ imported: [], skipped: [{}, {}] });
    expect(await place.data('list', 'shop')).toMatchObject({ total: 2 });
  });
});

test('a loss that may be one is told by snap, show and verify, and fails nothing', async () => {
  await using place = await Place.withShop(200, 'hosted');
  await place.data('snap', 'shop');
  change(
    place.path('shop.db'),
    'pragma foreign_keys = off; delete from orders where id > 10; drop view big_orders; create table later (a); delete from customers',
  );
  const warnings = ['table customers is empty, where the snapshot before had 200 rows', 'table orders has 10 rows, where the snapshot before had 400'];
  const snap = await place.data('snap', 'shop', '--level', 'proved');
  expect(snap).toMatchObject({ snapshot: { proved: 'proved' }, verification: { result: 'passed', warnings } });
  const { proofs } = await place.data('show', 'latest');
  expect(proofs).toContainEqual(expect.objectContaining({ level: 'complete', result: 'passed', evidence: expect.objectContaining({ warnings }) }));
  const shown = await place.ok('show', 'latest');
  for (const warning of warnings) expect(shown).toContain(`warning  ${warning}`);
  expect(await place.ok('verify', 'latest', '--level', 'complete')).toContain(`warning  ${warnings[0]}`);
  change(place.path('shop.db'), 'drop table later; delete from orders');
  const said = await place.run(['snap', 'shop']);
  expect(said).toMatchObject({ code: 8 });
  expect(said.stdout).toContain('warning  table later is gone, which had 0 rows in the snapshot before');
  expect(said.stdout).toContain('Not complete: no rows, where the snapshot before had 10');
});
