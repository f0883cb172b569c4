import { describe, expect, test } from 'vitest';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { filtered, predecessors, searchable, sorted } from '../../../renderer/features/shelf/filtering.ts';
import { trendOf } from '../../../renderer/features/shelf/trending.ts';
import type { Filter } from '../../../renderer/features/shelf/filtering.ts';
import { withProgress } from '../../../renderer/features/rewind/progress.ts';
import { aSnapshot } from '../../helpers/cli/models.ts';

const now = 1_800_000_000_000;
const all: Filter = { text: '', source: undefined, proof: 'any', span: 'all', pinned: false };
const snapshots = [
  aSnapshot({ id: 'aa', seq: 1, source: 'shop', createdAt: now - 40 * 86_400_000, bytes: 30, proved: 'captured' }),
  aSnapshot({ id: 'bb', seq: 2, source: 'notes', createdAt: now - 3_600_000, bytes: 10, name: 'Before Migration', tags: ['deploy-7'], proved: 'proved' }),
  aSnapshot({ id: 'cc', seq: 3, source: 'shop', createdAt: now, bytes: 20, note: 'by hand', pin: { reason: 'release', at: now }, failing: true }),
];
const words = new Map(snapshots.map((one) => [one.id, searchable(one)]));
const ids = (filter: Partial<Filter>) => filtered(snapshots, words, { ...all, ...filter }, now).map((one) => one.id);

describe('the shelf', () => {
  test('finds by name, tag, note, pin and source, all words together and whatever their case', () => {
    expect(ids({ text: 'before MIGRATION' })).toEqual(['bb']);
    expect(ids({ text: 'deploy' })).toEqual(['bb']);
    expect(ids({ text: 'hand' })).toEqual(['cc']);
    expect(ids({ text: 'release shop' })).toEqual(['cc']);
    expect(ids({ text: 'shop' })).toEqual(['aa', 'cc']);
    expect(ids({ text: 'shop migration' })).toEqual([]);
  });

  test('narrows by source, time, proof and pin', () => {
    expect(ids({ source: 'shop' })).toEqual(['aa', 'cc']);
    expect(ids({ span: '30d' })).toEqual(['bb', 'cc']);
    expect(ids({ proof: 'proved' })).toEqual(['bb']);
    expect(ids({ proof: 'complete' })).toEqual(['bb']);
    expect(ids({ proof: 'failing' })).toEqual(['cc']);
    expect(ids({ pinned: true })).toEqual(['cc']);
  });

  test('sorts by what was asked, newest first among equals', () => {
    const by = (key: string, down: boolean) => sorted(snapshots, { key, down }).map((one) => one.id);
    expect(by('taken', true)).toEqual(['cc', 'bb', 'aa']);
    expect(by('size', true)).toEqual(['aa', 'cc', 'bb']);
    expect(by('source', false)).toEqual(['bb', 'cc', 'aa']);
    expect(by('name', false)).toEqual(['bb', 'cc', 'aa']);
  });

  test('holds each against the one of its own source before it', () => {
    expect([...predecessors(snapshots)].map(([id, before]) => [id, before.id])).toEqual([['cc', 'aa']]);
  });
});

describe('stages of a run', () => {
  test('one verb is one stage, with its last figures; the next one ends it', () => {
    let stages = withProgress([], { stage: 'loading a', bytesDone: 1, bytesTotal: 9 }, 100);
    stages = withProgress(stages, { stage: 'loading b', bytesDone: 9, bytesTotal: 9 }, 200);
    stages = withProgress(stages, { stage: 'comparing' }, 350);
    expect(stages).toMatchObject([
      { key: 'loading', text: 'loading b', from: 100, until: 350, progress: { bytesDone: 9 } },
      { key: 'comparing', from: 350 },
    ]);
    expect(stages[1]).not.toHaveProperty('until');
  });
});

describe('the trend of a source', () => {
  test('goes from the oldest snapshot on, and points out what changed by more than 15 %', () => {
    const one = (seq: number, rows: number, more: Partial<SnapshotSummary> = {}): SnapshotSummary =>
      aSnapshot({ id: `a${String(seq)}`, seq, rows, createdAt: now + seq, ...more });
    const points = trendOf([one(4, 50), one(3, 100, { name: 'nightly' }), one(2, 10, { part: ['orders alone'] }), one(1, 90)], 'rows');
    expect(points.map((point) => [point.name, point.values[0], point.mark?.words])).toEqual([
      ['#1', 90, undefined],
      ['#3 nightly', 100, undefined],
      ['#4', 50, '−50 % against the one before'],
    ]);
  });
});
