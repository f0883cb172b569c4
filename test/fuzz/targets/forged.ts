import { ByteReader, toHex } from '../../../electron/core/repository/format/bytes.ts';
import { encodeConfig } from '../../../electron/core/repository/format/config.ts';
import { CHUNK_DATA, CHUNK_LIST, CHUNK_TABLE, ChunkIds, fileName, sha256, sha256Hex } from '../../../electron/core/repository/format/crypto.ts';
import type { ChunkKind } from '../../../electron/core/repository/format/crypto.ts';
import { encodeLeaf, encodeNode } from '../../../electron/core/repository/format/list.ts';
import { encodePackFooter } from '../../../electron/core/repository/format/pack.ts';
import type { SegmentRecord } from '../../../electron/core/repository/format/pack.ts';
import {
  SealedBuilder,
  TYPE_INDEX,
  TYPE_JOURNAL,
  TYPE_MANIFEST,
  TYPE_METADATA,
  TYPE_PACK,
  encodeFrameLengths,
} from '../../../electron/core/repository/format/sealed.ts';
import { compressSegmentSync, makeDictionary } from '../../../electron/core/repository/format/segment.ts';
import { MemoryStore } from '../../helpers/repository/memory-store.ts';
import { encodeRecords } from './index-frame.ts';
import { bytesOf, config, journal, keys, manifest, sameRandom, sealed, sealedText } from './material.ts';

/** What of a repository may be put in by hand. All else is made around it, with the ids, names, sums and seals that fit. */
export const parts = [
  'config',
  'leaf',
  'node',
  'table',
  'tableLeaf',
  'dataFooter',
  'metaFooter',
  'index',
  'manifest',
  'journal',
  'lock',
  'slot',
  'delta',
] as const;
export type Part = (typeof parts)[number];
export type Overrides = ReadonlyMap<Part, Uint8Array>;

const ids = new ChunkIds(keys.idKey);
const first = Buffer.from('the first chunk of the data, which is a base\n'.repeat(8));
const second = Buffer.from('the second chunk\n'.repeat(5));
const changed = Buffer.from(first);
changed[7] = 42;

/** Overrides as one input: each `u8 part | u24 length | bytes`; bytes that are left over are the last one's. */
export function readOverrides(input: Uint8Array): Overrides {
  const found = new Map<Part, Uint8Array>();
  const reader = new ByteReader(input, 'The input');
  while (reader.left > 4) {
    const part = parts[reader.u8() % parts.length];
    const length = Math.min(reader.u24(), reader.left);
    if (part !== undefined) found.set(part, new Uint8Array(reader.view(length)));
  }
  return found;
}

export function writeOverride(part: Part, bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4);
  head.writeUInt8(parts.indexOf(part), 0);
  head.writeUIntLE(bytes.length, 1, 3);
  return Buffer.concat([head, bytes]);
}

/** The parts of a sound repository of one snapshot, before they are sealed. */
export function soundParts(): ReadonlyMap<Part, Uint8Array> {
  const made = new Map<Part, Uint8Array>();
  forge(new Map(), made);
  return made;
}

/** A repository in memory, sound but for what `overrides` puts in. `made` is told of the parts as they are. */
export function forge(overrides: Overrides, made: Map<Part, Uint8Array> = new Map()): MemoryStore {
  const store = new MemoryStore();
  const put = (path: string, bytes: Uint8Array): void => void store.files.set(path, { bytes, version: store.files.size });
  // What names an id or a file that came out otherwise than in the sound one is written anew.
  const renamed: [Uint8Array, Uint8Array][] = [];
  const part = (name: Part, sound: Uint8Array): Uint8Array => {
    const bytes = replaced(overrides.get(name) ?? sound, renamed);
    made.set(name, bytes);
    return bytes;
  };
  const chunk = (kind: ChunkKind, name: Part, sound: Uint8Array): { readonly id: Buffer; readonly bytes: Uint8Array } => {
    const bytes = part(name, sound).subarray(0, 1 << 20);
    const id = ids.of(kind, bytes);
    if (overrides.has(name)) renamed.push([ids.of(kind, sound), id]);
    return { id, bytes };
  };

  const [a, b, c] = [first, second, changed].map((bytes) => ids.of(CHUNK_DATA, bytes));
  const entries = [first, second, changed].map((bytes, i) => ({ id: [a, b, c][i] ?? bytes, length: bytes.length, rows: 0 }));
  const leaf = chunk(CHUNK_LIST, 'leaf', encodeLeaf(entries));
  const bytes = first.length + second.length + changed.length;
  const node = chunk(CHUNK_LIST, 'node', encodeNode(1, [{ id: leaf.id, chunks: 3, bytes, rows: 0 }]));
  const digest = sha256Hex(Buffer.concat([first, second, changed].map((one) => sha256(one))));
  const rows = [
    { g: 'data', framing: 'none', list: toHex(node.id), digest, bytes, chunks: 3 },
    { n: 'a', k: 'file', g: 'data', at: 0, len: bytes },
    { n: 'b', k: 'file', g: 'data', at: 3, len: 400, meta: { a: [1] } },
  ];
  const table = chunk(CHUNK_TABLE, 'table', Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join('')));
  const tableLeaf = chunk(CHUNK_LIST, 'tableLeaf', encodeLeaf([{ id: table.id, length: Math.max(1, table.bytes.length), rows: 0 }]));

  const data = pack(TYPE_PACK, 'dataFooter', [[first], [second], [changed, first]], part, overrides.get('delta'));
  const meta = pack(TYPE_METADATA, 'metaFooter', [[leaf.bytes], [node.bytes], [table.bytes], [tableLeaf.bytes]], part, undefined, [
    leaf.id,
    node.id,
    table.id,
    tableLeaf.id,
  ]);
  put(`packs/${data.name.slice(0, 2)}/${data.name}`, data.bytes);
  for (const folder of ['meta', 'meta.copy']) put(`${folder}/${meta.name}`, meta.bytes);
  const index = part('index', encodeRecords([data.entry, meta.entry]));
  const indexFile = sealed(
    TYPE_INDEX,
    index.subarray(0, 1 << 20),
    Buffer.concat([encodeFrameLengths([Math.min(index.length, 1 << 20) + 16]).finish(), Buffer.alloc(2)]),
  );
  put(`index/${fileName(indexFile)}`, indexFile);

  const tableDigest = sha256Hex(sha256(table.bytes));
  const record = sealedText(
    TYPE_MANIFEST,
    part('manifest', bytesOf({ ...manifest, parent: undefined, table: { list: toHex(tableLeaf.id), digest: tableDigest, objects: 2 } })),
  );
  for (const folder of ['snapshots', 'snapshots.copy']) put(`${folder}/0000000001-${fileName(record)}`, record);
  const log = sealedText(TYPE_JOURNAL, part('journal', bytesOf({ ...journal, seq: 1, previous: [] })));
  put(`journal/0000000001-${fileName(log)}`, log);
  for (const name of ['config', 'config.copy']) put(name, part('config', encodeConfig(config, keys)));
  const instance = 'c0'.repeat(16);
  put(`locks/${instance}`, part('lock', bytesOf({ v: 1, instance, mode: 'writer', createdAt: 1, host: 'h', machine: 'm', pid: 1, boot: 'b', start: '1' })));
  if (overrides.has('slot')) put(`keys/${instance}`, part('slot', new Uint8Array(0)));
  return store;
}

/** A pack of segments; one of two chunks is a delta of the first, made against the second. */
function pack(
  type: typeof TYPE_PACK | typeof TYPE_METADATA,
  name: Part,
  segments: readonly (readonly Uint8Array[])[],
  part: (name: Part, sound: Uint8Array) => Uint8Array,
  delta?: Uint8Array,
  known?: readonly Uint8Array[],
): { readonly name: string; readonly bytes: Uint8Array; readonly entry: Parameters<typeof encodeRecords>[0][number] } {
  const builder = new SealedBuilder(keys, type, sameRandom());
  const baseIds: Uint8Array[] = [];
  const records = segments.map(([raw = new Uint8Array(0), base], i): SegmentRecord => {
    const id = known?.[i] ?? ids.of(CHUNK_DATA, raw);
    const common = { raw: raw.length, ids: id, lengths: [raw.length] };
    if (base === undefined) return { kind: 0, codec: 16, stored: builder.append(raw).stored, bases: [], ...common };
    baseIds.push(ids.of(CHUNK_DATA, base));
    const frame = delta ?? compressSegmentSync(raw, makeDictionary([base]));
    return { kind: 1, codec: 32, stored: builder.append(frame.subarray(0, 1 << 20)).stored, bases: [0], ...common };
  });
  const footer = { baseIds: new Uint8Array(Buffer.concat(baseIds)), records: records.filter((record) => record.raw > 0) };
  const file = builder.finish(part(name, encodePackFooter(footer).finish()).subarray(0, (1 << 20) - 64));
  return { name: file.name, bytes: file.bytes, entry: { name: file.name, type, footer } };
}

/** The same bytes with ids written anew, as bytes and as hex. */
function replaced(bytes: Uint8Array, renamed: readonly (readonly [Uint8Array, Uint8Array])[]): Uint8Array {
  const out = Buffer.from(bytes);
  for (const [before, after] of renamed)
    for (const [from, to] of [
      [Buffer.from(before), Buffer.from(after)],
      [Buffer.from(toHex(before)), Buffer.from(toHex(after))],
    ] as const)
      for (let at = out.indexOf(from); at !== -1; at = out.indexOf(from, at + 1)) to.copy(out, at);
  return out;
}
