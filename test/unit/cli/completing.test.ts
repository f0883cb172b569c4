import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { candidates } from '../../../electron/cli/completion/candidates.ts';
import { completionScript, shells } from '../../../electron/cli/completion/scripts.ts';
import { AppError } from '../../../electron/core/app/faces.ts';
import { runFake } from '../../helpers/cli/fake-world.ts';
import { aSnapshot, aSource } from '../../helpers/cli/models.ts';

const names = {
  held: () => Promise.resolve(['81c2']),
  sources: () => Promise.resolve(['shop', 'web shop']),
  snapshots: () => Promise.resolve(['latest', 'latest:shop', '4f2a91c0']),
};

describe('candidates', () => {
  test.each([
    [['re'], ['rewind', 'restore', 'repair', 'rebuild-catalog']],
    [['--ho'], ['--home']],
    [['--home', ''], []],
    [['source', 're'], ['remove']],
    [
      ['source', 'test', ''],
      ['shop', 'web shop'],
    ],
    [['snap', 'w'], ['web shop']],
    [
      ['snap', '--level', ''],
      ['captured', 'intact', 'complete', 'proved'],
    ],
    [['snap', '--le'], ['--level']],
    [['snap', 'shop', ''], []],
    [['rewind', 'shop', '--to', 'latest:'], ['latest:shop']],
    [['--json', 'verify', '4f'], ['4f2a91c0']],
    [['forget', 'a', 'b', '4'], ['4f2a91c0']],
    [['restore', '--file', ''], []],
    [['promote', ''], ['81c2']],
    [['discard', '8'], ['81c2']],
    [
      ['key', 'add', ''],
      ['passphrase', 'keyfile', 'recovery'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['help', 'unp'], ['unpin']],
    [['nonsense', ''], []],
  ])('for %j are %j', async (words, expected) => {
    expect(await candidates(words, names)).toEqual(expected);
  });
});

describe('__complete', () => {
  const home = tmpdir();
  test('asks the host for names, and leaves out what a shell line cannot show', async () => {
    const ran = await runFake(['__complete', '--', 'snap', ''], {
      env: { BELAY_HOME: home },
      answers: { 'sources.list': () => ({ sources: [aSource(), aSource({ name: 'x\u202ey' })] }) },
    });
    expect(ran).toMatchObject({ code: 0, stdout: 'shop\n', stderr: '', closes: 1 });
    const snapshots = await runFake(['__complete', '--', 'show', ''], {
      env: { BELAY_HOME: home },
      answers: { 'snapshot.list': () => ({ snapshots: [aSnapshot({ name: 'fixture' })], total: 1, problems: [] }) },
    });
    expect(snapshots.stdout.split('\n')).toEqual(['latest', 'latest:shop', 'fixture', '4f2a91c0', '']);
  });

  test('stays silent where the host does not answer, and where there is no data directory', async () => {
    const answers = {
      'sources.list': () => {
        throw new AppError('home.in-use', 'In use.');
      },
    };
    expect(await runFake(['__complete', '--', 'snap', ''], { env: { BELAY_HOME: home }, answers })).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(await runFake(['__complete', '--', 'snap', ''], { env: { BELAY_HOME: '/no/such/home' } })).toMatchObject({ code: 0, stdout: '', calls: [] });
  });
});

describe('scripts', () => {
  test.each(shells)('%s calls __complete', async (shell) => {
    const ran = await runFake(['completion', shell]);
    expect(ran).toMatchObject({ code: 0, stdout: completionScript(shell) });
    expect(ran.stdout).toContain('__complete -- ');
  });

  test('bash completes words with colons and spaces', () => {
    const stub = 'belay() { case "$*" in *"snap "*) echo "web shop";; *) echo latest:shop; echo latest:web;; esac; }';
    const complete = (line: string) => `COMP_LINE=${JSON.stringify(line)}; COMP_POINT=\${#COMP_LINE}; _belay_complete; printf '<%s>' "\${COMPREPLY[@]}"; echo`;
    const { stdout, stderr } = spawnSync(
      'bash',
      ['--norc', '-c', `${stub}\n${completionScript('bash')}\n${complete('belay show latest:sh')}\n${complete('belay show ')}\n${complete('belay snap w')}`],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    expect(stdout).toBe('<shop><latest:web>\n<latest:shop><latest:web>\n<web\\ shop>\n'.replace('<latest:web>\n<latest:shop>', '<web>\n<latest:shop>'));
  });
});
