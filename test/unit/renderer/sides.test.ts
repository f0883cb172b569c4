import { expect, test } from 'vitest';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { countWords, diffTitle, sidesOf, tableWords } from '../../../renderer/features/snapshot/sides.ts';
import type { Diff } from '../../../renderer/features/snapshot/sides.ts';

const taken = (id: string, createdAt: number, seq: number): SnapshotSummary => ({
  id,
  seq,
  source: 'shop',
  engine: 'sqlite',
  createdAt,
  tags: [],
  bytes: 1,
  added: 1,
  rows: 1,
  objects: 1,
  proved: 'captured',
  provedAt: createdAt,
  failing: false,
});

test('a change goes from the older snapshot to the newer one, and to the live source from any', () => {
  const [old, young, same] = [taken('a', 1, 1), taken('b', 2, 2), taken('c', 2, 3)];
  expect(sidesOf(young, { kind: 'snapshot', snapshot: old })).toEqual({ before: old, after: young });
  expect(sidesOf(old, { kind: 'snapshot', snapshot: young })).toEqual({ before: old, after: young });
  expect(sidesOf(young, { kind: 'snapshot', snapshot: same })).toEqual({ before: young, after: same });
  expect(sidesOf(old, { kind: 'live' })).toEqual({ before: old, after: undefined });
});

test('changes are told in words', () => {
  expect(tableWords({ name: 't', what: 'changed', rowsBefore: 4000, rowsAfter: 3900 })).toBe('4,000 → 3,900 rows');
  expect(tableWords({ name: 't', what: 'changed', rowsBefore: 1, rowsAfter: 1 })).toBe('1 row as before, not all the same');
  expect(tableWords({ name: 't', what: 'removed', rowsBefore: 2 })).toBe('removed, 2 rows');
  const definition: Diff['definitions'][number] = { name: 'i', kind: 'index', what: 'added', statement: 'index "i" was added' };
  const diff = { definitions: [definition, definition], tables: [] } as unknown as Diff;
  expect(diffTitle(diff)).toBe('2 definitions changed');
  expect(countWords({ added: 0, removed: 3, changed: 1200 })).toBe('3 removed, 1,200 changed');
  expect(countWords({ added: 0, removed: 0, changed: 0 })).toBe('No row differs');
});
