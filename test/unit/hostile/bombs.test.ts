import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../../electron/core/repository/format/bytes.ts';
import { decodeJournal } from '../../../electron/core/repository/format/journal-file.ts';
import { decodeManifest } from '../../../electron/core/repository/format/manifest.ts';
import { decodePackFooter, openPackFooter } from '../../../electron/core/repository/format/pack.ts';
import { decodeFrameLengths, TYPE_JOURNAL, TYPE_MANIFEST } from '../../../electron/core/repository/format/sealed.ts';
import { decodeSegmentSync } from '../../../electron/core/repository/format/segment.ts';
import { decodeSlot } from '../../../electron/core/repository/format/slot.ts';
import { TableParser } from '../../../electron/core/repository/format/table.ts';
import { decodeList } from '../../../electron/core/repository/format/list.ts';
import { decodeIndexFrame } from '../../fuzz/targets/index-frame.ts';
import { bytesOf, digest, id, keys, sealed } from '../../fuzz/targets/material.ts';

/** Most of this thread's time and of memory that a refusal may take. */
function refused(work: () => unknown): void {
  const before = process.memoryUsage.rss();
  const began = process.threadCpuUsage();
  expect(work).toThrowError(expect.objectContaining({ code: 'repository.damaged' }));
  const { user, system } = process.threadCpuUsage(began);
  expect((user + system) / 1e6).toBeLessThan(1);
  expect(process.memoryUsage.rss() - before).toBeLessThan(128 << 20);
}

const little = (value: number, width: number): Buffer => {
  const bytes = Buffer.alloc(width);
  bytes.writeUIntLE(value, 0, width);
  return bytes;
};
const magic = Buffer.from('28b52ffd', 'hex');
/** One byte, repeated 128 KiB: a block of four bytes. */
const block = (last: boolean): Buffer => Buffer.concat([little((131_072 << 3) | 2 | (last ? 1 : 0), 3), Buffer.from('a')]);
/** A frame of ten gigabytes, in 320 KB; `header` says what it claims. */
const tenGigabytes = (header: Buffer): Buffer => Buffer.concat([magic, header, ...Array.from({ length: 81_920 }, (_none, i) => block(i === 81_919))]);
const window = (log: number): Buffer => Buffer.from([0x00, (log - 10) << 3]);

describe('a zstd frame', () => {
  const frames: readonly (readonly [string, Buffer])[] = [
    ['that makes ten gigabytes and claims nothing', tenGigabytes(window(20))],
    ['that claims ten gigabytes in one piece', Buffer.concat([magic, Buffer.from([0xe0]), little(10 * 2 ** 30, 6), Buffer.alloc(2), block(true)])],
    ['that claims one byte and makes ten gigabytes', tenGigabytes(Buffer.from([0x20, 1]))],
    ['that asks for a window of 16 MiB', Buffer.concat([magic, window(24), block(true)])],
    ['that asks for a window of 2 TiB', Buffer.concat([magic, Buffer.from([0x00, 0xff]), block(true)])],
  ];
  test.each(frames)('%s is refused as a segment, a manifest and a journal file', (_name, frame) => {
    for (const raw of [1, 131_071, 131_072, 1 << 20]) refused(() => decodeSegmentSync(frame, { codec: 32, raw }));
    refused(() => decodeManifest(sealed(TYPE_MANIFEST, frame), keys));
    refused(() => decodeJournal(sealed(TYPE_JOURNAL, frame), keys));
  });
  test('of the same making that is as long as it may be is read', () => {
    const sound = Buffer.concat([magic, window(20), ...Array.from({ length: 8 }, (_none, i) => block(i === 7))]);
    expect(decodeSegmentSync(sound, { codec: 32, raw: 1 << 20 })).toHaveLength(1 << 20);
  });
});

describe('a claim that goes beyond what is there is refused before anything is taken for it', () => {
  const most = [2 ** 31, 2 ** 32 - 1, 131_073, 131_072];

  test('records of a pack, bases, chunks of a record', () => {
    for (const count of most) refused(() => decodePackFooter(new ByteReader(Buffer.concat([little(count, 4), little(0, 2), Buffer.alloc(1000)]), 'it')));
    refused(() => decodePackFooter(new ByteReader(Buffer.concat([little(1, 4), little(65_535, 2), Buffer.alloc(1000)]), 'it')));
    const record = (chunks: number, bases: number): Buffer =>
      Buffer.concat([Buffer.of(33), little(40, 3), little(100, 3), little(chunks, 2), little(bases, 2)]);
    for (const head of [record(65_535, 0), record(1, 65_535), record(65_535, 65_535)])
      refused(() => decodePackFooter(new ByteReader(Buffer.concat([little(1, 4), little(0, 2), head, Buffer.alloc(64)]), 'it')));
  });

  test('packs of an index file, and records of one of them', () => {
    refused(() => decodeIndexFrame(Buffer.concat([little(65_535, 2), Buffer.alloc(500)])));
    for (const count of most)
      refused(() =>
        decodeIndexFrame(
          Buffer.concat([little(1, 2), Buffer.from(id(1), 'hex'), little(153, 4), Buffer.of(1), little(count, 4), little(0, 2), Buffer.alloc(500)]),
        ),
      );
  });

  test('frames of a file, and sums of them that go beyond the file, also beyond 32 bits', () => {
    const footer = (stored: readonly number[], count = stored.length): ByteReader =>
      new ByteReader(Buffer.concat([little(count, 4), ...stored.map((one) => little(one, 4))]), 'it');
    for (const count of most) refused(() => decodeFrameLengths(footer([16, 16], count), count, 32));
    refused(() => decodeFrameLengths(footer([2 ** 32 - 16, 32]), 2, 16));
    const whole = Array.from({ length: 8192 }, () => (1 << 20) + 16);
    refused(() => decodeFrameLengths(footer(whole), whole.length, (whole.length * ((1 << 20) + 16)) % 2 ** 32));
    const record = Buffer.concat([Buffer.of(18), little(16, 3), little(0, 3), little(0, 4)]);
    const padding = Buffer.concat([little(3, 4), little(0, 2), record, record, record]);
    expect(openPackFooter(padding, 3, 48).records).toHaveLength(3);
    for (const [frames, body] of [
      [3, 47],
      [2, 48],
      [3, 48 + 2 ** 32],
    ] as const)
      refused(() => openPackFooter(padding, frames, body));
  });

  test('entries of a list', () => {
    for (const level of [0, 1, 8, 9, 255]) refused(() => decodeList(Buffer.concat([Buffer.of(level, 0), little(1024, 2), Buffer.alloc(100)])));
    refused(() => decodeList(Buffer.concat([Buffer.of(0, 0), little(1025, 2), Buffer.alloc(1025 * 22, 1)])));
  });

  test('a row of an object table that never ends, in pieces', () => {
    const parser = new TableParser();
    const piece = Buffer.alloc(64 << 10, 'x');
    refused(() => {
      for (let i = 0; i < 1024; i += 1) for (const row of parser.push(piece)) expect(row).toBeUndefined();
    });
  });

  test('a key slot that asks for more memory than the format allows, before any is taken', () => {
    const slot = (n: number, r = 8, p = 1) =>
      bytesOf({
        v: 1,
        slot: id(1),
        kind: 'passphrase',
        created: 1,
        kdf: { name: 'scrypt', n, r, p, salt: digest },
        nonce: 'ab'.repeat(12),
        wrapped: digest + digest,
      });
    expect(decodeSlot(slot(2 ** 17)).kdf).toMatchObject({ n: 2 ** 17 });
    for (const bytes of [slot(2 ** 21), slot(2 ** 31), slot(2 ** 53), slot(2 ** 17, 1024), slot(2 ** 17, 8, 1024), slot(2 ** 14), slot(2 ** 17 + 1)])
      refused(() => decodeSlot(bytes));
  });
});
