import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answerOf, change, contentOf, makeShop, Place, record, treeHash } from '../../helpers/cli/belay.ts';

const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

/** The folders of users and of the repository; what a refused command must leave as it was. */
async function untouched(place: Place): Promise<string> {
  const locks = (path: string) => path.startsWith('repository/locks') || path.startsWith('repository/tmp');
  const sources = await readFile(join(place.home, 'sources.json'), 'utf8').catch(() => 'none');
  const repository = join(place.home, 'repository');
  return [await treeHash(place.project), sources, await treeHash(repository, (path) => locks(`repository/${path}`)).catch(() => 'none')].join('\n');
}

/** Runs a command that must be refused: exit code, error code, one object, a hint or a plain statement, nothing changed. */
async function expectRefused(
  place: Place,
  argv: readonly string[],
  code: number,
  error: string,
  options: { readonly env?: Record<string, string>; readonly cwd?: string } = {},
): Promise<Record<string, unknown>> {
  const before = await untouched(place);
  const ran = await place.run([...argv.slice(0, 1), '--json', ...argv.slice(1)], options);
  expect([record(answerOf(ran)['error'])['code'], ran.code]).toEqual([error, code]);
  expect(ran.stderr).toMatch(/^belay: \S/m);
  expect(await untouched(place)).toBe(before);
  return record(answerOf(ran)['error']);
}

describe('a source that is none', () => {
  test('text, an encrypted file, a folder, a missing file', async () => {
    await using place = await Place.withShop(200, 'hosted');
    await writeFile(place.path('notes.db'), 'These are notes, and no database at all.\n'.repeat(200));
    await writeFile(place.path('encrypted.db'), randomBytes(16_384));
    await mkdir(place.path('folder.db'));
    await expectRefused(place, ['source', 'add', 'notes.db'], 2, 'source.not-a-database');
    await expectRefused(place, ['source', 'add', 'encrypted.db'], 5, 'source.encrypted');
    await expectRefused(place, ['source', 'add', 'folder.db'], 2, 'source.not-a-database');
    await expectRefused(place, ['source', 'add', 'absent.db'], 3, 'source.missing');
    await expectRefused(place, ['import', 'notes.db'], 2, 'source.not-a-database');
    await expectRefused(place, ['restore', '--file', 'notes.db', '--to', 'x.db'], 2, 'source.not-a-database');
    await expectRefused(place, ['verify', './notes.db'], 2, 'source.not-a-database');
    await expectRefused(place, ['source', 'add', 'shop.db', '--name', 'again'], 10, 'source.exists');
  });

  test('that went away, or was replaced by something else, since it was added', async () => {
    await using place = await Place.withShop(200, 'hosted');
    await place.ok('snap', 'shop');
    const saved = await readFile(place.path('shop.db'));
    await rm(place.path('shop.db'));
    await expectRefused(place, ['snap', 'shop'], 3, 'source.missing');
    await expectRefused(place, ['compare', 'shop'], 3, 'source.missing');
    await writeFile(place.path('shop.db'), 'x'.repeat(5000));
    await expectRefused(place, ['snap', 'shop'], 2, 'source.not-a-database');
    await writeFile(place.path('shop.db'), saved.subarray(0, Math.floor(saved.length / 2)));
    const torn = await place.run(['snap', 'shop', '--json']);
    expect([5, 6, 8]).toContain(torn.code);
    expect(await place.data('list')).toMatchObject({ total: 1 });
  });
});

test('a lock that is not there, two keys, a repository where a file stands, a program that is not there', async () => {
  await using place = await Place.withShop(200, 'hosted');
  await expectRefused(place, ['unlock', 'nosuch'], 3, 'repository.lock-unknown');
  await writeFile(place.path('key'), 'x'.repeat(32), { mode: 0o600 });
  await expectRefused(place, ['list', '--key-file', 'key', '--passphrase-file', 'key'], 2, 'input.invalid');
  await expectRefused(place, ['run', '--source', 'shop', '--', 'nosuchprogram'], 11, 'tool.missing');
  await expectRefused(place, ['run', '--source', 'shop', '--', './key'], 1, 'tool.failed');
  await expectRefused(place, ['init', 'key', '--no-encryption', '--home', join(place.home, 'other')], 10, 'repository.not-empty');
});

describe('names that are not there', () => {
  test('source, snapshot, object, job, checkpoint, undo', async () => {
    await using place = await Place.withShop(200, 'hosted');
    const hint = await expectRefused(place, ['snap', 'shpo'], 3, 'source.unknown');
    expect(hint['hint']).toContain('shop');
    await place.ok('snap', 'shop');
    await expectRefused(place, ['rewind', 'shpo'], 3, 'source.unknown');
    await expectRefused(place, ['show', 'nothing-by-that-name'], 3, 'snapshot.unknown');
    await expectRefused(place, ['rewind', 'shop', '--to', '99'], 3, 'snapshot.unknown');
    await expectRefused(place, ['rows', 'latest', 'no_such_table'], 3, 'object.unknown');
    await expectRefused(place, ['cancel', 'j-none'], 3, 'job.unknown');
    await expectRefused(place, ['rewind', 'shop', '--checkpoint', 'none'], 3, 'checkpoint.unknown');
    await expectRefused(place, ['undo'], 3, 'undo.nothing');
  });

  test('without a repository every command says how to make one', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 5);
    await place.host();
    await place.ok('source', 'add', 'shop.db');
    for (const argv of [['snap', 'shop'], ['check'], ['collect', '--yes'], ['key', 'list']]) {
      const error = await expectRefused(place, argv, 3, 'home.not-initialised');
      expect(error['hint']).toContain('belay init');
    }
  });
});

describe('a repository that cannot be used', () => {
  const damage = async (place: Place, forge: (fields: Record<string, unknown>) => Record<string, unknown>) => {
    for (const name of ['config', 'config.copy']) {
      const path = join(place.home, 'repository', name);
      await writeFile(path, `${JSON.stringify(forge(record(JSON.parse(await readFile(path, 'utf8')))))}\n`);
    }
  };

  test('of a newer format', async () => {
    await using place = await Place.withShop();
    await place.ok('snap', 'shop');
    await damage(place, (fields) => ({ ...fields, belay: 2 }));
    await place.host();
    for (const argv of [['snap', 'shop'], ['check'], ['rewind', 'shop']]) await expectRefused(place, argv, 11, 'repository.newer-format');
  });

  test('whose config was changed', async () => {
    await using place = await Place.withShop();
    await damage(place, (fields) => ({ ...fields, chunkAverage: 65536 }));
    await expectRefused(place, ['snap', 'shop'], 6, 'repository.damaged');
  });

  test('of another program, a folder with other things, a file', async () => {
    await using place = await Place.make();
    await place.host();
    await mkdir(place.path('restic', 'data'), { recursive: true });
    await writeFile(place.path('restic', 'config'), randomBytes(155));
    await writeFile(place.path('a-file'), 'x');
    await mkdir(place.path('empty'));
    await expectRefused(place, ['init', 'restic', '--no-encryption'], 10, 'repository.not-empty');
    await expectRefused(place, ['init', 'restic', '--attach'], 11, 'repository.foreign');
    await expectRefused(place, ['init', 'empty', '--attach'], 3, 'repository.missing');
    const file = await place.run(['init', 'a-file', '--no-encryption', '--json']);
    expect(file.code).not.toBe(0);
    expect(await readFile(place.path('a-file'), 'utf8')).toBe('x');
  });

  test('made twice', async () => {
    await using place = await Place.withShop(200, 'hosted');
    await expectRefused(place, ['init', '--no-encryption'], 10, 'repository.exists');
  });

  test('with a damaged manifest: it is named, and the other snapshots serve as before', async () => {
    await using place = await Place.withShop();
    const before = contentOf(place.path('shop.db'));
    await place.ok('snap', 'shop');
    change(place.path('shop.db'), 'delete from orders');
    await place.ok('snap', 'shop');
    for (const folder of ['snapshots', 'snapshots.copy']) {
      const inside = join(place.home, 'repository', folder);
      const [, second = ''] = (await readdir(inside)).toSorted();
      const bytes = await readFile(join(inside, second));
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0x40;
      await writeFile(join(inside, second), bytes);
    }
    await place.host();
    const checked = await place.run(['check', '--json']);
    expect(checked.code).toBe(6);
    expect(JSON.stringify(answerOf(checked))).toContain('snapshots/');
    expect((await place.run(['verify', '2', '--json'])).code).not.toBe(0);
    await place.ok('rewind', 'shop', '--to', '1');
    expect(contentOf(place.path('shop.db'))).toEqual(before);
  });

  test('with a wrong passphrase, or none', async () => {
    await using place = await Place.make();
    await writeFile(join(place.root, 'right'), 'correct horse\n', { mode: 0o600 });
    await writeFile(join(place.root, 'wrong'), 'battery staple\n', { mode: 0o600 });
    makeShop(place.path('shop.db'), 20);
    const made = await place.data('init', '--passphrase-file', '../right');
    expect(made).toMatchObject({ repository: { protection: 'keys' } });
    await place.ok('source', 'add', 'shop.db');
    await expectRefused(place, ['snap', 'shop'], 5, 'repository.passphrase-needed');
    await expectRefused(place, ['snap', 'shop', '--passphrase-file', '../wrong'], 5, 'repository.passphrase-wrong');
    expect(await place.data('snap', 'shop', '--passphrase-file', '../right')).toMatchObject({ snapshot: { seq: 1 } });
    const env = { BELAY_PASSPHRASE_FILE: join(place.root, 'right') };
    expect((await place.run(['rewind', 'shop'], { env })).code).toBe(0);
    const recovery = made['recoveryKey'];
    if (typeof recovery === 'string') {
      await writeFile(join(place.root, 'recovery'), `${recovery}\n`, { mode: 0o600 });
      await place.ok('verify', 'latest', '--recovery-key-file', '../recovery');
    }
    await place.ok('key', 'add', 'keyfile', 'my.key', '--passphrase-file', '../right');
    await place.ok('check', '--key-file', 'my.key');
    const everything = spawnSync('grep', ['-r', '-l', '-e', 'correct horse', place.home], { encoding: 'utf8' });
    expect(everything.stdout).toBe('');
  });

  test.runIf(mayMount)('on a read-only disk, and on a full one: refused, nothing left behind, reading goes on', async () => {
    await using place = await Place.withShop(2000);
    const disk = join(place.root, 'disk');
    await mkdir(disk);
    const mount = (...args: string[]) => {
      const done = spawnSync(process.env['BELAY_TEST_MOUNT'] ?? 'mount', args, { encoding: 'utf8' });
      if (done.status !== 0) throw new Error(done.stderr);
    };
    mount('-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk);
    try {
      await expectRefused(place, ['restore', '--file', 'shop.db', '--to', join(disk, 'copy.db')], 7, 'target.no-space');
      expect(await readdir(disk)).toEqual([]);
      const small = { BELAY_HOME: join(place.root, 'home-two') };
      expect((await place.run(['init', join(disk, 'repository'), '--no-encryption'], { env: small })).code).toBe(0);
      expect((await place.run(['source', 'add', 'shop.db'], { env: small })).code).toBe(0);
      const big = place.path('big.db');
      makeShop(big, 10);
      change(
        big,
        `create table noise (x blob); insert into noise select randomblob(100000) from (select 1 union all select 2 union all select 3 union all select 4 union all select 5 union all select 6)`,
      );
      expect((await place.run(['source', 'add', 'big.db'], { env: small })).code).toBe(0);
      const full = await place.run(['snap', 'big', '--json'], { env: small });
      expect([full.code, record(answerOf(full)['error'])['code']]).toEqual([7, 'repository.no-space']);
      expect((await place.run(['check'], { env: small })).code).toBe(0);
      mount('-o', 'remount,ro', disk);
      const readOnly = await place.run(['snap', 'shop', '--json'], { env: small });
      expect([readOnly.code, record(answerOf(readOnly)['error'])['code']]).toEqual([5, 'repository.read-only']);
      expect((await place.run(['list', '--json'], { env: small })).code).toBe(0);
    } finally {
      spawnSync('umount', ['--lazy', disk]);
    }
  });
});

describe('malformed input', () => {
  test('JSON of checks, numbers, levels, both of two', async () => {
    await using place = await Place.withShop(200, 'hosted');
    await place.ok('snap', 'shop');
    await writeFile(place.path('bad.json'), '{"kind": ');
    await expectRefused(place, ['verify', 'latest', '--checks', 'bad.json'], 2, 'input.invalid');
    await expectRefused(place, ['list', '--limit', 'many'], 2, 'input.invalid');
    await expectRefused(place, ['snap', 'shop', '--level', 'sure'], 2, 'input.invalid');
    await expectRefused(place, ['restore', 'latest', '--file', 'shop.db', '--to', 'x'], 2, 'input.invalid');
    await expectRefused(place, ['restore', 'latest', '--to', 'shop.db'], 10, 'target.exists');
    await expectRefused(place, ['export', 'latest', '--to', 'shop.db'], 10, 'target.exists');
    await expectRefused(place, ['forget', 'latest'], 2, 'input.confirmation-needed');
    await expectRefused(place, ['collect'], 2, 'input.confirmation-needed');
    await expectRefused(place, ['snpa'], 2, 'input.invalid');
  });

  test('a data directory that is none', async () => {
    await using place = await Place.make();
    await writeFile(place.path('file'), 'x');
    for (const home of [place.path('file'), place.path('file', 'below')]) await expectRefused(place, ['list', '--home', home], 5, 'home.unusable');
    await expectRefused(place, ['list'], 5, 'home.unusable', { env: { BELAY_HOME: ' ' } });
  });
});

describe('hostile names', () => {
  const names = [
    "it's",
    'a "quoted" one',
    '-rf',
    '--json',
    '$(touch pwned)',
    '..',
    'a/../b',
    'gnp.\u202egpj',
    '*',
    '日本語',
    'x'.repeat(200),
    ' '.repeat(3) + 'y',
  ];

  test('as names of sources work as any other', async () => {
    await using place = await Place.make();
    await place.host();
    await place.ok('init', '--no-encryption');
    for (const [at, name] of names.entries()) {
      const file = `${at}.db`;
      makeShop(place.path(file), 5);
      const before = contentOf(place.path(file));
      await place.ok('source', 'add', file, `--name=${name}`);
      const kept = name.trim();
      const snap = await place.run(['snap', '--', kept]);
      expect([snap.code, kept]).toEqual([0, kept]);
      expect(snap.stdout).not.toMatch(/\u202e/);
      change(place.path(file), 'delete from orders');
      expect([(await place.run(['compare', '--', kept, `latest:${kept}`])).code, kept]).toEqual([8, kept]);
      await place.ok('rewind', '--', kept);
      expect(contentOf(place.path(file))).toEqual(before);
      await mkdir(place.path(`out${at}`));
      await place.ok('export', `latest:${kept}`, '--to', `out${at}`);
      expect(await readdir(place.path(`out${at}`))).toHaveLength(1);
    }
    const listed = record(await place.data('source', 'list'))['sources'];
    expect(Array.isArray(listed) ? listed.map((source) => record(source)['name']) : []).toEqual(expect.arrayContaining(names.map((name) => name.trim())));
    expect((await readdir(place.project)).filter((name) => name.includes('pwned'))).toEqual([]);
  });

  test('with control characters, none, or too long are refused', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 5);
    await place.host();
    for (const name of ['two\nlines', 'esc\u001b[2J', '', ' ', 'x'.repeat(201)]) {
      const error = await expectRefused(place, ['source', 'add', 'shop.db', `--name=${name}`], 2, 'input.invalid');
      expect(error['message']).toContain('name');
    }
  });

  test('of files are captured, rewound and compared', async () => {
    await using place = await Place.make();
    await place.host();
    await place.ok('init', '--no-encryption');
    const files = [
      'it\'s "it".db',
      '-dash.db',
      'two\nlines.db',
      'gnp.\u202ebd.db',
      `${'n'.repeat(244)}.db`,
      '?mode=memory.db',
      'file:x.db',
      '#hash%20.db',
      ' lead.db',
    ];
    for (const [at, name] of files.entries()) {
      makeShop(place.path(name), 5);
      const before = contentOf(place.path(name));
      await place.ok('source', 'add', '--name', `odd${at}`, '--', `./${name}`);
      await place.ok('snap', `odd${at}`);
      change(place.path(name), 'delete from orders');
      await place.ok('rewind', `odd${at}`);
      expect(contentOf(place.path(name))).toEqual(before);
      await place.ok('verify', `./${name}`, '--against', `latest:odd${at}`);
    }
    const listed = await place.ok('source', 'list');
    expect(listed).not.toMatch(/\u202e/);
    expect(listed.trimEnd().split('\n')).toHaveLength(files.length + 1);
  });

  test('a file whose name has no room for a journal beside it is captured, or refused plainly', async () => {
    await using place = await Place.make();
    const longest = `${'n'.repeat(252)}.db`;
    makeShop(place.path('shop.db'), 5);
    await rename(place.path('shop.db'), place.path(longest));
    await place.host();
    await place.ok('init', '--no-encryption');
    await place.ok('source', 'add', longest, '--name', 'long');
    expect(await place.data('snap', 'long', '--level', 'proved')).toMatchObject({ verification: { result: 'passed' } });
    await place.ok('rewind', 'long');
    await place.ok('undo');
    expect(await readdir(place.project)).toEqual([longest]);
  });

  test('a path that leads out and in again is one source', async () => {
    await using place = await Place.withShop(200, 'hosted');
    await mkdir(place.path('sub'));
    await expectRefused(place, ['source', 'add', '../project/sub/../shop.db'], 10, 'source.exists');
    await cp(place.path('shop.db'), place.path('sub', 'shop.db'));
    expect(await place.data('source', 'add', 'sub/../sub/shop.db')).toMatchObject({
      source: { name: 'shop-2', location: { path: place.path('sub', 'shop.db') } },
    });
  });
});
