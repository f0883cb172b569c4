import { describe, expect, test } from 'vitest';
import type { Drill } from '../../../electron/contract/drills.ts';
import type { CommandName, CommandOutput } from '../../../electron/contract/commands.ts';
import type { Job } from '../../../electron/contract/model.ts';
import { hiddenEntry, registry } from '../../../electron/cli/registry.ts';
import type { Answers } from '../../helpers/cli/fake-client.ts';
import { objectOf, runFake, someTime } from '../../helpers/cli/fake-world.ts';
import { aPreflight, aSnapshot, aSource, anUndo, aVerification } from '../../helpers/cli/models.ts';

/** What somebody may have put into any free text: it turns lines around, clears the screen, forges a line. */
const hostile = 'x\u202e\u001b[2J\nProof: proved';

const snapshot = aSnapshot({ source: 'sh\u202eop', name: hostile, note: hostile, tags: [hostile], pin: { reason: hostile, at: someTime } });
const source = aSource({ name: 'sh\u202eop', location: { path: `/p/${hostile}`, attached: [hostile] }, project: 'p\u202e' });
const problem = { file: hostile, kind: 'damaged', statement: hostile, affects: [{ snapshot: '4f2a91c0', seq: 3, objects: [hostile] }], repairable: true };
const verification = aVerification({
  result: 'failed',
  statement: hostile,
  differences: [{ name: hostile, kind: 'table', what: 'content', statement: hostile }],
  checks: [{ name: hostile, kind: 'query', result: 'failed', statement: hostile, durationMs: 3 }],
});
const preflight = aPreflight({ steps: [hostile], warnings: [hostile], blockers: [{ code: 'target.busy', statement: hostile, hint: hostile }] });
const undo = anUndo({ source: 'sh\u202eop', target: hostile, kept: hostile, id: 'u-\u202e' });
const job: Job = { id: 'j-1', command: 'snapshot.create', title: hostile, state: 'running', createdAt: someTime, progress: { stage: hostile } };
const slot = { slot: 's1', kind: 'recovery' as const, createdAt: someTime };
const repository = { id: 'r', location: hostile, format: 1, protection: 'keys' as const, createdAt: 0, readOnly: true };
const checkpoint = { id: 'c-1', source: 'sh\u202eop', createdAt: someTime, bytes: 5, method: hostile };
const lock = {
  instance: 'abcdef01',
  mode: 'write',
  host: hostile,
  pid: 3,
  createdAt: someTime,
  heartbeatAt: someTime,
  state: 'unknown' as const,
  why: hostile,
};
const remark = { at: someTime, by: hostile, text: hostile };
const drill: Drill = {
  id: 'd-1',
  at: someTime,
  by: hostile,
  source: hostile,
  result: 'failed',
  statement: hostile,
  steps: [{ name: 'restored', result: 'failed', statement: hostile, durationMs: 1 }],
  recoveryMs: 5,
  targetMs: 4,
  items: 1,
  rows: 1,
  differences: verification.differences,
  checks: verification.checks,
  machine: { system: hostile, belay: '1' },
  notes: [remark],
  blockers: [remark],
};
const tools = [{ tool: 'sqlite', version: hostile, origin: hostile }];

/** One line for each command, with the contract's answer that its `data` must equal. */
function answered<N extends CommandName>(
  argv: readonly string[],
  name: N,
  answer: CommandOutput<N>,
  more: Answers = {},
): { readonly argv: readonly string[]; readonly answer: unknown; readonly answers: Answers } {
  return { argv, answer, answers: { ...more, [name]: () => answer } };
}

const all = [
  answered(['status'], 'status', {
    home: hostile,
    version: '1',
    host: { pid: 1, startedBy: 'command', clients: 1 },
    repository,
    locked: true,
    sources: [{ source, newest: snapshot, newestProved: snapshot }, { source }],
    snapshots: 2,
    jobs: [job],
    undo: [undo],
    next: [{ statement: hostile, command: hostile }],
  }),
  answered(['init', '--no-encryption'], 'repository.init', { repository, recoveryKey: hostile, keyFile: hostile, attached: false, rememberedIn: hostile }),
  answered(['source', 'add', 'x.db'], 'sources.add', { source, probe: { serverVersion: hostile, bytes: 4096, facts: [], tools: [], warnings: [hostile] } }),
  answered(['source', 'list'], 'sources.list', { sources: [source] }),
  answered(['source', 'set', 'x', '--rpo', '5m'], 'sources.change', { source, targets: { rpoMs: 300_000, rtoMs: null } }),
  answered(['source', 'remove', 'x'], 'sources.remove', { removed: source, snapshotsKept: 3 }),
  answered(['source', 'test', 'x'], 'sources.test', {
    source,
    serverVersion: hostile,
    consistency: 'transaction',
    bytes: 1,
    facts: [{ name: hostile, value: hostile }],
    tools,
    warnings: [hostile],
  }),
  answered(['discover'], 'discover', {
    found: [{ engine: 'sqlite', suggestedName: 'y\u202e', location: { path: hostile }, description: hostile, bytes: 7 }],
    notes: [hostile],
    noContainers: { state: 'denied', statement: hostile, hint: hostile },
  }),
  answered(['demo'], 'demo.create', { source, rows: 7 }),
  answered(['demo', '--damage'], 'demo.damage', { source, done: [hostile] }),
  answered(['doctor'], 'doctor', { findings: [{ area: 'disk', state: 'note', statement: hostile, hint: hostile }] }),
  answered(['snap', 'x'], 'snapshot.create', { snapshot, warnings: [hostile], verification, durationMs: 900 }),
  answered(['snap', 'x', '--dry-run'], 'snapshot.create', {
    dryRun: { source, serverVersion: hostile, consistency: 'file', bytes: 1, bytesFree: 9, estimate: { durationMs: 1, stored: 1 }, tools, warnings: [hostile] },
    warnings: [],
    durationMs: 1,
  }),
  answered(['list'], 'snapshot.list', { snapshots: [snapshot], total: 2, problems: [problem] }),
  answered(['show'], 'snapshot.show', {
    snapshot,
    proofs: [{ level: 'proved', result: 'failed', at: someTime, evidence: { said: hostile } }],
    objects: [{ name: hostile, kind: 'table', rows: 3, bytes: 9, fingerprint: 'aa' }],
    objectsTotal: 2,
    capture: { consistency: hostile },
    parent: 'p',
    history: [{ at: someTime, statement: hostile }],
  }),
  answered(['rows', 'x'], 'snapshot.rows', { snapshot, objects: [{ name: hostile, kind: 'table', rows: 3 }] }),
  answered(['rows', 'x', 't'], 'snapshot.rows', {
    snapshot,
    object: hostile,
    page: {
      columns: [
        { name: hostile, type: 'text' },
        { name: 'n', type: 'any' },
      ],
      rows: [
        [hostile, null],
        [
          { $: 'blob', v: 'AAEC' },
          { $: 'int64', v: '9007199254740993' },
        ],
      ],
      total: 2,
    },
  }),
  answered(['tag', 'x', 'y'], 'snapshot.tag', { snapshot, absent: [hostile] }),
  answered(['pin', 'x', 'y'], 'snapshot.pin', { snapshot }),
  answered(['unpin', 'x'], 'snapshot.pin', { snapshot }),
  answered(['forget', 'x', '--yes'], 'snapshot.forget', { plan: { snapshots: [snapshot], freesNow: 1, freesAfter: 2, hash: 'h' }, done: true }),
  answered(
    ['rewind', 'x'],
    'rewind',
    { snapshot, preflight, verification, target: hostile, undo, safety: snapshot, durationMs: 5 },
    { 'sources.list': () => ({ sources: [] }) },
  ),
  answered(['rewind', 'x', '--dry-run'], 'rewind', { snapshot, preflight, target: hostile, durationMs: 5 }),
  answered(['undo', '--yes'], 'undo.run', { undone: undo }, { 'undo.list': () => ({ undo: [undo] }), 'sources.list': () => ({ sources: [] }) }),
  answered(['undo', '--list'], 'undo.list', { undo: [undo] }),
  answered(['undo', undo.id, '--discard', '--yes'], 'undo.discard', { discarded: undo }, { 'undo.list': () => ({ undo: [undo] }) }),
  answered(['restore', 'x', '--throw-away'], 'restore.run', { preflight, verification, target: hostile, durationMs: 5 }),
  answered(
    ['restore', 'x', '--to', 'y', '--hold'],
    'restore.run',
    { preflight, verification, target: hostile, held: 'h-\u202e', durationMs: 5 },
    {
      'sources.list': () => ({ sources: [] }),
      'snapshot.show': () => ({ snapshot, proofs: [], objects: [], objectsTotal: 0, capture: {}, history: [] }),
    },
  ),
  answered(['restore', '--held'], 'restore.held', { held: [{ id: 'h', target: hostile, snapshot: hostile, at: someTime }] }),
  answered(
    ['promote', 'h'],
    'restore.promote',
    { target: hostile, undo },
    { 'restore.held': () => ({ held: [{ id: 'h', target: hostile, at: someTime }] }), 'sources.list': () => ({ sources: [] }) },
  ),
  answered(
    ['discard', 'h', '--yes'],
    'restore.discard',
    { target: hostile },
    { 'restore.held': () => ({ held: [{ id: 'h', target: hostile, at: someTime }] }) },
  ),
  answered(['checkpoint', 'create', 'x'], 'checkpoint.create', { checkpoint }),
  answered(['checkpoint', 'list'], 'checkpoint.list', { checkpoints: [checkpoint] }),
  answered(
    ['checkpoint', 'drop', 'x', checkpoint.id, '--yes'],
    'checkpoint.drop',
    { dropped: checkpoint },
    { 'checkpoint.list': () => ({ checkpoints: [checkpoint] }) },
  ),
  answered(['verify'], 'snapshot.verify', { snapshot, verification }),
  answered(['drill', 'shop'], 'drill.run', { drill }),
  answered(['drill', 'list'], 'drill.list', { drills: [drill], total: 1 }),
  answered(['drill', 'show'], 'drill.show', { drill, markdown: hostile }),
  answered(['drill', 'note', 'd-1', '--note', 'x'], 'drill.remark', { drill }),
  answered(['verify', './x'], 'file.verify', { format: hostile, version: hostile, bytes: 1, madeAt: someTime, madeAtFrom: hostile, verification }),
  answered(['compare', 'x'], 'source.compare', { snapshot, equal: false, differences: verification.differences }),
  answered(['diff', 'x', 'y'], 'diff.run', {
    before: snapshot,
    after: snapshot,
    definitions: [{ name: hostile, kind: 'index', what: 'added', statement: hostile }],
    tables: [
      { name: hostile, what: 'changed', rowsBefore: 2, rowsAfter: 3 },
      { name: hostile, what: 'removed', rowsBefore: 2 },
    ],
    notes: [hostile],
    rows: true,
    putBack: true,
  }),
  answered(['diff', 'x', '--table', 't'], 'diff.rows', {
    key: [hostile],
    rows: [
      { what: 'changed', key: [hostile], cells: [{ column: hostile, before: hostile, after: null }] },
      { what: 'added', key: [1], cells: [{ column: hostile, after: { $: 'blob', v: 'aGk=' } }] },
    ],
    more: true,
    counts: { added: 1, removed: 0, changed: 1 },
    why: hostile,
  }),
  answered(['check'], 'repository.check', {
    level: 'authenticated',
    passed: false,
    problems: [problem],
    files: 1,
    bytesRead: 2,
    chunks: 3,
    snapshots: 4,
    sound: ['a'],
    durationMs: 5,
  }),
  answered(['check', 'list'], 'repository.checks', { checks: [{ at: someTime, level: 'decoded', passed: false }], total: 1 }),
  answered(['export', 'x', '--to', 'y'], 'export', { snapshot, files: [{ path: hostile, bytes: 1 }], verification }),
  answered(['import', 'x'], 'import', {
    imported: [{ path: hostile, snapshot, madeAt: someTime, madeAtFrom: 'name', format: hostile, bytes: 1 }],
    skipped: [{ path: hostile, reason: hostile }],
  }),
  answered(['key', 'list'], 'keys.list', { slots: [slot] }),
  answered(['key', 'add', 'recovery'], 'keys.add', { slot, recoveryKey: hostile }),
  answered(['key', 'add', 'keyfile', 'f'], 'keys.add', { slot, keyFile: hostile }),
  answered(['key', 'recovery'], 'keys.add', { slot, recoveryKey: hostile }),
  answered(['key', 'remove', slot.slot, '--yes'], 'keys.remove', { slots: [slot], notice: hostile }, { 'keys.list': () => ({ slots: [slot] }) }),
  answered(['collect', '--yes'], 'repository.collect', {
    plan: { freesNow: 1, freesAfter: 2, packsDropped: 3, packsRewritten: 4, bytesRewritten: 5, rebased: 6, skipped: [hostile], hash: 'h' },
    done: { freed: 1, quarantined: 2, rewritten: 3, packsDropped: 4, notes: [hostile] },
  }),
  answered(['repair'], 'repository.repair', { mended: [{ file: hostile, how: hostile }], beyondRepair: [problem], acceptable: [problem] }),
  answered(['repair', '--accept-loss', '--yes'], 'repository.accept-loss', { losses: [problem], hash: 'h', accepted: true }),
  answered(['rebuild-catalog'], 'catalog.rebuild', { snapshots: 1, objects: 2, problems: [problem], durationMs: 3 }),
  answered(['jobs'], 'jobs.list', { jobs: [job, { ...job, state: 'failed', endedAt: someTime, error: { code: 'bug', message: hostile } }] }),
  answered(['cancel', 'j'], 'jobs.cancel', { job }),
  answered(['journal'], 'journal.list', {
    entries: [{ seq: 1, at: someTime, what: hostile, result: 'done', details: { said: hostile }, hash: 'h' }],
    total: 1,
  }),
  answered(['journal', 'list'], 'journal.list', { entries: [], total: 0 }),
  answered(['journal', 'verify'], 'journal.verify', { entries: 1, sound: false, statement: hostile, repositoryFacts: 2 }),
];

describe('answers', () => {
  test.each(all)("$argv: --json gives the contract's answer whole, and nothing else", async ({ argv, answer, answers }) => {
    const ran = await runFake([...argv, '--json'], { answers });
    expect(objectOf(ran)).toEqual({ belay: 1, command: expect.any(String) as unknown, ok: true, data: answer });
  });

  test.each(all)('$argv: for people no text acts on the terminal, forges a line or hides', async ({ argv, answers }) => {
    const [piped, terminal] = [await runFake(argv, { answers }), await runFake(argv, { answers, terminal: true, columns: 90 })];
    expect(piped.stdout.length).toBeGreaterThan(0);
    for (const ran of [piped, terminal]) {
      const text = `${ran.stdout}${ran.stderr}`.replace(/\u001b\[(?:[0-5]|3[1-4])?m/g, '');
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/u);
      expect(text).not.toMatch(/^Proof: proved/m);
    }
  });

  test('are tried for every command that asks the host', () => {
    const tried = new Set(all.map(({ argv }) => argv[0]));
    const own = ['run', 'unlock', 'serve', 'completion', hiddenEntry.name];
    expect(registry.map((entry) => entry.name).filter((name) => !tried.has(name) && !own.includes(name))).toEqual([]);
  });
});

describe('unlock', () => {
  const answers: Answers = {
    'repository.locks': () => ({ locks: [{ ...lock, instance: 'ours0000', state: 'ours' }, lock] }),
    'repository.break-lock': () => ({ removed: lock }),
  };

  test('shows what is known of the owner, asks, and removes that one', async () => {
    const ran = await runFake(['unlock'], { answers, typed: [{ after: '[y/N] ', text: 'y\n' }] });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('abcdef01');
    expect(ran.calls.at(-1)).toEqual({ name: 'repository.break-lock', input: { instance: 'abcdef01', confirm: true } });
  });

  test('never without a yes, and never one in use', async () => {
    expect((await runFake(['unlock'], { answers })).code).toBe(2);
    expect((await runFake(['unlock', 'ours0000', '--yes'], { answers })).code).toBe(4);
    expect((await runFake(['unlock', 'nothing', '--yes'], { answers })).code).toBe(3);
    const two: Answers = { ...answers, 'repository.locks': () => ({ locks: [lock, { ...lock, instance: 'other000' }] }) };
    expect((await runFake(['unlock', '--yes'], { answers: two })).code).toBe(2);
    expect((await runFake(['unlock', 'othe', '--yes'], { answers: two })).calls.at(-1)?.input).toEqual({ instance: 'other000', confirm: true });
  });
});
