import { constants, zstdCompressSync } from 'node:zlib';
import type { Random } from '../../../electron/core/base/ports.ts';
import { toHex } from '../../../electron/core/repository/format/bytes.ts';
import type { Config } from '../../../electron/core/repository/format/config.ts';
import { deriveKeys } from '../../../electron/core/repository/format/crypto.ts';
import type { Fact } from '../../../electron/core/repository/repository.ts';
import type { Manifest } from '../../../electron/core/repository/format/manifest.ts';
import { SealedBuilder, encodeFrameLengths } from '../../../electron/core/repository/format/sealed.ts';
import type { FileType } from '../../../electron/core/repository/format/sealed.ts';

const from = (first: number, length: number): Uint8Array => Uint8Array.from({ length }, (_none, i) => (first + i) & 255);

/** Keys that everybody knows: whoever owns a hostile repository has its key, so that what it wrote opens. */
export const keys = deriveKeys(from(0xa0, 16), from(0, 32));

/** Always the same salts, so that an input means the same in every run. What is sealed with them is thrown away at once. */
export function sameRandom(): Random {
  let next = 0;
  return { bytes: (length) => from((next += 1), length) };
}

export const id = (first: number): string => toHex(from(first, 16));
export const digest = 'ab'.repeat(32);

/** A sealed file of one frame, whatever is in it. */
export function sealed(type: FileType, plain: Uint8Array, footer?: Uint8Array): Uint8Array {
  const builder = new SealedBuilder(keys, type, sameRandom());
  builder.append(plain);
  return builder.finish(footer ?? encodeFrameLengths(builder.storedLengths).finish()).bytes;
}

/** A document's file around bytes that claim to be its JSON. */
export function sealedText(type: FileType, json: Uint8Array): Uint8Array {
  return sealed(type, zstdCompressSync(json, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }));
}

export const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value), 'utf8');

export const config: Config = {
  belay: 1,
  repository: toHex(keys.repository),
  created: 1_760_000_000_000,
  chunkAverage: 16_384,
  hash: 'sha256',
  protection: 'none',
  master: toHex(keys.master),
  requires: [],
};

export const manifest: Manifest = {
  v: 1,
  seq: 1,
  previous: null,
  source: 'source',
  engine: 'sqlite',
  name: 'a name',
  note: 'a note',
  tags: ['one', 'two'],
  parent: id(3),
  created: 1_760_000_000_000,
  capture: { version: '3.50.1', files: [{ name: 'main', pages: 12 }] },
  table: { list: id(1), digest, objects: 2 },
  totals: { objects: 2, bytes: 100, added: 10, chunks: 3, newChunks: 1, rows: 7 },
};

/** One fact of each kind, and one of a kind that nobody knows. */
export const facts: readonly (Fact | { readonly kind: string })[] = [
  { kind: 'pin', snapshot: id(1), reason: 'kept' },
  { kind: 'pin', snapshot: id(1), reason: null },
  { kind: 'tags', snapshot: id(1), add: ['a'], remove: ['b'] },
  { kind: 'note', snapshot: id(1), note: 'a note' },
  { kind: 'proof', snapshot: id(1), proof: { level: 'proved', result: 'passed', at: 1, evidence: { rows: 3 } } },
  { kind: 'forgotten', snapshot: id(2), seq: 4, fileHash: digest },
  { kind: 'check', level: 'decoded', passed: true, epoch: 1 },
  { kind: 'damage', level: 'decoded', whole: true, packs: [{ pack: id(9), frames: [0, 3] }, { pack: id(8) }] },
  { kind: 'loss', files: [`snapshots/0000000004-${id(2)}`] },
  { kind: 'operation', what: 'collect', details: { epoch: 3 } },
  { kind: 'of another version' },
];

export const journal = {
  v: 1,
  seq: 3,
  previous: [`0000000001-${digest}`, `0000000002-${digest}`],
  facts: facts.map((fact, at) => ({ at, fact })),
};
