import { existsSync } from 'node:fs';
import { link, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answerOf, change, contentOf, makeShop, Place, record } from '../../helpers/cli/belay.ts';
import { IndependentReader } from '../../independent/reader.ts';

describe('a key file', () => {
  test('that exists is left alone, and no repository is made that nobody could open', async () => {
    await using place = await Place.make();
    await writeFile(place.path('key'), 'somebody else wrote this');
    await place.host();
    const refused = await place.run(['init', place.path('repository'), '--new-key-file', place.path('key'), '--json']);
    expect(refused.code).toBe(10);
    expect(answerOf(refused)['error']).toMatchObject({ code: 'target.exists' });
    expect(await readFile(place.path('key'), 'utf8')).toBe('somebody else wrote this');
    expect(existsSync(place.path('repository'))).toBe(false);
    const nowhere = await place.run(['init', place.path('repository'), '--new-key-file', place.path('no/such/folder/key'), '--json']);
    expect(answerOf(nowhere)['error']).toMatchObject({ code: 'target.denied' });
    expect(await place.data('init', place.path('repository'), '--new-key-file', place.path('other-key'))).toMatchObject({ repository: { protection: 'keys' } });
  });

  test('of a repository that a broken-off init left, given again: the repository is told and how to attach it, which its key file then does', async () => {
    await using place = await Place.make();
    await place.host();
    const init = ['init', place.path('repository'), '--new-key-file', place.path('key'), '--json'];
    expect((await place.run(init)).code).toBe(0);
    const key = await readFile(place.path('key'), 'utf8');
    await using again = await Place.make();
    await again.host();
    const told = await again.run(init);
    expect([told.code, answerOf(told)['error']]).toMatchObject([10, { code: 'repository.exists', hint: expect.stringContaining('--attach') as unknown }]);
    expect(await readFile(place.path('key'), 'utf8')).toBe(key);
    expect(await again.data('init', place.path('repository'), '--attach', '--key-file', place.path('key'))).toMatchObject({ attached: true });
  });

  test('opens the repository for a reader that knows only the document', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 20);
    await place.host();
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

describe('a repository whose usual key is lost', () => {
  test('opens with another one in its own data directory, and with the recovery key in a new one', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 20);
    const made = await place.data('init', place.path('repository'), '--new-key-file', place.path('key'));
    await writeFile(place.path('recovery'), String(made['recoveryKey']));
    await writeFile(place.path('passphrase'), 'a long enough passphrase\n');
    await place.data('source', 'add', 'shop.db');
    await place.data('key', 'add', 'passphrase', '--new-passphrase-file', place.path('passphrase'));
    await rm(place.path('key'));
    const locked = await place.run(['snap', 'shop', '--json']);
    expect([locked.code, answerOf(locked)['error']]).toMatchObject([5, { code: 'repository.passphrase-needed' }]);
    expect(await place.data('snap', 'shop', '--passphrase-file', place.path('passphrase'))).toMatchObject({ snapshot: { source: 'shop' } });
    expect(await place.data('snap', 'shop', '--recovery-key-file', place.path('recovery'))).toMatchObject({ snapshot: { source: 'shop' } });

    await using elsewhere = await Place.make();
    const attached = await elsewhere.data('init', place.path('repository'), '--attach', '--recovery-key-file', place.path('recovery'));
    expect(attached).toMatchObject({ attached: true });
    expect(await elsewhere.data('export', '1', '--to', elsewhere.path('back.sqlite'), '--recovery-key-file', place.path('recovery'))).toBeDefined();
    expect(contentOf(elsewhere.path('back.sqlite'))).toEqual(contentOf(place.path('shop.db')));
  });

  test('a remembered passphrase follows its change', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 20);
    for (const [name, text] of [
      ['one', 'the first passphrase'],
      ['two', 'the second passphrase'],
      ['secrets', 'of the file of secrets'],
    ] as const)
      await writeFile(place.path(name), `${text}\n`);
    const env = { BELAY_SECRETS_PASSPHRASE_FILE: place.path('secrets') };
    const run = async (...argv: readonly string[]): Promise<number | null> => (await place.run(argv, { env })).code;
    expect(await run('init', '--passphrase-file', place.path('one'), '--remember')).toBe(0);
    expect(await run('source', 'add', 'shop.db')).toBe(0);
    expect(await run('snap', 'shop')).toBe(0);
    expect(await run('key', 'passphrase', '--passphrase-file', place.path('one'), '--new-passphrase-file', place.path('two'))).toBe(0);
    expect(await run('snap', 'shop')).toBe(0);

    // A key that is named is tried, although the remembered one would open; a repository that needs none takes no notice of it.
    expect(await run('snap', 'shop', '--passphrase-file', place.path('one'))).toBe(5);
    expect(await run('snap', 'shop', '--passphrase-file', place.path('two'))).toBe(0);
  });

  test('that is tried while a job runs leaves the job alone', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 40_000);
    await writeFile(place.path('one'), 'the one passphrase\n');
    await place.data('init', '--passphrase-file', place.path('one'));
    await place.data('source', 'add', 'shop.db');
    await place.host();
    const env = { BELAY_PASSPHRASE_FILE: place.path('one') };
    const snap = place.run(['snap', 'shop', '--level', 'proved', '--json'], { env });
    let running = true;
    void snap.then(() => (running = false));
    let tries = 0;
    while (running) {
      expect((await place.run(['list', '--passphrase-file', place.path('one')])).code).toBe(0);
      tries += 1;
    }
    expect(tries).toBeGreaterThan(1);
    expect(answerOf(await snap)).toMatchObject({ ok: true });
  });
});

describe('a catalog that is lost', () => {
  const lose = async (place: Place): Promise<void> => {
    for (const name of await readdir(place.home)) if (name.startsWith('catalog.sqlite')) await rm(join(place.home, name));
  };

  test('is written from the repository by the first command that lists', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 20);
    await place.data('init', '--no-encryption');
    await place.data('source', 'add', 'shop.db');
    await place.data('snap', 'shop', '--name', 'kept');
    await lose(place);
    expect(await place.data('list')).toMatchObject({ total: 1 });
    await lose(place);
    expect(await place.data('status')).toMatchObject({ snapshots: 1 });
    await lose(place);
    expect(await place.data('show', 'latest')).toMatchObject({ snapshot: { name: 'kept' } });
  });

  test('of an encrypted repository is not called empty: the key is asked for', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 20);
    await writeFile(place.path('passphrase'), 'a long enough passphrase\n');
    await place.data('init', '--passphrase-file', place.path('passphrase'));
    await place.data('source', 'add', 'shop.db');
    await place.data('snap', 'shop', '--passphrase-file', place.path('passphrase'));
    expect(await place.data('list')).toMatchObject({ total: 1 });
    await lose(place);
    const asked = await place.run(['list', '--json']);
    expect([asked.code, answerOf(asked)['error']]).toMatchObject([5, { code: 'repository.passphrase-needed' }]);
    expect(await place.data('list', '--passphrase-file', place.path('passphrase'))).toMatchObject({ total: 1 });
  });
});

describe('going back', () => {
  test('in place, twice: the safety snapshot of the first time is not where the second goes', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 20);
    await place.host();
    await place.data('init', '--no-encryption');
    await place.data('source', 'add', 'shop.db');
    await place.data('snap', 'shop');
    const fixture = contentOf(place.path('shop.db'));
    for (const turn of ['one', 'two']) {
      change(place.path('shop.db'), `update orders set note = '${turn}'`);
      expect(await place.data('rewind', 'shop', '--in-place')).toMatchObject({ snapshot: { seq: 1 }, safety: { tags: ['safety'] } });
      expect(contentOf(place.path('shop.db'))).toEqual(fixture);
    }
    expect(await place.data('compare', 'shop')).toMatchObject({ equal: true });
  });

  test("to another source's snapshot is refused, and a second name of a file is the same source", async () => {
    await using place = await Place.make();
    for (const name of ['a.db', 'b.db']) makeShop(place.path(name), 20);
    await place.host();
    await place.data('init', '--no-encryption');
    for (const name of ['a', 'b']) {
      await place.data('source', 'add', `${name}.db`);
      await place.data('snap', name);
    }
    change(place.path('a.db'), "update orders set note = 'kept'");
    const before = contentOf(place.path('a.db'));
    const refused = await place.run(['rewind', 'a', '--to', '2', '--json']);
    expect([refused.code, answerOf(refused)['error']]).toMatchObject([2, { code: 'input.invalid' }]);
    expect(contentOf(place.path('a.db'))).toEqual(before);
    await symlink(place.path('a.db'), place.path('link.db'));
    await link(place.path('a.db'), place.path('hard.db'));
    for (const name of ['link.db', 'hard.db'])
      expect(answerOf(await place.run(['source', 'add', name, '--json']))['error']).toMatchObject({ code: 'source.exists' });
  });

  test('a check that writes into the copy is seen', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 20);
    await place.host();
    await place.data('init', '--no-encryption');
    await place.data('source', 'add', 'shop.db');
    await place.data('snap', 'shop');
    const script = `import Database from ${JSON.stringify(createRequire(import.meta.url).resolve('better-sqlite3'))}; new Database(process.env.BELAY_RESTORED).exec("update orders set note = 'tampered'")`;
    await writeFile(place.path('check.mjs'), script);
    const refused = await place.run([
      'restore',
      '1',
      '--to',
      place.path('copy.db'),
      '--check-command',
      `${process.execPath} ${place.path('check.mjs')}`,
      '--json',
    ]);
    expect([refused.code, answerOf(refused)['error']]).toMatchObject([8, { code: 'target.not-equal' }]);
    expect(existsSync(place.path('copy.db'))).toBe(false);
  });

  test('a source whose file is gone is told by doctor', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 20);
    await place.host();
    await place.data('init', '--no-encryption');
    await place.data('source', 'add', 'shop.db');
    await place.data('snap', 'shop');
    expect((await place.run(['doctor', '--json'])).code).toBe(0);
    await rm(place.path('shop.db'));
    const found = await place.run(['doctor', '--json']);
    expect(found.code).not.toBe(0);
    expect(record(answerOf(found)['data'])['findings']).toContainEqual(expect.objectContaining({ area: 'sources', state: 'bad' }));
  });

  test('one file that is no sound database does not stop a folder', async () => {
    await using place = await Place.make();
    await mkdir(place.path('backups'));
    for (const name of ['a.sqlite', 'c.sqlite']) makeShop(place.path(`backups/${name}`), 200);
    await writeFile(place.path('backups/b.sqlite'), (await readFile(place.path('backups/a.sqlite'))).subarray(0, 5000));
    await place.host();
    await place.data('init', '--no-encryption');
    const taken = await place.run(['import', place.path('backups'), '--json']);
    expect(taken.code).toBe(6);
    expect(record(answerOf(taken)['data'])).toMatchObject({
      imported: [{ path: place.path('backups/a.sqlite') }, { path: place.path('backups/c.sqlite') }],
      skipped: [{ path: place.path('backups/b.sqlite'), failed: true }],
    });
    expect(await place.data('list')).toMatchObject({ total: 2 });
  });

  test('an option is not taken for the value of the one before it', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 20);
    await place.host();
    await place.data('init', '--no-encryption');
    await place.data('source', 'add', 'shop.db');
    const refused = await place.run(['snap', 'shop', '--name', '--dry-run', '--json']);
    expect([refused.code, answerOf(refused)['error']]).toMatchObject([2, { code: 'input.invalid' }]);
    expect(await place.data('list')).toMatchObject({ total: 0 });
    expect(await place.data('snap', 'shop', '--name=--dry-run')).toMatchObject({ snapshot: { name: '--dry-run' } });
  });

  test('a folder for dumps that cannot be made costs no snapshot and holds nothing up', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 20);
    await place.host();
    await place.data('init', '--no-encryption');
    await place.data('source', 'add', 'shop.db');
    const ran = await place.run(['snap', 'shop', '--json'], { env: { BACKUP_DIR: '/proc/belay' } });
    expect([ran.code, answerOf(ran)['data']]).toMatchObject([0, { warnings: [expect.stringContaining('BACKUP_DIR')] }]);
  });
});

describe('old copies', () => {
  test('of checkpoint rewinds: the newest three of a target stay', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 20);
    await place.host();
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
    await place.host();
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
