import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import { compareFingerprints } from '../../../electron/core/engines/fingerprint.ts';
import type { Fingerprint } from '../../../electron/core/engines/engine.ts';
import { normaliseSql } from '../../../electron/core/engines/sqlite/agent/definition.ts';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import { timeInName } from '../../../electron/core/engines/time-in-name.ts';
import { isAtLeast, libraryVersion } from '../../../electron/core/engines/sqlite/version.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { run } from '../../helpers/sqlite/database.ts';
import { temporaryFolder } from '../../helpers/world.ts';

const engine = createSqliteEngine();

test('times in names', () => {
  const utc = (...parts: readonly [number, number, number, number?, number?, number?]): number =>
    Date.UTC(parts[0], parts[1] - 1, parts[2], parts[3] ?? 0, parts[4] ?? 0, parts[5] ?? 0);
  const cases: readonly (readonly [string, number | undefined, string])[] = [
    ['app_2026-11-20_0215.sqlite', utc(2026, 11, 20, 2, 15), 'app'],
    ['app-20261120T021500Z.db', utc(2026, 11, 20, 2, 15), 'app'],
    ['2026-11-20T02-15-07-app.db', utc(2026, 11, 20, 2, 15, 7), 'app'],
    ['app.2026-11-20.db', utc(2026, 11, 20), 'app'],
    ['app-2026-11-20T02:15:00+0100.db', utc(2026, 11, 20, 1, 15), 'app'],
    ['backup-20260229.db', undefined, 'backup-20260229'],
    ['backup-2026-13-01.db', undefined, 'backup-2026-13-01'],
    ['app-1795140900.db', 1_795_140_900_000, 'app'],
    ['app-1795140900123.db', 1_795_140_900_123, 'app'],
    ['v20261120123456789.db', undefined, 'v20261120123456789'],
    ['app.db', undefined, 'app'],
    ['.hidden', undefined, '.hidden'],
    ['2026-11-20.db', utc(2026, 11, 20), '2026-11-20'],
  ];
  for (const [name, at, rest] of cases) {
    const found = timeInName(name);
    expect([name, found.at, found.rest]).toEqual([name, at, rest]);
  }
});

test('versions', () => {
  expect(libraryVersion(3_054_001)).toBe('3.54.1');
  expect(libraryVersion(0)).toBe('');
  expect([isAtLeast('3.51.3', '3.51.3'), isAtLeast('3.51.2', '3.51.3'), isAtLeast('3.9.0', '3.51.3'), isAtLeast('4.0', '3.51.3')]).toEqual([
    true,
    false,
    false,
    true,
  ]);
});

test('definitions lose what has no meaning and nothing else', () => {
  expect(normaliseSql("CREATE TABLE t (\n  a  INTEGER, -- the a\n b TEXT /* x */ DEFAULT 'a  --b' )")).toBe(
    "CREATE TABLE t(a INTEGER,b TEXT DEFAULT 'a  --b')",
  );
  expect(normaliseSql('CREATE INDEX "a b" ON [t x] (`c`)')).toBe('CREATE INDEX "a b" ON [t x](`c`)');
  expect(normaliseSql('a/**/b')).not.toBe(normaliseSql('ab'));
  expect(normaliseSql("x'ab'")).toBe(normaliseSql("x'ab'"));
});

describe('locations', () => {
  test('are made absolute and keep their order', () => {
    expect(
      engine.normaliseLocation(
        {
          path: 'a/../b.db',
          attached: [
            { name: 'z', path: 'z.db' },
            { name: 'a', path: '/a.db' },
          ],
        },
        '/base',
      ),
    ).toEqual({
      path: '/base/b.db',
      attached: [
        { name: 'a', path: '/a.db' },
        { name: 'z', path: '/base/z.db' },
      ],
    });
    expect(engine.targetLocation('new.db', { path: '/x/app.db', attached: [{ name: 'logs', path: '/y/l.db' }] }, '/base')).toEqual({
      path: '/base/new.db',
      attached: [{ name: 'logs', path: '/base/new.logs.db' }],
    });
    expect(engine.describeLocation({ path: '/x/app.db' })).toBe('/x/app.db');
  });

  test('of the wrong form are refused naming the field', () => {
    for (const [input, field] of [
      [{}, 'path'],
      [{ path: '' }, 'path'],
      [{ path: 7 }, 'path'],
      [{ path: ':memory:' }, 'path'],
      [{ path: 'a\0b' }, 'path'],
      [{ path: 'a', attached: [{ name: 'main', path: 'b' }] }, 'attached'],
      [
        {
          path: 'a',
          attached: [
            { name: 'x', path: 'b' },
            { name: 'X', path: 'c' },
          ],
        },
        'attached',
      ],
      [{ path: 'a', attached: [{ name: 'a b', path: 'b' }] }, 'attached.0.name'],
      [{ path: 'a', user: 'x' }, 'location'],
    ] as const) {
      let failed: unknown;
      try {
        engine.normaliseLocation(input, '/');
      } catch (error) {
        failed = error;
      }
      expect(isAppError(failed, 'input.invalid') && failed.details?.['field'], JSON.stringify(input)).toBe(field);
    }
  });
});

test("discovery finds databases by their first bytes and those that .env files name, and leaves tools' folders alone", async () => {
  await using folder = await temporaryFolder('belay-discover');
  const root = folder.path;
  const make = (name: string): void => {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    run(path.join(root, name), 'CREATE TABLE t (a)');
  };
  for (const name of [
    'app.db',
    'data/odd name.bin',
    'a/b/c/deep.db',
    'node_modules/x/cache.db',
    '.git/index.db',
    '.belay-undo-1/old.db',
    'prisma/dev.db',
    'a/b/c/d/e/too-deep.db',
  ])
    make(name);
  writeFileSync(path.join(root, 'text.db'), 'x'.repeat(1024));
  writeFileSync(path.join(root, 'app.db-wal'), Buffer.alloc(1024));
  writeFileSync(path.join(root, 'created.db'), '');
  writeFileSync(path.join(root, 'unnamed-empty.db'), '');
  symlinkSync(root, path.join(root, 'loop'));
  writeFileSync(
    path.join(root, '.env'),
    'DATABASE_URL="file:./dev.db?connection_limit=1"\nOTHER=1\nexport LOG_DB_URL=sqlite:///created.db\nBAD_DATABASE_URL=file:%ZZ\n',
  );
  const found = await withContext((context) => engine.discover({ folder: root, depth: 4 }, context));
  const paths = found.map((one) => path.relative(root, String(one.location['path']))).toSorted();
  expect(paths).toEqual(['a/b/c/deep.db', 'app.db', 'created.db', 'data/odd name.bin', 'prisma/dev.db']);
  expect(found.find((one) => one.suggestedName === 'created')?.description).toContain('named in .env');
});

test('files that are none are not recognised, and those that cannot be read say so', async () => {
  await using folder = await temporaryFolder('belay-native');
  const text = path.join(folder.path, 'x.sqlite');
  writeFileSync(text, 'not a database'.repeat(20));
  expect(await withContext((context) => engine.recogniseNative(text, context))).toBeUndefined();
  expect(await withContext((context) => engine.recogniseNative(folder.path, context))).toBeUndefined();
  const missing = await withContext((context) => engine.recogniseNative(path.join(folder.path, 'nothing'), context)).catch((error: unknown) => error);
  expect(isAppError(missing, 'source.missing')).toBe(true);
});

test('comparison of fingerprints is by item, whatever their order', () => {
  const item = (kind: string, name: string, hash: string, rows?: number): Fingerprint['items'][number] => ({
    kind,
    name,
    hash,
    ...(rows === undefined ? {} : { rows }),
  });
  const one: Fingerprint = { version: 1, items: [item('table', 'b', '1', 2), item('table', 'a', '1', 1), item('view', 'v', '1')] };
  const two: Fingerprint = { version: 1, items: [item('table', 'a', '1', 1), item('table', 'c', '1', 0), item('view', 'v', '2')] };
  expect(compareFingerprints(one, { version: 1, items: one.items.toReversed() })).toEqual([]);
  expect(compareFingerprints(one, two).map((difference) => [difference.kind, difference.name, difference.what])).toEqual([
    ['table', 'b', 'missing'],
    ['table', 'c', 'unexpected'],
    ['view', 'v', 'definition'],
  ]);
});
