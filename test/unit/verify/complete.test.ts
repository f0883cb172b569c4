import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StoredObject } from '../../../electron/core/repository/repository.ts';
import { completeness, type Measured } from '../../../electron/core/verify/complete.ts';

const fingerprint = (rows: Readonly<Record<string, number>>, bytes = 4096): Measured => ({
  bytes,
  fingerprint: { version: 1, items: Object.entries(rows).map(([name, count]) => ({ name, kind: 'table', rows: count, hash: 'aa' })) },
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

  test('what is gone, empty or half of what it was is told, and does not fail', async () => {
    const now = fingerprint({ orders: 40, customers: 0, lines: 60, few: 1, grown: 500 }, 400_000);
    const before = fingerprint({ orders: 100, customers: 7, lines: 100, few: 10, grown: 5, sessions: 3 }, 4_000_000);
    const tables = Object.entries({ orders: 40, customers: 0, lines: 60, few: 1, grown: 500 }).map(([name, rows]) => table(name, rows));
    const found = await completeness(objects(file, ...tables), now, before);
    expect(found.passed).toBe(true);
    expect(found.warnings).toEqual([
      'table orders has 40 rows, where the snapshot before had 100',
      'table customers is empty, where the snapshot before had 7 rows',
      'table sessions is gone, which had 3 rows in the snapshot before',
      'the snapshot has 391 KiB, the one before had 3.8 MiB',
    ]);
    expect((await completeness(objects(file, ...tables), now, undefined)).warnings).toEqual([]);
  });

  test('for any counts: a table is told of exactly where it is gone, emptied or less than half of 20 and more', async () => {
    const counts = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.oneof(fc.constantFrom(0, 1, 19, 20, 21, 40), fc.nat(1000)), {
      noNullPrototype: true,
    });
    await fc.assert(
      fc.asyncProperty(counts, counts, fc.nat(8 << 20), fc.nat(8 << 20), async (before, now, bytesBefore, bytes) => {
        const tables = Object.entries(now).map(([name, rows]) => table(name, rows));
        const found = await completeness(objects(file, ...tables), fingerprint(now, bytes), fingerprint(before, bytesBefore));
        const told = Object.entries(before).filter(([name, was]) => {
          const is = now[name];
          if (is === undefined) return true;
          return (is === 0 && was > 0) || (was >= 20 && is * 2 < was);
        });
        expect(found.warnings.filter((one) => one.startsWith('table ')).map((one) => one.split(' ')[1])).toEqual(told.map(([name]) => name));
        expect(found.warnings.some((one) => one.startsWith('the snapshot has'))).toBe(bytesBefore >= 1 << 20 && bytes * 2 < bytesBefore);
        const emptied = Object.values(before).some((rows) => rows > 0) && Object.values(now).every((rows) => rows === 0);
        expect(found.passed).toBe(!emptied);
      }),
    );
  });
});
