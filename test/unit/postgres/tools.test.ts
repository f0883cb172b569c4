import { expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import { chooseForDump, chooseForRestore, originOf, type FoundTools, type Tools } from '../../../electron/core/engines/postgres/tools/tools.ts';

const of = (...versions: readonly string[]): readonly Tools[] =>
  versions.map((version) => {
    const [major = 0, minor = 0] = version.split('.').map(Number);
    return { place: { kind: 'local', folder: `/pg/${version}` }, version, major, minor };
  });

test.each([
  [['14.9', '15.4', '15.20', '16.1'], 150_018, '15.20', false],
  [['15.18', '16.14'], 150_020, '15.18', true],
  [['16.14', '18.4'], 150_020, '16.14', true],
  [['18.4', '17.1'], 170_010, '17.1', true],
])('of %j the server %i is dumped with %s', (versions, server, expected, announced) => {
  const { tools, notice } = chooseForDump(of(...versions), server);
  expect(tools.version).toBe(expected);
  expect(notice !== undefined).toBe(announced);
});

test.each([
  [['15.18', '16.14', '18.4'], 150_018, 15, '15.18'],
  [['15.18', '16.14', '18.4'], 150_018, 16, '16.14'],
  [['15.18', '16.14', '18.4'], 140_023, 15, '15.18'],
  [['15.18', '16.14', '18.4'], 170_010, 16, '18.4'],
])('of %j the server %i is restored, from what %i dumped, with %s', (versions, server, dumpedBy, expected) => {
  expect(chooseForRestore(of(...versions), server, dumpedBy).version).toBe(expected);
});

test('what would fail is refused, with what to install', () => {
  const failed = (work: () => unknown): unknown => {
    try {
      return work();
    } catch (error) {
      return error;
    }
  };
  const older = failed(() => chooseForDump(of('14.9'), 150_000));
  expect(isAppError(older, 'tool.missing') && older.hint).toContain('postgresql-client-15');
  expect(
    isAppError(
      failed(() => chooseForDump([], 150_000)),
      'tool.missing',
    ),
  ).toBe(true);
  // Tools of 17 and newer set what a server before 17 does not know.
  expect(
    isAppError(
      failed(() => chooseForRestore(of('18.4', '17.1'), 150_018, 15)),
      'tool.missing',
    ),
  ).toBe(true);
  expect(
    isAppError(
      failed(() => chooseForRestore(of('15.18'), 150_018, 16)),
      'tool.missing',
    ),
  ).toBe(true);
});

test("the tools of the server's own container come first, where they are not older than it", () => {
  const inside = (version: string): Tools => {
    const [one] = of(version);
    const place = { kind: 'container', name: 'db', id: 'a', folder: undefined, server: { host: '127.0.0.1', port: 5432 } };
    return { ...one, place } as Tools;
  };
  const originAt = (found: readonly Tools[]): string => originOf(chooseForDump(found, 150_018).tools);
  expect(originAt([...of('15.20'), inside('15.18')])).toBe('in the container db');
  expect(originAt([...of('15.20'), inside('15.4')])).toBe('/pg/15.20');
  expect(originOf(chooseForRestore([...of('15.20'), inside('15.18')], 150_018, 15))).toBe('in the container db');
});

test("an image of the source's own comes before what is installed, another one after it, and none before what fits better", () => {
  const image = (version: string, own: boolean): FoundTools => {
    const [one] = of(version);
    return { ...one, place: { kind: 'image', image: { id: 'a', name: own ? 'own' : 'other', own } } } as FoundTools;
  };
  const originAt = (...found: readonly FoundTools[]): string => originOf(chooseForDump(found, 150_018).tools);
  expect(originAt(...of('15.20'), image('15.18', true))).toBe('in a throw-away container of own');
  expect(originAt(image('15.20', false), ...of('15.18'))).toBe('/pg/15.18');
  expect(originAt(...of('16.4', '15.4'), image('15.18', false))).toBe('in a throw-away container of other');
  expect(originOf(chooseForRestore([image('15.20', false), ...of('16.2')], 150_018, 15))).toBe('in a throw-away container of other');
});
