import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../electron/core/base/errors.ts';
import { LIST_MAX_ENTRIES, LIST_MIN_ENTRIES } from '../../../electron/core/repository/format/limits.ts';
import { ListBuilder, decodeList, encodeLeaf, encodeNode, endsNode, isLeaf, totalsOf } from '../../../electron/core/repository/format/list.ts';
import type { LeafEntry } from '../../../electron/core/repository/format/list.ts';
import { TableParser, compareNames, decodeRow, encodeGroupRow, encodeObjectRow } from '../../../electron/core/repository/format/table.ts';
import type { ObjectRow, TableRow } from '../../../electron/core/repository/format/table.ts';
import { sha256 } from '../../../electron/core/repository/format/crypto.ts';
import { outcome } from '../../helpers/repository/hostile.ts';

const id = fc.uint8Array({ minLength: 16, maxLength: 16 });
const entry: fc.Arbitrary<LeafEntry> = fc.record({ id, length: fc.integer({ min: 1, max: 1 << 20 }), rows: fc.nat(0xffffff) });
const child = fc.record({
  id,
  chunks: fc.integer({ min: 1, max: 0xffffffff }),
  bytes: fc.integer({ min: 0xffffffff, max: 2 ** 48 - 1 }),
  rows: fc.nat(2 ** 48 - 1),
});

/** Entries with ids as even as real ones, the same for the same seed. */
function sampleEntries(count: number, seed: string): LeafEntry[] {
  return Array.from({ length: count }, (_, i) => ({
    id: new Uint8Array(sha256(Buffer.from(`${seed} ${String(i)}`)).subarray(0, 16)),
    length: 1 + (i % 5000),
    rows: i % 7,
  }));
}

/** Builds the tree in memory. */
async function build(
  entries: readonly LeafEntry[],
): Promise<{ readonly root: string; readonly bytes: number; readonly chunks: number; readonly nodes: Map<string, Uint8Array> }> {
  const nodes = new Map<string, Uint8Array>();
  const builder = new ListBuilder((chunk) => {
    const name = sha256(chunk).subarray(0, 16);
    nodes.set(name.toString('hex'), chunk);
    return Promise.resolve(name);
  });
  for (const one of entries) await builder.add(one);
  const { root, bytes, chunks } = await builder.finish();
  return { root: Buffer.from(root).toString('hex'), bytes, chunks, nodes };
}

function leavesBelow(nodes: ReadonlyMap<string, Uint8Array>, root: string): LeafEntry[][] {
  const node = decodeList(nodes.get(root) ?? new Uint8Array(0));
  if (isLeaf(node)) return [[...node.entries]];
  return node.children.flatMap((one) => leavesBelow(nodes, Buffer.from(one.id).toString('hex')));
}

describe('chunk lists', () => {
  test('nodes give back what they were made of', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 100 }), (entries) => {
        expect(decodeList(encodeLeaf(entries))).toEqual({ level: 0, entries });
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(child, { minLength: 1, maxLength: 100 }), (level, children) => {
        expect(decodeList(encodeNode(level, children))).toEqual({ level, children });
      }),
    );
  });

  test('any bytes are decoded or refused; truncated and lengthened nodes are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => void outcome(() => decodeList(bytes))),
      { numRuns: 2000 },
    );
    const leaf = encodeLeaf(sampleEntries(3, 'a'));
    for (let length = 0; length < leaf.length; length++) expect(outcome(() => decodeList(leaf.subarray(0, length))).refused).toBe(true);
    expect(outcome(() => decodeList(Buffer.concat([leaf, Buffer.of(0)]))).refused).toBe(true);
    expect(outcome(() => decodeList(Buffer.from('0900ffff', 'hex'))).refused).toBe(true);
    expect(outcome(() => decodeList(Buffer.from('01000000', 'hex'))).refused).toBe(true);
    expect(outcome(() => decodeList(encodeLeaf([{ id: new Uint8Array(16), length: (1 << 20) + 1, rows: 0 }]))).refused).toBe(true);
  });

  test('a tree holds its entries in order, sums included, and nodes end where the rule says', async () => {
    for (const count of [0, 1, 63, 64, 65, 1000, 1025, 20_000]) {
      const entries = sampleEntries(count, 'tree');
      const tree = await build(entries);
      const leaves = leavesBelow(tree.nodes, tree.root);
      expect(leaves.flat()).toEqual(entries);
      expect(tree.chunks).toBe(count);
      expect(tree.bytes).toBe(entries.reduce((sum, one) => sum + one.length, 0));
      for (const leaf of leaves.slice(0, -1)) {
        const last = leaf.at(-1)?.id ?? new Uint8Array(16);
        expect(leaf.length).toBeLessThanOrEqual(LIST_MAX_ENTRIES);
        expect(leaf.length === LIST_MAX_ENTRIES || (leaf.length >= LIST_MIN_ENTRIES && last[15] === 0)).toBe(true);
        expect(leaf.slice(LIST_MIN_ENTRIES - 1, -1).some((one) => one.id[15] === 0)).toBe(false);
      }
    }
  });

  test('a change in the middle leaves all but the leaves around it as they were', async () => {
    const entries = sampleEntries(20_000, 'stable');
    const before = await build(entries);
    const after = await build([...entries.slice(0, 10_000), ...sampleEntries(3, 'new'), ...entries.slice(10_001)]);
    const fresh = [...after.nodes.keys()].filter((name) => !before.nodes.has(name));
    expect(after.root).not.toBe(before.root);
    expect(fresh.length).toBeLessThanOrEqual(5);
  });

  test('a node over lists of nothing, or of more chunks than bytes, is refused', () => {
    const node = (chunks: number, bytes: number): Uint8Array => encodeNode(1, [{ id: new Uint8Array(16), chunks, bytes, rows: 0 }]);
    expect(decodeList(node(5, 5))).toMatchObject({ level: 1 });
    for (const refused of [node(0, 0), node(0, 7), node(5, 4)])
      expect(() => decodeList(refused)).toThrowError(expect.objectContaining({ code: 'repository.damaged' }));
  });

  test('a node never grows beyond its limit even where no id ends it', () => {
    expect(endsNode(LIST_MAX_ENTRIES, new Uint8Array(16).fill(1))).toBe(true);
    expect(endsNode(LIST_MAX_ENTRIES - 1, new Uint8Array(16).fill(1))).toBe(false);
    expect(endsNode(LIST_MIN_ENTRIES, new Uint8Array(16))).toBe(true);
    expect(endsNode(LIST_MIN_ENTRIES - 1, new Uint8Array(16))).toBe(false);
    expect(() => encodeLeaf(sampleEntries(LIST_MAX_ENTRIES + 1, 'x'))).toThrow(RangeError);
  });

  test('totals of a node are what its parent says', () => {
    const entries = sampleEntries(10, 't');
    expect(totalsOf({ level: 0, entries })).toEqual({
      chunks: 10,
      bytes: entries.reduce((sum, one) => sum + one.length, 0),
      rows: entries.reduce((sum, one) => sum + one.rows, 0),
    });
  });
});

const text = fc.string({ unit: 'binary', maxLength: 40 });
const object: fc.Arbitrary<ObjectRow> = fc
  .record(
    {
      n: text,
      k: text,
      g: text,
      at: fc.nat(),
      len: fc.nat(),
      rows: fc.nat(),
      fp: text,
      meta: fc.dictionary(text, fc.oneof(text, fc.integer(), fc.constant(null), fc.array(fc.boolean()))),
    },
    { requiredKeys: ['n', 'k', 'at', 'len'] },
  )
  // Without a group there are no bytes.
  .map((row) => (row.g === undefined ? { ...row, at: 0, len: 0 } : row) as ObjectRow);

describe('object tables', () => {
  test('rows come back however the stream is cut', () => {
    fc.assert(
      fc.property(fc.uniqueArray(object, { maxLength: 10, selector: (one) => one.n }), fc.array(fc.nat(50), { maxLength: 30 }), (unsorted, cuts) => {
        const objects = unsorted.toSorted((a, b) => compareNames(a.n, b.n));
        const group = { g: 'g\n', framing: 'lines', list: '00'.repeat(16), digest: '11'.repeat(32), bytes: 5, chunks: 1 } as const;
        const stream = Buffer.concat([encodeGroupRow(group), ...objects.map(encodeObjectRow)]);
        const parser = new TableParser();
        const rows: TableRow[] = [];
        let at = 0;
        for (const cut of [...cuts, stream.length]) {
          rows.push(...parser.push(stream.subarray(at, at + cut)));
          at = Math.min(at + cut, stream.length);
        }
        parser.end();
        expect(rows).toEqual([{ group }, ...objects.map((one) => ({ object: JSON.parse(JSON.stringify(one)) as ObjectRow }))]);
      }),
    );
  });

  test('a table that ends within a row, and a row without end, are refused', () => {
    const parser = new TableParser();
    expect([...parser.push(Buffer.from('{"n":"a"'))]).toEqual([]);
    expect(outcome(() => parser.end()).refused).toBe(true);
    expect(outcome(() => [...new TableParser().push(Buffer.alloc(300 << 10, 'x'))]).refused).toBe(true);
    expect(() => encodeObjectRow({ n: 'x'.repeat(300 << 10), k: 'k', at: 0, len: 0 })).toThrow(AppError);
  });

  test('a name twice, names out of order and a group behind objects are refused', () => {
    const row = (n: string): Uint8Array => encodeObjectRow({ n, k: 'k', at: 0, len: 0 });
    const group = (g: string): Uint8Array => encodeGroupRow({ g, framing: 'none', list: '00'.repeat(16), digest: '11'.repeat(32), bytes: 5, chunks: 1 });
    const read = (...rows: readonly Uint8Array[]): boolean => outcome(() => [...new TableParser().push(Buffer.concat(rows))]).refused;
    expect(read(group('b'), group('c'), row('a'), row('b'))).toBe(false);
    expect(read(row('a'), row('a'))).toBe(true);
    expect(read(group('a'), group('a'))).toBe(true);
    expect(read(row('b'), row('a'))).toBe(true);
    expect(read(row('a'), group('b'))).toBe(true);
  });

  test('rows with wrong types are refused', () => {
    for (const row of [
      '[]',
      '1',
      '{"n":1,"k":"","at":0,"len":0}',
      '{"n":"","k":"","at":-1,"len":0}',
      '{"n":"","k":"","at":0,"len":1.5}',
      '{"n":"","k":"","at":0,"len":0,"meta":[]}',
      '{"g":"a","framing":"odd"}',
      '{"n"',
      '\u{FEFF}{}',
      '',
    ]) {
      expect(outcome(() => decodeRow(Buffer.from(row)))).toEqual({ refused: true });
    }
    expect(outcome(() => decodeRow(Buffer.from([0x22, 0xff, 0x22]))).refused).toBe(true);
  });

  test('names are ordered by their UTF-8 bytes, not by UTF-16', () => {
    const names = ['\u{10000}', '\uFFFD', 'z', 'é', 'a', ''];
    expect(names.toSorted(compareNames)).toEqual(['', 'a', 'z', 'é', '\uFFFD', '\u{10000}']);
  });
});
