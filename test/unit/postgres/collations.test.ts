import { expect, test } from 'vitest';
import { collationsDiffer } from '../../../electron/core/engines/postgres/capture/collations.ts';
import type { DatabaseProperties } from '../../../electron/core/engines/postgres/describe/database.ts';

const sorted = (collate: string, provider = 'libc'): DatabaseProperties => ({ collate, provider }) as DatabaseProperties;

test('a difference of what text is sorted by is told, and what is not known only where it matters', () => {
  const [old, now, none] = [
    { libc: '2.31', icu: '153.88' },
    { libc: '2.36', icu: '153.88' },
    { libc: null, icu: null },
  ];
  expect(collationsDiffer(old, old, sorted('de_DE.utf8'))).toBeUndefined();
  expect(collationsDiffer(old, now, sorted('C'))).toMatch(/C library: 2\.31 at capture, 2\.36 at the target\)/);
  expect(collationsDiffer(now, none, sorted('C.UTF-8'))).toBeUndefined();
  expect(collationsDiffer(now, none, sorted('de_DE.utf8'))).toMatch(/2\.36 at capture, unknown at the target\)/);
  expect(collationsDiffer(now, none, sorted('C', 'icu'))).toMatch(/\(ICU: 153\.88 at capture, unknown at the target\)/);
  expect(collationsDiffer(undefined, now, sorted('de_DE.utf8'))).toBeUndefined();
});
