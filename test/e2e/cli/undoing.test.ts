import { existsSync } from 'node:fs';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answerOf, change, contentOf, makeShop, Place, record } from '../../helpers/cli/belay.ts';

const file = (place: Place): string => place.path('shop.db');

/** The way there, as `belay rewind` takes it. */
const ways = { swap: [], 'in place': ['--in-place'] } as const;
type Way = keyof typeof ways;

async function rewind(place: Place, to: string, way: Way): Promise<void> {
  await place.data('rewind', 'shop', '--to', to, ...ways[way]);
}

/** A shop with three snapshots, one, two and three, and their contents; what is in it now is none of them. */
async function shopOfThree(journal: 'delete' | 'wal'): Promise<{ readonly place: Place; readonly contents: readonly unknown[] }> {
  const place = await Place.withShop(20, 'hosted');
  const contents: unknown[] = [];
  change(file(place), `pragma journal_mode = ${journal}`);
  for (const name of ['one', 'two', 'three']) {
    change(file(place), `update orders set note = '${name}' where id < 10`);
    contents.push(contentOf(file(place)));
    await place.data('snap', 'shop', '--name', name);
  }
  change(file(place), "update orders set note = 'nobody has a snapshot of this'");
  contents.push(contentOf(file(place)));
  return { place, contents };
}

describe('one step back after the other, whatever the ways there were', () => {
  const chains: readonly (readonly Way[])[] = [
    ['swap', 'in place'],
    ['in place', 'swap'],
    ['swap', 'in place', 'in place'],
    ['swap', 'swap', 'in place'],
    ['in place', 'swap', 'in place'],
  ];
  test.each(['delete', 'wal'] as const)('%s', async (journal) => {
    const { place, contents } = await shopOfThree(journal);
    await using _ = place;
    // Each chain ends where it began, with nothing left to undo.
    for (const chain of chains) {
      const targets = ['one', 'two', 'three'].slice(0, chain.length);
      for (const [i, way] of chain.entries()) {
        await rewind(place, targets[i] ?? '', way);
        expect(contentOf(file(place)), chain.join(', ')).toEqual(contents[i]);
      }
      for (let left = chain.length - 1; left >= 0; left -= 1) {
        await place.data('undo');
        expect(contentOf(file(place)), `${chain.join(', ')}, with ${left} steps left`).toEqual(left === 0 ? contents[3] : contents[left - 1]);
      }
      expect(await place.data('undo', '--list')).toMatchObject({ undo: [] });
    }
  });

  test('what somebody else wrote in between is still seen', async () => {
    const { place, contents } = await shopOfThree('delete');
    await using _ = place;
    await rewind(place, 'one', 'swap');
    await rewind(place, 'two', 'in place');
    await place.data('undo');
    expect(contentOf(file(place))).toEqual(contents[0]);
    change(file(place), "update orders set note = 'after the first undo' where id = 1");
    const written = contentOf(file(place));
    const refused = await place.run(['undo', '--json']);
    expect(answerOf(refused)['error']).toMatchObject({ code: 'undo.target-changed' });
    expect(contentOf(file(place))).toEqual(written);

    // Before the second step already: what it left is not what the first one did.
    await rewind(place, 'two', 'in place');
    await place.data('undo');
    expect(contentOf(file(place))).toEqual(written);
    expect(answerOf(await place.run(['undo', '--json']))['error']).toMatchObject({ code: 'undo.target-changed' });
    expect(contentOf(file(place))).toEqual(written);
  });

  test('a rewind to a checkpoint is a step like any other', async () => {
    const { place, contents } = await shopOfThree('delete');
    await using _ = place;
    const id = String(record((await place.data('checkpoint', 'create', 'shop'))['checkpoint'])['id']);
    change(file(place), 'delete from orders');
    const emptied = contentOf(file(place));
    await place.data('rewind', 'shop', '--checkpoint', id);
    await rewind(place, 'one', 'in place');
    await place.data('undo');
    expect(contentOf(file(place))).toEqual(contents[3]);
    await place.data('undo');
    expect(contentOf(file(place))).toEqual(emptied);
  });
});

describe('what is overwritten can be had again', () => {
  test('a held copy that is promoted in place: a safety snapshot of the source first, and undo', async () => {
    const { place, contents } = await shopOfThree('wal');
    await using _ = place;
    const { held } = await place.data('restore', 'one', '--in-place', '--hold');
    change(file(place), "update orders set note = 'while it was held'");
    const before = contentOf(file(place));
    const promoted = await place.data('promote', String(held));
    expect(promoted).toMatchObject({ safety: { source: 'shop', tags: ['safety'] }, undo: { what: 'in-place' } });
    expect(contentOf(file(place))).toEqual(contents[0]);
    await place.data('restore', String(record(promoted['safety'])['id']), '--to', 'safety.db');
    expect(contentOf(place.path('safety.db'))).toEqual(before);
    await place.data('undo', String(record(promoted['undo'])['id']));
    expect(contentOf(file(place))).toEqual(before);
  });

  test.each(['swap', 'in place'] as const)('%s: a forced undo snapshots what was written since', async (way) => {
    const { place, contents } = await shopOfThree('delete');
    await using _ = place;
    await rewind(place, 'one', way);
    change(file(place), "update orders set note = 'written since'");
    const written = contentOf(file(place));
    const undone = await place.data('undo', '--force', '--yes');
    expect(undone).toMatchObject({ safety: { source: 'shop', tags: ['safety'] } });
    expect(contentOf(file(place))).toEqual(contents[3]);
    await place.data('restore', String(record(undone['safety'])['id']), '--to', 'safety.db');
    expect(contentOf(place.path('safety.db'))).toEqual(written);
  });

  test('a forced undo of a restore to a new place, which is no source', async () => {
    const { place } = await shopOfThree('delete');
    await using _ = place;
    await place.data('restore', 'one', '--to', 'new.db');
    change(place.path('new.db'), "update orders set note = 'written since'");
    const written = contentOf(place.path('new.db'));
    const undone = await place.data('undo', '--force', '--yes');
    expect(existsSync(place.path('new.db'))).toBe(false);
    await place.data('restore', String(record(undone['safety'])['id']), '--to', 'again.db');
    expect(contentOf(place.path('again.db'))).toEqual(written);
  });

  test('where what stands there cannot be read, a forced undo says so and goes on without a snapshot when told', async () => {
    const { place, contents } = await shopOfThree('delete');
    await using _ = place;
    await rewind(place, 'one', 'swap');
    const { writeFile } = await import('node:fs/promises');
    await writeFile(file(place), 'not a database any more');
    const refused = await place.run(['undo', '--force', '--yes', '--json']);
    expect(answerOf(refused)['error']).toMatchObject({ code: 'source.not-a-database', hint: expect.stringContaining('--no-safety-snapshot') });
    await place.data('undo', '--force', '--yes', '--no-safety-snapshot');
    expect(contentOf(file(place))).toEqual(contents[3]);
  });
});

test('old copies that are kept for undo have a size, in every list that names them', async () => {
  const { place } = await shopOfThree('delete');
  await using _ = place;
  await rewind(place, 'one', 'swap');
  await rewind(place, 'two', 'in place');
  const { undo } = await place.data('undo', '--list');
  expect(undo).toMatchObject([{ bytes: expect.any(Number) }, { bytes: expect.any(Number) }]);
  for (const one of Array.isArray(undo) ? undo : []) expect(Number(record(one)['bytes'])).toBeGreaterThanOrEqual(4096);
  expect(await place.data('status')).toMatchObject({ undo });
  const { findings } = await place.data('doctor');
  expect(JSON.stringify(findings)).toContain('2 old copies are kept for undo');
  expect(await place.ok('undo', '--list')).toMatch(/size/);
  for (let more = 0; more < 2; more += 1) await rewind(place, 'three', 'swap');
  const { entries } = await place.data('journal', '--what', 'undo.dropped');
  expect(entries).toMatchObject([{ result: 'noted', details: { id: record(Array.isArray(undo) ? undo[0] : undo)['id'], of: 'rewind', target: file(place) } }]);
});

/** Makes every kept copy as old as it would be after so many hours in which it was seen. */
async function aged(place: Place, hours: number): Promise<void> {
  const path = join(place.home, 'restores.json');
  const content = record(JSON.parse(await readFile(path, 'utf8')));
  const undo = (Array.isArray(content['undo']) ? content['undo'] : []).map((row: unknown) => ({
    ...record(row),
    age: { ms: hours * 3_600_000, seenAt: Date.now() - 1000 },
  }));
  await writeFile(path, JSON.stringify({ ...content, undo }));
}

test('an old copy goes by itself after its time, by the next host, told before and in the journal; not one that was asked for or that no snapshot held', async () => {
  await using place = await Place.withShop(20);
  for (const name of ['one', 'two']) {
    change(file(place), `update orders set note = '${name}' where id < 10`);
    await place.data('snap', 'shop', '--name', name);
  }
  const done = await place.ok('rewind', 'shop', '--to', 'one');
  expect(done).toMatch(/To take it back: belay undo \w+ \(the old one is kept until \d{4}-\d\d-\d\d [\d:]+, or until there are three newer ones, [\d.]+ KiB\)/);
  await rewind(place, 'two', 'swap');
  await place.data('restore', 'one', '--to', 'other.db');
  const kept = (await place.data('undo', '--list'))['undo'];
  const [first, second, third] = (Array.isArray(kept) ? kept : []).map((one: unknown) => record(one));
  expect(Number(first?.['keptUntil']) - Number(first?.['at'])).toBeGreaterThan(23.9 * 3_600_000);
  expect(third).not.toHaveProperty('keptUntil');
  expect(await place.data('undo', String(second?.['id']), '--keep')).toMatchObject({ kept: { keep: true } });
  await aged(place, 23);
  expect(await place.data('undo', '--list')).toMatchObject({ undo: [{}, {}, {}] });
  await aged(place, 24);
  await place.data('status');
  await place.data('status');
  expect(await place.data('undo', '--list')).toMatchObject({ undo: [{ id: second?.['id'] }, { id: third?.['id'] }] });
  expect(await place.data('journal', '--what', 'undo.dropped')).toMatchObject({
    entries: [{ details: { id: first?.['id'], because: 'its time was over' } }],
  });
  expect(existsSync(String(first?.['kept']))).toBe(false);
  expect(existsSync(String(second?.['kept']))).toBe(true);

  // An old file that was taken in under the source's name is no snapshot of what the source held.
  makeShop(place.path('never.db'), 3);
  makeShop(place.path('old.sqlite'), 2);
  await utimes(place.path('old.sqlite'), 1_700_000_000, 1_700_000_000);
  await place.data('source', 'add', 'never.db');
  await place.data('import', 'old.sqlite', '--source', 'never');
  const { undo } = await place.data('restore', 'one', '--to', 'never');
  expect(record(undo)['source']).toBe('never');
  expect(undo).not.toHaveProperty('keptUntil');
});
