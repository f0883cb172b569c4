import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../../../electron/core/app/faces.ts';
import type { Answers } from '../../helpers/cli/fake-client.ts';
import { containing, objectOf, runFake } from '../../helpers/cli/fake-world.ts';
import { aPreflight, aSnapshot, aSource, anUndo } from '../../helpers/cli/models.ts';

let cwd = '';
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'belay-cli-run-'));
});
afterAll(() => rm(cwd, { recursive: true }));

const answers: Answers = {
  'sources.list': () => ({ sources: [aSource()] }),
  'snapshot.create': (input) => ({ snapshot: aSnapshot({ source: input.source }), warnings: [], durationMs: 1 }),
  rewind: () => ({ preflight: aPreflight(), target: '/x', undo: anUndo(), durationMs: 1 }),
};
const node = process.execPath;
const env = { PATH: process.env['PATH'] ?? '' };
const line = 'belay rewind shop --to 4f2a91c0aa55aa55';
const exiting = (code: string) => ['run', '--source', 'shop', '--', node, '-e', code];

describe('run', () => {
  test('snapshots first, runs the command, passes its exit code on', async () => {
    const ran = await runFake(exiting('process.exit(0)'), { cwd, env, answers });
    expect(ran.code).toBe(0);
    expect(ran.calls.map((call) => call.name)).toEqual(['snapshot.create']);
    expect(ran.calls[0]?.input).toMatchObject({ source: 'shop', tags: ['run'], note: containing('process.exit(0)') });
    expect(ran.stderr).not.toContain('rewind');
  });

  test('no secret of the command gets into the note', async () => {
    const words = ['-e', '0', '--password=hunter2', '--api-key', 'hunter3', 'DB_PASSWORD=hunter4', 'postgres://me:hunter5@localhost/db', '--verbose'];
    const ran = await runFake(['run', '--source', 'shop', '--', node, ...words], { cwd, env, answers });
    const note = String(ran.calls[0]?.input['note']);
    expect(note).not.toContain('hunter');
    for (const kept of ['--password=', '--api-key', 'postgres://me:', '@localhost/db', '--verbose']) expect(note).toContain(kept);
  });

  test('a snapshot that did not pass its proof: the command is not run without a yes', async () => {
    const verification = {
      level: 'complete' as const,
      result: 'failed' as const,
      statement: 'an index is broken',
      differences: [],
      checks: [],
      warnings: [],
      items: 1,
      rows: 1,
      durationMs: 1,
    };
    const unproved: Answers = {
      ...answers,
      'snapshot.create': (input) => ({ snapshot: aSnapshot({ source: input.source }), verification, warnings: ['rows fell by half'], durationMs: 1 }),
    };
    const pipe = await runFake(exiting('process.exit(7)'), { cwd, env, answers: unproved });
    expect([pipe.code, pipe.stderr]).toEqual([8, containing('was not run')]);
    expect(pipe.stderr).toContain('rows fell by half');
    expect(pipe.stderr).toContain('an index is broken');
    const yes = await runFake(['run', '--yes', '--source', 'shop', '--', node, '-e', 'process.exit(7)'], { cwd, env, answers: unproved });
    expect(yes.code).toBe(7);
    const no = await runFake(exiting('process.exit(7)'), { cwd, env, answers: unproved, typed: [{ after: 'all the same? [y/N] ', text: 'n\n' }] });
    expect(no.code).toBe(130);
  });

  test('that fails in a pipe prints the line that would rewind', async () => {
    const ran = await runFake(exiting('process.exit(7)'), { cwd, env, answers });
    expect(ran.code).toBe(7);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toContain(`To rewind shop to before it: ${line}`);
  });

  test('that fails at a terminal offers the rewind', async () => {
    const asked = '[y/N] ';
    const yes = await runFake(exiting('process.exit(7)'), { cwd, env, answers, typed: [{ after: asked, text: 'y\n' }] });
    expect(yes.code).toBe(7);
    expect(yes.calls.at(-1)).toMatchObject({ name: 'rewind', input: { source: 'shop', to: '4f2a91c0aa55aa55' } });
    expect(yes.stderr).toContain('belay undo u-3f19');
    const no = await runFake(exiting('process.exit(7)'), { cwd, env, answers, typed: [{ after: asked, text: '\n' }] });
    expect(no.calls.some((call) => call.name === 'rewind')).toBe(false);
    expect(no.stderr).toContain(line);
  });

  test('rewinds by itself with --rewind, every source; a rewind that fails leaves the line and the exit code', async () => {
    const both = await runFake(['run', '--source', 'a', '--source', 'b', '--rewind', '--', node, '-e', 'process.exit(3)'], { cwd, env, answers });
    expect(both.code).toBe(3);
    expect(both.calls.filter((call) => call.name === 'rewind').map((call) => call.input['source'])).toEqual(['a', 'b']);
    const busy: Answers = {
      ...answers,
      rewind: () => {
        throw new AppError('target.busy', 'Another process has it open.');
      },
    };
    const ran = await runFake(['run', '--source', 'shop', '--rewind', '--', node, '-e', 'process.exit(3)'], { cwd, env, answers: busy });
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain('Another process has it open.');
    expect(ran.stderr).toContain(line);
  });

  test('ended by a signal exits with 128 and its number', async () => {
    expect((await runFake(exiting("process.kill(process.pid, 'SIGKILL')"), { cwd, env, answers })).code).toBe(137);
  });

  test('answers as one object, with the line to rewind', async () => {
    const ran = await runFake(['run', '--json', '--source', 'shop', '--', node, '-e', 'process.exit(5)'], { cwd, env, answers });
    expect(ran.code).toBe(5);
    expect(objectOf(ran)).toMatchObject({
      command: 'run',
      ok: true,
      data: { exitCode: 5, command: [node, '-e', 'process.exit(5)'], rewindLines: [line], rewound: [], snapshots: [{ source: 'shop' }] },
    });
  });

  test('leaves the options of its command alone', async () => {
    const ran = await runFake(['run', '--source', 'shop', node, '-e', 'process.exit(process.argv.includes("--json") ? 9 : 1)', '--', '--json'], {
      cwd,
      env,
      answers,
    });
    expect(ran.code).toBe(9);
  });

  test('does not run the command where the snapshot failed', async () => {
    const failing: Answers = {
      ...answers,
      'snapshot.create': () => {
        throw new AppError('source.missing', 'There is no file.');
      },
    };
    const ran = await runFake(exiting('require("node:fs").writeFileSync("ran", "")'), { cwd, env, answers: failing });
    expect(ran.code).toBe(3);
    expect((await runFake(exiting('process.exit(require("node:fs").existsSync("ran") ? 1 : 0)'), { cwd, env, answers })).code).toBe(0);
  });

  test('of a program that does not exist says so', async () => {
    const ran = await runFake(['run', '--source', 'shop', '--json', '--', 'no-such-program-here'], { cwd, env, answers });
    expect(ran.code).toBe(11);
    expect(objectOf(ran)).toMatchObject({ ok: false, error: { code: 'tool.missing' } });
  });
});
