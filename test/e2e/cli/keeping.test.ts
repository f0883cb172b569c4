import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { answerOf, change, contentOf, makeShop, Place, record } from '../../helpers/cli/belay.ts';
import { IndependentReader } from '../../independent/reader.ts';

describe('a key file', () => {
  test('that exists is left alone, and no repository is made that nobody could open', async () => {
    await using place = await Place.make();
    await writeFile(place.path('key'), 'somebody else wrote this');
    const refused = await place.run(['init', place.path('repository'), '--new-key-file', place.path('key'), '--json']);
    expect(refused.code).toBe(10);
    expect(answerOf(refused)['error']).toMatchObject({ code: 'target.exists' });
    expect(await readFile(place.path('key'), 'utf8')).toBe('somebody else wrote this');
    expect(existsSync(place.path('repository'))).toBe(false);
    const nowhere = await place.run(['init', place.path('repository'), '--new-key-file', place.path('no/such/folder/key'), '--json']);
    expect(answerOf(nowhere)['error']).toMatchObject({ code: 'target.denied' });
    expect(await place.data('init', place.path('repository'), '--new-key-file', place.path('other-key'))).toMatchObject({ repository: { protection: 'keys' } });
  });

  test('opens the repository for a reader that knows only the document', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 20);
    await place.data('init', place.path('repository'), '--new-key-file', place.path('key'));
    await place.data('source', 'add', 'shop.db');
    await place.data('snap', 'shop');
    const reader = new IndependentReader(place.path('repository'), { kind: 'keyfile', value: await readFile(place.path('key')) });
    expect([reader.history.snapshots.length, reader.warnings]).toEqual([1, []]);
    const [, digits = ''] = (await readFile(place.path('key'), 'utf8')).split('\n');
    await writeFile(place.path('digits'), digits);
    expect(await place.data('unlock', '--key-file', place.path('digits'))).toBeDefined();
  });
});

describe('old copies', () => {
  test('of checkpoint rewinds: the newest three of a target stay', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 20);
    await place.data('init', '--no-encryption');
    await place.data('source', 'add', 'shop.db');
    const made = record(record(await place.data('checkpoint', 'create', 'shop'))['checkpoint']);
    for (let turn = 0; turn < 5; turn += 1) {
      change(place.path('shop.db'), `update orders set note = 'turn ${String(turn)}'`);
      await place.data('rewind', 'shop', '--checkpoint', String(made['id']));
    }
    const { undo } = await place.data('undo', '--list');
    expect(Array.isArray(undo) ? undo.length : 0).toBe(3);
  });

  test('of a production source are not put back on a yes alone', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 20);
    await place.data('init', '--no-encryption');
    await place.data('source', 'add', 'shop.db', '--environment', 'production');
    await place.data('snap', 'shop');
    change(place.path('shop.db'), "update orders set note = 'new'");
    await place.data('rewind', 'shop', '--confirm', 'shop');
    const rewound = contentOf(place.path('shop.db'));
    const refused = await place.run(['undo', '--yes', '--json']);
    expect([refused.code, answerOf(refused)['error']]).toMatchObject([2, { code: 'input.confirmation-needed' }]);
    expect(contentOf(place.path('shop.db'))).toEqual(rewound);
    await place.data('undo', '--confirm', 'shop');
    expect(contentOf(place.path('shop.db'))).not.toEqual(rewound);
  });
});
