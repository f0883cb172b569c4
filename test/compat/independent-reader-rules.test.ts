import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { messageOf, sha256 } from '../independent/bytes.ts';
import type { JsonObject } from '../independent/bytes.ts';
import { indexFile, nameOf, numbered, pack, place, plain, run, seal } from '../independent/forge.ts';
import { tagsOf } from '../independent/history.ts';
import { IndependentReader } from '../independent/reader.ts';
import { a, b, cases, dataSegments, longestBases, right, salt, sample, z } from './independent-sample.ts';

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

describe('a repository as the document says', () => {
  test('plain and delta segments, padding, a list of two levels, ranges, empty objects', () => {
    place(folder, sample().files);
    const reader = new IndependentReader(folder);
    expect(readAll(reader)).toEqual(right);
    expect(reader.warnings).toEqual([]);
  });

  test('bases of 1 MiB', () => {
    place(folder, sample({ data: longestBases }).files);
    expect(readAll()).toEqual(right);
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

    place(folder, { [`snapshots/${gone.name}`]: gone.file });
    expect(new IndependentReader(folder).history.snapshots.map(({ seq }) => seq)).toEqual([1, 3]);
    expect(new IndependentReader(folder).warnings).toEqual([]);
    rmSync(join(folder, 'snapshots', gone.name));

    rmSync(join(folder, 'journal', one.name));
    expect(new IndependentReader(folder).warnings).toEqual([expect.stringContaining(`journal: ${one.name} is missing`)]);
    rmSync(join(folder, 'journal', two.name));
    expect(new IndependentReader(folder).warnings).toEqual(['snapshots: number 2 is missing']);
  });
});

describe('refused', () => {
  test.each([...cases])('%s', (_what, change, message) => {
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

  test('key slots where none is needed, likewise', () => {
    place(folder, { ...sample().files, 'keys/00': '' });
    expect(() => new IndependentReader(folder)).toThrow('although there are key slots');
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

  test('a manifest that opens and says nonsense: only it is lost', () => {
    const { files, manifest } = sample();
    const wrong = numbered(4, { v: 1, seq: 2, previous: 'f'.repeat(64), table: null }, salt(31));
    const twin = numbered(4, { v: 1, seq: 1, previous: null, table: { list: '0'.repeat(32), digest: '0'.repeat(64), objects: 0 } }, salt(32));
    place(folder, { ...files, [`snapshots/${wrong.name}`]: wrong.file, [`snapshots/${twin.name}`]: twin.file });
    const { warnings, history } = new IndependentReader(folder);
    expect(history.snapshots.map(({ id }) => id).toSorted()).toEqual([manifest.slice(11), twin.id].toSorted());
    for (const part of ['number 1 is there twice', 'number 2 does not follow', 'is not an object'])
      expect(warnings).toContainEqual(expect.stringContaining(part));
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
