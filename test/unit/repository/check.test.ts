import { describe, expect, test } from 'vitest';
import { quietTask } from '../../../electron/core/base/ports.ts';
import { systemClock, systemRandom } from '../../../electron/core/base/system.ts';
import { checkRepository } from '../../../electron/core/repository/check/check.ts';
import { RepositoryJournal } from '../../../electron/core/repository/journal/journal.ts';
import type { CheckOptions, CheckReport, Problem } from '../../../electron/core/repository/repository.ts';
import { OpenStore } from '../../helpers/repository/damage.ts';
import { objectBytes, readerOver } from '../../helpers/repository/reading.ts';
import { TinyRepository, sampleBytes } from '../../helpers/repository/tiny.ts';

const levels: readonly CheckOptions['level'][] = ['structure', 'authenticated', 'decoded'];
const ports = { clock: systemClock, random: systemRandom };

const early = Array.from({ length: 12 }, (_, i) => sampleBytes(700 + i, i));
const side = Array.from({ length: 4 }, (_, i) => sampleBytes(650 + i, 500 + i));
const late = early.map((chunk, i) => (i % 3 === 0 ? { bytes: Buffer.concat([chunk, Buffer.from('new')]), bases: [chunk] } : chunk));
const lateBytes = Buffer.concat(late.map((chunk) => ('bases' in chunk ? chunk.bytes : chunk)));

interface Made {
  readonly store: OpenStore;
  readonly repository: TinyRepository;
  /** Ids of the three snapshots. */
  readonly ids: readonly string[];
}

/** Three snapshots: objects a and b of one group and side of another; the same group with changes; side alone. */
async function made(): Promise<Made> {
  const store = new OpenStore();
  const repository = new TinyRepository(store);
  repository.segmentBytes = 1600;
  await repository.writeConfig();
  const length = Buffer.concat(early).length;
  const sideObject = { n: 'side', k: 'k', g: 's', at: 0, len: Buffer.concat(side).length };
  await repository.snapshot({
    groups: [
      { name: 'g', chunks: early },
      { name: 's', chunks: side },
    ],
    objects: [{ n: 'a', k: 'k', g: 'g', at: 0, len: 3000 }, { n: 'b', k: 'k', g: 'g', at: 3000, len: length - 3000 }, sideObject],
  });
  await repository.snapshot({ groups: [{ name: 'g', chunks: late }], objects: [{ n: 'all', k: 'k', g: 'g', at: 0, len: lateBytes.length }] });
  await repository.snapshot({ groups: [{ name: 's', chunks: side }], objects: [sideObject] });
  await new RepositoryJournal(store, repository.keys, ports).append([{ kind: 'note', snapshot: repository.manifests[0]?.id ?? '', note: 'n' }]);
  return { store, repository, ids: repository.manifests.map(({ id }) => id) };
}

function check(
  { store, repository }: { readonly store: OpenStore; readonly repository: TinyRepository },
  level: CheckOptions['level'],
  snapshots?: readonly string[],
): Promise<CheckReport> {
  return checkRepository({ store, keys: repository.keys, ports }, snapshots === undefined ? { level } : { level, snapshots }, quietTask());
}

function affectsOf(problem: Problem | undefined): Record<number, readonly string[]> {
  return Object.fromEntries((problem?.affects ?? []).map(({ seq, objects }) => [seq, objects]));
}

/** The pack file of data that holds the given chunk, by offering every pack to a reader that lacks it. */
async function packOf(made: Made, chunk: Uint8Array): Promise<string> {
  const reader = await readerOver(made.store, made.repository.keys);
  const { table } = reader.source;
  const place = table.segmentPlace(table.segmentOf(table.lookup(made.repository.idOf(0, chunk))));
  const { name } = table.pack(place.pack);
  return `packs/${name.slice(0, 2)}/${name}`;
}

/** Where in its pack the frame of a chunk lies. */
async function offsetOf(made: Made, chunk: Uint8Array): Promise<number> {
  const { table } = (await readerOver(made.store, made.repository.keys)).source;
  return table.segmentPlace(table.segmentOf(table.lookup(made.repository.idOf(0, chunk)))).offset;
}

describe('a sound repository', () => {
  test('passes at every level; the figures say what was read', async () => {
    const repository = await made();
    const reports = await Promise.all(levels.map((level) => check(repository, level)));
    for (const [i, report] of reports.entries()) {
      expect(report).toMatchObject({ level: levels[i], passed: true, problems: [], snapshots: 3, sound: repository.ids });
      expect(report.files).toBe(repository.store.files.size);
    }
    const stored = [...repository.store.files].filter(([path]) => /^(?:packs|meta)/.test(path)).reduce((sum, [, bytes]) => sum + bytes.length, 0);
    expect(reports[0]?.bytesRead).toBe(0);
    expect(reports[1]?.bytesRead).toBeGreaterThan(stored * 0.7);
    expect(reports[2]?.chunks).toBe(reports[1]?.chunks);
  });

  test('files of others in its folders are passed over', async () => {
    const repository = await made();
    for (const path of ['packs/.DS_Store', 'packs/ab/readme.txt', 'meta/x', 'snapshots/x', 'snapshots/0000000001-x', 'index.bak', 'tmp/half', 'locks/ab'])
      repository.store.files.set(path, Buffer.from('junk'));
    expect((await check(repository, 'decoded')).problems).toEqual([]);
  });

  test('only what the named snapshots need is read', async () => {
    const repository = await made();
    const all = await check(repository, 'decoded');
    const one = await check(repository, 'decoded', repository.ids.slice(2));
    expect(one).toMatchObject({ passed: true, snapshots: 1, sound: repository.ids.slice(2) });
    expect(one.bytesRead).toBeLessThan(all.bytesRead / 2);
    const pack = await packOf(repository, early[11] ?? Buffer.alloc(0));
    repository.store.flip(pack, await offsetOf(repository, early[11] ?? Buffer.alloc(0)));
    expect((await check(repository, 'decoded', repository.ids.slice(2))).passed).toBe(true);
    expect((await check(repository, 'decoded', repository.ids.slice(1, 2))).passed).toBe(false);
  });
});

describe('every damaged file is named', () => {
  test('a changed byte all over every file', async () => {
    const repository = await made();
    for (const path of repository.store.files.keys()) {
      const length = repository.store.files.get(path)?.length ?? 0;
      const places = new Set([0, 8, 16, 32, 64, length - 1, length - 10, length - 17, ...Array.from({ length: 6 }, (_, i) => Math.floor((length * i) / 6))]);
      for (const at of places) {
        const store = repository.store.copy();
        store.flip(path, at, 2);
        const report = await check({ store, repository: repository.repository }, 'authenticated');
        const config = path.startsWith('config') && at === length - 1;
        expect({ path, at, named: config || report.problems.some((problem) => problem.file === path) }).toEqual({ path, at, named: true });
        expect(report.problems.every((problem) => problem.file === path || problem.file === 'index')).toBe(true);
        const twice = /^(?:config|meta|snapshots|index)/.test(path);
        if (twice) expect({ path, at, beyond: report.problems.filter((problem) => !problem.repairable) }).toEqual({ path, at, beyond: [] });
        if (twice || path.startsWith('journal')) expect(report.sound).toEqual(repository.ids);
      }
    }
  });

  test('missing, emptied, cut, lengthened and foreign files', async () => {
    const repository = await made();
    const stranger = await made();
    for (const path of repository.store.files.keys()) {
      const bytes = repository.store.files.get(path) ?? new Uint8Array(0);
      const folder = path.split('/')[0] ?? '';
      const strange = stranger.store.below(folder)[0] ?? path;
      const spoilers: readonly (readonly [string, Uint8Array | undefined])[] = [
        ['missing', undefined],
        ['emptied', new Uint8Array(0)],
        ['cut', bytes.slice(0, bytes.length - 7)],
        ['lengthened', Buffer.concat([bytes, Buffer.alloc(5)])],
        ['foreign', stranger.store.files.get(strange)],
      ];
      for (const [how, content] of spoilers) {
        const store = repository.store.copy();
        if (content === undefined) store.files.delete(path);
        else store.files.set(path, new Uint8Array(content));
        const report = await check({ store, repository: repository.repository }, 'authenticated');
        const named = report.problems.some((problem) => problem.file === path);
        // Of an index file that is gone nothing tells the name; of the newest journal file only a mark kept elsewhere.
        const told = how === 'missing' && folder === 'index' ? report.problems.some((problem) => problem.file === 'index') : named;
        const untold = how === 'missing' && folder === 'journal';
        expect({ path, how, told: told || untold }).toEqual({ path, how, told: true });
      }
    }
  });
});

describe('what damage costs is named exactly', () => {
  test('a bad segment: the objects whose range it holds, the deltas built on it, their snapshots, and no other', async () => {
    const repository = await made();
    const hit = early[0] ?? Buffer.alloc(0);
    const pack = await packOf(repository, hit);
    repository.store.flip(pack, (await offsetOf(repository, hit)) + 3);
    for (const level of levels.slice(1)) {
      const report = await check(repository, level);
      expect(report.problems.map((problem) => [problem.file, problem.kind, problem.repairable])).toEqual([[pack, 'damaged', false]]);
      expect(affectsOf(report.problems[0])).toEqual({ 1: ['a'], 2: ['all'] });
      expect(report.sound).toEqual([repository.ids[2]]);
    }
  });

  test('a bad root of a delta that no list of that snapshot names', async () => {
    const store = new OpenStore();
    const repository = new TinyRepository(store);
    repository.segmentBytes = 1;
    await repository.writeConfig();
    const root = sampleBytes(900, 1);
    const bytes = Buffer.concat([root, Buffer.from('new')]);
    await repository.snapshot({ groups: [{ name: 'g', chunks: [root] }], objects: [{ n: 'old', k: 'k', g: 'g', at: 0, len: 900 }] });
    await repository.snapshot({ groups: [{ name: 'g', chunks: [bytes, sampleBytes(50, 2)] }], objects: [] });
    await repository.snapshot({
      groups: [{ name: 'g', chunks: [{ bytes: Buffer.concat([bytes, root]), bases: [root] }] }],
      objects: [{ n: 'new', k: 'k', g: 'g', at: 0, len: 1803 }],
    });
    const all: Made = { store, repository, ids: repository.manifests.map(({ id }) => id) };
    store.flip(await packOf(all, root), await offsetOf(all, root));
    for (const level of levels.slice(1)) {
      const report = await check(all, level, all.ids.slice(2));
      expect(affectsOf(report.problems[0])).toEqual({ 3: ['new'] });
    }
  });

  test('a missing pack, at the level of structure already', async () => {
    const repository = await made();
    const pack = await packOf(repository, side[0] ?? Buffer.alloc(0));
    const size = repository.store.files.get(pack)?.length ?? 0;
    repository.store.files.delete(pack);
    expect(size).toBeGreaterThan(0);
    for (const level of levels) {
      const report = await check(repository, level);
      expect(report.problems.map((problem) => [problem.file, problem.kind, problem.repairable])).toEqual([[pack, 'missing', false]]);
      expect(report.problems[0]?.affects.some(({ seq, objects }) => seq === 3 && objects.includes('side'))).toBe(true);
    }
  });

  test('two packs exchanged: both named as misplaced, with the name that each belongs to', async () => {
    const repository = await made();
    const [one, two] = [
      await packOf(repository, early[0] ?? Buffer.alloc(0)),
      await packOf(repository, Buffer.concat([early[0] ?? Buffer.alloc(0), Buffer.from('new')])),
    ];
    const [first, second] = [repository.store.files.get(one), repository.store.files.get(two)];
    expect(one).not.toBe(two);
    repository.store.files.set(one, second ?? new Uint8Array(0));
    repository.store.files.set(two, first ?? new Uint8Array(0));
    const report = await check(repository, 'authenticated');
    const statements = new Map(report.problems.map((problem) => [problem.file, problem.statement]));
    expect(statements.get(one)).toContain(two.slice(-32));
    expect(statements.get(two)).toContain(one.slice(-32));
  });

  test('metadata lost in both copies: the whole group or table, by name', async () => {
    const repository = await made();
    const packs = repository.store.below('meta');
    let named = 0;
    for (const path of packs) {
      const store = repository.store.copy();
      for (const folder of ['meta', 'meta.copy'])
        for (let at = 64; at < (store.files.get(path)?.length ?? 0) - 100; at += 10) store.flip(`${folder}/${path.slice(-32)}`, at);
      for (const level of levels) {
        const report = await check({ store, repository: repository.repository }, level);
        const problem = report.problems.find(({ file }) => file === path);
        expect(report.passed).toBe(false);
        expect(problem?.repairable).toBe(false);
        expect(problem?.affects.length).toBeGreaterThan(0);
        named += problem?.affects.flatMap(({ objects }) => objects).length ?? 0;
      }
    }
    expect(named).toBeGreaterThan(0);
  });

  test('a chunk that no pack holds', async () => {
    const repository = await made();
    const pack = await packOf(repository, side[0] ?? Buffer.alloc(0));
    repository.store.files.delete(pack);
    for (const path of repository.store.below('index')) repository.store.files.delete(path);
    const report = await check(repository, 'structure');
    const nowhere = report.problems.find((problem) => problem.file === 'packs');
    expect(nowhere).toMatchObject({ kind: 'missing', repairable: false });
    expect(affectsOf(nowhere)[3]).toEqual(['side']);
  });
});

describe('what only decoding finds', () => {
  test('bytes that authenticate and are not those of their id: found, and blamed on their file', async () => {
    const repository = await made();
    const victim = side[1] ?? Buffer.alloc(0);
    const pack = await packOf(repository, victim);
    const offset = await offsetOf(repository, victim);
    const path = await repository.repository.lie(victim, sampleBytes(victim.length, 77));
    const before = await check(repository, 'authenticated');
    expect(before.passed).toBe(true);
    const report = await check(repository, 'decoded');
    expect(report.problems).toMatchObject([{ file: path, kind: 'damaged', affects: [], repairable: true }]);
    expect(report.sound).toEqual(repository.ids);
    repository.store.flip(pack, offset);
    const both = await check(repository, 'decoded');
    expect(both.passed).toBe(false);
    expect(both.problems.filter((problem) => !problem.repairable).length).toBeGreaterThan(0);
    expect(both.problems.flatMap((problem) => problem.affects.flatMap(({ objects }) => objects))).toContain('side');
  });

  test('a delta of a base with wrong bytes is blamed on the base', async () => {
    const store = new OpenStore();
    const repository = new TinyRepository(store);
    await repository.writeConfig();
    const base = sampleBytes(900, 1);
    const path = await repository.lie(base, sampleBytes(900, 2));
    const bytes = Buffer.concat([base, Buffer.from('new')]);
    await repository.snapshot({ groups: [{ name: 'g', chunks: [{ bytes, bases: [base] }] }], objects: [{ n: 'o', k: 'k', g: 'g', at: 0, len: bytes.length }] });
    const report = await check({ store, repository }, 'decoded');
    expect(report.problems).toMatchObject([{ file: path, affects: [{ seq: 1, objects: ['o'] }], repairable: false }]);
    const reader = await readerOver(store, repository.keys);
    const manifest = repository.manifests[0]?.manifest;
    if (manifest === undefined) throw new Error('No snapshot.');
    await expect(objectBytes(reader, manifest, 'o')).rejects.toMatchObject({ code: 'repository.damaged' });
  });

  test('a delta with wrong bytes of a good base is blamed itself', async () => {
    const repository = await made();
    const base = early[0] ?? Buffer.alloc(0);
    const claimed = Buffer.from('what it says that it is');
    const path = await repository.repository.lie(claimed, Buffer.concat([base, Buffer.from('else')]), base);
    await repository.repository.snapshot({ groups: [{ name: 'l', chunks: [claimed] }], objects: [{ n: 'lied', k: 'k', g: 'l', at: 0, len: claimed.length }] });
    expect((await check(repository, 'authenticated')).passed).toBe(true);
    const report = await check(repository, 'decoded');
    expect(report.problems).toMatchObject([{ file: path, kind: 'damaged' }]);
  });

  test('the other copy of a base makes up for a bad one', async () => {
    const store = new OpenStore();
    const repository = new TinyRepository(store);
    await repository.writeConfig();
    const base = sampleBytes(900, 1);
    const path = await repository.lie(base, sampleBytes(900, 2));
    const bytes = Buffer.concat([base, Buffer.from('new')]);
    await repository.snapshot({
      groups: [{ name: 'g', chunks: [base, { bytes, bases: [base] }] }],
      objects: [{ n: 'o', k: 'k', g: 'g', at: 0, len: bytes.length + 900 }],
    });
    const report = await check({ store, repository }, 'decoded');
    expect(report.problems).toMatchObject([{ file: path, affects: [], repairable: true }]);
    expect(report.sound.length).toBe(1);
  });
});

describe('a check as a task', () => {
  test('tells its progress and ends when it is cancelled', async () => {
    const { store, repository } = await made();
    const stages = new Set<string>();
    const abort = new AbortController();
    await checkRepository(
      { store, keys: repository.keys, ports },
      { level: 'decoded' },
      { signal: abort.signal, progress: ({ stage }) => void stages.add(stage) },
    );
    expect(stages).toContain('reading packs');
    const cancelled = checkRepository(
      { store, keys: repository.keys, ports },
      { level: 'decoded' },
      {
        signal: abort.signal,
        progress: ({ stage }) => {
          if (stage === 'reading packs') abort.abort();
        },
      },
    );
    await expect(cancelled).rejects.toMatchObject({ name: 'CancelledError' });
  });

  test('a newest manifest that is gone shows against the mark that was kept elsewhere', async () => {
    const { store, repository, ids } = await made();
    const mark = { seq: 3, hash: '', at: 0 };
    for (const path of [...store.files.keys()]) if (path.startsWith('snapshots') && path.includes(ids[2] ?? '-')) store.files.delete(path);
    const without = await checkRepository({ store, keys: repository.keys, ports }, { level: 'structure' }, quietTask());
    expect(without.problems.filter((problem) => problem.kind === 'rolled-back')).toEqual([]);
    const report = await checkRepository({ store, keys: repository.keys, ports, mark }, { level: 'structure' }, quietTask());
    expect(report.problems.map((problem) => problem.kind)).toContain('rolled-back');
  });
});
