import { buffer } from 'node:stream/consumers';
import { constants, createZstdCompress, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DICTIONARY_PREFIX,
  compressSegment,
  compressSegmentSync,
  decodeSegment,
  decodeSegmentSync,
  makeDictionary,
  plainEncoding,
} from '../../../electron/core/repository/format/segment.ts';
import { outcome } from '../../helpers/repository/hostile.ts';
import { sampleBytes } from '../../helpers/repository/tiny.ts';

const trained = Buffer.from('37a430ec', 'hex');

describe('segments', () => {
  test('what is compressed is decoded, plain and as a delta, in the pool and on the spot', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 3000 }), fc.array(fc.uint8Array({ maxLength: 500 }), { maxLength: 3 }), async (raw, bases) => {
        for (const dictionary of [undefined, makeDictionary(bases)]) {
          const form = { codec: 32, raw: raw.length } as const;
          const packed = await compressSegment(raw, dictionary);
          expect(compressSegmentSync(raw, dictionary)).toEqual(packed);
          expect(new Uint8Array(await decodeSegment(packed, form, dictionary))).toEqual(raw);
          expect(new Uint8Array(decodeSegmentSync(packed, form, dictionary))).toEqual(raw);
        }
        const { codec, bytes } = plainEncoding(raw, compressSegmentSync(raw));
        expect(bytes.length).toBeLessThanOrEqual(raw.length);
        expect(new Uint8Array(decodeSegmentSync(bytes, { codec, raw: raw.length }))).toEqual(raw);
      }),
      { numRuns: 60 },
    );
  });

  test('a base that begins like a trained dictionary works, because eight zero bytes stand before it', () => {
    const base = Buffer.concat([trained, sampleBytes(5000, 1)]);
    const raw = Buffer.concat([base.subarray(0, 3000), Buffer.from('changed'), base.subarray(3000)]);
    expect(() => compressSegmentSync(raw, base)).toThrow();
    const dictionary = makeDictionary([base]);
    expect(dictionary.subarray(0, DICTIONARY_PREFIX)).toEqual(new Uint8Array(8));
    const packed = compressSegmentSync(raw, dictionary);
    expect(packed.length).toBeLessThan(100);
    expect(decodeSegmentSync(packed, { codec: 32, raw: raw.length }, dictionary).equals(raw)).toBe(true);
  });

  test('a frame that asks for a window above 8 MiB is refused, one of 8 MiB is decoded', async () => {
    const framed = async (windowLog: number): Promise<Buffer> => {
      const stream = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: windowLog } });
      // In two pieces, so that the length is not known beforehand and the window stands in the frame.
      stream.write(Buffer.alloc(500, 'a'), () => stream.flush(() => stream.end(Buffer.alloc(500, 'b'))));
      return buffer(stream);
    };
    const form = { codec: 32, raw: 1000 } as const;
    expect((await decodeSegment(await framed(23), form)).length).toBe(1000);
    await expect(decodeSegment(await framed(24), form)).rejects.toMatchObject({ code: 'repository.damaged' });
    expect(outcome(() => decodeSegmentSync(zstdCompressSync(Buffer.alloc(1000)), form)).refused).toBe(false);
  });

  test('never more bytes come out than the record says, and never fewer', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(64 << 20));
    const before = process.memoryUsage().arrayBuffers;
    for (const raw of [1, 1000, 1 << 20]) {
      expect(outcome(() => decodeSegmentSync(bomb, { codec: 32, raw })).refused).toBe(true);
      await expect(decodeSegment(bomb, { codec: 32, raw })).rejects.toMatchObject({ code: 'repository.damaged' });
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
    const packed = compressSegmentSync(Buffer.alloc(1000, 'a'));
    expect(outcome(() => decodeSegmentSync(packed, { codec: 32, raw: 1001 })).refused).toBe(true);
    expect(outcome(() => decodeSegmentSync(packed.subarray(0, packed.length - 1), { codec: 32, raw: 1000 })).refused).toBe(true);
    expect(outcome(() => decodeSegmentSync(Buffer.alloc(10), { codec: 16, raw: 9 })).refused).toBe(true);
    expect(outcome(() => decodeSegmentSync(Buffer.alloc(10), { codec: 32, raw: 9 })).refused).toBe(true);
  });

  test('a dictionary is at most 1 MiB', () => {
    expect(() => makeDictionary([new Uint8Array((1 << 20) - 7)])).toThrow(RangeError);
    expect(makeDictionary([new Uint8Array((1 << 20) - 8)]).length).toBe(1 << 20);
  });
});
