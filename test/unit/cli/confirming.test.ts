import { describe, expect, test } from 'vitest';
import { AppError } from '../../../electron/core/base/errors.ts';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import type { UndoEntry } from '../../../electron/contract/model.ts';
import { objectOf, runFake } from '../../helpers/cli/fake-world.ts';
import type { FakeRun } from '../../helpers/cli/fake-world.ts';
import type { Answers } from '../../helpers/cli/fake-client.ts';
import { aPreflight, aSnapshot, aSource, anUndo, aVerification } from '../../helpers/cli/models.ts';

const collectPlan: CommandOutput<'repository.collect'>['plan'] = {
  freesNow: 1024,
  freesAfter: 4096,
  packsDropped: 1,
  packsRewritten: 2,
  rebased: 0,
  bytesRewritten: 512,
  skipped: [],
  hash: 'h1',
};
const collectAnswers: Answers = {
  'repository.collect': (input) =>
    input.confirm === undefined
      ? { plan: collectPlan }
      : { plan: collectPlan, done: { freed: 1024, quarantined: 0, rewritten: 512, packsDropped: 1, notes: [] } },
};

describe('a plan', () => {
  test('is shown, and carried out with its hash when the answer is yes', async () => {
    const ran = await runFake(['collect'], { answers: collectAnswers, typed: [{ after: '[y/N]', text: 'y\n' }] });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('Frees 1.0 KiB now and 4.0 KiB after.');
    expect(ran.calls.map((call) => call.input['confirm'])).toEqual([undefined, 'h1']);
  });

  test.each(['n\n', '\n', 'yeah\n', '\u0004'])('is left at the answer %j', async (text) => {
    const ran = await runFake(['collect'], {
      answers: collectAnswers,
      typed: [{ after: '[y/N]', ...(text === '\u0004' ? { signal: 'SIGINT' as const } : { text }) }],
    });
    expect(ran.code).toBe(130);
    expect(ran.calls).toHaveLength(1);
  });

  test('without a terminal is refused with the exact line to run', async () => {
    const ran = await runFake(['collect', '--purge-now', '--home', '/a b', '--json'], { answers: collectAnswers });
    expect(ran).toMatchObject({ code: 2, calls: [{ name: 'repository.collect' }] });
    expect(objectOf(ran)['error']).toMatchObject({ code: 'input.confirmation-needed', hint: "Run: belay collect --purge-now --home '/a b' --json --yes" });
  });

  test('is carried out without a question with --yes, and shown only with --dry-run', async () => {
    expect((await runFake(['collect', '--yes'], { answers: collectAnswers })).calls).toHaveLength(2);
    const dry = await runFake(['collect', '--dry-run'], { answers: collectAnswers });
    expect(dry).toMatchObject({ code: 0, calls: [{ input: { purgeNow: false } }] });
    expect(dry.stdout).toContain('Dry run: nothing was changed.');
  });

  test('that changed meanwhile is made anew under --yes, and not agreed to for somebody who was asked', async () => {
    const changed = new AppError('input.confirmation-needed', 'The repository has changed since the plan was made.');
    const answering = (): Answers => {
      let plans = 0;
      return {
        'repository.collect': (input) => {
          const plan = { ...collectPlan, hash: `h${(plans += input.confirm === undefined ? 1 : 0)}` };
          if (input.confirm === undefined) return { plan };
          if (input.confirm !== 'h3') throw changed;
          return { plan, done: { freed: 1, quarantined: 0, rewritten: 0, packsDropped: 0, notes: [] } };
        },
      };
    };
    const ran = await runFake(['collect', '--yes'], { answers: answering() });
    expect(ran.code).toBe(0);
    expect(ran.calls.map((call) => call.input['confirm'])).toEqual([undefined, 'h1', undefined, 'h2', undefined, 'h3']);
    const asked = await runFake(['collect'], { answers: answering(), typed: [{ after: '[y/N]', text: 'y\n' }] });
    expect(asked.code).toBe(2);
    expect(asked.calls).toHaveLength(2);
  });

  test('of forget names the snapshots, and takes numbers without a sign', async () => {
    const plan = { snapshots: [aSnapshot()], freesNow: 0, freesAfter: 2048, hash: 'f1' };
    const ran = await runFake(['forget', '12', 'abcd1234'], {
      answers: { 'snapshot.forget': (input) => ({ plan, done: input.confirm === 'f1' }) },
      typed: [{ after: 'Forget 1 snapshot? [y/N]', text: 'yes\n' }],
    });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('4f2a91c0');
    expect(ran.calls.map((call) => call.input)).toEqual([{ snapshots: ['#12', 'abcd1234'] }, { snapshots: ['#12', 'abcd1234'], confirm: 'f1' }]);
  });
});

function rewindAnswers(environment: 'dev' | 'test' | 'staging' | 'production'): Answers {
  return {
    'sources.list': () => ({ sources: [aSource({ environment })] }),
    rewind: (input) => ({
      snapshot: aSnapshot(),
      preflight: aPreflight(),
      target: '/projects/shop/shop.db',
      durationMs: 800,
      ...(input.dryRun ? {} : { verification: aVerification(), undo: anUndo() }),
    }),
  };
}

const rewinds = (ran: { readonly calls: readonly { readonly name: string; readonly input: Record<string, unknown> }[] }) =>
  ran.calls.filter((call) => call.name === 'rewind').map((call) => call.input);

describe('danger in proportion', () => {
  test.each(['dev', 'test'] as const)('%s is rewound without a question, and the way back is said', async (environment) => {
    const ran = await runFake(['rewind', 'shop'], { answers: rewindAnswers(environment) });
    expect(ran.code).toBe(0);
    expect(rewinds(ran)).toEqual([{ source: 'shop', inPlace: false, acceptInconclusive: false, checks: [], migrate: [], dryRun: false }]);
    expect(ran.stdout).toContain('belay undo u-3f19');
  });

  test('staging is asked about, under its plan', async () => {
    const ran = await runFake(['rewind', 'shop'], { answers: rewindAnswers('staging'), typed: [{ after: 'Overwrite shop? [y/N]', text: 'y\n' }] });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(/1\. Restore beside the target\.[\s\S]*Overwrite shop\?/);
    expect((await runFake(['rewind', 'shop'], { answers: rewindAnswers('staging') })).code).toBe(2);
    expect((await runFake(['rewind', 'shop', '--yes'], { answers: rewindAnswers('staging') })).code).toBe(0);
  });

  test('production takes the typed name, which goes to the host', async () => {
    const ran = await runFake(['rewind', 'shop'], { answers: rewindAnswers('production'), typed: [{ after: 'to go on: ', text: 'shop\n' }] });
    expect(ran.code).toBe(0);
    expect(rewinds(ran).at(-1)).toMatchObject({ dryRun: false, confirm: 'shop' });
  });

  test('production is not touched with another name, with --yes alone, or without a terminal', async () => {
    const wrong = await runFake(['rewind', 'shop'], { answers: rewindAnswers('production'), typed: [{ after: 'to go on: ', text: 'Shop\n' }] });
    const yes = await runFake(['rewind', 'shop', '--yes', '--json'], { answers: rewindAnswers('production') });
    const named = await runFake(['rewind', 'shop', '--confirm', 'other'], { answers: rewindAnswers('production') });
    for (const ran of [wrong, yes, named]) {
      expect(ran.code).toBe(2);
      expect(rewinds(ran).filter((input) => input['dryRun'] === false)).toEqual([]);
    }
    expect(objectOf(yes)['error']).toMatchObject({ code: 'input.confirmation-needed', hint: 'Run: belay rewind shop --yes --json --confirm shop' });
  });

  test('production goes on in a script that names it', async () => {
    const ran = await runFake(['rewind', 'shop', '--confirm', 'shop'], { answers: rewindAnswers('production') });
    expect(ran.code).toBe(0);
    expect(rewinds(ran)).toEqual([expect.objectContaining({ confirm: 'shop', dryRun: false })]);
  });

  test('a dry run exits as the first thing in the way would', async () => {
    const blockers = [{ code: 'target.busy', statement: 'Another process has it open.', hint: 'Use --in-place.' }];
    const ran = await runFake(['rewind', 'shop', '--dry-run', '--json'], {
      answers: { rewind: () => ({ preflight: aPreflight({ blockers }), target: '/x', durationMs: 3 }) },
    });
    expect(ran.code).toBe(4);
    expect(objectOf(ran)).toMatchObject({ ok: true, data: { preflight: { blockers } } });
  });
});

describe('undo', () => {
  const answers = (environment: 'dev' | 'production'): Answers => ({
    'undo.list': () => ({ undo: [anUndo()] }),
    'sources.list': () => ({ sources: [aSource({ environment })] }),
    'undo.run': () => ({ undone: anUndo() }),
    'undo.discard': () => ({ discarded: anUndo() }),
  });
  const ran = (argv: string[], environment: 'dev' | 'production' = 'dev', typed?: { after: string; text: string }[]) =>
    runFake(argv, { answers: answers(environment), ...(typed === undefined ? {} : { typed }) });

  test('of a development source is not asked about', async () => {
    expect(await ran(['undo'])).toMatchObject({ code: 0 });
  });

  test('that loses writes, of a production source, or for good is asked about', async () => {
    for (const argv of [
      ['undo', '--force'],
      ['undo', 'u-3f19', '--discard'],
    ]) {
      expect(await ran(argv)).toMatchObject({ code: 2 });
      expect(await ran([...argv, '--yes'])).toMatchObject({ code: 0 });
      expect(await ran(argv, 'dev', [{ after: '[y/N]', text: 'n\n' }])).toMatchObject({ code: 130 });
    }
    expect(await ran(['undo'], 'production')).toMatchObject({ code: 2 });
  });

  test('of a production source takes its name, whatever else was said', async () => {
    const runs = (one: Awaited<ReturnType<typeof ran>>) => one.calls.filter((call) => call.name === 'undo.run').map((call) => call.input['confirm']);
    const yes = await ran(['undo', '--yes', '--json'], 'production');
    expect([yes.code, runs(yes)]).toEqual([2, []]);
    expect(objectOf(yes)['error']).toMatchObject({ code: 'input.confirmation-needed', hint: 'Run: belay undo --yes --json --confirm shop' });
    const typed = await ran(['undo'], 'production', [{ after: 'to go on: ', text: 'shop\n' }]);
    expect([typed.code, runs(typed)]).toEqual([0, ['shop']]);
    const wrong = await ran(['undo'], 'production', [{ after: 'to go on: ', text: 'y\n' }]);
    expect([wrong.code, runs(wrong)]).toEqual([2, []]);
    const named = await ran(['undo', '--confirm', 'shop'], 'production');
    expect([named.code, runs(named)]).toEqual([0, ['shop']]);
  });

  const several = [
    anUndo({ id: 'u-1', source: 'shop', target: '/projects/shop/shop.db' }),
    anUndo({ id: 'u-2', source: 'shop', target: '/projects/shop/shop.db' }),
    anUndo({ id: 'u-3', source: 'blog', target: '/projects/blog/blog.db' }),
  ];
  const among = (entries: readonly UndoEntry[]): Answers => ({
    ...answers('dev'),
    'undo.list': () => ({ undo: [...entries] }),
    'undo.run': (input) => ({ undone: entries.find((entry) => entry.id === input.id) ?? anUndo() }),
  });
  const undone = async (argv: string[], run: Omit<FakeRun, 'answers'> = {}, entries: readonly UndoEntry[] = several) => {
    const one = await runFake(argv, { ...run, answers: among(entries) });
    return [one.code, ...one.calls.filter((call) => call.name === 'undo.run').map((call) => call.input['id'])];
  };

  test('takes the newest of the only target, of the current folder, or of the source that is named', async () => {
    expect(await undone(['undo'], { cwd: '/elsewhere' }, several.slice(0, 2))).toEqual([0, 'u-2']);
    expect(await undone(['undo'], { cwd: '/projects/shop' })).toEqual([0, 'u-2']);
    expect(await undone(['undo'], { cwd: '/projects/blog' })).toEqual([0, 'u-3']);
    expect(await undone(['undo', 'shop'], { cwd: '/projects/blog' })).toEqual([0, 'u-2']);
    expect(await undone(['undo', 'u-1'])).toEqual([0, 'u-1']);
    expect(await undone(['undo', 'nothing'])).toEqual([3]);
    expect(await undone(['undo'], {}, [])).toEqual([3]);
  });

  test('where several targets may be meant asks at a terminal, and names them elsewhere', async () => {
    for (const cwd of ['/projects', '/elsewhere']) {
      const typed = [
        { after: '[1-2] ', text: '3\n' },
        { after: '[1-2] ', text: '1\n' },
      ];
      expect(await undone(['undo'], { cwd, typed })).toEqual([0, 'u-3']);
      const piped = await runFake(['undo', '--json'], { cwd, answers: among(several) });
      expect([piped.code, piped.calls.length]).toEqual([2, 1]);
      const hint = 'Run one of: belay undo u-3 (the rewind of blog), belay undo u-2 (the rewind of shop)';
      expect(objectOf(piped)['error']).toMatchObject({ code: 'input.ambiguous', hint });
    }
  });

  test.each([[['undo', 'list']], [['undo', '--list']]])('%j lists', async (argv) => {
    const listed = await ran(argv);
    expect(listed.calls.map((call) => call.name)).toEqual(['undo.list']);
    expect(listed.stdout).toContain('u-3f19');
  });
});
