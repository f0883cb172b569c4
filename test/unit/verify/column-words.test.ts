import { expect, test } from 'vitest';
import type { Fingerprint } from '../../../electron/core/engines/engine.ts';
import { compareFingerprints } from '../../../electron/core/engines/fingerprint.ts';

const tickets = (columns: readonly Readonly<Record<string, unknown>>[]): Fingerprint => ({
  version: 1,
  items: [{ kind: 'definition', name: 'tickets', hash: JSON.stringify(columns), meta: { columns } }],
});

test('a column that changed is told in words', () => {
  const before = tickets([
    { name: 'price', type: 'REAL', notNull: true, default: '0.0' },
    { name: 'seat', type: '', key: 1 },
  ]);
  const after = tickets([
    { name: 'price', type: 'INTEGER', notNull: true },
    { name: 'seat', type: 'TEXT', key: 1, generated: 'stored' },
  ]);
  expect(compareFingerprints(before, after).map(({ statement }) => statement)).toEqual([
    'column "price" of "tickets" is INTEGER, not null, expected REAL, not null, default 0.0',
    'column "seat" of "tickets" is TEXT, key 1, generated stored, expected of no type, key 1',
  ]);
});
