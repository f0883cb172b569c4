import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import { fieldsOf } from '../../../electron/core/engines/postgres/stored/copy-text.ts';
import { linesFrom, skipLines } from '../../../electron/core/engines/postgres/stored/lines.ts';
import { orderOf } from '../../../electron/core/engines/postgres/stored/order.ts';
import { rowPlaces } from '../../../electron/core/engines/postgres/stored/row-places.ts';
import { textReader } from '../../../electron/core/engines/postgres/stored/text-encoding.ts';
import type { StoredTable } from '../../../electron/core/engines/postgres/restore/objects.ts';
import { memorySink } from '../../helpers/memory-sink.ts';

const signal = new AbortController().signal;

/** As the server writes it (CopyAttributeOutText), from the documentation of COPY. */
function written(row: readonly (Uint8Array | null)[]): Buffer {
  const names = new Map([8, 12, 10, 13, 9, 11].map((byte, i) => [byte, 'bfnrtv'.charCodeAt(i)]));
  const field = (value: Uint8Array | null): Buffer =>
    value === null
      ? Buffer.from('\\N')
      : Buffer.from([...value].flatMap((byte) => (byte === 92 ? [92, 92] : names.has(byte) ? [92, names.get(byte) ?? 0] : [byte])));
  return Buffer.concat(row.flatMap((value, i) => (i === 0 ? [field(value)] : [Buffer.from('\t'), field(value)])));
}

const value = fc.option(
  fc.oneof(
    fc.uint8Array(),
    fc.string({ unit: fc.constantFrom('\\', 'N', '.', '\t', '\n', '\r', 'n', 'x', '4', '1', '\b', 'ä') }).map((s) => Buffer.from(s)),
  ),
);

describe('the text of COPY', () => {
  test('gives back every row as it was, whatever its bytes', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 6 }), (row) => {
        const line = written(row);
        expect(line.includes(10)).toBe(false);
        const found = fieldsOf(line, row.length).map((one) => (one === null ? null : Buffer.from(one).toString('latin1')));
        expect(found).toEqual(row.map((one) => (one === null ? null : Buffer.from(one).toString('latin1'))));
      }),
    );
  });

  test.each([
    ['', 0, []],
    ['', 1, ['']],
    ['\\N\t', 2, [null, '']],
    [String.raw`\\N`, 1, [String.raw`\N`]],
    [String.raw`\101\x42\x4\q\1`, 1, ['AB\x04q\x01']],
    [String.raw`a\N`, 1, ['aN']],
  ])('%j of %i columns', (line, columns, fields) => {
    expect(fieldsOf(Buffer.from(line), columns).map((one) => (one === null ? null : Buffer.from(one).toString('latin1')))).toEqual(fields);
  });
});

test('text is read by the encoding that it lies in, and what is none is said to be none', () => {
  const bytes = Buffer.from([0x41, 0xe4, 0x80]);
  expect(textReader('LATIN1')(bytes)).toBe('Aä\u0080');
  expect(textReader('WIN1252')(bytes)).toBe('Aä€');
  expect(textReader('LATIN9')(Buffer.from([0xa4]))).toBe('€');
  expect(textReader('LATIN5')(Buffer.from([0xf0, 0x80]))).toBe('ğ\u0080');
  expect(textReader('EUC_JP')(Buffer.from([0xc6, 0xfc]))).toBe('日');
  for (const encoding of ['UTF8', 'SQL_ASCII', 'MULE_INTERNAL', 'EUC_TW']) {
    expect(textReader(encoding)(bytes)).toBeUndefined();
    expect(textReader(encoding)(Buffer.from('plain'))).toBe('plain');
  }
  expect(textReader('UTF8')(Buffer.from('\u{feff}ä😀'))).toBe('\u{feff}ä😀');
});

describe('the order of values', () => {
  const sorted = (type: string, values: readonly string[]): readonly string[] => {
    const order = orderOf(type, 'c');
    return values.toSorted((a, b) => order.compare(order.key(Buffer.from(a)), order.key(Buffer.from(b))));
  };
  test.each([
    ['bigint', ['-9223372036854775808', '-1', '9007199254740992', '9007199254740993']],
    [
      'numeric',
      [
        '-Infinity',
        '-12.5',
        '-12.25',
        '-2',
        '-1.5',
        '-1',
        '-0.01',
        '0.00',
        '0.009',
        '0.01',
        '1',
        '1.05',
        '1.5',
        '2',
        '10',
        '99999999999999999999.1',
        '99999999999999999999.2',
        'Infinity',
        'NaN',
      ],
    ],
    ['double precision', ['-Infinity', '-1e+300', '-0.5', '0', '1e-05', '2', '1e+300', 'Infinity', 'NaN']],
    [
      'timestamp with time zone',
      [
        '-infinity',
        '0044-03-15 12:00:00+00 BC',
        '0001-01-01 00:00:00+00',
        '1999-12-31 23:59:59.5+00',
        '1999-12-31 23:59:59.55+00',
        '2000-01-01 00:00:00+00',
        '12026-01-01 00:00:00+00',
        'infinity',
      ],
    ],
    ['date', ['-infinity', '0045-01-01 BC', '0044-03-15 BC', '0044-12-31 BC', '2000-01-01', '12026-01-01', 'infinity']],
    ['boolean', ['f', 't']],
    ['text', ['', 'B', 'a', 'ab', 'ä']],
  ])('%s', (type, values) => {
    expect(sorted(type, values.toReversed())).toEqual(values);
  });

  test('decimals are ordered as exact numbers', () => {
    const scale = 1_000_000n;
    const shown = (n: bigint): string => {
      const digits = (n < 0n ? -n : n).toString().padStart(7, '0');
      return `${n < 0n ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
    };
    const order = orderOf('numeric', 'c');
    fc.assert(
      fc.property(fc.bigInt(scale * -scale, scale * scale), fc.bigInt(-scale * 3n, scale * 3n), (a, b) => {
        const found = Math.sign(order.compare(order.key(Buffer.from(shown(a))), order.key(Buffer.from(shown(b)))));
        expect(found).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  test('a type whose order only the server knows is refused', () => {
    for (const type of ['jsonb', 'app.mood', 'integer[]', '']) expect(() => orderOf(type, 'c')).toThrow(/only the server knows/);
  });
});

describe('lines of a stored table', () => {
  const stored = async (text: string): Promise<{ readonly snapshot: ReturnType<ReturnType<typeof memorySink>['snapshot']>; readonly table: StoredTable }> => {
    const sink = memorySink();
    const group = await sink.group('g', 'lines');
    await group.write(Uint8Array.from(Buffer.from(text)));
    await group.end();
    await sink.object({ name: 'public.t', kind: 'table', group: 'g' });
    const meta = { schema: 'public', table: 't', columns: ['v'], encoding: 'UTF8', format: 'text' as const, root: null, hashed: false, extension: false };
    const table = { object: 'public.t', bytes: Buffer.byteLength(text), rows: text.split('\n').length - 1, meta };
    return { snapshot: sink.snapshot('postgres', {}, { version: 1, items: [] }), table };
  };
  const rows = Array.from({ length: 50_000 }, (_, i) => `row ${i} ${'x'.repeat(i % 50)}`);

  test('are found from wherever a known place is, and what is passed over is noted', async () => {
    const { snapshot, table } = await stored(`${rows.join('\n')}\n`);
    const places = rowPlaces()('s', 't');
    const lineAt = async (row: number): Promise<string> => {
      const near = places.before(row);
      expect(near.row).toBeLessThanOrEqual(row);
      let at = near.row;
      const from = await skipLines(snapshot, table, near.at, row - near.row, (place) => places.note((at += 1), place), signal);
      for await (const line of linesFrom(snapshot, table, from, signal)) return Buffer.from(line.bytes).toString();
      return 'none';
    };
    for (const row of [49_999, 0, 1, 31_234, 63, 64, 65, 49_998]) expect(await lineAt(row)).toBe(rows[row]);
    expect(places.before(49_999).row).toBeGreaterThan(49_900);
  });

  test('an object that ends in the middle of a line, or is longer or shorter than it should be, is damaged', async () => {
    for (const [text, change] of [
      ['a\nb', 0],
      ['a\nb\n', 1],
      ['a\nb\n', -1],
    ] as const) {
      const { snapshot, table } = await stored(text);
      const all = async (): Promise<void> => {
        for await (const line of linesFrom(snapshot, { ...table, bytes: table.bytes + change }, 0, signal)) expect(line.at).toBeLessThan(4);
      };
      expect(isAppError(await all().catch((error: unknown) => error), 'repository.damaged')).toBe(true);
    }
    const { snapshot, table } = await stored('a\n');
    const failed = await skipLines(snapshot, table, 0, 5, () => undefined, signal).catch((error: unknown) => error);
    expect(isAppError(failed, 'repository.damaged')).toBe(true);
  });
});

test('places of a table stay few and right, however long it is, and only so many tables are kept', () => {
  const of = rowPlaces();
  const places = of('s', 't');
  for (let row = 1; row <= 1_000_000; row += 1) places.note(row, row * 10);
  for (const row of [0, 1, 63, 64, 4096, 262_144, 262_145, 524_289, 999_999, 2_000_000]) {
    const near = places.before(row);
    expect(near.at).toBe(near.row * 10);
    expect(near.row).toBeLessThanOrEqual(row);
    expect(Math.min(row, 1_000_000) - near.row).toBeLessThan(1024);
  }
  for (let i = 0; i < 100; i += 1) of('s', `t${i}`);
  expect(of('s', 't').before(999_999).row).toBe(0);
});
