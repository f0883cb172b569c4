import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../../electron/core/base/system.ts';
import { sha256Hex, deriveKeys } from '../../../electron/core/repository/format/crypto.ts';
import { encodeManifest, numberedPath } from '../../../electron/core/repository/format/manifest.ts';
import { historyOf } from '../../../electron/core/repository/journal/history.ts';
import type { HighWaterMark } from '../../../electron/core/repository/journal/history.ts';
import { RepositoryJournal, rolledBackJournal } from '../../../electron/core/repository/journal/journal.ts';
import { Manifests } from '../../../electron/core/repository/journal/manifests.ts';
import type { Fact } from '../../../electron/core/repository/repository.ts';
import { MemoryStore } from '../../helpers/repository/memory-store.ts';

const keys = deriveKeys(systemRandom.bytes(16), systemRandom.bytes(32));
let now = 1000;
const clock = { now: () => (now += 1), monotonic: () => 0 };
const journalOver = (store: MemoryStore) => new RepositoryJournal(store, keys, { clock, random: systemRandom });
const hex = (seed: number): string => sha256Hex(Uint8Array.of(seed, seed >> 8)).slice(0, 32);

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const snapshot = fc.integer({ min: 0, max: 5 }).map(hex);
const fact: fc.Arbitrary<Fact> = fc.oneof(
  fc.record({ kind: fc.constant('pin' as const), snapshot, reason: fc.option(text) }),
  fc.record({ kind: fc.constant('tags' as const), snapshot, add: fc.array(text, { maxLength: 3 }), remove: fc.array(text, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('note' as const), snapshot, note: text }),
  fc.record({
    kind: fc.constant('proof' as const),
    snapshot,
    proof: fc.record({
      level: fc.constantFrom('captured' as const, 'proved' as const),
      result: fc.constantFrom('passed' as const, 'failed' as const),
      at: fc.nat(),
      evidence: fc.constant({ a: [1, 'ü', null] }),
    }),
  }),
  fc.record({
    kind: fc.constant('check' as const),
    level: fc.constantFrom('authenticated' as const, 'decoded' as const),
    passed: fc.boolean(),
    epoch: fc.nat(),
  }),
  fc.record({ kind: fc.constant('operation' as const), what: text, details: fc.constant({ n: 1 }) }),
);

async function written(batches: readonly (readonly Fact[])[]): Promise<MemoryStore> {
  const store = new MemoryStore();
  const journal = journalOver(store);
  for (const batch of batches) await journal.append(batch);
  return store;
}

const paths = (store: MemoryStore): readonly string[] => [...store.files.keys()].toSorted();

describe('journal', () => {
  it('gives back every fact in order, to any reader, and appends go on from what others wrote', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.boolean(), fc.array(fact, { maxLength: 4 })), { maxLength: 8 }), async (batches) => {
        const store = new MemoryStore();
        const [one, other] = [journalOver(store), journalOver(store)];
        for (const [first, batch] of batches) await (first ? one : other).append(batch);
        for (const journal of [one, other, journalOver(store)]) {
          const state = await journal.read();
          expect(state.facts.map((record) => record.fact)).toEqual(batches.flatMap(([, batch]) => batch));
          expect(state.problems).toEqual([]);
          expect(state.heads.length).toBe(batches.some(([, batch]) => batch.length > 0) ? 1 : 0);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('appends of several processes at once are all kept, in any interleaving, and later ones close over all of them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 4 }), async (scheduler, writers) => {
        const store = new MemoryStore((operation) => scheduler.schedule(Promise.resolve(), operation));
        const names = Array.from({ length: writers }, (_none, i) => `w${i}`);
        await scheduler.waitFor(
          Promise.all(
            names.map(async (what) => {
              const journal = journalOver(store);
              for (let turn = 0; turn < 3; turn += 1) {
                await journal.append([{ kind: 'operation', what: `${what} ${turn}`, details: {} }]);
                const { facts, problems } = await journal.read();
                expect(problems).toEqual([]);
                expect(facts.filter(({ fact: { kind } }) => kind === 'operation').length).toBeGreaterThan(turn);
              }
            }),
          ),
        );
        const quiet = new MemoryStore();
        for (const [path, file] of store.files) quiet.files.set(path, file);
        await journalOver(quiet).append([{ kind: 'operation', what: 'last', details: {} }]);
        const state = await journalOver(quiet).read();
        const told = state.facts.map(({ fact: one }) => (one.kind === 'operation' ? one.what : ''));
        for (const name of names) expect(told.filter((what) => what.startsWith(name))).toEqual([0, 1, 2].map((turn) => `${name} ${turn}`));
        expect(told.at(-1)).toBe('last');
        expect(state.heads.length).toBe(1);
        expect(state.problems).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('names every file that is removed, by its successor or by the mark', async () => {
    const store = await written([1, 2, 3, 4, 5].map((n) => [{ kind: 'note', snapshot: hex(n), note: String(n) }]));
    const mark = (await journalOver(store).read()).heads;
    for (const path of paths(store)) {
      const less = new MemoryStore();
      for (const [at, file] of store.files) if (at !== path) less.files.set(at, file);
      const state = await journalOver(less).read();
      const found = [...state.problems, ...rolledBackJournal(state, mark)];
      expect(found.map((problem) => problem.file)).toEqual([path]);
      expect(state.facts.length).toBe(4);
    }
  });

  it('names the file of which any byte is changed or cut off', async () => {
    const store = await written([1, 2, 3].map((n) => [{ kind: 'note', snapshot: hex(n), note: String(n) }]));
    const mark = (await journalOver(store).read()).heads;
    for (const path of paths(store)) {
      const { bytes } = store.files.get(path) ?? { bytes: new Uint8Array(0) };
      for (let at = 0; at < bytes.length; at += 1) {
        for (const changed of [Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 0x40 : byte)), bytes.slice(0, at)]) {
          const other = new MemoryStore();
          for (const [one, file] of store.files) other.files.set(one, one === path ? { bytes: changed, version: 0 } : file);
          const state = await journalOver(other).read();
          expect([...state.problems, ...rolledBackJournal(state, mark)].map((problem) => problem.file)).toEqual([path]);
          expect(state.facts.length).toBe(2);
        }
      }
    }
  });

  it('names files that were exchanged, renumbered, taken from another repository, or put back from before', async () => {
    const store = await written([1, 2, 3].map((n) => [{ kind: 'note', snapshot: hex(n), note: String(n) }]));
    const [a = '', b = '', c = ''] = paths(store);
    const at = (path: string) => store.files.get(path) ?? { bytes: new Uint8Array(0), version: 0 };
    const variant = async (change: (files: Map<string, { readonly bytes: Uint8Array; readonly version: number }>) => void): Promise<readonly string[]> => {
      const other = new MemoryStore();
      for (const [path, file] of store.files) other.files.set(path, file);
      change(other.files);
      const state = await journalOver(other).read();
      return [
        ...new Set([...state.problems, ...rolledBackJournal(state, [(await journalOver(store).read()).heads[0] ?? ''])].map((problem) => problem.file)),
      ].toSorted();
    };
    expect(await variant((files) => void files.set(a, at(b)).set(b, at(a)))).toEqual([a, b]);
    const renumbered = numberedPath('journal', 9, a.slice(-32));
    expect(await variant((files) => void (files.set(renumbered, at(a)), files.delete(a)))).toEqual([a, renumbered].toSorted());
    expect(await variant((files) => void (files.delete(b), files.delete(c)))).toEqual([c]);
    const strange = new MemoryStore();
    await new RepositoryJournal(strange, deriveKeys(systemRandom.bytes(16), keys.master), { clock, random: systemRandom }).append([
      { kind: 'note', snapshot: hex(1), note: '' },
    ]);
    const [foreign = ''] = paths(strange);
    expect(await variant((files) => void files.set(foreign, strange.files.get(foreign) ?? at(a)))).toEqual([foreign]);
    expect(await variant((files) => void files.set('journal/notes.txt', at(a)))).toEqual([]);
  });

  it('a damaged newest file does not stop the journal', async () => {
    const store = await written([[{ kind: 'note', snapshot: hex(1), note: 'a' }], [{ kind: 'note', snapshot: hex(2), note: 'b' }]]);
    const [, last = ''] = paths(store);
    store.files.set(last, { bytes: new Uint8Array(200), version: 0 });
    await journalOver(store).append([{ kind: 'note', snapshot: hex(3), note: 'c' }]);
    const state = await journalOver(store).read();
    expect(state.facts.map((record) => ('note' in record.fact ? record.fact.note : ''))).toEqual(['a', 'c']);
    expect(state.problems.map((problem) => problem.file)).toEqual([last]);
  });

  it('splits what does not fit one file, and refuses a record that fits none', async () => {
    const store = new MemoryStore();
    const note = 'x'.repeat(60_000);
    await journalOver(store).append(Array.from({ length: 40 }, (_none, n) => ({ kind: 'note', snapshot: hex(n), note })));
    expect(store.files.size).toBe(3);
    expect((await journalOver(store).read()).facts.length).toBe(40);
    await expect(journalOver(store).append([{ kind: 'operation', what: 'x', details: { x: 'x'.repeat(2 << 20) } }])).rejects.toMatchObject({
      code: 'input.invalid',
    });
    expect(store.files.size).toBe(3);
  });
});

describe('chain of manifests', () => {
  const empty = { list: hex(0), digest: sha256Hex(Uint8Array.of(1)), objects: 0 };
  const totals = { objects: 0, bytes: 0, added: 0, chunks: 0, newChunks: 0, rows: 0 };

  async function chain(length: number): Promise<{ readonly store: MemoryStore; readonly hashes: readonly string[]; readonly names: readonly string[] }> {
    const store = new MemoryStore();
    const hashes: string[] = [];
    const names: string[] = [];
    for (let seq = 1; seq <= length; seq += 1) {
      const { bytes, name } = encodeManifest(keys, systemRandom, {
        v: 1,
        seq,
        previous: hashes.at(-1) ?? null,
        source: 's',
        engine: 'e',
        tags: [`t${seq}`],
        created: seq,
        capture: {},
        table: empty,
        totals,
      });
      for (const folder of ['snapshots', 'snapshots.copy']) store.files.set(numberedPath(folder, seq, name), { bytes, version: seq });
      hashes.push(sha256Hex(bytes));
      names.push(numberedPath('', seq, name).slice(1));
    }
    return { store, hashes, names };
  }

  const read = async (store: MemoryStore, mark?: HighWaterMark) => historyOf(await new Manifests(store, keys).read(), await journalOver(store).read(), mark);
  const markOf = (history: Awaited<ReturnType<typeof read>>): HighWaterMark => ({ ...(history.newest ?? { seq: 0, hash: '' }), at: 0 });

  it('of any manifests removed, each is named, unless a tombstone stands for it', async () => {
    const { store, hashes, names } = await chain(6);
    const mark = markOf(await read(store));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: 6 })), fc.uniqueArray(fc.integer({ min: 1, max: 6 })), async (forgotten, stolen) => {
        const other = new MemoryStore();
        for (const [path, file] of store.files) other.files.set(path, file);
        const tombstones: Fact[] = forgotten.map((seq) => ({
          kind: 'forgotten',
          snapshot: (hashes[seq - 1] ?? '').slice(0, 32),
          seq,
          fileHash: hashes[seq - 1] ?? '',
        }));
        await journalOver(other).append(tombstones);
        for (const seq of [...forgotten, ...stolen]) for (const folder of ['snapshots', 'snapshots.copy']) other.files.delete(`${folder}/${names[seq - 1]}`);
        const history = await read(other, mark);
        const missing = stolen.filter((seq) => !forgotten.includes(seq)).toSorted();
        expect(history.problems.map((problem) => [problem.kind, Number(problem.file.slice(10, 20))])).toEqual(missing.map((seq) => ['rolled-back', seq]));
        expect(history.snapshots.map((one) => one.seq)).toEqual([1, 2, 3, 4, 5, 6].filter((seq) => !forgotten.includes(seq) && !stolen.includes(seq)));
      }),
      { numRuns: 60 },
    );
  });

  it('a rolled-back head shows only against the mark, and never without one', async () => {
    const { store, names, hashes } = await chain(4);
    const mark = markOf(await read(store));
    for (const folder of ['snapshots', 'snapshots.copy']) store.files.delete(`${folder}/${names[3]}`);
    expect((await read(store)).problems).toEqual([]);
    expect((await read(store, mark)).problems).toMatchObject([{ kind: 'rolled-back', file: `snapshots/${names[3]}`, affects: [{ seq: 4 }] }]);
    expect((await read(store)).newest).toEqual({ seq: 3, hash: hashes[2] });
  });

  it('a forgotten snapshot that comes back stays forgotten, and is a leftover', async () => {
    const { store, hashes, names } = await chain(3);
    await journalOver(store).append([{ kind: 'forgotten', snapshot: (hashes[1] ?? '').slice(0, 32), seq: 2, fileHash: hashes[1] ?? '' }]);
    const history = await read(store, { seq: 3, hash: hashes[2] ?? '', at: 0 });
    expect(history.snapshots.map((one) => one.seq)).toEqual([1, 3]);
    expect(history.leftovers).toEqual([`snapshots/${names[1]}`, `snapshots.copy/${names[1]}`]);
    expect(history.problems).toEqual([]);
  });

  it('a manifest exchanged for another one of its number is found, under its own name and under the old one', async () => {
    const [first, second] = [await chain(3), await chain(3)];
    const strange = second.store.files.get(`snapshots/${second.names[1]}`) ?? { bytes: new Uint8Array(0), version: 0 };
    const [own, theirs] = [first.names[1] ?? '', second.names[1] ?? ''];
    for (const folder of ['snapshots', 'snapshots.copy']) first.store.files.delete(`${folder}/${own}`);
    for (const folder of ['snapshots', 'snapshots.copy']) first.store.files.set(`${folder}/${theirs}`, strange);
    expect((await read(first.store)).problems.map((problem) => [problem.kind, problem.file]).toSorted()).toEqual(
      [
        ['rolled-back', `snapshots/${own}`],
        ['rolled-back', `snapshots/${second.names[0]}`],
      ].toSorted(),
    );
    for (const folder of ['snapshots', 'snapshots.copy']) first.store.files.delete(`${folder}/${theirs}`);
    for (const folder of ['snapshots', 'snapshots.copy']) first.store.files.set(`${folder}/${own}`, strange);
    expect((await read(first.store)).problems.map((problem) => [problem.kind, problem.file])).toEqual([
      ['damaged', `snapshots.copy/${own}`],
      ['damaged', `snapshots/${own}`],
    ]);
  });

  it('one copy of a manifest is enough; without any the snapshot is lost by name, and the rest stays', async () => {
    const { store, names } = await chain(3);
    const bad = { bytes: new Uint8Array(300), version: 0 };
    store.files.set(`snapshots/${names[0]}`, bad);
    store.files.delete(`snapshots/${names[1]}`);
    let history = await read(store);
    expect(history.snapshots.map((one) => one.seq)).toEqual([1, 2, 3]);
    expect(history.problems.map((problem) => [problem.file, problem.repairable])).toEqual([
      [`snapshots/${names[0]}`, true],
      [`snapshots/${names[1]}`, true],
    ]);
    store.files.set(`snapshots.copy/${names[0]}`, bad);
    history = await read(store);
    expect(history.snapshots.map((one) => one.seq)).toEqual([2, 3]);
    expect(history.lost.map((one) => one.seq)).toEqual([1]);
    expect(history.problems.filter((problem) => problem.affects.length > 0).map((problem) => problem.affects[0]?.seq)).toEqual([1, 1]);
  });

  it('facts apply in the order of the journal', async () => {
    const { store, names } = await chain(2);
    const [id, other] = [names[0]?.slice(11) ?? '', names[1]?.slice(11) ?? ''];
    const journal = journalOver(store);
    await journal.append([
      { kind: 'pin', snapshot: id, reason: 'a' },
      { kind: 'tags', snapshot: id, add: ['x', 'y'], remove: ['t1'] },
    ]);
    await journal.append([
      { kind: 'pin', snapshot: other, reason: 'b' },
      { kind: 'pin', snapshot: id, reason: null },
      { kind: 'tags', snapshot: id, add: ['z'], remove: ['x'] },
      { kind: 'note', snapshot: id, note: 'n' },
    ]);
    const [first, second] = (await read(store)).snapshots;
    expect(first).toMatchObject({ tags: ['y', 'z'], note: 'n' });
    expect(first?.pin).toBeUndefined();
    expect(second).toMatchObject({ tags: ['t2'], pin: { reason: 'b' } });
  });
});
