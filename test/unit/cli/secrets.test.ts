import { mkdtemp, rm, writeFile, chmod, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../../../electron/core/app/faces.ts';
import type { Answers } from '../../helpers/cli/fake-client.ts';
import { containing, objectOf, runFake } from '../../helpers/cli/fake-world.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'belay-cli-secrets-'));
  await Promise.all([
    writeFile(join(folder, 'right'), 'correct horse\n', { mode: 0o600 }),
    writeFile(join(folder, 'wrong'), 'battery\r\n', { mode: 0o600 }),
    writeFile(join(folder, 'open'), 'correct horse', { mode: 0o600 }),
    writeFile(join(folder, 'key'), 'a key', { mode: 0o600 }),
    writeFile(join(folder, 'empty'), '\n', { mode: 0o600 }),
    writeFile(join(folder, 'long'), 'x'.repeat(4097), { mode: 0o600 }),
    mkdir(join(folder, 'folder')),
  ]);
  await chmod(join(folder, 'open'), 0o644);
});
afterAll(() => rm(folder, { recursive: true }));

const repository = { id: 'r', location: '/r', format: 1, protection: 'keys' as const, createdAt: 0, readOnly: false };

/** A repository that opens with `correct horse`, or the recovery key `RK`. */
function locked(): Answers {
  let open = false;
  return {
    'keys.list': () => {
      if (!open) throw new AppError('repository.passphrase-needed', 'The repository /r is protected.', { hint: 'Give it.' });
      return { slots: [] };
    },
    'repository.unlock': (input) => {
      open = input.passphrase === 'correct horse' || input.recoveryKey === 'RK' || input.keyFile === join(folder, 'key');
      if (!open) throw new AppError('repository.passphrase-wrong', 'The passphrase opens no slot.');
      return { repository, ...(input.remember ? { rememberedIn: 'the keychain' } : {}) };
    },
  };
}

describe('a locked repository', () => {
  test('is opened with the file that is named, once, and the call goes on', async () => {
    const option = await runFake(['key', 'list', '--passphrase-file', 'right'], { cwd: folder, answers: locked() });
    expect(option).toMatchObject({ code: 0, stderr: '' });
    expect(option.calls.map((call) => call.name)).toEqual(['repository.unlock', 'keys.list']);
    const environment = await runFake(['key', 'list'], { cwd: '/', env: { BELAY_PASSPHRASE_FILE: join(folder, 'right') }, answers: locked() });
    expect(environment).toMatchObject({ code: 0, stderr: '' });
    expect(environment.calls.map((call) => call.name)).toEqual(['keys.list', 'repository.unlock', 'keys.list']);
  });

  test('is opened with a key file, and remembered where asked', async () => {
    const ran = await runFake(['key', 'list', '--key-file', 'key', '--remember'], { cwd: folder, answers: locked() });
    expect(ran.calls[0]?.input).toEqual({ keyFile: join(folder, 'key'), remember: true });
    expect(ran.stderr).toContain('kept in the keychain');
  });

  test('without a terminal and a file is refused with the way to give it', async () => {
    const ran = await runFake(['key', 'list', '--json'], { answers: locked() });
    expect(ran.code).toBe(5);
    expect(objectOf(ran)['error']).toMatchObject({ code: 'repository.passphrase-needed', hint: containing('--passphrase-file') });
    expect(ran.calls).toHaveLength(1);
  });

  test('with a wrong passphrase is tried once from a file', async () => {
    const ran = await runFake(['key', 'list', '--passphrase-file', 'wrong'], { cwd: folder, answers: locked() });
    expect(ran).toMatchObject({ code: 5, stdout: '' });
    expect(ran.calls.map((call) => call.name)).toEqual(['repository.unlock']);
    expect(ran.calls[0]?.input).toMatchObject({ passphrase: 'battery' });
  });

  test('asks at a terminal, without echo, three times at most', async () => {
    const asked = 'recovery key instead): ';
    const ran = await runFake(['key', 'list'], {
      answers: locked(),
      typed: [
        { after: asked, text: 'no\r' },
        { after: asked, text: 'corr\u007frect horse\r' },
      ],
    });
    expect(ran.code).toBe(0);
    expect(ran.stderr).not.toContain('horse');
    expect(ran.rawModes).toEqual([true, false, true, false]);
    const never = await runFake(['key', 'list'], { answers: locked(), typed: [1, 2, 3].map(() => ({ after: asked, text: 'no\r' })) });
    expect(never).toMatchObject({ code: 5 });
    expect(never.calls.filter((call) => call.name === 'repository.unlock')).toHaveLength(3);
  });

  test('takes the recovery key after an empty passphrase, and Ctrl-C leaves', async () => {
    const ran = await runFake(['key', 'list'], {
      answers: locked(),
      typed: [
        { after: 'instead): ', text: '\r' },
        { after: 'Recovery key: ', text: 'RK\r' },
      ],
    });
    expect(ran.code).toBe(0);
    const left = await runFake(['key', 'list'], { answers: locked(), typed: [{ after: 'instead): ', text: 'abc\u0003' }] });
    expect(left).toMatchObject({ code: 130, rawModes: [true, false] });
  });
});

describe('a file with a secret', () => {
  test.each([
    ['empty', 'is empty', 2],
    ['long', 'more than 4096 bytes', 2],
    ['folder', 'is a folder', 2],
    ['absent', 'there is no file', 3],
    [join('key', 'below'), 'there is no file', 3],
  ])('%s is refused', async (file, why, code) => {
    const ran = await runFake(['key', 'list', '--passphrase-file', file], { cwd: folder, answers: locked() });
    expect(ran.code).toBe(code);
    expect(ran.stderr).toContain(why);
  });

  test.each(['--passphrase-file', '--key-file', '--recovery-key-file'])('%s that is not there is refused alike, needed or not', async (option) => {
    const unneeded: Answers = { 'sources.list': () => ({ sources: [] }) };
    for (const argv of [
      ['key', 'list'],
      ['source', 'list'],
    ]) {
      const ran = await runFake([...argv, option, 'absent', '--json'], { cwd: folder, answers: { ...locked(), ...unneeded } });
      expect(ran).toMatchObject({ code: 3, calls: [] });
      const path = join(folder, 'absent');
      expect(objectOf(ran)['error']).toMatchObject({
        code: 'source.missing',
        message: `${option}: there is no file ${path}.`,
        hint: containing('Name a file'),
      });
    }
    expect(await runFake(['source', 'list', option, 'folder'], { cwd: folder, answers: unneeded })).toMatchObject({ code: 2 });
  });

  test('that is named for a new passphrase, or by the environment, is told by that name', async () => {
    const added = await runFake(['key', 'add', 'passphrase', '--new-passphrase-file', 'absent'], {
      cwd: folder,
      answers: { 'keys.list': () => ({ slots: [{ slot: 's', kind: 'passphrase', createdAt: 0 }] }) },
    });
    expect(added).toMatchObject({ code: 3, stderr: containing('--new-passphrase-file: there is no file') });
    const named = await runFake(['key', 'list'], { cwd: folder, env: { BELAY_PASSPHRASE_FILE: '/absent' }, answers: locked() });
    expect(named).toMatchObject({ code: 3, stderr: containing('BELAY_PASSPHRASE_FILE: there is no file /absent.') });
    expect(await runFake(['key', 'add', 'recovery', '--new-passphrase-file', 'right'], { cwd: folder })).toMatchObject({ code: 2, calls: [] });
  });

  test.runIf(process.platform !== 'win32')('that others can read is taken, with a note', async () => {
    const ran = await runFake(['key', 'list', '--passphrase-file', 'open'], { cwd: folder, answers: locked() });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('can be read by other users');
  });
});

describe('init', () => {
  const answers: Answers = {
    'repository.init': (input) => ({
      repository: { ...repository, protection: input.passphrase === undefined ? 'none' : 'keys' },
      attached: false,
      ...(input.passphrase === undefined ? {} : { recoveryKey: 'RK-1' }),
    }),
  };

  test('asks for a passphrase twice, and again where the two differ', async () => {
    const typed = [
      { after: '[Y/n] ', text: '\n' },
      { after: 'New passphrase: ', text: 'one\r' },
      { after: 'Again: ', text: 'two\r' },
      { after: 'New passphrase: ', text: 'three\r' },
      { after: 'Again: ', text: 'three\r' },
    ];
    const ran = await runFake(['init'], { answers, typed });
    expect([ran.code, ran.hidden]).toEqual([0, [false, true, true, true, true]]);
    expect(ran.calls).toEqual([{ name: 'repository.init', input: { passphrase: 'three', chunkAverage: 16384, remember: false, attach: false } }]);
    expect(ran.stdout).toContain('RK-1');
  });

  test('leaves it out when the answer is no, or when it was said', async () => {
    const asked = await runFake(['init', 'repo'], { answers, typed: [{ after: '[Y/n] ', text: 'n\n' }] });
    const said = await runFake(['init', 'repo', '--no-encryption'], { answers });
    for (const ran of [asked, said])
      expect(ran.calls[0]?.input).toEqual({ location: '/projects/shop/repo', chunkAverage: 16384, remember: false, attach: false });
  });

  test('does not decide by itself in a script', async () => {
    expect(await runFake(['init'], { answers })).toMatchObject({ code: 2, calls: [] });
    expect(await runFake(['init', '--no-encryption', '--passphrase-file', 'right'], { cwd: folder, answers })).toMatchObject({ code: 2, calls: [] });
    expect((await runFake(['init', '--passphrase-file', 'right'], { cwd: folder, answers })).calls[0]?.input).toMatchObject({ passphrase: 'correct horse' });
  });

  test('attaches an encrypted repository with its passphrase', async () => {
    const attach: Answers = {
      'repository.init': (input) => {
        if (input.passphrase !== 'correct horse') throw new AppError('repository.passphrase-needed', 'The repository is protected.');
        return { repository, attached: true };
      },
    };
    expect((await runFake(['init', '/r', '--attach'], { answers: attach, typed: [{ after: 'recovery key instead): ', text: 'correct horse\r' }] })).code).toBe(
      0,
    );
    expect((await runFake(['init', '/r', '--attach', '--passphrase-file', 'right'], { cwd: folder, answers: attach })).code).toBe(0);
    expect((await runFake(['init', '/r', '--attach'], { answers: attach })).code).toBe(5);
  });

  test('attaches one with its recovery key where the passphrase is left empty', async () => {
    const attach: Answers = {
      'repository.init': (input) => {
        if (input.recoveryKey !== 'ABCD-EFGH') throw new AppError('repository.passphrase-needed', 'The repository is protected.');
        return { repository, attached: true };
      },
    };
    const typed = [
      { after: 'recovery key instead): ', text: '\r' },
      { after: 'Recovery key: ', text: 'ABCD-EFGH\r' },
    ];
    expect((await runFake(['init', '/r', '--attach'], { answers: attach, typed })).code).toBe(0);
  });
});

describe('a key of several', () => {
  const slots = [
    { slot: '742dd835beec048d', kind: 'passphrase' as const, createdAt: 0 },
    { slot: '742daaaabbbbcccc', kind: 'keyfile' as const, createdAt: 0 },
  ];
  const answers: Answers = {
    'keys.list': () => ({ slots }),
    'keys.remove': () => ({ slots, notice: 'x' }),
  };

  test('is named by the beginning of its name, and what is not there is not asked about', async () => {
    const removed = async (name: string) => {
      const ran = await runFake(['key', 'remove', name, '--yes'], { answers });
      return [ran.code, ...ran.calls.filter((call) => call.name === 'keys.remove').map((call) => call.input['slot'])];
    };
    expect(await removed('742dd')).toEqual([0, '742dd835beec048d']);
    expect(await removed('742daaaabbbbcccc')).toEqual([0, '742daaaabbbbcccc']);
    expect(await removed('742d')).toEqual([2]);
    expect(await removed('742')).toEqual([3]);
    const asked = await runFake(['key', 'remove', '742da'], { answers, typed: [{ after: 'Remove the key file 742daaaabbbbcccc?', text: 'n\n' }] });
    expect(asked.code).toBe(130);
    expect(await runFake(['key', 'remove', 'none'], { answers, terminal: true })).toMatchObject({ code: 3 });
  });
});
