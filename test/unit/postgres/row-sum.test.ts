import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addTotals, rowSum, type RowTotal } from '../../../electron/core/engines/postgres/row-sum.ts';

const line = fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.map((byte) => (byte === 10 ? 11 : byte)));
const lines = fc.array(line, { maxLength: 40 });

/** By its definition, with whole numbers of any size. */
function byDefinition(rows: readonly Uint8Array[]): RowTotal {
  let sum = 0n;
  for (const row of rows) sum += BigInt(`0x${createHash('sha256').update(row).digest('hex')}`);
  return { rows: rows.length, hash: (sum % 2n ** 256n).toString(16).padStart(64, '0') };
}

function inPieces(rows: readonly Uint8Array[], size: number): RowTotal {
  const whole = Buffer.concat(rows.flatMap((row) => [row, Buffer.from('\n')]));
  const sum = rowSum();
  for (let at = 0; at < whole.length; at += size) {
    const piece = Uint8Array.from(whole.subarray(at, at + size));
    sum.update(piece);
    // The caller may do with its buffer what it likes.
    piece.fill(0);
  }
  return sum.end();
}

test('it is what its document says, however the bytes are cut', () => {
  fc.assert(
    fc.property(lines, fc.integer({ min: 1, max: 50 }), (rows, size) => {
      expect(inPieces(rows, size)).toEqual(byDefinition(rows));
    }),
  );
});

test('the order of rows is of no account, and parts add up to the whole', () => {
  fc.assert(
    fc.property(lines, fc.nat(40), (rows, cut) => {
      expect(inPieces(rows.toReversed(), 7)).toEqual(byDefinition(rows));
      expect(addTotals([inPieces(rows.slice(0, cut), 7), inPieces(rows.slice(cut), 7)])).toEqual(byDefinition(rows));
    }),
  );
});

test('rows that cancel each other out under XOR do not', () => {
  const of = (text: string): RowTotal =>
    inPieces(
      [...text].map((row) => Buffer.from(row)),
      100,
    );
  expect(of('abb').hash).not.toBe(of('acc').hash);
  expect(of('abb')).not.toEqual(of('abbb'));
  expect(of('')).toEqual({ rows: 0, hash: '0'.repeat(64) });
});

test('a last line without an end is not the whole', () => {
  const sum = rowSum();
  sum.update(Buffer.from('a\nb'));
  expect(() => sum.end()).toThrow(RangeError);
});
