import { execFileSync, spawnSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { answerOf, change, contentOf, ended, launcher, makeShop, Place, record } from '../../helpers/cli/belay.ts';

describe('run', () => {
  test('snapshots first, passes the exit code on, and prints the line that rewinds', async () => {
    await using place = await Place.withShop();
    const before = contentOf(place.path('shop.db'));
    const script = `const D = require(${JSON.stringify(packageFolder('better-sqlite3'))}); const d = new D('shop.db'); d.exec('drop table orders'); d.close(); process.stdout.write('migrating'); process.exit(3)`;
    const ran = await place.run(['run', '--', process.execPath, '-e', script]);
    expect([ran.code, ran.stdout]).toEqual([3, 'migrating']);
    const line = /belay (rewind shop --to [0-9a-z]+)/.exec(ran.stderr)?.[1] ?? '';
    await place.ok(...line.split(' '));
    expect(contentOf(place.path('shop.db'))).toEqual(before);
    const good = await place.run(['run', '--json', '--source', 'shop', '--', process.execPath, '-e', 'console.log("beside")']);
    expect(good.code).toBe(0);
    expect(good.stderr).toContain('beside');
    expect(answerOf(good)).toMatchObject({ ok: true, data: { exitCode: 0, rewound: [] } });
  });

  test('the command has the environment that the user has, and nothing of what Belay keeps its own memory small by', async () => {
    await using place = await Place.withShop();
    const script = 'process.stdout.write(Object.keys(process.env).sort().join())';
    const ran = await place.run(['run', '--source', 'shop', '--', process.execPath, '-e', script], { env: { MINE: '1' } });
    expect(ran.stdout).toBe(
      Object.keys(place.environment({ MINE: '1' }))
        .toSorted()
        .join(),
    );
  });

  test('a signal reaches the command, and its end is passed on', async () => {
    await using place = await Place.withShop();
    const child = place.start([
      'run',
      '--source',
      'shop',
      '--',
      process.execPath,
      '-e',
      'process.on("SIGTERM", () => process.exit(41)); setInterval(() => {}, 1000); console.log("ready")',
    ]);
    child.stdout?.once('data', () => child.kill('SIGTERM'));
    expect((await ended(child)).code).toBe(41);
  });

  test('the command may itself use belay', async () => {
    await using place = await Place.withShop();
    const ran = await place.run(['run', '--source', 'shop', '--', process.execPath, launcher, 'list', '--json']);
    expect(ran.code).toBe(0);
    expect(answerOf(ran)).toMatchObject({ ok: true, data: { total: 1 } });
  });
});

describe('leaving early', () => {
  test('a reader that has seen enough ends nothing with a fault', async () => {
    await using place = await Place.withShop();
    for (let count = 0; count < 3; count += 1) await place.ok('snap', 'shop');
    const words = [process.execPath, launcher].map((word) => `'${word}'`).join(' ');
    for (const command of ['journal --limit 1000', '--help', 'list --json']) {
      const piped = spawnSync('bash', ['-c', `set -o pipefail; ${words} ${command} | head -c 1 >/dev/null`], {
        cwd: place.project,
        env: place.environment(),
        encoding: 'utf8',
      });
      expect([piped.status, piped.stderr]).toEqual([0, '']);
    }
  });

  test('Ctrl-C at a terminal cancels the own job and leaves nothing of it', async () => {
    await using place = await withBig();
    const left = await place.atTerminal(['snap', 'big'], [{ after: '%', text: '\u0003' }]);
    expect(left.code).toBe(130);
    expect(left.stdout).toContain('waiting until the job has cleaned up');
    await expectNothingLeft(place);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s does so in a pipe, with an answer', async (signal, code) => {
    await using place = await withBig();
    const child = place.start(['snap', 'big', '--json']);
    const leaving = ended(child);
    await until(async () => (await readdir(join(place.home, 'tmp')).catch(() => [])).length > 0);
    child.kill(signal);
    const left = await leaving;
    expect([left.code, record(answerOf(left)['error'])['code']]).toEqual([code, 'cancelled']);
    await expectNothingLeft(place);
  });

  test('ends only its own job: the host that a command started stays for the job of another', async () => {
    await using place = await withBig();
    makeShop(place.path('shop.db'), 50);
    await place.ok('source', 'add', 'shop.db');
    const first = place.start(['snap', 'big', '--json']);
    const firstEnd = ended(first);
    await until(async () => (await readdir(join(place.home, 'tmp')).catch(() => [])).length > 0);
    const second = place.start(['snap', 'shop', '--json']);
    const secondEnd = ended(second);
    await until(async () => JSON.stringify(await place.data('jobs')).includes('snapshot of shop'));
    first.kill('SIGINT');
    expect(answerOf(await secondEnd)).toMatchObject({ ok: true, data: { snapshot: { source: 'shop' } } });
    expect((await firstEnd).code).toBe(130);
    expect(await place.data('list')).toMatchObject({ total: 1, snapshots: [{ source: 'shop' }] });
  });
});

describe('serve', () => {
  test('prints the address, answers on loopback, refuses a second one, and ends well when it is asked to leave', async () => {
    await using place = await Place.withShop();
    const child = place.start(['serve', '--json']);
    const end = ended(child);
    const first = await new Promise<string>((resolve) => child.stdout?.once('data', (text: string) => resolve(text)));
    const { address } = record(answerOf({ stdout: first, stderr: '' })['data']);
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[0-9a-f]{64}$/);
    const health = await fetch(new URL('/health', String(address)));
    expect(health.status).toBe(200);
    expect(await place.data('status')).toMatchObject({ host: { pid: child.pid, startedBy: 'serve' } });
    const second = await place.run(['serve', '--json']);
    expect([second.code, record(answerOf(second)['error'])['code']]).toEqual([4, 'home.in-use']);
    child.kill('SIGINT');
    expect(await end).toMatchObject({ code: 0, stdout: first });
  });
});

describe('environment variables', () => {
  test('BACKUP_DIR gets a native dump after each snapshot', async () => {
    await using place = await Place.withShop();
    const env = { BACKUP_DIR: place.path('dumps') };
    expect((await place.run(['snap', 'shop'], { env })).code).toBe(0);
    const [dump = ''] = await readdir(place.path('dumps'));
    expect(dump).toMatch(/^shop-\d{8}T\d{6}Z-[0-9a-z]{8}\.sqlite$/);
    expect(contentOf(place.path('dumps', dump))).toEqual(contentOf(place.path('shop.db')));
    expect((await place.run(['run', '--source', 'shop', '--', process.execPath, '--version'], { env })).code).toBe(0);
    expect(await readdir(place.path('dumps'))).toHaveLength(2);
  });

  test('DATABASE_URL names the source of the current folder', async () => {
    await using place = await Place.make();
    makeShop(place.path('dev.db'), 5);
    await place.ok('init', '--no-encryption');
    const env = { DATABASE_URL: 'file:./dev.db' };
    const first = await place.run(['snap'], { env });
    expect(first.code).toBe(0);
    expect(first.stderr).toContain('dev is a source now');
    expect((await place.run(['snap', '--quiet'], { env })).stderr).toBe('');
    expect(await place.data('source', 'list')).toMatchObject({ sources: [{ name: 'dev' }] });
  });
});

describe('at a terminal', () => {
  test('colour, a bar, and a question that is answered', async () => {
    await using place = await Place.withShop(3000);
    const snap = await place.atTerminal(['snap', 'shop', '--level', 'proved']);
    expect(snap.code).toBe(0);
    expect(snap.stdout).toContain('\u001b[32m■■■■ proved\u001b[0m');
    const plain = await place.atTerminal(['list'], [], { env: { NO_COLOR: '1' } });
    expect(plain.stdout).not.toContain('\u001b[');
    for (const line of plain.stdout.split('\r\n')) expect([...line].length).toBeLessThanOrEqual(100);
    const no = await place.atTerminal(['forget', '1'], [{ after: 'Forget 1 snapshot? [y/N] ', text: 'n\r' }]);
    expect(no.code).toBe(130);
    expect(await place.data('list')).toMatchObject({ total: 1 });
    const yes = await place.atTerminal(['forget', '1'], [{ after: 'Forget 1 snapshot? [y/N] ', text: 'y\r' }]);
    expect(yes.code).toBe(0);
    expect(await place.data('list')).toMatchObject({ total: 0 });
  });

  test('a passphrase is typed and never shown', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 5);
    const made = await place.atTerminal(
      ['init'],
      [
        { after: '[Y/n] ', text: '\r' },
        { after: 'New passphrase: ', text: 'correct horse\r' },
        { after: 'Again: ', text: 'correct horse\r' },
      ],
    );
    expect(made.code).toBe(0);
    expect(made.stdout).not.toContain('horse');
    await place.ok('source', 'add', 'shop.db');
    const snap = await place.atTerminal(
      ['snap', 'shop'],
      [
        { after: 'instead): ', text: 'wrong\r' },
        { after: 'instead): ', text: 'correct horse\r' },
      ],
    );
    expect(snap.code).toBe(0);
    expect(snap.stdout).not.toContain('horse');
    expect((await place.atTerminal(['check'], [{ after: 'instead): ', text: '\u0003' }])).code).toBe(130);
  });

  test('production takes the typed name', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 5);
    await place.ok('init', '--no-encryption');
    await place.ok('source', 'add', 'shop.db', '--environment', 'production');
    await place.ok('snap', 'shop');
    const before = contentOf(place.path('shop.db'));
    change(place.path('shop.db'), 'delete from orders');
    const broken = contentOf(place.path('shop.db'));
    expect((await place.atTerminal(['rewind', 'shop'], [{ after: 'to go on: ', text: 'shpo\r' }])).code).toBe(2);
    expect((await place.run(['rewind', 'shop', '--yes'])).code).toBe(2);
    expect(contentOf(place.path('shop.db'))).toEqual(broken);
    expect((await place.atTerminal(['rewind', 'shop'], [{ after: 'to go on: ', text: 'shop\r' }])).code).toBe(0);
    expect(contentOf(place.path('shop.db'))).toEqual(before);
  });

  test('a command that fails is offered to be undone', async () => {
    await using place = await Place.withShop();
    await writeFile(place.path('break.sh'), '#!/bin/sh\nexit 9\n', { mode: 0o755 });
    const ran = await place.atTerminal(['run', '--', './break.sh'], [{ after: 'taken before it? [y/N] ', text: 'y\r' }]);
    expect(ran.code).toBe(9);
    expect(ran.stdout).toContain('shop is back at snapshot #1');
  });
});

describe('the start', () => {
  test.each([
    ['--help', 250],
    ['list', 400],
  ])('belay %s answers within %d ms on a warm machine that does nothing else', async (command, goal) => {
    await using place = await Place.withShop(5);
    const times: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      const began = performance.now();
      execFileSync(process.execPath, [launcher, command], { cwd: place.project, env: place.environment(), stdio: 'ignore' });
      times.push(performance.now() - began);
    }
    // The goal holds for an idle machine; a test machine is rarely one, so ten times the goal is what fails.
    expect(Math.min(...times)).toBeLessThan(goal * 10);
  });
});

function packageFolder(name: string): string {
  return join(launcher, '..', 'node_modules', name);
}

/** A place with a source of about 120 MB that nothing compresses, so that a snapshot takes a while. */
async function withBig(): Promise<Place> {
  const place = await Place.make();
  makeShop(place.path('big.db'), 10);
  change(
    place.path('big.db'),
    'create table noise (x blob); with recursive n(i) as (select 1 union all select i + 1 from n where i < 1200) insert into noise select randomblob(100000) from n',
  );
  await place.ok('init', '--no-encryption');
  await place.ok('source', 'add', 'big.db');
  return place;
}

async function expectNothingLeft(place: Place): Promise<void> {
  expect(await place.data('list')).toMatchObject({ total: 0 });
  expect(await readdir(join(place.home, 'tmp'))).toEqual([]);
  expect(await readdir(place.project)).toEqual(['big.db']);
  expect((await place.run(['check'])).code).toBe(0);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await setTimeout(20);
}
