import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { messageOf, sha256 } from '../independent/bytes.ts';
import type { JsonObject } from '../independent/bytes.ts';
import { chunkId } from '../independent/keys.ts';
import { config, delta, digestOf, indexFile, inner, knownKeys, leaf, nameOf, numbered, pack, place, plain, run, seal } from '../independent/forge.ts';
import type { Segment } from '../independent/forge.ts';
import { tagsOf } from '../independent/history.ts';
import { IndependentReader } from '../independent/reader.ts';

const salt = (number: number) => sha256(Buffer.of(number));
const noise = (seed: number, blocks: number) => Buffer.concat(Array.from({ length: blocks }, (_, at) => sha256(Buffer.of(seed, at))));
const a = noise(1, 90);
const b = Buffer.concat([a.subarray(0, 1000), Buffer.from('changed'), a.subarray(1000)]);
const z = Buffer.concat([Buffer.from('37a430ec', 'hex'), noise(2, 60)]);
const stream = [a, b, z, a];
const bytes = Buffer.concat(stream);
const leaves = [leaf(0, [a, b]), leaf(0, [z, a])];
const sums = [[2, a.length + b.length] as const, [2, z.length + a.length] as const];
const root = inner(1, leaves, sums);
const dataSegments: readonly Segment[] = [plain(0, [a, z], true), delta(b, [z, a]), { kind: 18, frame: Buffer.alloc(100, 7), raw: 100, chunks: [], bases: [] }];
const group: JsonObject = { g: 'main', framing: 'none', list: chunkId(knownKeys, 1, root), digest: digestOf(stream), bytes: bytes.length, chunks: 4 };
const objects: readonly JsonObject[] = [
  { n: 'all', k: 'file', g: 'main', at: 0, len: bytes.length },
  { n: 'empty', k: 'file', at: 0, len: 0 },
  { n: 'part', k: 'file', g: 'main', at: a.length + 5, len: b.length + 10 },
];

interface Change {
  readonly rows?: readonly JsonObject[];
  readonly table?: Buffer;
  readonly data?: readonly Segment[];
  /** A node in place of the root, under an id of its own. */
  readonly root?: Buffer;
  readonly manifest?: JsonObject;
  readonly config?: JsonObject;
}

/** The files of a repository with one snapshot, every part as the document says but for `change`. */
function sample(change: Change = {}): { files: Record<string, Buffer | string>; data: string; meta: string; index: string; manifest: string } {
  const top = change.root ?? root;
  const rows = change.rows ?? [{ ...group, list: chunkId(knownKeys, 1, top) }, ...objects];
  const table = change.table ?? Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const tableRoot = leaf(2, [table]);
  const data = pack(1, change.data ?? dataSegments, salt(1));
  const meta = pack(2, [plain(2, [table]), plain(1, [tableRoot, ...leaves, top], true)], salt(2));
  const index = indexFile([data, meta], [], salt(3));
  const location = { list: chunkId(knownKeys, 1, tableRoot), digest: digestOf([table]), objects: rows.filter((row) => 'n' in row).length };
  const written = numbered(4, { v: 1, seq: 1, previous: null, tags: ['first'], table: location, ...change.manifest }, salt(4));
  const manifest = { ...written, name: `0000000001-${written.id}` };
  const files: Record<string, Buffer | string> = {};
  for (const name of ['config', 'config.copy']) files[name] = config(change.config);
  files[`packs/${data.name.slice(0, 2)}/${data.name}`] = data.file;
  for (const folder of ['meta', 'meta.copy']) files[`${folder}/${meta.name}`] = meta.file;
  files[`index/${nameOf(index)}`] = index;
  for (const folder of ['snapshots', 'snapshots.copy']) files[`${folder}/${manifest.name}`] = manifest.file;
  return { files, data: `packs/${data.name.slice(0, 2)}/${data.name}`, meta: meta.name, index: `index/${nameOf(index)}`, manifest: manifest.name };
}

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belay-independent-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function flipped(file: Buffer | string | undefined, at: number): Buffer {
  const copy = Buffer.from(file ?? '');
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
}

/** Every object of snapshot 1, by name. */
function readAll(reader = new IndependentReader(folder)): Record<string, Buffer> {
  const rows = reader.objects(reader.snapshot('1'));
  return Object.fromEntries(rows.map((object) => [object.name, Buffer.concat([...reader.read(object)])]));
}

/** Why the repository, or the first object that is, cannot be read; empty where all can. */
function refusal(): string {
  let reader;
  try {
    reader = new IndependentReader(folder);
    readAll(reader);
    return '';
  } catch (error) {
    return [...(reader?.warnings ?? []), messageOf(error)].join('\n');
  }
}

const right = { all: bytes, empty: Buffer.alloc(0), part: bytes.subarray(a.length + 5, a.length + b.length + 15) };

describe('a repository as the document says', () => {
  test('plain and delta segments, padding, a list of two levels, ranges, empty objects', () => {
    place(folder, sample().files);
    const reader = new IndependentReader(folder);
    expect(readAll(reader)).toEqual(right);
    expect(reader.warnings).toEqual([]);
  });

  test('without its index file, with every file of metadata only in its copy, with a damaged config', () => {
    const { files, index, meta, manifest } = sample();
    delete files[index];
    files[`meta/${meta}`] = flipped(files[`meta/${meta}`], 200);
    delete files[`snapshots/${manifest}`];
    files['config'] = '{';
    place(folder, files);
    expect(readAll()).toEqual(right);
  });

  test('with a damaged index file, which is said', () => {
    const { files, index } = sample();
    files[index] = flipped(files[index], 100);
    place(folder, files);
    const reader = new IndependentReader(folder);
    expect(readAll(reader)).toEqual(right);
    expect(reader.warnings).toEqual([expect.stringContaining(index.slice(6))]);
  });

  test('a pack whose own footer is damaged, as the index has it', () => {
    const { files, data } = sample();
    files[data] = flipped(files[data], Buffer.from(files[data] ?? '').length - 40);
    place(folder, files);
    expect(readAll()).toEqual(right);
  });

  test('a pack in quarantine', () => {
    const { files, data } = sample();
    files[`quarantine/17/${data}`] = files[data] ?? '';
    delete files[data];
    place(folder, files);
    expect(readAll()).toEqual(right);
  });

  test('another copy where one is bad', () => {
    const { files, data } = sample();
    const other = pack(1, [plain(0, [z]), plain(0, [b, a])], salt(9));
    files[data] = flipped(files[data], 80);
    files[`packs/${other.name.slice(0, 2)}/${other.name}`] = other.file;
    place(folder, files);
    expect(readAll()).toEqual(right);
  });

  test('an index file that another supersedes is not used', () => {
    const { files, index, data } = sample();
    const [file, footer] = [Buffer.from(files[data] ?? ''), pack(1, [plain(0, [z, a], true), ...dataSegments.slice(1)], salt(1)).footer];
    const lie = { type: 1, name: data.slice(-32), file, footer };
    const wrong = Array.from({ length: 99 }, (_, at) => indexFile([lie], [], salt(100 + at))).find((one) => nameOf(one) < index.slice(6)) ?? file;
    place(folder, { ...files, [`index/${nameOf(wrong)}`]: wrong });
    expect(() => readAll()).toThrow('do not give id');

    const later = indexFile([], [nameOf(wrong)], salt(11));
    place(folder, { [`index/${nameOf(later)}`]: later });
    expect(readAll()).toEqual(right);
    expect(new IndependentReader(folder).warnings).toEqual([]);
  });

  test('the journal: links, tags in turn, a tombstone in the chain', () => {
    const { files, manifest } = sample();
    const gone = numbered(4, { v: 1, seq: 2, previous: sha256(Buffer.from(files[`snapshots/${manifest}`] ?? '')).toString('hex') }, salt(20));
    const third = { v: 1, seq: 3, previous: sha256(gone.file).toString('hex'), tags: [], table: { list: '0'.repeat(32), digest: '0'.repeat(64), objects: 0 } };
    const last = numbered(4, third, salt(21));
    const snapshot = manifest.slice(11);
    const fact = (more: JsonObject) => ({ at: 0, fact: more });
    const facts = [fact({ kind: 'tags', snapshot, add: ['x', 'y'], remove: ['first'] }), fact({ kind: 'tags', snapshot, add: ['z'], remove: ['x', 'z'] })];
    const one = numbered(5, { v: 1, seq: 1, previous: [], facts }, salt(22));
    const tombstone = fact({ kind: 'forgotten', snapshot: gone.id, seq: 2, fileHash: sha256(gone.file).toString('hex') });
    const link = `${one.name.slice(0, 11)}${sha256(one.file).toString('hex')}`;
    const two = numbered(5, { v: 1, seq: 2, previous: [link], facts: [tombstone, fact({ kind: 'unheard' })] }, salt(23));
    files[`snapshots/${last.name}`] = last.file;
    place(folder, { ...files, [`journal/${one.name}`]: one.file, [`journal/${two.name}`]: two.file });
    const { history, warnings } = new IndependentReader(folder);
    expect(warnings).toEqual([]);
    expect(tagsOf(new IndependentReader(folder).snapshot('1'), history.facts)).toEqual(['y', 'z']);

    rmSync(join(folder, 'journal', one.name));
    expect(new IndependentReader(folder).warnings).toEqual([expect.stringContaining(`journal: ${one.name} is missing`)]);
    rmSync(join(folder, 'journal', two.name));
    expect(new IndependentReader(folder).warnings).toEqual(['snapshots: number 2 is missing']);
  });
});

describe('refused', () => {
  const cases: readonly (readonly [what: string, change: Change, message: string])[] = [
    ['a config of format 2', { config: { belay: 2 } }, 'repository format 2'],
    ['an ability that it does not know', { config: { requires: ['shiny'] } }, 'shiny'],
    ['another hash', { config: { hash: 'sha512' } }, 'hash other than'],
    ['a delta as base of a delta', { data: [plain(0, [a]), delta(z, [a]), delta(b, [z, a])] }, 'base'],
    [
      'a delta made with other bases',
      { data: [plain(0, [a, z]), { ...delta(b, [z, b.subarray(0, a.length)]), bases: delta(b, [z, a]).bases }] },
      'do not give id',
    ],
    ['a delta stored as it is', { data: [plain(0, [a, z]), { ...delta(b, [a]), kind: 17 }] }, 'kind of segment'],
    ['a plain segment that names bases', { data: [{ ...plain(0, [a, z]), bases: delta(b, [a]).bases }] }, 'bases'],
    ['a frame that gives fewer bytes', { data: [{ ...plain(0, [a, z], true), frame: plain(0, [a], true).frame }] }, 'bytes instead of'],
    ['a frame that gives more bytes', { data: [{ ...plain(0, [a], true), frame: plain(0, [a, z], true).frame }] }, 'no zstd frame of at most'],
    ['chunks that do not fill their segment', { data: [{ ...plain(0, [a, z]), raw: a.length + z.length - 1 }] }, 'cannot be'],
    ['a chunk without bytes', { data: [plain(0, [a, Buffer.alloc(0), z])] }, 'do not fill it'],
    ['chunks of fewer bytes than their segment', { data: [{ ...plain(0, [a, z], true), chunks: plain(0, [a]).chunks }] }, 'do not fill it'],
    ['padding that names a chunk', { data: [{ ...plain(0, [a]), kind: 18 }] }, 'chunks'],
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
    ['a node with bytes behind its entries', { root: Buffer.concat([root, Buffer.of(0)]) }, 'bytes too many'],
    ['a wrong digest of a group', { rows: [{ ...group, digest: digestOf([a]) }, ...objects] }, 'digest does not fit'],
    ['a wrong digest of the table', { manifest: { table: { list: '0'.repeat(32), digest: '0'.repeat(64), objects: 3 } } }, 'cannot be read'],
    ['an object beyond its group', { rows: [group, { n: 'all', k: 'file', g: 'main', at: 1, len: bytes.length }] }, 'beyond its group'],
    ['an object of no group', { rows: [group, { n: 'all', k: 'file', g: 'other', at: 0, len: 1 }] }, 'lies in no group'],
    ['a name that is there twice', { rows: [group, { n: 'x', k: 'f', at: 0, len: 0 }, { n: 'x', k: 'f', at: 0, len: 0 }] }, 'there twice'],
    ['a group behind objects', { rows: [{ n: 'x', k: 'f', at: 0, len: 0 }, group] }, 'behind objects'],
    ['a table whose last row has no end', { table: Buffer.from('{"n":"x","k":"f","at":0,"len":0}') }, 'has no end'],
    ['a manifest of another number', { manifest: { seq: 7 } }, 'another number inside'],
  ];
  test.each(cases)('%s', (_what, change, message) => {
    place(folder, sample(change).files);
    expect(refusal()).toContain(message);
  });

  test('a mac that does not fit, in both configs', () => {
    const { files } = sample();
    for (const name of ['config', 'config.copy']) files[name] = String(files[name]).replace('"created":0', '"created":1');
    place(folder, files);
    expect(() => readAll()).toThrow('its mac does not fit');
  });

  test('a secret where none is needed: the config may have been replaced', () => {
    place(folder, sample().files);
    expect(() => new IndependentReader(folder, { kind: 'passphrase', value: 'x' })).toThrow('although one was given');
  });

  test('every byte of a pack flipped: named, or not needed', () => {
    const { files, data, index } = sample();
    const whole = Buffer.from(files[data] ?? '');
    delete files[index];
    place(folder, files);
    const frames = 64 + [...dataSegments].reduce((sum, segment) => sum + segment.frame.length + 16, 0);
    const paddingFrom = frames - 116;
    const unnoticed: number[] = [];
    for (let at = 0; at < whole.length; at += at < 64 || at >= frames ? 1 : 37) {
      place(folder, { [data]: flipped(whole, at) });
      if (!refusal().includes(data.slice(-32))) unnoticed.push(at);
    }
    // Bytes 9 to 15 count too: they are authenticated. Padding means nothing and is not opened.
    expect(unnoticed.length).toBeGreaterThan(0);
    expect(unnoticed.filter((at) => at < paddingFrom || at >= frames)).toEqual([]);
  });

  test('a file of another repository, of another type, of a newer format', () => {
    const { files, data } = sample();
    const file = Buffer.from(files[data] ?? '');
    for (const [at, value, why] of [
      [16, 1, 'belongs to another repository'],
      [8, 2, 'type 2 where type 1 belongs'],
      [7, 2, 'of format 2'],
    ] as const) {
      const other = Buffer.from(file);
      other.writeUInt8(value, at);
      place(folder, { ...files, [data]: other });
      expect(() => readAll()).toThrow(why);
    }
  });

  test('a manifest under another name, and a journal file in its place', () => {
    const { files, manifest } = sample();
    const moved = `${manifest.slice(0, 11)}${'ab'.repeat(16)}`;
    const journal = numbered(5, { v: 1, seq: 1, previous: [], facts: [] }, salt(30));
    place(folder, { ...files, [`snapshots/${moved}`]: files[`snapshots/${manifest}`] ?? '', [`snapshots/${journal.name}`]: journal.file });
    const { warnings, history } = new IndependentReader(folder);
    expect(history.snapshots.map(({ id }) => id)).toEqual([manifest.slice(11)]);
    expect(warnings).toEqual(expect.arrayContaining([expect.stringContaining('do not fit its name'), expect.stringContaining('type 5 where type 4')]));
    expect(warnings).toHaveLength(2);
  });

  test('a closing that names another number of frames', () => {
    const { files, index, data } = sample();
    delete files[index];
    const file = Buffer.from(files[data] ?? '');
    file.writeUInt32LE(2, file.length - 12);
    place(folder, { ...files, [data]: file });
    const reader = new IndependentReader(folder);
    expect(reader.warnings).toEqual([expect.stringContaining('2 frames outside, 3 in the footer')]);
    expect(seal(1, [], () => run(0, 6), salt(1))).toHaveLength(64 + 22 + 16);
  });
});
