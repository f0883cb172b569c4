import { expect, test } from 'vitest';
import { FrameCipher, hkdf, hmacSha256, sha256Hex } from '../../../electron/core/repository/format/crypto.ts';
import { compressSegmentSync, decodeSegmentSync, makeDictionary } from '../../../electron/core/repository/format/segment.ts';
import { ask, expected, found, opened, vectors, zstd } from '../../helpers/known-answers.ts';
import type { Vector } from '../../helpers/known-answers.ts';

test('every primitive gives the answers of its standard, in Node', () => {
  const all = [...vectors, ...opened, ...zstd];
  expect(found(all, ask(process.execPath, all))).toEqual(expected(all));
});

test("the product's own functions give them too", () => {
  const bytes = (one: Vector, name: string): Buffer => Buffer.from(String(one[name]), 'hex');
  const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
  for (const one of vectors) {
    if (one.primitive === 'sha256') expect(sha256Hex(bytes(one, 'data')), one.source).toBe(one.answer);
    if (one.primitive === 'hmac') expect(hex(hmacSha256(bytes(one, 'key'), bytes(one, 'data'))), one.source).toBe(one.answer);
    if (one.primitive === 'hkdf')
      expect(hex(hkdf(bytes(one, 'key'), bytes(one, 'salt'), bytes(one, 'info'), Number(one['length']))), one.source).toBe(one.answer);
    // A frame's nonce is its number and zeros: of the standard's cases those with a nonce of zeros can be sealed as frames.
    if (one.primitive !== 'seal' || one['nonce'] !== '00'.repeat(12)) continue;
    const cipher = new FrameCipher(bytes(one, 'key'), new Uint8Array(0));
    const out = Buffer.alloc(bytes(one, 'data').length + 16);
    cipher.sealInto(0, bytes(one, 'data'), out, 0);
    expect(out.toString('hex'), one.source).toBe(one.answer);
    expect(cipher.open(0, out)?.toString('hex'), one.source).toBe(one['data']);
  }
});

test('what was compressed comes back, of any length, with a dictionary and without', () => {
  const base = Buffer.from(Array.from({ length: 9000 }, (_none, i) => (i * i) % 251));
  const dictionary = makeDictionary([base]);
  for (const length of [1, 2, 17, 255, 256, 4096, 65_535, 131_072, 131_073, 1 << 20]) {
    for (const raw of [Buffer.alloc(length, 7), Buffer.from(Array.from({ length }, (_none, i) => (i * 2_654_435_761) >>> 24))]) {
      const form = { codec: 32, raw: length } as const;
      expect(decodeSegmentSync(compressSegmentSync(raw), form).equals(raw)).toBe(true);
      expect(decodeSegmentSync(compressSegmentSync(raw, dictionary), form, dictionary).equals(raw)).toBe(true);
    }
  }
});
