import { copyFile, mkdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { answerOf, change, makeShop, Place, record } from '../../helpers/cli/belay.ts';
import { makeBank } from '../../helpers/sqlite/bank.ts';
import { startWriter } from '../../helpers/sqlite/writer.ts';
import { timed } from '../../helpers/timed.ts';

/** What an import took in and left out, by path. */
async function taken(place: Place, ...argv: readonly string[]): Promise<{ readonly imported: readonly unknown[]; readonly skipped: readonly unknown[] }> {
  const { imported, skipped } = await place.data('import', ...argv);
  const paths = (list: unknown): readonly unknown[] => (Array.isArray(list) ? list.map((one) => record(one)['path']) : []);
  return { imported: paths(imported), skipped: paths(skipped) };
}

async function placeWithBackup(): Promise<Place> {
  const place = await Place.make();
  await place.host();
  await place.data('init', '--no-encryption');
  await mkdir(place.path('old'));
  makeShop(place.path('old/shop.sqlite'), 20);
  return place;
}

describe('a file is taken in once, by what is in it', () => {
  test('under another name, in another folder, copied with another time', async () => {
    await using place = await placeWithBackup();
    expect(await taken(place, 'old', '--dry-run')).toEqual({ imported: [place.path('old/shop.sqlite')], skipped: [] });
    expect(await taken(place, 'old')).toEqual({ imported: [place.path('old/shop.sqlite')], skipped: [] });
    await rename(place.path('old/shop.sqlite'), place.path('old/renamed.sqlite'));
    expect(await taken(place, 'old', '--dry-run')).toEqual({ imported: [], skipped: [place.path('old/renamed.sqlite')] });
    expect(await taken(place, 'old')).toEqual({ imported: [], skipped: [place.path('old/renamed.sqlite')] });
    await mkdir(place.path('moved'));
    await rename(place.path('old/renamed.sqlite'), place.path('moved/shop.sqlite'));
    await utimes(place.path('moved/shop.sqlite'), 1_700_000_000, 1_700_000_000);
    expect(await taken(place, 'moved')).toEqual({ imported: [], skipped: [place.path('moved/shop.sqlite')] });
    expect(JSON.stringify(await place.data('import', 'moved'))).toContain('taken in before, as snapshot #1');
  });

  test('changed, with the size and the time that it had: taken in', async () => {
    await using place = await placeWithBackup();
    const file = place.path('old/shop.sqlite');
    await utimes(file, 1_700_000_000, 1_700_000_000);
    const before = await stat(file);
    await taken(place, 'old');
    change(file, "update orders set note = 'NOTE 1' where id = 1");
    await utimes(file, 1_700_000_000, 1_700_000_000);
    expect(await stat(file)).toMatchObject({ size: before.size, mtimeMs: before.mtimeMs });
    expect(await taken(place, 'old')).toEqual({ imported: [file], skipped: [] });
    expect(await taken(place, 'old')).toEqual({ imported: [], skipped: [file] });
  });

  test('the same content for another source, or of another day by its name, says something new', async () => {
    await using place = await placeWithBackup();
    await taken(place, 'old');
    expect(await taken(place, 'old', '--source', 'other')).toEqual({ imported: [place.path('old/shop.sqlite')], skipped: [] });
    await copyFile(place.path('old/shop.sqlite'), place.path('old/shop-2026-01-02.sqlite'));
    await copyFile(place.path('old/shop.sqlite'), place.path('old/crm-2026-01-02.sqlite'));
    const both = ['old/crm-2026-01-02.sqlite', 'old/shop-2026-01-02.sqlite'].map((name) => place.path(name));
    expect((await taken(place, 'old')).imported).toEqual(both);
    expect((await taken(place, 'old')).imported).toEqual([]);
  });

  test('a log beside it is part of it', async () => {
    await using place = await placeWithBackup();
    const { default: Database } = await import('better-sqlite3');
    const db = new Database(place.path('live.db'));
    db.exec('pragma journal_mode = wal; pragma wal_autocheckpoint = 0; create table t (a)');
    await mkdir(place.path('copies'));
    const copy = async (): Promise<void> => {
      for (const part of ['', '-wal']) await copyFile(place.path(`live.db${part}`), place.path(`copies/live.db${part}`));
      await utimes(place.path('copies/live.db'), 1_700_000_000, 1_700_000_000);
    };
    await copy();
    expect((await taken(place, 'copies')).imported).toEqual([place.path('copies/live.db')]);
    db.exec('insert into t values (1)');
    await copy();
    db.close();
    expect((await taken(place, 'copies')).imported).toEqual([place.path('copies/live.db')]);
    expect((await taken(place, 'copies')).imported).toEqual([]);
  });
});

test('what Belay exports has the time of its snapshot, and is taken in with it', async () => {
  await using place = await Place.withShop(20, 'hosted');
  const { createdAt } = record((await place.data('snap', 'shop'))['snapshot']);
  await place.data('export', 'latest', '--to', 'given-out.sqlite');
  expect(Math.round((await stat(place.path('given-out.sqlite'))).mtimeMs)).toBe(createdAt);
  expect(await place.data('import', 'given-out.sqlite')).toMatchObject({ imported: [{ madeAt: createdAt, madeAtFrom: 'file-time' }] });
});

test('settings.json bounds how long writers wait for a snapshot', timed, async () => {
  await using place = await Place.make();
  const file = place.path('bank.db');
  makeBank(file, { journal: 'delete', filler: 6000 });
  await place.data('init', '--no-encryption');
  await place.data('source', 'add', 'bank.db');
  const settings = `${place.home}/settings.json`;
  const now = record(JSON.parse(await readFile(settings, 'utf8')));
  await writeFile(settings, JSON.stringify({ ...now, maxWriterWait: 1 }));
  await using writer = await startWriter(file, { pauseMs: 5 });
  const refused = await place.run(['snap', 'bank', '--json']);
  const { longest } = await writer.stop();
  expect(answerOf(refused)['error']).toMatchObject({ code: expect.stringMatching(/^source\.(?:changed-during-capture|unreachable)$/), retryable: true });
  expect(longest).toBeLessThan(1000);
  await writeFile(settings, JSON.stringify({ ...now, maxWriterWait: 'long' }));
  expect(answerOf(await place.run(['snap', 'bank', '--json']))['error']).toMatchObject({ code: 'home.unusable' });
});
