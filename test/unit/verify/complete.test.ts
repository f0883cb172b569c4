import { describe, expect, test } from 'vitest';
import type { Fingerprint } from '../../../electron/core/engines/engine.ts';
import type { StoredObject } from '../../../electron/core/repository/repository.ts';
import { completeness } from '../../../electron/core/verify/complete.ts';

const fingerprint = (rows: Readonly<Record<string, number>>): Fingerprint => ({
  version: 1,
  items: Object.entries(rows).map(([name, count]) => ({ name, kind: 'table', rows: count, hash: 'aa' })),
});

async function* objects(...rows: readonly StoredObject[]): AsyncGenerator<StoredObject> {
  yield* rows;
}

const file: StoredObject = { name: 'main', kind: 'file', group: 'main', at: 0, length: 4096 };
const table = (name: string, rows: number): StoredObject => ({ name, kind: 'table', rows, at: 0, length: 0 });

describe('complete', () => {
  test('passes where every counted table is listed with its count', async () => {
    const found = await completeness(objects(file, table('orders', 3)), fingerprint({ orders: 3 }), undefined);
    expect(found).toMatchObject({ passed: true, findings: [], rows: 3, bytes: 4096 });
  });

  test('names a table that was counted and is not listed', async () => {
    const found = await completeness(objects(file), fingerprint({ orders: 3 }), undefined);
    expect(found.passed).toBe(false);
    expect(found.findings[0]).toContain('orders');
  });

  test('names a count that differs', async () => {
    const found = await completeness(objects(file, table('orders', 2)), fingerprint({ orders: 3 }), undefined);
    expect(found.findings).toEqual(['table orders is listed with 2 rows, counted 3']);
  });

  test('an empty snapshot of a source that had rows is not complete; of one that never had, it is', async () => {
    expect((await completeness(objects(file, table('orders', 0)), fingerprint({ orders: 0 }), fingerprint({ orders: 9 }))).passed).toBe(false);
    expect((await completeness(objects(file, table('orders', 0)), fingerprint({ orders: 0 }), undefined)).passed).toBe(true);
  });

  test('a snapshot without a stream is not complete', async () => {
    expect((await completeness(objects(), fingerprint({}), undefined)).passed).toBe(false);
  });

  test('counts that moved by more than 15 % are told, and do not fail', async () => {
    const found = await completeness(objects(file, table('a', 80), table('b', 90)), fingerprint({ a: 80, b: 90 }), fingerprint({ a: 100, b: 100 }));
    expect(found).toMatchObject({ passed: true, deviations: [{ name: 'a', before: 100, after: 80 }] });
  });
});
