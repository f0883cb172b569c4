import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemRandom } from '../../../electron/core/base/system.ts';
import { ByteReader } from '../../../electron/core/repository/format/bytes.ts';
import { ChunkIds, deriveKeys, fileName } from '../../../electron/core/repository/format/crypto.ts';
import type { KeyMaterial } from '../../../electron/core/repository/format/crypto.ts';
import { encodeIndexFile, openIndexFile } from '../../../electron/core/repository/format/index-file.ts';
import type { PackEntry } from '../../../electron/core/repository/format/index-file.ts';
import { decodeJournal, encodeJournal } from '../../../electron/core/repository/format/journal-file.ts';
import { decodeManifest, encodeManifest, numberedPath, parseNumberedPath } from '../../../electron/core/repository/format/manifest.ts';
import type { Manifest } from '../../../electron/core/repository/format/manifest.ts';
import { decodePackFooter, encodePackFooter, openPackFooter, packFileBytes } from '../../../electron/core/repository/format/pack.ts';
import type { PackFooter, SegmentRecord } from '../../../electron/core/repository/format/pack.ts';
import {
  SealedBuilder,
  TYPE_METADATA,
  TYPE_PACK,
  decodeFrameLengths,
  eachFrame,
  encodeFrameLengths,
  openFrame,
  openSealed,
} from '../../../electron/core/repository/format/sealed.ts';
import { compressSegmentSync, decodeSegmentSync, makeDictionary } from '../../../electron/core/repository/format/segment.ts';
import { outcome, tamperings } from '../../helpers/repository/hostile.ts';

const keys = deriveKeys(new Uint8Array(16).fill(1), new Uint8Array(32).fill(2));
const ids = new ChunkIds(keys.idKey);

/** The whole content of a pack, proved: what a reader ends up with. */
function contentOf(bytes: Uint8Array, material: KeyMaterial): string {
  const file = openSealed(bytes, material, TYPE_PACK);
  const footer = openPackFooter(file.footer, file.frames, file.body.length);
  let at = 0;
  const chunks = new Map<string, Buffer>();
  for (const [frame, record] of footer.records.entries()) {
    const plain = openFrame(file.cipher, frame, file.body.subarray(at, at + record.stored));
    at += record.stored;
    const bases = record.bases.map((base) => chunks.get(Buffer.from(footer.baseIds.subarray(base * 16, base * 16 + 16)).toString('hex')) ?? Buffer.alloc(0));
    const raw = decodeSegmentSync(plain, record, record.kind === 1 ? makeDictionary(bases) : undefined);
    let from = 0;
    for (const [i, length] of record.lengths.entries()) {
      const chunk = raw.subarray(from, from + length);
      if (!ids.matches(0, chunk, record.ids, i * 16)) throw new Error('Wrong plaintext.');
      chunks.set(Buffer.from(record.ids.subarray(i * 16, i * 16 + 16)).toString('hex'), chunk);
      from += length;
    }
  }
  return Buffer.concat([...chunks.values()]).toString('hex');
}

/** Two plain segments (one stored as it is) and a delta. */
function smallPack(): Uint8Array {
  const builder = new SealedBuilder(keys, TYPE_PACK, systemRandom);
  const base = Buffer.from('base '.repeat(40));
  const noise = Buffer.from(systemRandom.bytes(30));
  const changed = Buffer.from(`${base.toString('latin1')}!`);
  const dictionary = makeDictionary([base]);
  const plain = (chunk: Buffer, stored: Uint8Array, codec: 16 | 32): SegmentRecord => ({
    kind: 0,
    codec,
    stored: builder.append(stored).stored,
    raw: chunk.length,
    ids: ids.of(0, chunk),
    lengths: [chunk.length],
    bases: [],
  });
  const records: SegmentRecord[] = [plain(base, compressSegmentSync(base), 32), plain(noise, noise, 16)];
  const delta = builder.append(compressSegmentSync(changed, dictionary));
  records.push({ kind: 1, codec: 32, stored: delta.stored, raw: changed.length, ids: ids.of(0, changed), lengths: [changed.length], bases: [0] });
  return builder.finish(encodePackFooter({ baseIds: ids.of(0, base), records }).finish()).bytes;
}

const manifest: Manifest = {
  v: 1,
  seq: 7,
  previous: 'ab'.repeat(32),
  source: 'shop',
  engine: 'sqlite',
  name: 'before "migration"\n\u202Etxt',
  tags: ['a', ''],
  created: 1_700_000_000_000,
  capture: { server: '3.50', nested: { list: [1, null, true] } },
  table: { list: '00'.repeat(16), digest: '11'.repeat(32), objects: 3 },
  totals: { objects: 3, bytes: 4, added: 5, chunks: 6, newChunks: 7, rows: 8 },
};

const entryOf = (name: string, type: 1 | 2, footer: PackFooter): PackEntry => ({ name, type, bytes: packFileBytes(footer), footer });
const indexEntries: readonly PackEntry[] = [TYPE_PACK, TYPE_METADATA].map((type, i) =>
  entryOf(String(i).repeat(32), type as 1 | 2, {
    baseIds: new Uint8Array(16).fill(9),
    records: [{ kind: 1, codec: 32, stored: 20, raw: 5, ids: new Uint8Array(16).fill(i), lengths: [5], bases: [0] }],
  }),
);

describe('every truncation and every changed byte is refused, and nothing else is ever read', () => {
  const cases: readonly { readonly name: string; readonly bytes: Uint8Array; readonly open: (bytes: Uint8Array) => unknown }[] = [
    { name: 'pack', bytes: smallPack(), open: (bytes) => contentOf(bytes, keys) },
    { name: 'manifest', bytes: encodeManifest(keys, systemRandom, manifest).bytes, open: (bytes) => decodeManifest(bytes, keys) },
    {
      name: 'index',
      bytes: encodeIndexFile(keys, systemRandom, indexEntries, ['cd'.repeat(16)]).bytes,
      open: (bytes) => [...openIndexFile(bytes, keys).packs],
    },
    {
      name: 'journal',
      bytes: encodeJournal(keys, systemRandom, { v: 1, seq: 1, previous: [], facts: [{ at: 1, fact: { kind: 'note', snapshot: '00'.repeat(16), note: 'n' } }] })
        .bytes,
      open: (bytes) => decodeJournal(bytes, keys),
    },
  ];
  for (const { name, bytes, open } of cases) {
    test(name, () => {
      expect(outcome(() => open(bytes)).refused).toBe(false);
      const passed = [...tamperings(bytes)].filter((tampered) => !outcome(() => open(tampered.bytes)).refused);
      expect(passed.map((tampered) => tampered.what)).toEqual([]);
    });
  }

  test('files of another type and of another repository are told apart; one that claims another format is damaged', () => {
    const { bytes } = encodeManifest(keys, systemRandom, manifest);
    expect(() => openSealed(bytes, keys, TYPE_PACK)).toThrowError(expect.objectContaining({ code: 'repository.damaged' }));
    const foreign = deriveKeys(new Uint8Array(16).fill(3), keys.master);
    expect(() => decodeManifest(bytes, foreign)).toThrowError(expect.objectContaining({ code: 'repository.foreign' }));
    const newer = new Uint8Array(bytes);
    newer[7] = 2;
    expect(() => decodeManifest(newer, keys)).toThrowError(expect.objectContaining({ code: 'repository.damaged' }));
    const otherKey = deriveKeys(keys.repository, new Uint8Array(32).fill(4));
    expect(() => decodeManifest(bytes, otherKey)).toThrowError(expect.objectContaining({ code: 'repository.damaged' }));
  });

  test('frames of one file cannot be exchanged, nor moved into another file', () => {
    const build = (...texts: readonly string[]): Uint8Array => {
      const builder = new SealedBuilder(keys, TYPE_PACK, systemRandom);
      for (const text of texts) builder.append(Buffer.from(text));
      return builder.finish(encodeFrameLengths(builder.storedLengths).finish()).bytes;
    };
    const read = (bytes: Uint8Array): string[] => {
      const file = openSealed(bytes, keys, TYPE_PACK);
      const stored = decodeFrameLengths(new ByteReader(file.footer, 'footer'), file.frames, file.body.length);
      return [...eachFrame(file, stored)].map(String);
    };
    const one = build('aaaa', 'bbbb');
    const two = build('cccc', 'dddd');
    expect(read(one)).toEqual(['aaaa', 'bbbb']);
    const swapped = Buffer.concat([one.subarray(0, 64), one.subarray(84, 104), one.subarray(64, 84), one.subarray(104)]);
    expect(outcome(() => read(swapped)).refused).toBe(true);
    const moved = Buffer.concat([one.subarray(0, 64), two.subarray(64, 84), one.subarray(84)]);
    expect(outcome(() => read(moved)).refused).toBe(true);
  });
});

const record = (bases: number): fc.Arbitrary<SegmentRecord> =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.integer({ min: 1, max: 4000 })), { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      fc.array(fc.nat(Math.max(bases - 1, 0)), { minLength: 1, maxLength: 9 }),
      fc.integer({ min: 16, max: 1 << 20 }),
    )
    .map(([chunks, delta, named, stored]): SegmentRecord => {
      const raw = chunks.reduce((sum, [, length]) => sum + length, 0);
      const common = { raw, ids: new Uint8Array(Buffer.concat(chunks.map(([id]) => id))), lengths: chunks.map(([, length]) => length) };
      return delta && bases > 0 ? { kind: 1, codec: 32, stored, bases: named, ...common } : { kind: 0, codec: 16, stored: raw + 16, bases: [], ...common };
    });
const footer: fc.Arbitrary<PackFooter> = fc
  .uint8Array({ maxLength: 64 })
  .map((bytes) => bytes.slice(0, bytes.length - (bytes.length % 16)))
  .chain((baseIds) => fc.array(record(baseIds.length / 16), { maxLength: 20 }).map((records) => ({ baseIds, records })));

describe('pack footers and index files', () => {
  test('what is encoded is decoded', () => {
    fc.assert(
      fc.property(footer, (value) => {
        const reader = new ByteReader(encodePackFooter(value).finish(), 'footer');
        expect(decodePackFooter(reader)).toEqual(value);
        reader.end();
      }),
    );
  });

  test('index files give back their packs and what they supersede, in frames of at most 1 MiB', () => {
    fc.assert(
      fc.property(fc.array(footer, { maxLength: 8 }), fc.array(fc.uint8Array({ minLength: 16, maxLength: 16 }), { maxLength: 5 }), (footers, gone) => {
        const packs = footers.map((value, i) => entryOf(i.toString(16).padStart(32, '0'), i % 2 === 0 ? 1 : 2, value));
        const supersedes = gone.map((name) => Buffer.from(name).toString('hex'));
        const file = encodeIndexFile(keys, systemRandom, packs, supersedes);
        expect(fileName(file.bytes)).toBe(file.name);
        const opened = openIndexFile(file.bytes, keys);
        expect(opened.supersedes).toEqual(supersedes);
        expect([...opened.packs]).toEqual(packs);
      }),
      { numRuns: 30 },
    );
    const wide = {
      baseIds: new Uint8Array(0),
      records: Array.from({ length: 20_000 }, () => ({ kind: 0, codec: 16, stored: 17, raw: 1, ids: new Uint8Array(16), lengths: [1], bases: [] }) as const),
    };
    const packs = [1, 2, 3].map((i) => entryOf(String(i).repeat(32), 1, wide));
    const file = encodeIndexFile(keys, systemRandom, packs, []);
    const sealed = openSealed(file.bytes, keys, 3);
    expect(sealed.frames).toBeGreaterThan(1);
    expect([...openIndexFile(file.bytes, keys).packs].map((pack) => pack.name)).toEqual(packs.map((pack) => pack.name));
  });

  test('any bytes are decoded or refused, quickly and without large memory', () => {
    const before = process.memoryUsage().arrayBuffers;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        outcome(() => decodePackFooter(new ByteReader(bytes, 'footer')));
      }),
      { numRuns: 2000 },
    );
    for (const hostile of ['ffffffff0000', 'ffffffffffff', '01000000000020ffffffffffff0000ffff0000', '00000100ffff00']) {
      expect(outcome(() => decodePackFooter(new ByteReader(Buffer.from(hostile, 'hex'), 'footer'))).refused).toBe(true);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 << 20);
  });

  test('records that break a rule are refused by reader and writer alike', () => {
    const good: SegmentRecord = { kind: 0, codec: 32, stored: 30, raw: 10, ids: new Uint8Array(32), lengths: [4, 6], bases: [] };
    const bad: readonly SegmentRecord[] = [
      { ...good, raw: 11 },
      { ...good, lengths: [0, 10] },
      { ...good, stored: 15 },
      { ...good, codec: 16, stored: 30 },
      { ...good, bases: [0] },
      { ...good, kind: 1 },
      { ...good, kind: 1, bases: [1] },
      { ...good, kind: 1, codec: 16, stored: 26, bases: [0] },
      { ...good, kind: 2 },
      { ...good, ids: new Uint8Array(0), lengths: [], raw: 0 },
    ];
    const bytesOf = (value: SegmentRecord): Uint8Array => {
      const head = Buffer.from(`010000000100${'00'.repeat(16)}`, 'hex');
      const body = Buffer.alloc(11 + value.lengths.length * 19 + value.bases.length * 2);
      body.writeUInt8(value.kind | value.codec, 0);
      body.writeUIntLE(value.stored, 1, 3);
      body.writeUIntLE(value.raw, 4, 3);
      body.writeUInt16LE(value.lengths.length, 7);
      body.writeUInt16LE(value.bases.length, 9);
      value.lengths.forEach((length, i) => body.writeUIntLE(length, 11 + i * 19 + 16, 3));
      value.bases.forEach((base, i) => body.writeUInt16LE(base, 11 + value.lengths.length * 19 + i * 2));
      return Buffer.concat([head, body]);
    };
    expect(outcome(() => decodePackFooter(new ByteReader(bytesOf(good), 'footer'))).refused).toBe(false);
    for (const value of bad) {
      expect(outcome(() => decodePackFooter(new ByteReader(bytesOf(value), 'footer'))).refused).toBe(true);
      expect(() => encodePackFooter({ baseIds: new Uint8Array(16), records: [value] })).toThrow(RangeError);
    }
  });
});

describe('manifests and journal files', () => {
  test('a manifest gives back what it was made of; optional parts stay away', () => {
    expect(decodeManifest(encodeManifest(keys, systemRandom, manifest).bytes, keys)).toEqual(manifest);
    const { name: _name, ...bare } = manifest;
    const first = { ...bare, seq: 1, previous: null };
    expect(decodeManifest(encodeManifest(keys, systemRandom, first).bytes, keys)).toEqual(first);
  });

  test('a manifest that is too long is refused by the writer', () => {
    const capture = { text: 'x'.repeat(300 << 10) };
    expect(() => encodeManifest(keys, systemRandom, { ...manifest, capture })).toThrow(RangeError);
  });

  test('numbered paths', () => {
    expect(numberedPath('snapshots', 7, 'ab'.repeat(16))).toBe(`snapshots/0000000007-${'ab'.repeat(16)}`);
    expect(parseNumberedPath(`snapshots/0000000007-${'ab'.repeat(16)}`)).toEqual({ seq: 7, name: 'ab'.repeat(16) });
    for (const junk of ['snapshots/7-ab', `snapshots/0000000007-${'AB'.repeat(16)}`, `snapshots/0000000007-${'ab'.repeat(16)}.tmp`, ''])
      expect(parseNumberedPath(junk)).toBeUndefined();
  });
});

test('no two files share a salt, so no key and nonce seal twice', () => {
  const salts = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const { bytes } = encodeManifest(keys, systemRandom, manifest);
    salts.add(Buffer.from(bytes.subarray(32, 64)).toString('hex'));
  }
  expect(salts.size).toBe(200);
});

test('a finished file takes nothing more', () => {
  const builder = new SealedBuilder(keys, TYPE_PACK, systemRandom);
  builder.finish(new Uint8Array(4));
  expect(() => builder.append(new Uint8Array(1))).toThrow(RangeError);
  expect(() => builder.finish(new Uint8Array(4))).toThrow(RangeError);
});

test('a frame can be opened again from the bytes that will be written', () => {
  const builder = new SealedBuilder(keys, TYPE_PACK, systemRandom, 100);
  const frames = Array.from({ length: 50 }, (_, i) => ({
    text: `frame ${String(i)} `.repeat(i),
    ...builder.append(Buffer.from(`frame ${String(i)} `.repeat(i))),
  }));
  for (const { text, frame, offset, stored } of frames) expect(builder.reopen(frame, offset, stored).toString()).toBe(text);
  expect(outcome(() => builder.reopen(1, frames[2]?.offset ?? 0, frames[2]?.stored ?? 0)).refused).toBe(true);
});
