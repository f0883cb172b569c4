import { sha256 } from '../independent/bytes.ts';
import type { JsonObject } from '../independent/bytes.ts';
import { config, delta, digestOf, indexFile, inner, knownKeys, leaf, nameOf, numbered, pack, plain } from '../independent/forge.ts';
import type { Segment } from '../independent/forge.ts';
import { chunkId } from '../independent/keys.ts';

export const salt = (number: number) => sha256(Buffer.of(number));
export const noise = (seed: number, blocks: number) => Buffer.concat(Array.from({ length: blocks }, (_, at) => sha256(Buffer.of(seed, at & 255, at >> 8))));
export const a = noise(1, 90);
export const b = Buffer.concat([a.subarray(0, 1000), Buffer.from('changed'), a.subarray(1000)]);
export const z = Buffer.concat([Buffer.from('37a430ec', 'hex'), noise(2, 60)]);
export const stream = [a, b, z, a];
export const bytes = Buffer.concat(stream);
export const leaves = [leaf(0, [a, b]), leaf(0, [z, a])];
export const sums = [[2, a.length + b.length] as const, [2, z.length + a.length] as const];
export const root = inner(1, leaves, sums);
export const dataSegments: readonly Segment[] = [
  plain(0, [a, z], true),
  delta(b, [z, a]),
  { kind: 18, frame: Buffer.alloc(100, 7), raw: 100, chunks: [], bases: [] },
];
export const group: JsonObject = { g: 'main', framing: 'none', list: chunkId(knownKeys, 1, root), digest: digestOf(stream), bytes: bytes.length, chunks: 4 };
export const objects: readonly JsonObject[] = [
  { n: 'all', k: 'file', g: 'main', at: 0, len: bytes.length },
  { n: 'empty', k: 'file', at: 0, len: 0 },
  { n: 'part', k: 'file', g: 'main', at: a.length + 5, len: b.length + 10 },
];

export interface Change {
  readonly rows?: readonly JsonObject[];
  readonly table?: Buffer;
  readonly data?: readonly Segment[];
  /** A node in place of the root, under an id of its own. */
  readonly root?: Buffer;
  readonly manifest?: JsonObject;
  /** Laid over the manifest's `table`. */
  readonly location?: JsonObject;
  readonly config?: JsonObject;
}

/** The files of a repository with one snapshot, every part as the document says but for `change`. */
export function sample(change: Change = {}): { files: Record<string, Buffer | string>; data: string; meta: string; index: string; manifest: string } {
  const top = change.root ?? root;
  const rows = change.rows ?? [{ ...group, list: chunkId(knownKeys, 1, top) }, ...objects];
  const table = change.table ?? Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const tableRoot = leaf(2, [table]);
  const data = pack(1, change.data ?? dataSegments, salt(1));
  const meta = pack(2, [plain(2, [table]), plain(1, [tableRoot, ...leaves, top], true)], salt(2));
  const index = indexFile([data, meta], [], salt(3));
  const location = { list: chunkId(knownKeys, 1, tableRoot), digest: digestOf([table]), objects: rows.filter((row) => 'n' in row).length };
  const totals = { objects: location.objects, bytes: bytes.length, added: 0, chunks: 4, newChunks: 4, rows: 0 };
  const fields = { v: 1, seq: 1, previous: null, source: 'shop', engine: 'sqlite', tags: ['first'], created: 0, capture: {}, totals };
  const written = numbered(4, { ...fields, table: { ...location, ...change.location }, ...change.manifest }, salt(4));
  const manifest = { ...written, name: `0000000001-${written.id}` };
  const files: Record<string, Buffer | string> = {};
  for (const name of ['config', 'config.copy']) files[name] = config(change.config);
  files[`packs/${data.name.slice(0, 2)}/${data.name}`] = data.file;
  for (const folder of ['meta', 'meta.copy']) files[`${folder}/${meta.name}`] = meta.file;
  files[`index/${nameOf(index)}`] = index;
  for (const folder of ['snapshots', 'snapshots.copy']) files[`${folder}/${manifest.name}`] = manifest.file;
  return { files, data: `packs/${data.name.slice(0, 2)}/${data.name}`, meta: meta.name, index: `index/${nameOf(index)}`, manifest: manifest.name };
}

export const right = { all: bytes, empty: Buffer.alloc(0), part: bytes.subarray(a.length + 5, a.length + b.length + 15) };

/** Together with `a` exactly 1 MiB. */
const large = [noise(3, 16_384), noise(4, 16_384 - 90)];
const many = [plain(0, [a, z]), ...large.map((base) => plain(0, [base]))];
const otherLengths = (() => {
  const node = leaf(0, stream);
  node.writeUIntLE(a.length - 7, 20, 3);
  node.writeUIntLE(b.length + 7, 42, 3);
  return node;
})();

/** Bases as long as they may be: 1 MiB with the eight zeros. */
export const longestBases = (() => {
  const bases = large.map((base) => base.subarray(4));
  return [plain(0, [a, z]), plain(0, bases), delta(b, [...bases, a])];
})();

/** What a reader must refuse, and a part of what this one says. */
export const cases: readonly (readonly [what: string, change: Change, message: string])[] = [
  ['a config of format 2', { config: { belay: 2 } }, 'repository format 2'],
  ['an ability that it does not know', { config: { requires: ['shiny'] } }, 'shiny'],
  ['another hash', { config: { hash: 'sha512' } }, 'hash other than'],
  ['a delta as base of a delta', { data: [plain(0, [a]), delta(z, [a]), delta(b, [z, a])] }, 'base'],
  [
    'a delta made with other bases',
    { data: [plain(0, [a, z]), { ...delta(b, [z, b.subarray(0, a.length)]), bases: delta(b, [z, a]).bases }] },
    'do not give id',
  ],
  ['bases of 1 MiB, the eight zeros not counted', { data: [...many, delta(b, [...large, a])] }, 'bases of more than 1 MiB'],
  ['a delta stored as it is', { data: [plain(0, [a, z]), { ...plain(0, [b]), kind: 17, bases: delta(b, [a]).bases }] }, 'kind of segment'],
  ['a plain segment that names bases', { data: [{ ...plain(0, [a, z]), bases: delta(b, [a]).bases }, plain(0, [b])] }, 'bases'],
  ['a frame that gives fewer bytes', { data: [{ ...plain(0, [a, z], true), frame: plain(0, [a], true).frame }, plain(0, [b])] }, 'bytes instead of'],
  ['a frame that gives more bytes', { data: [{ ...plain(0, [a], true), frame: plain(0, [a, z], true).frame }, plain(0, [z, b])] }, 'no zstd frame of at most'],
  ['chunks that do not fill their segment', { data: [{ ...plain(0, [a, z]), raw: a.length + z.length - 1 }, plain(0, [b])] }, 'cannot be'],
  ['a chunk without bytes', { data: [plain(0, [a, Buffer.alloc(0), z]), plain(0, [b])] }, 'do not fill it'],
  ['chunks of fewer bytes than their segment', { data: [{ ...plain(0, [a, z], true), chunks: plain(0, [a]).chunks }, plain(0, [z, b])] }, 'do not fill it'],
  ['padding that names a chunk', { data: [{ ...plain(0, [a]), kind: 18 }, plain(0, [a, z, b])] }, 'chunks'],
  [
    'a chunk under a wrong id',
    { data: [plain(0, [z, b]), { ...plain(0, [b]), chunks: [{ id: chunkId(knownKeys, 0, a), length: b.length }] }] },
    'do not give id',
  ],
  [
    'sums that differ from the nodes',
    {
      root: inner(1, leaves, [
        [2, sums[0]?.[1] ?? 0],
        [3, sums[1]?.[1] ?? 0],
      ]),
    },
    'chunks where 4 belong',
  ],
  [
    'sums that differ below',
    {
      root: inner(1, leaves, [
        [1, 3000],
        [3, bytes.length - 3000],
      ]),
    },
    'other sums',
  ],
  ['a node two levels above its leaves', { root: inner(2, leaves, sums) }, 'level 0 below level 2'],
  ['a node whose second byte is not 0', { root: Buffer.concat([root.subarray(0, 1), Buffer.of(1), root.subarray(2)]) }, 'not a node'],
  ['a leaf that names other lengths', { root: otherLengths }, 'where its list says'],
  ['a node with bytes behind its entries', { root: Buffer.concat([root, Buffer.of(0)]) }, 'bytes too many'],
  ['a wrong digest of a group', { rows: [{ ...group, digest: digestOf([a]) }, ...objects] }, 'digest does not fit'],
  ['a wrong digest of the table', { location: { digest: '0'.repeat(64) } }, 'digest does not fit'],
  ['a list that is nowhere', { location: { list: '0'.repeat(32) } }, 'cannot be read'],
  ['an object beyond its group', { rows: [group, { n: 'all', k: 'file', g: 'main', at: 1, len: bytes.length }] }, 'beyond its group'],
  ['an object of no group', { rows: [group, { n: 'all', k: 'file', g: 'other', at: 0, len: 1 }] }, 'lies in no group'],
  ['a table whose last row has no end', { table: Buffer.from('{"n":"x","k":"f","at":0,"len":0}') }, 'has no end'],
  ['a manifest of another number', { manifest: { seq: 7 } }, 'another number inside'],
  ['another number of objects than the manifest says', { location: { objects: 7 } }, '3 objects where the manifest says 7'],
  ['a name that is there twice', { rows: [group, { n: 'x', k: 'f', at: 0, len: 0 }, { n: 'x', k: 'f', at: 0, len: 0 }] }, 'there twice'],
  ['a group behind objects', { rows: [{ n: 'x', k: 'f', at: 0, len: 0 }, group] }, 'behind objects'],
];
