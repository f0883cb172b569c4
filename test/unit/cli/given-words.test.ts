import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { inputWords } from '../../../electron/contract/input-words.ts';
import { label, smokeCheck, snapshotName } from '../../../electron/contract/model.ts';
import { AppError } from '../../../electron/core/base/errors.ts';
import { objectOf, runFake } from '../../helpers/cli/fake-world.ts';
import { aPreflight, aSnapshot, aSource } from '../../helpers/cli/models.ts';

function said(schema: z.ZodType, value: unknown): string[] {
  const checked = schema.safeParse(value, { error: inputWords });
  return checked.success ? [] : checked.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
}

describe('what is wrong with an input', () => {
  test('is said in words of our own', () => {
    expect([...said(label, ''), ...said(label, 'x'.repeat(201)), ...said(label, 'a\nb'), ...said(label, 3)]).toEqual([
      ' must not be empty',
      ' must be at most 200 characters long',
      ' must not contain control characters',
      ' must be text',
    ]);
    const checks = [{ kind: 'http', name: 'x', url: 'ftp://x', status: '200' }, { kind: 'no' }, { kind: 'query', name: 'x' }];
    expect(said(z.array(smokeCheck), checks)).toEqual([
      '0.url must be an address that begins with http:// or https://',
      '0.status must be a number',
      '1.kind names a kind that is not known',
      '2.sql is missing',
    ]);
    expect(said(z.strictObject({ a: z.int().max(9) }), { a: 12, b: 1 })).toEqual(['a must be at most 9', ' has a field that is not known: b']);
    expect([...said(z.enum(['dev', 'test']), 'x'), ...said(z.array(z.string()).min(1), [])]).toEqual([' must be one of dev, test', ' must not be empty']);
  });

  test.each(['latest', 'Latest', 'latest:shop', '12', '1234', '20261121', '#3', 'abcd', '4f2a91c0'])('a snapshot is not called %s', (name) => {
    expect(snapshotName.safeParse(name).success).toBe(false);
  });

  test.each(['before-12', 'the latest', 'v1.2', 'abc', 'fixture', '2026-11-21', '# 3', 'latest-green'])('a snapshot may be called %s', (name) => {
    expect(snapshotName.safeParse(name).success).toBe(true);
  });
});

describe('a refused input', () => {
  const refuse = (path: string, message: string, hint?: string) => () => {
    throw new AppError('input.invalid', `${path} ${message}.`, { ...(hint === undefined ? {} : { hint }), details: { issues: [{ path, message }] } });
  };

  test('is told with the name that was typed', async () => {
    const tag = await runFake(['snap', 'shop', '--tag', 'x', '--json'], { answers: { 'snapshot.create': refuse('tags.0', 'must be short') } });
    expect([tag.code, objectOf(tag)['error']]).toMatchObject([2, { code: 'input.invalid', message: '--tag must be short.', hint: 'See: belay snap --help' }]);
    const find = await runFake(['list', '--find', 'x'], { answers: { 'snapshot.list': refuse('text', 'must be short', 'Shorten it.') } });
    expect(find.stderr).toBe('belay: --find must be short.\n  Shorten it.\n  (input.invalid)\n');
    const reason = await runFake(['pin', '12', 'why'], { answers: { 'snapshot.pin': refuse('reason', 'must be short') } });
    expect(reason.stderr).toContain('belay: The reason must be short.\n');
    const tags = await runFake(['tag', '12', 'a'], { answers: { 'snapshot.tag': refuse('add.0', 'must be short') } });
    expect(tags.stderr).toContain('belay: The tags must be short.\n');
  });

  test.each([
    [['list', ''], 'The source must not be empty.'],
    [['forget', '3', ' '], 'The snapshots must not be empty.'],
    [['restore', '3', '--to='], '--to must not be empty.'],
    [['snap', 'shop', '--tag', 'a', '--tag', ''], '--tag must not be empty.'],
    [['check', '--passphrase-file='], '--passphrase-file must not be empty.'],
    [['verify', '--check-query', ' '], '--check-query must not be empty.'],
  ])('%j is refused before the host is asked', async (argv, message) => {
    const ran = await runFake(argv);
    expect(ran).toMatchObject({ code: 2, calls: [] });
    expect(ran.stderr).toContain(`belay: ${message}\n  Run: belay ${argv[0] ?? ''} --help\n`);
  });
});

describe('what cannot stand together is refused before the host is asked', () => {
  test.each([
    ['restore --held --to x', '--held cannot stand beside --to.'],
    ['restore --held 3', '--held cannot stand beside the snapshot 3.'],
    ['restore 3 --throw-away --to x', '--throw-away cannot stand beside --to.'],
    ['restore 3 --to ./x --no-safety-snapshot', '--no-safety-snapshot is for --in-place and --merge.'],
    ['undo --list --discard', '--list cannot stand beside --discard.'],
    ['undo x --discard --force', '--discard cannot stand beside --force.'],
    ['rewind shop --checkpoint x --in-place', '--checkpoint cannot stand beside --in-place.'],
    ['init repo --attach --no-encryption', '--attach cannot stand beside --no-encryption.'],
  ])('%s', async (line, message) => {
    const ran = await runFake(line.split(' '));
    expect(ran).toMatchObject({ code: 2, calls: [] });
    expect(ran.stderr).toContain(`belay: ${message}`);
  });

  test('a name that may be a slip of a source makes no file', async () => {
    const shown = (engine: 'sqlite' | 'postgres') => ({
      snapshot: aSnapshot({ engine }),
      proofs: [],
      objects: [],
      objectsTotal: 0,
      capture: {},
      history: [],
    });
    const answers = {
      'sources.list': () => ({ sources: [aSource({ name: 'shop' }), aSource({ name: '-x' })] }),
      'snapshot.show': () => shown('sqlite'),
    };
    for (const to of ['shp', 'Shop', 'sohp', 'shopp']) {
      const ran = await runFake(['restore', '3', '--to', to, '--json'], { answers });
      expect([ran.code, ran.calls.map((call) => call.name)]).toEqual([2, ['sources.list', 'snapshot.show']]);
      const hint = `For the source shop: --to shop. For a new file of that name: --to ./${to}`;
      expect(objectOf(ran)['error']).toMatchObject({ code: 'input.ambiguous', hint });
    }
    for (const to of ['./shp', 'shp.db', 'elsewhere', 'sub/shp']) {
      const ran = await runFake(['restore', '3', '--to', to, '--dry-run'], {
        answers: { ...answers, 'restore.run': (input) => ({ preflight: aPreflight(), target: input.to ?? '', durationMs: 1 }) },
      });
      expect(ran).toMatchObject({ code: 0 });
      expect(ran.stdout).toContain(`Restore to ${join('/projects/shop', to)}:`);
    }
    const database = await runFake(['restore', '3', '--to', 'shp', '--dry-run'], {
      answers: {
        ...answers,
        'snapshot.show': () => shown('postgres'),
        'restore.run': (input) => ({ preflight: aPreflight(), target: input.to ?? '', durationMs: 1 }),
      },
    });
    expect(database.calls.at(-1)?.input).toMatchObject({ to: 'shp', mode: 'new', baseFolder: '/projects/shop' });
  });
});

test('--quiet leaves out notes and progress; results, warnings and errors stay', async () => {
  const answers = { 'snapshot.create': () => ({ snapshot: aSnapshot(), warnings: ['shop.db is empty (0 bytes)'], durationMs: 5 }) };
  const ran = await runFake(['snap', 'shop', '-q'], { answers });
  expect(ran.stdout).toContain('warning  shop.db is empty (0 bytes)\n');
  expect(`${ran.stdout}${ran.stderr}`).not.toMatch(/^note/m);
  const listed = await runFake(['list', '-q'], { answers: { 'snapshot.list': () => ({ snapshots: [aSnapshot()], total: 2, problems: [] }) } });
  expect([listed.code, listed.stderr]).toEqual([0, '']);
  const problem = { file: 'snapshots/1', kind: 'damaged', statement: 'It is not what it was.', affects: [], repairable: false };
  const hurt = await runFake(['list', '-q'], { answers: { 'snapshot.list': () => ({ snapshots: [], total: 0, problems: [problem] }) } });
  expect(hurt.stderr).toBe('damaged  snapshots/1: It is not what it was.\n');
});
