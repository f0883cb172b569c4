import { mkdir, mkdtemp, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sqliteFilesOf } from '../../../electron/cli/database-url.ts';
import type { Source } from '../../../electron/contract/model.ts';
import type { Answers } from '../../helpers/cli/fake-client.ts';
import { containing, objectOf, runFake } from '../../helpers/cli/fake-world.ts';
import { aSnapshot, aSource } from '../../helpers/cli/models.ts';

describe('DATABASE_URL', () => {
  test.each([
    ['file:./dev.db', ['/p/dev.db', '/p/prisma/dev.db']],
    ['file:dev.db?connection_limit=1', ['/p/dev.db', '/p/prisma/dev.db']],
    ['file:/srv/a.db', ['/srv/a.db']],
    ['file:///srv/a%20b.db#x', ['/srv/a b.db']],
    ['sqlite:dev.db', ['/p/dev.db']],
    ['sqlite:///dev.db', ['/p/dev.db']],
    ['sqlite:////srv/a.db', ['/srv/a.db']],
    ['sqlite3:db/dev.sqlite3', ['/p/db/dev.sqlite3']],
    ['sqlite://dev.db', ['/p/dev.db']],
    ['sqlite::memory:', []],
    ['file::memory:?cache=shared', []],
    ['sqlite://', []],
    ['file:100%.db', ['/p/100%.db', '/p/prisma/100%.db']],
    ['postgres://u:p@h/d', []],
    [undefined, []],
  ])('%s means %j', (url, files) => {
    expect(sqliteFilesOf(url, '/p')).toEqual(files);
  });
});

let folder = '';
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'belay-cli-here-')));
  await mkdir(join(folder, 'project', 'db'), { recursive: true });
  await mkdir(join(folder, 'project-two'));
  await writeFile(join(folder, 'project', 'db', 'dev.db'), '');
  await symlink(join(folder, 'project'), join(folder, 'link'));
});
afterAll(() => rm(folder, { recursive: true }));

function answers(sources: readonly Source[]): Answers {
  return {
    'sources.list': () => ({ sources: [...sources] }),
    'sources.add': (input) => ({ source: aSource({ name: 'dev', location: input.location }) }),
    'snapshot.create': (input) => ({ snapshot: aSnapshot({ source: input.source }), warnings: [], durationMs: 1 }),
  };
}
const at = (name: string, ...path: string[]) => aSource({ name, location: { path: join(folder, ...path) } });
const snapped = (ran: { readonly calls: readonly { readonly name: string; readonly input: Record<string, unknown> }[] }) =>
  ran.calls.filter((call) => call.name === 'snapshot.create').map((call) => call.input['source']);

describe('a command without a source', () => {
  test('takes the one of the current folder, also through a link, and none of a folder whose name begins alike', async () => {
    const known = answers([at('inside', 'project', 'db', 'dev.db'), at('beside', 'project-two', 'x.db'), at('gone', 'project-two', 'gone', 'x.db')]);
    for (const cwd of [join(folder, 'project'), join(folder, 'link'), join(folder, 'project', 'db')])
      expect(snapped(await runFake(['snap'], { cwd, answers: known }))).toEqual(['inside']);
  });

  test('where there are several asks at a terminal, and names them elsewhere', async () => {
    const known = answers([at('one', 'project', 'one.db'), at('two', 'project', 'two.db')]);
    const cwd = join(folder, 'project');
    const asked = await runFake(['snap'], {
      cwd,
      answers: known,
      typed: [
        { after: '[1-2] ', text: '7\n' },
        { after: '[1-2] ', text: '2\n' },
      ],
    });
    expect(snapped(asked)).toEqual(['two']);
    const piped = await runFake(['snap', '--json'], { cwd, answers: known });
    expect(piped.code).toBe(2);
    expect(objectOf(piped)['error']).toMatchObject({ code: 'input.ambiguous', details: { names: ['one', 'two'] } });
  });

  test('where there is none at all says how to add one', async () => {
    const ran = await runFake(['snap', '--json'], { cwd: folder, answers: answers([]) });
    expect(ran.code).toBe(3);
    expect(objectOf(ran)['error']).toMatchObject({ code: 'source.unknown', hint: 'Run: belay source add <file>' });
  });

  test('adopts the file that DATABASE_URL names, once', async () => {
    const cwd = join(folder, 'project');
    const env = { DATABASE_URL: 'file:./db/dev.db' };
    const first = await runFake(['snap'], { cwd, env, answers: answers([]) });
    expect(first.calls.find((call) => call.name === 'sources.add')?.input).toMatchObject({ location: { path: join(cwd, 'db', 'dev.db') } });
    expect(snapped(first)).toEqual(['dev']);
    const known = await runFake(['snap'], {
      cwd: folder,
      env: { DATABASE_URL: 'file:link/db/dev.db' },
      answers: answers([at('inside', 'project', 'db', 'dev.db'), at('beside', 'project-two', 'x.db')].slice(0, 1)),
    });
    expect(known.calls.some((call) => call.name === 'sources.add')).toBe(false);
    expect(snapped(known)).toEqual(['inside']);
    const missing = await runFake(['snap'], { cwd, env: { DATABASE_URL: 'file:./nowhere.db' }, answers: answers([]) });
    expect(missing).toMatchObject({ code: 3 });
  });

  test('where DATABASE_URL names a file that is not there takes no other source in its place', async () => {
    const cwd = join(folder, 'project');
    const known = answers([at('inside', 'project', 'db', 'dev.db')]);
    for (const argv of [['snap'], ['rewind'], ['run', '--', 'true']]) {
      const ran = await runFake([...argv.slice(0, 1), '--json', ...argv.slice(1)], { cwd, env: { DATABASE_URL: 'file:./nowhere.db' }, answers: known });
      expect([ran.code, snapped(ran)]).toEqual([3, []]);
      const message = `DATABASE_URL names ${join(cwd, 'nowhere.db')}, and there is no such file.`;
      expect(objectOf(ran)['error']).toMatchObject({ code: 'source.missing', message, hint: containing('inside') });
    }
    const gone = answers([at('inside', 'project', 'db', 'dev.db'), at('gone', 'elsewhere', 'gone.db')]);
    const url = { DATABASE_URL: `file:${join(folder, 'elsewhere', 'gone.db')}` };
    expect(objectOf(await runFake(['snap', '--json'], { cwd, env: url, answers: gone }))['error']).toMatchObject({ details: { names: ['inside', 'gone'] } });
  });

  test('reads DATABASE_URL in the .env of the folder, where the environment has none', async () => {
    const cwd = join(folder, 'with-env');
    await mkdir(cwd);
    const write = (text: string) => writeFile(join(cwd, '.env'), text);
    const snap = (env: Record<string, string> = {}) => runFake(['snap'], { cwd, env, answers: answers([at('other', 'with-env', 'other.db')]) });
    await write('# DATABASE_URL=file:./commented.db\nOTHER=1\nexport DATABASE_URL="file:./missing.db" # the real one\n');
    const missing = await snap();
    expect([missing.code, snapped(missing)]).toEqual([3, []]);
    expect(missing.stderr).toContain(`DATABASE_URL in .env names ${join(cwd, 'missing.db')}, and there is no such file.`);
    await write("DATABASE_URL='file:./there.db'\r\n");
    await writeFile(join(cwd, 'there.db'), '');
    const adopted = await snap();
    expect(adopted.calls.find((call) => call.name === 'sources.add')?.input).toMatchObject({ location: { path: join(cwd, 'there.db') } });
    expect(adopted.stderr).toContain('from DATABASE_URL in .env.');
    await write('DATABASE_URL=mongodb://u@h/d');
    expect(snapped(await snap())).toEqual(['other']);
    await write('DATABASE_URL=file:./missing.db');
    expect(snapped(await snap({ DATABASE_URL: 'redis://u@h/0' }))).toEqual(['other']);
  });

  test('takes the PostgreSQL source that DATABASE_URL names, and no other in its place', async () => {
    const cwd = join(folder, 'project');
    const file = at('inside', 'project', 'db', 'dev.db');
    const server = aSource({ name: 'app', engine: 'postgres', location: { host: '127.0.0.1', port: 5433, database: 'app', user: 'u', sslmode: 'prefer' } });
    const container = aSource({
      name: 'boxed',
      engine: 'postgres',
      location: { container: { name: 'db' }, port: 5432, database: 'app', user: 'u', sslmode: 'prefer' },
    });
    const found = {
      engine: 'postgres' as const,
      suggestedName: 'app',
      location: {},
      description: 'app',
      named: ['DATABASE_URL in the environment'],
      source: 'boxed',
    };
    const snap = (url: string, sources: readonly Source[]) =>
      runFake(['snap', '--json'], { cwd, env: { DATABASE_URL: url }, answers: { ...answers(sources), discover: () => ({ found: [found] }) } });
    const url = 'postgresql://u:hunter2@localhost:5433/app?schema=public';
    expect(snapped(await snap(url, [server]))).toEqual(['app']);
    // By the port that it publishes.
    expect(snapped(await snap(url, [container]))).toEqual(['boxed']);
    expect(objectOf(await snap(url, [file, server]))['error']).toMatchObject({ code: 'input.ambiguous', details: { names: ['inside', 'app'] } });
    const unknown = await snap('postgresql://u:hunter2@localhost:5434/app', [file]);
    expect([unknown.code, snapped(unknown)]).toEqual([3, []]);
    expect(objectOf(unknown)['error']).toMatchObject({
      code: 'source.unknown',
      message: 'DATABASE_URL in the environment names the database app at localhost:5434, which is no source.',
      hint: containing('belay source add env:DATABASE_URL'),
    });
    expect(unknown.stdout + unknown.stderr).not.toContain('hunter2');
  });

  test('a rewind adopts nothing', async () => {
    const ran = await runFake(['rewind'], { cwd: join(folder, 'project'), env: { DATABASE_URL: 'file:./db/dev.db' }, answers: answers([]) });
    expect(ran.code).toBe(3);
    expect(ran.calls.some((call) => call.name === 'sources.add')).toBe(false);
  });
});

describe('BACKUP_DIR', () => {
  const exporting: Answers = { ...answers([]), export: (input) => ({ snapshot: aSnapshot(), files: [{ path: input.to, bytes: 1 }] }) };

  test('gets a native dump after the snapshot, in a folder that is made, under a name that is one part of a path', async () => {
    const ran = await runFake(['snap', 'a/b'], { cwd: folder, env: { BACKUP_DIR: 'made/backups' }, answers: exporting });
    expect(ran.code).toBe(0);
    expect(ran.calls[1]).toMatchObject({
      name: 'export',
      input: { snapshot: '4f2a91c0aa55aa55', to: join(folder, 'made', 'backups', 'a-b-20261120T120307Z-4f2a91c0.sqlite') },
    });
    expect((await stat(join(folder, 'made', 'backups'))).isDirectory()).toBe(true);
  });

  test('gets nothing after a dry run', async () => {
    const dry: Answers = { 'snapshot.create': () => ({ warnings: [], durationMs: 1 }) };
    expect((await runFake(['snap', 'shop', '--dry-run'], { env: { BACKUP_DIR: '/b' }, answers: dry })).calls).toHaveLength(1);
  });

  test('beside a retention variable: said that nothing is removed yet, by snap, run and doctor', async () => {
    const env = { BACKUP_DIR: join(folder, 'made'), BACKUP_RETENTION_DAYS: '30' };
    const told = containing('BACKUP_RETENTION_DAYS is set and not honoured yet');
    const snap = await runFake(['snap', 'shop', '--json'], { cwd: folder, env, answers: exporting });
    expect(objectOf(snap)).toMatchObject({ ok: true, data: { warnings: [told] } });
    const ran = await runFake(['run', '--source', 'shop', '--', process.execPath, '-e', ''], { cwd: folder, env, answers: exporting });
    expect([ran.code, ran.stderr]).toEqual([0, told]);
    const doctor: Answers = { doctor: () => ({ findings: [] }) };
    const looked = await runFake(['doctor', '--json'], { cwd: folder, env: { ...env, BACKUP_RETENTION_DAYS: '', RETENTION_DAYS: '7' }, answers: doctor });
    expect(objectOf(looked)).toMatchObject({ data: { findings: [{ area: 'environment', state: 'note', statement: containing('RETENTION_DAYS is set') }] } });
    for (const without of [{ BACKUP_DIR: '' }, { BACKUP_RETENTION_DAYS: '' }])
      expect(objectOf(await runFake(['doctor', '--json'], { cwd: folder, env: { ...env, ...without }, answers: doctor }))).toMatchObject({
        data: { findings: [] },
      });
  });

  test('that cannot be written is a warning: the snapshot is acknowledged already', async () => {
    const file = join(folder, 'project', 'db', 'dev.db');
    const ran = await runFake(['snap', 'shop', '--json'], { env: { BACKUP_DIR: join(file, 'x') }, answers: exporting });
    expect(ran.code).toBe(0);
    expect(objectOf(ran)).toMatchObject({ ok: true, data: { warnings: [containing('BACKUP_DIR')] } });
  });
});
