import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answers } from '../../helpers/cli/fake-client.ts';
import { containing, objectOf, runFake } from '../../helpers/cli/fake-world.ts';
import { aSnapshot, aVerification } from '../../helpers/cli/models.ts';

let cwd = '';
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'belay-cli-checks-'));
});
afterAll(() => rm(cwd, { recursive: true }));

const answers: Answers = {
  'snapshot.verify': () => ({ snapshot: aSnapshot(), verification: aVerification() }),
  'file.verify': () => ({ format: 'sqlite', version: '3.45', bytes: 1, madeAt: 0, madeAtFrom: 'name', verification: aVerification({ result: 'failed' }) }),
};

describe("checks of the user's own", () => {
  test('from the options and from a file reach the host together', async () => {
    await writeFile(join(cwd, 'good.json'), JSON.stringify([{ kind: 'http', name: 'health', url: 'http://127.0.0.1:1/health', json: { ok: true } }]));
    const argv = [
      'verify',
      '--check-query',
      'select count(*)\nfrom orders == 812',
      '--check-query',
      'select 1 where a = 2',
      '--check-command',
      'npm run smoke',
      '--check-http',
      'http://127.0.0.1:1/',
      '--checks',
      'good.json',
    ];
    const ran = await runFake(argv, { cwd, answers });
    expect(ran.code).toBe(0);
    expect(ran.calls[0]?.input['checks']).toEqual([
      { kind: 'command', name: 'npm run smoke', argv: ['npm', 'run', 'smoke'], cwd, exitCode: 0 },
      { kind: 'query', name: 'select count(*) from orders == 812', sql: 'select count(*)\nfrom orders', expect: '812' },
      { kind: 'query', name: 'select 1 where a = 2', sql: 'select 1 where a = 2' },
      { kind: 'http', name: 'http://127.0.0.1:1/', url: 'http://127.0.0.1:1/', status: 200 },
      { kind: 'http', name: 'health', url: 'http://127.0.0.1:1/health', status: 200, json: { ok: true } },
    ]);
  });

  test('no secret stands in the name of a check, which is kept', async () => {
    const ran = await runFake(
      [
        ...['verify', '--check-command', 'smoke --password hunter2 --token=hunter2 PGPASSWORD=hunter2 postgres://u:hunter2@h/d --user ada'],
        ...['--check-http', 'https://h/health?api_key=hunter2&b=1'],
      ],
      { cwd, answers },
    );
    expect(ran.calls[0]?.input['checks']).toMatchObject([
      { name: 'smoke --password … --token=… PGPASSWORD=… postgres://u:…@h/d --user ada', argv: expect.arrayContaining(['hunter2']) as unknown },
      { name: 'https://h/health?api_key=…&b=1', url: 'https://h/health?api_key=hunter2&b=1' },
    ]);
    const refused = await runFake(['verify', '--json', '--check-http', 'https://ada:hunter2@h/health'], { cwd, answers });
    expect([refused.code, objectOf(refused)['error']]).toMatchObject([
      2,
      { code: 'input.invalid', message: '--check-http takes no user and password in its address.' },
    ]);
    expect(refused.stdout + refused.stderr).not.toContain('hunter2');
    await writeFile(join(cwd, 'secret.json'), JSON.stringify([{ kind: 'http', name: 'x', url: 'https://ada:hunter2@h/' }]));
    const inFile = await runFake(['verify', '--json', '--checks', 'secret.json'], { cwd, answers });
    expect(objectOf(inFile)['error']).toMatchObject({ code: 'input.invalid', message: containing('must hold no user and no password') });
  });

  test('a command of a file runs where the user stands, or in the folder that it names from there', async () => {
    const commands = [{}, { cwd: 'sub' }, { cwd: '/elsewhere' }].map((more) => ({ kind: 'command', name: 'n', argv: ['true'], ...more }));
    await writeFile(join(cwd, 'commands.json'), JSON.stringify(commands));
    const ran = await runFake(['verify', 'latest', '--checks', 'commands.json'], { cwd, answers });
    expect(ran.code).toBe(0);
    expect(ran.calls[0]?.input['checks']).toMatchObject([{ cwd }, { cwd: join(cwd, 'sub') }, { cwd: '/elsewhere' }]);
  });

  test.each([
    ['not JSON', '[{', 'is not JSON'],
    ['no array', '{"kind":"query"}', 'at the top'],
    ['an unknown kind', '[{"kind":"spell","name":"x"}]', 'at [0].kind'],
    ['a wrong field', '[{"kind":"query","name":"x","sql":"select 1"},{"kind":"query","name":"y","sql":5}]', 'at [1].sql'],
    ['an empty file', '', 'is not JSON'],
  ])('%s is refused, saying where', async (_what, text, where) => {
    await writeFile(join(cwd, 'bad.json'), text);
    const ran = await runFake(['restore', 'latest', '--to', 'x.db', '--checks', 'bad.json', '--json'], { cwd, answers });
    expect(ran).toMatchObject({ code: 2, calls: [] });
    expect(objectOf(ran)['error']).toMatchObject({ code: 'input.invalid', message: containing(where) });
  });

  test('a file that is not there is refused', async () => {
    expect(await runFake(['verify', '--checks', 'absent.json'], { cwd, answers })).toMatchObject({ code: 3, calls: [] });
  });

  test.each(['ftp://127.0.0.1/x', 'nope', '127.0.0.1:3000', 'http://', 'file:///etc/passwd'])('%s is no address to ask, and nothing is begun', async (url) => {
    for (const argv of [
      ['verify', '3'],
      ['restore', '3', '--throw-away'],
    ]) {
      const ran = await runFake([...argv, '--check-http', url, '--json']);
      expect(ran).toMatchObject({ code: 2, calls: [] });
      expect(objectOf(ran)['error']).toMatchObject({ code: 'input.invalid', message: containing(`--check-http ${url} is not an address`) });
    }
  });

  test('is called what was typed, on one line and without what acts on a terminal', async () => {
    const verified = { snapshot: aSnapshot(), verification: aVerification() };
    const argv = ['verify', '3', '--check-command', 'npm run\n\u001b[2J smoke', '--check-query', 'select\t1 == 1'];
    const ran = await runFake(argv, { answers: { 'snapshot.verify': () => verified } });
    expect(ran.calls[0]?.input['checks']).toMatchObject([{ name: 'npm run [2J smoke', argv: ['npm', 'run', '\u001b[2J', 'smoke'] }, { name: 'select 1 == 1' }]);
  });
});

describe('verify', () => {
  test.each([
    [['verify', './shop.sqlite'], { name: 'file.verify', path: 'shop.sqlite' }],
    [['verify', 'here.sqlite'], { name: 'file.verify', path: 'here.sqlite' }],
    [['verify', './shop', '--against', '3'], { name: 'file.verify', path: 'shop', against: '#3' }],
  ])('%j is about a file, and a failed one exits with 8', async (argv, { name, path, ...rest }) => {
    await writeFile(join(cwd, 'here.sqlite'), '');
    const ran = await runFake(argv, { cwd, answers });
    expect(ran).toMatchObject({ code: 8, calls: [{ name, input: { path: join(cwd, path), ...rest } }] });
  });

  test.each([
    [['verify'], 'latest'],
    [['verify', '7'], '#7'],
    [['verify', 'latest:a/b'], 'latest:a/b'],
    [['verify', 'fixture'], 'fixture'],
  ])('%j is about snapshot %s', async (argv, snapshot) => {
    const ran = await runFake(argv, { cwd, answers });
    expect(ran.calls).toEqual([{ name: 'snapshot.verify', input: { snapshot, level: 'proved', checks: [] } }]);
  });
});
