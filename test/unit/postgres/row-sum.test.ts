import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addTotals, rowSum } from '../../../electron/core/engines/postgres/copy/row-sum.ts';

const mask = (1n << 64n) - 1n;
const rotated = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (64n - by))) & mask;

/** SipHash-2-4 with 128 bits of output, as its authors write it down, slowly. */
function sipHash128(key: readonly [bigint, bigint], input: Uint8Array): bigint {
  let [v0, v1, v2, v3] = [key[0] ^ 0x736f6d6570736575n, key[1] ^ 0x646f72616e646f6dn ^ 0xeen, key[0] ^ 0x6c7967656e657261n, key[1] ^ 0x7465646279746573n];
  const rounds = (count: number): void => {
    for (let i = 0; i < count; i += 1) {
      v0 = (v0 + v1) & mask;
      v2 = (v2 + v3) & mask;
      v1 = rotated(v1, 13n) ^ v0;
      v3 = rotated(v3, 16n) ^ v2;
      v0 = rotated(v0, 32n);
      v2 = (v2 + v1) & mask;
      v0 = (v0 + v3) & mask;
      v1 = rotated(v1, 17n) ^ v2;
      v3 = rotated(v3, 21n) ^ v0;
      v2 = rotated(v2, 32n);
    }
  };
  const padded = Buffer.concat([input, Buffer.alloc(8 - (input.length % 8))]);
  padded[padded.length - 1] = input.length % 256;
  for (let at = 0; at < padded.length; at += 8) {
    const word = padded.readBigUInt64LE(at);
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
  v2 ^= 0xeen;
  rounds(4);
  const low = v0 ^ v1 ^ v2 ^ v3;
  v1 ^= 0xddn;
  rounds(4);
  return ((v0 ^ v1 ^ v2 ^ v3) << 64n) | low;
}

const counted = Buffer.from(Array.from({ length: 16 }, (_, i) => i));
const published: readonly [bigint, bigint] = [counted.readBigUInt64LE(0), counted.readBigUInt64LE(8)];

function sumOf(pieces: readonly Uint8Array[], key = published): { readonly rows: number; readonly hash: string } {
  const sum = rowSum(key);
  for (const piece of pieces) {
    const theirs = Uint8Array.from(piece);
    sum.update(theirs);
    // The caller may do with its buffer what it likes.
    theirs.fill(0);
  }
  return sum.end();
}

const line = (bytes: Uint8Array): Buffer => Buffer.concat([bytes, Buffer.from('\n')]);
const added = (lines: readonly Uint8Array[], key = published): string =>
  BigInt.asUintN(
    128,
    lines.reduce((all, one) => all + sipHash128(key, one), 0n),
  )
    .toString(16)
    .padStart(32, '0');

describe('the sum of rows', () => {
  test("is of the function's published values", () => {
    const values = ['a3817f04ba25a8e66df67214c7550293', 'da87c1d86b99af44347659119b22fc45'];
    for (const [length, value] of values.entries()) {
      const found = Buffer.from(sumOf([line(counted.subarray(0, length))]).hash, 'hex').toReversed();
      expect(Buffer.from(found).toString('hex')).toBe(value);
    }
  });

  test('is the sum of the hashes of the lines, however they are cut', () => {
    const bytes = fc.uint8Array({ maxLength: 70 }).map((each) => each.map((byte) => (byte === 10 ? 11 : byte)));
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 30 }), fc.array(fc.nat(2000), { maxLength: 12 }), (lines, cuts) => {
        const all = Buffer.concat(lines.map(line));
        const places = [0, ...cuts.map((cut) => Math.min(cut, all.length)).toSorted((a, b) => a - b), all.length];
        const pieces = places.slice(1).map((place, i) => all.subarray(places[i], place));
        expect(sumOf(pieces)).toEqual({ rows: lines.length, hash: added(lines) });
      }),
    );
  });

  test.each([1 << 20, (1 << 20) - 1, (1 << 20) + 1, 3 * (1 << 20), (1 << 21) + 13])('takes a line of %i bytes, between others', (length) => {
    const long = Buffer.alloc(length, 'abcdefghijk');
    const lines = [Buffer.from('before'), long, Buffer.from(''), Buffer.from('after')];
    const all = Buffer.concat(lines.map(line));
    const expected = { rows: 4, hash: added(lines) };
    expect(sumOf([all])).toEqual(expected);
    const pieces: Buffer[] = [];
    for (let at = 0; at < all.length; at += 99_991) pieces.push(all.subarray(at, at + 99_991));
    expect(sumOf(pieces)).toEqual(expected);
  });

  test('is the same in another order, and another one where a row is doubled, lost or changed', () => {
    const rows = ['1\tann', '2\tbob', '2\tbob', '3\t\\N'].map((text) => line(Buffer.from(text)));
    const whole = sumOf(rows);
    expect(sumOf(rows.toReversed())).toEqual(whole);
    const others = [rows.slice(1), [...rows, ...rows.slice(0, 1)], [line(Buffer.from('1\tanN')), ...rows.slice(1)], [...rows.slice(0, 1), ...rows.slice(3)]];
    expect(new Set([whole, ...others.map((one) => sumOf(one))].map((one) => one.hash)).size).toBe(5);
  });

  test('of parts adds up to that of the whole, also where it goes round', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.uint8Array({ maxLength: 9 }).map((each) => each.map((byte) => byte % 10)),
          { maxLength: 40 },
        ),
        fc.nat(40),
        (lines, cut) => {
          const parts = [lines.slice(0, cut), lines.slice(cut)].map((part) => sumOf(part.map(line)));
          expect(addTotals(parts)).toEqual(sumOf(lines.map(line)));
        },
      ),
    );
  });

  test('of a line without its end is refused', () => {
    const sum = rowSum();
    sum.update(Buffer.from('1\tann\n2\tb'));
    expect(() => sum.end()).toThrow(RangeError);
  });
});
