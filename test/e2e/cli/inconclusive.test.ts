import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { answerOf, change, contentOf, Place } from '../../helpers/cli/belay.ts';

/** A database of which Belay's library cannot read one table: only the application knows the order of its keys. */
async function shop(): Promise<Place> {
  const place = await Place.withShop(20, 'hosted');
  const db = new Database(place.path('shop.db'));
  try {
    db.unsafeMode();
    db.exec('create table odd (a text collate nocase primary key) without rowid; insert into odd values (1); pragma writable_schema = on');
    db.exec("update sqlite_schema set sql = replace(sql, 'nocase', 'of_the_application') where name = 'odd'");
  } finally {
    db.close();
  }
  await place.data('snap', 'shop', '--name', 'good');
  change(place.path('shop.db'), "update orders set note = 'harm'");
  return place;
}

const orders = (place: Place): unknown => contentOf(place.path('shop.db'));
const details = (answer: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  (answer['error'] as { details: Readonly<Record<string, unknown>> }).details;

describe('a copy of which not all could be compared', () => {
  test.each([{ way: [] }, { way: ['--in-place'] }])('a rewind $way stops before the swap, and the user decides', async ({ way }) => {
    await using place = await shop();
    const harmed = orders(place);
    const stopped = await place.run(['rewind', 'shop', '--to', 'good', ...way, '--json']);
    expect(stopped.code).toBe(10);
    const answer = answerOf(stopped);
    expect(answer['error']).toMatchObject({ code: 'proof.inconclusive', message: expect.stringContaining('odd') as unknown });
    expect(orders(place)).toEqual(harmed);
    expect(await place.data('undo', '--list')).toMatchObject({ undo: [] });
    const held = String(details(answer)['held']);
    expect(await place.data('restore', '--held')).toMatchObject({ held: [{ id: held, inconclusive: expect.stringContaining('odd') as unknown }] });
    await place.data('promote', held);
    expect(orders(place)).not.toEqual(harmed);
    expect(JSON.stringify(await place.data('journal'))).toContain('restore.accepted-inconclusive');
    await place.data('undo');
    expect(orders(place)).toEqual(harmed);

    const again = await place.run(['rewind', 'shop', '--to', 'good', ...way, '--json']);
    await place.data('discard', '--yes', String(details(answerOf(again))['held']));
    expect((await readdir(place.path('.'))).filter((name) => name.includes('belay-copy'))).toEqual([]);
  });

  test('it is taken where that is asked for, and the journal says so; a new place and --hold are no exception', async () => {
    await using place = await shop();
    const harmed = orders(place);
    const taken = await place.run(['rewind', 'shop', '--to', 'good', '--accept-inconclusive', '--json']);
    expect(taken.code).toBe(0);
    expect(orders(place)).not.toEqual(harmed);
    expect(JSON.stringify(await place.data('journal'))).toContain('restore.accepted-inconclusive');
    for (const how of [[], ['--hold']]) {
      const stopped = await place.run(['restore', 'good', '--to', './new.db', ...how, '--json']);
      expect(stopped.code).toBe(10);
      expect(existsSync(place.path('new.db'))).toBe(false);
      await place.data('discard', '--yes', String(details(answerOf(stopped))['held']));
    }
    expect((await place.run(['restore', 'good', '--throw-away', '--json'])).code).toBe(8);
    await place.data('restore', 'good', '--to', './new.db', '--accept-inconclusive');
    expect(existsSync(place.path('new.db'))).toBe(true);
  });
});
