import { existsSync } from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { openCatalog } from '../../../electron/core/catalog/catalog.ts';
import type { Catalog, CatalogEntry } from '../../../electron/core/catalog/catalog.ts';
import { withFact } from '../../../electron/core/catalog/facts.ts';
import type { Problem, SnapshotRecord, StoredObject } from '../../../electron/core/repository/repository.ts';
import { proofState } from '../../../electron/core/verify/state.ts';
import { anyFact, anyObjects, anyRecord, idOf, record, stored } from '../../helpers/records.ts';
import { temporaryFolder, world } from '../../helpers/world.ts';

async function setup() {
  const folder = await temporaryFolder();
  const here = world();
  const file = path.join(folder.path, 'catalog.db');
  const open = (): Catalog => openCatalog(file, { ...here, highest: (one) => proofState(one).highest });
  let catalog = open();
  return {
    ...here,
    file,
    get catalog() {
      return catalog;
    },
    reopen() {
      catalog.close();
      catalog = open();
      return catalog;
    },
    async [Symbol.asyncDispose]() {
      catalog.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function* entries(list: readonly CatalogEntry[]): AsyncGenerator<CatalogEntry> {
  yield* list;
}

const none = (): Problem[] => [];

test('a snapshot is given back as it was put in, also after a reopen', async () => {
  await using at = await setup();
  await fc.assert(
    fc.asyncProperty(anyRecord(idOf(7), 7), anyObjects, async (given, objects) => {
      await at.catalog.upsertSnapshot(given, objects);
      const found = at.catalog.get('#7');
      expect({ ...found, tags: [...found.tags].toSorted() }).toEqual({ ...given, tags: [...given.tags].toSorted() });
      expect(at.catalog.objects(given.id, { limit: 100, offset: 0 })).toEqual({
        objects: objects.map(({ at: _at, length, ...rest }) => ({ ...rest, bytes: length })),
        total: objects.length,
      });
    }),
    { numRuns: 100 },
  );
  const before = at.catalog.dump();
  expect(at.reopen().dump()).toEqual(before);
});

test('whatever happened one by one, a rebuild from the repository says the same', async () => {
  await using at = await setup();
  await using other = await setup();
  const ids = [1, 2, 3];
  const anyStep = fc.oneof(
    ...ids.map((id) => fc.tuple(anyRecord(idOf(id), id), anyObjects).map(([given, objects]) => ({ given, objects }))),
    ...ids.map((id) => anyFact(idOf(id)).map((fact) => ({ fact }))),
    fc.constantFrom(...ids).map((id) => ({ remove: idOf(id) })),
  );
  const problem: Problem = { file: 'packs/x', kind: 'damaged', statement: 's', affects: [{ snapshot: idOf(1), seq: 1, objects: ['a'] }], repairable: true };
  await at.catalog.replaceAll('repo', entries([]), none);
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 12 }), async (steps) => {
      const model = new Map<string, { given: SnapshotRecord; objects: StoredObject[] }>();
      for (const id of at.catalog.ids()) at.catalog.removeSnapshot(id);
      for (const step of steps) {
        if ('given' in step) {
          model.set(step.given.id, step);
          await at.catalog.upsertSnapshot(step.given, step.objects);
        } else if ('remove' in step) {
          expect(at.catalog.removeSnapshot(step.remove)).toBe(model.delete(step.remove));
        } else {
          at.catalog.applyFact(step.fact);
          const subject = 'snapshot' in step.fact.fact ? model.get(step.fact.fact.snapshot) : undefined;
          if (subject === undefined) continue;
          const changed = withFact(subject.given, step.fact);
          if (changed === undefined) model.delete(subject.given.id);
          else model.set(changed.id, { ...subject, given: changed });
        }
      }
      at.catalog.setProblems([problem]);
      const list = [...model.values()].map(({ given, objects }) => ({ snapshot: given, objects }));
      await other.catalog.replaceAll('repo', entries(list.toReversed()), () => [problem]);
      expect(at.catalog.dump()).toEqual(other.catalog.dump());
    }),
    { numRuns: 60 },
  );
});

test('references: id, prefix, number, name, latest, latest of a source', async () => {
  await using at = await setup();
  const abc = `abcd${'1'.repeat(28)}`;
  const abd = `abce${'2'.repeat(28)}`;
  await at.catalog.upsertSnapshot(record({ id: abc, seq: 4, source: 'shop', name: 'before migration' }), []);
  await at.catalog.upsertSnapshot(record({ id: abd, seq: 9, source: 'wiki', name: 'fixture' }), []);
  await at.catalog.upsertSnapshot(record({ id: idOf(5), seq: 10, source: "o'brien: 100%", name: 'fixture' }), []);
  const id = (ref: string) => at.catalog.get(ref).id;
  for (const ref of [abc, 'abcd', 'abcd1111', '#4', 'before migration', 'latest:shop']) expect([ref, id(ref)]).toEqual([ref, abc]);
  expect([id('latest'), id("latest:o'brien: 100%"), id('#9'), id('abce')]).toEqual([idOf(5), idOf(5), abd, abd]);
  for (const ref of ['abc', '#5', 'nothing', 'latest:nowhere', '#', 'ABCD', '%', '', `${abc}1`]) {
    expect(() => at.catalog.get(ref)).toThrow(expect.objectContaining({ code: 'snapshot.unknown' }) as Error);
  }
  expect(() => at.catalog.get('fixture')).toThrow(
    expect.objectContaining({
      code: 'input.ambiguous',
      details: { ref: 'fixture', candidates: [expect.objectContaining({ seq: 10 }), expect.objectContaining({ seq: 9 })] },
    }) as Error,
  );
  await at.catalog.upsertSnapshot(record({ id: `abcd${'3'.repeat(28)}`, seq: 11, name: 'beef' }), []);
  expect(() => at.catalog.get('abcd')).toThrow(expect.objectContaining({ code: 'input.ambiguous' }) as Error);
  await at.catalog.upsertSnapshot(record({ id: `beef${'4'.repeat(28)}`, seq: 12 }), []);
  expect(() => at.catalog.get('beef')).toThrow(expect.objectContaining({ code: 'input.ambiguous' }) as Error);
  expect(id('beef4')).toBe(`beef${'4'.repeat(28)}`);
});

test('lists newest first by number, with filters and pages', async () => {
  await using at = await setup();
  for (let seq = 1; seq <= 6; seq += 1) {
    const fields = { id: idOf(seq * 4096), seq, createdAt: 1000 - seq, source: seq % 2 === 0 ? 'even' : 'odd', tags: seq > 4 ? ['100%', 'x'] : ['x'] };
    await at.catalog.upsertSnapshot(record({ ...fields, ...(seq === 2 ? { note: 'under_score' } : {}) }), []);
  }
  const seqs = (filter: object) => {
    const { snapshots, total } = at.catalog.list({ limit: 10, offset: 0, ...filter });
    return [snapshots.map((one) => one.seq), total];
  };
  expect(seqs({})).toEqual([[6, 5, 4, 3, 2, 1], 6]);
  expect(seqs({ limit: 2, offset: 1 })).toEqual([[5, 4], 6]);
  expect(seqs({ source: 'even' })).toEqual([[6, 4, 2], 3]);
  expect(seqs({ tag: '100%' })).toEqual([[6, 5], 2]);
  expect(seqs({ text: '%' })).toEqual([[6, 5], 2]);
  expect(seqs({ text: '_' })).toEqual([[2], 1]);
  expect(seqs({ text: 'ODD' })).toEqual([[5, 3, 1], 3]);
  expect(seqs({ text: idOf(4096).slice(0, 30) })).toEqual([[1], 1]);
});

test('the newest proved snapshot of a source is known, and only while it is', async () => {
  await using at = await setup();
  const passed = (level: 'proved' | 'intact', result: 'passed' | 'failed' = 'passed') => ({ level, result, at: 5, evidence: {} });
  await at.catalog.upsertSnapshot(record({ id: idOf(1), seq: 1, proofs: [passed('proved')] }), []);
  await at.catalog.upsertSnapshot(record({ id: idOf(2), seq: 2, proofs: [passed('intact')] }), []);
  expect(at.catalog.newestProved('shop')?.seq).toBe(1);
  expect(at.catalog.newestProved('other')).toBeUndefined();
  at.catalog.applyFact({ at: 6, fact: { kind: 'proof', snapshot: idOf(1), proof: passed('intact', 'failed') } });
  expect(at.catalog.newestProved('shop')).toBeUndefined();
});

test('of many snapshots those are written anew that are listed otherwise, and no other', async () => {
  await using at = await setup();
  const outside = new Sqlite(at.file, { readonly: true });
  const version = (): unknown => outside.pragma('data_version', { simple: true });
  try {
    await fc.assert(
      fc.asyncProperty(anyRecord(idOf(7), 7), anyRecord(idOf(7), 7), anyRecord(idOf(8), 8), async (before, after, other) => {
        for (const one of [before, other]) await at.catalog.upsertSnapshot(one, [stored('kept')]);
        await at.catalog.updateSnapshots([after, other, record({ id: idOf(9), seq: 9 })]);
        const found = at.catalog.get('#7');
        expect({ ...found, tags: [...found.tags].toSorted() }).toEqual({ ...after, tags: [...after.tags].toSorted() });
        expect(at.catalog.objects(idOf(7), { limit: 9, offset: 0 }).total).toBe(1);
        const written = version();
        await at.catalog.updateSnapshots([after, other]);
        expect(version()).toBe(written);
      }),
      { numRuns: 50 },
    );
    expect(at.catalog.ids()).toEqual([idOf(7), idOf(8)]);
  } finally {
    outside.close();
  }
});

test('a rebuild that fails, or is cancelled, leaves the old content and no file', async () => {
  await using at = await setup();
  await at.catalog.replaceAll('repo', entries([{ snapshot: record({ id: idOf(1) }), objects: [stored('a')] }]), none);
  const before = at.catalog.dump();
  const failing = async function* (): AsyncGenerator<CatalogEntry> {
    yield { snapshot: record({ id: idOf(2), seq: 2 }), objects: [] };
    throw new Error('the repository went away');
  };
  await expect(at.catalog.replaceAll('other', failing(), none)).rejects.toThrow('went away');
  await expect(at.catalog.replaceAll('other', entries([{ snapshot: record({ id: idOf(3) }), objects: [] }]), none, AbortSignal.abort())).rejects.toThrow(
    'Cancelled',
  );
  expect(at.catalog.dump()).toEqual(before);
  expect(at.catalog.repositoryId()).toBe('repo');
  expect(existsSync(`${at.file}.building`)).toBe(false);
  await at.catalog.upsertSnapshot(record({ id: idOf(4), seq: 4 }), []);
  expect(at.catalog.ids()).toEqual([idOf(1), idOf(4)]);
});

test('readers see the old content until a rebuild is whole; changes made meanwhile hold', async () => {
  await using at = await setup();
  const list = [1, 2, 3].map((seq) => ({ snapshot: record({ id: idOf(seq), seq }), objects: [] }));
  await at.catalog.replaceAll('repo', entries(list), none);
  const gate = Promise.withResolvers<void>();
  const slow = async function* (): AsyncGenerator<CatalogEntry> {
    yield* list.slice(0, 1);
    await gate.promise;
    yield* list.slice(1);
  };
  const rebuilt = at.catalog.replaceAll('repo', slow(), none);
  const queued = at.catalog.upsertSnapshot(record({ id: idOf(4), seq: 4 }), [stored('late')]);
  await Promise.resolve();
  at.catalog.updateSnapshot(record({ id: idOf(1), seq: 1, tags: ['meanwhile'] }));
  at.catalog.updateSnapshot(record({ id: idOf(2), seq: 2, tags: ['meanwhile'] }));
  at.catalog.removeSnapshot(idOf(3));
  expect(at.catalog.ids()).toEqual([idOf(1), idOf(2)]);
  gate.resolve();
  await Promise.all([rebuilt, queued]);
  expect(at.catalog.ids()).toEqual([idOf(1), idOf(2), idOf(4)]);
  expect(at.catalog.list({ limit: 9, offset: 0, tag: 'meanwhile' }).total).toBe(2);
  expect(at.catalog.objects(idOf(4), { limit: 9, offset: 0 }).total).toBe(1);
});

test('an object table that fails midway shows nothing, and its rows are swept', async () => {
  await using at = await setup();
  const failing = async function* (): AsyncGenerator<StoredObject> {
    for (let count = 0; count < 1200; count += 1) yield stored(`o${String(count)}`);
    throw new Error('unreadable');
  };
  await expect(at.catalog.upsertSnapshot(record({ id: idOf(1) }), failing())).rejects.toThrow('unreadable');
  expect(at.catalog.ids()).toEqual([]);
  await at.catalog.upsertSnapshot(record({ id: idOf(2), seq: 2 }), [stored('first'), stored('second')]);
  await at.catalog.upsertSnapshot(record({ id: idOf(2), seq: 2 }), [stored('whole')]);
  await expect(at.catalog.upsertSnapshot(record({ id: idOf(1) }), failing())).rejects.toThrow('unreadable');
  at.reopen();
  await expect.poll(() => storedObjects(at.file)).toEqual(['whole']);
});

/** Every row that the file holds, shown or not. */
function storedObjects(file: string): unknown[] {
  const db = new Sqlite(file, { readonly: true });
  try {
    return db.prepare('select name from objects order by name limit 10').pluck().all();
  } finally {
    db.close();
  }
}

test('objects that are being written are not swept away by what is removed meanwhile', async () => {
  await using at = await setup();
  for (const id of [1, 2]) await at.catalog.upsertSnapshot(record({ id: idOf(id), seq: id }), [stored('x')]);
  const slow = async function* (): AsyncGenerator<StoredObject> {
    for (let count = 0; count < 1500; count += 1) {
      if (count === 700) at.catalog.removeSnapshot(idOf(1));
      if (count > 700 && count % 100 === 0) await new Promise(setImmediate);
      yield stored(`o${String(count)}`);
    }
  };
  await at.catalog.upsertSnapshot(record({ id: idOf(3), seq: 3 }), slow());
  expect(at.catalog.objects(idOf(3), { limit: 1, offset: 0 }).total).toBe(1500);
  expect(at.catalog.ids()).toEqual([idOf(2), idOf(3)]);
});

test('large tables, many snapshots and long lists give way to the event loop', async () => {
  await using at = await setup();
  let turns = 0;
  let going = true;
  const turn = (): void => {
    turns += 1;
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  const seen = new Set<number>();
  const rows = function* (): Generator<StoredObject> {
    for (let count = 0; count < 20_000; count += 1) {
      seen.add(turns);
      yield stored(`public.table_${String(count)}`, { rows: count, fingerprint: 'f'.repeat(64) });
    }
  };
  const turnsIn = async (work: () => Promise<unknown>): Promise<number> => {
    seen.clear();
    await work();
    return seen.size;
  };
  const one = { snapshot: record({ id: idOf(1) }), objects: rows() };
  expect(await turnsIn(() => at.catalog.upsertSnapshot(one.snapshot, rows()))).toBeGreaterThanOrEqual(40);
  expect(await turnsIn(() => at.catalog.replaceAll('repo', entries([one]), none))).toBeGreaterThanOrEqual(40);
  expect(at.catalog.objects(idOf(1), { limit: 2, offset: 19_999 })).toMatchObject({ total: 20_000, objects: [{ name: 'public.table_19999' }] });

  const many = async function* (): AsyncGenerator<CatalogEntry> {
    for (let seq = 1; seq <= 1200; seq += 1) {
      seen.add(turns);
      yield { snapshot: record({ id: idOf(seq), seq }), objects: [stored('a'), stored('b'), stored('c')] };
    }
  };
  expect(await turnsIn(() => at.catalog.replaceAll('repo', many(), none))).toBeGreaterThanOrEqual(4);
  const before = turns;
  const listed = await at.catalog.listInTurns({ limit: 1101, offset: 50 });
  expect(turns).toBeGreaterThan(before);
  expect(listed).toEqual(at.catalog.list({ limit: 1101, offset: 50 }));
  going = false;
});

test('slow queries are logged by name', async () => {
  await using at = await setup();
  await at.catalog.upsertSnapshot(record({ id: idOf(1) }), []);
  const quick = at.log.lines.length;
  const monotonic = (): number => at.clock.now();
  at.clock.monotonic = () => {
    at.clock.advance(40);
    return monotonic();
  };
  at.catalog.list({ limit: 1, offset: 0 });
  expect(at.log.lines.slice(quick)).toEqual([]);
  at.clock.monotonic = () => {
    at.clock.advance(60);
    return monotonic();
  };
  at.catalog.list({ limit: 1, offset: 0 });
  expect(at.log.lines.slice(quick)).toEqual([{ level: 'warn', message: 'slow catalog query', fields: { query: 'list-snapshots', ms: 60 } }]);
});

test('an old dump that is taken in later is not the latest, where the source itself was captured', async () => {
  await using at = await setup();
  const origin = { path: '/backups/shop.db', madeAtFrom: 'name', bytes: 1 };
  await at.catalog.upsertSnapshot(record({ id: idOf(3), seq: 3, source: 'wiki', capture: { origin } }), []);
  expect(at.catalog.get('latest:wiki').id).toBe(idOf(3));
  await at.catalog.upsertSnapshot(record({ id: idOf(1), seq: 1, source: 'shop' }), []);
  await at.catalog.upsertSnapshot(record({ id: idOf(2), seq: 2, source: 'shop', capture: { origin } }), []);
  expect([at.catalog.get('latest:shop').id, at.catalog.get('latest').id, at.catalog.newest('shop')?.id]).toEqual([idOf(1), idOf(1), idOf(1)]);
});
