import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveKeys } from '../../../electron/core/repository/format/crypto.ts';
import type { Framing } from '../../../electron/core/repository/format/table.ts';
import { createCutter, cutLimits, newScanner } from '../../../electron/core/repository/write/cutter.ts';
import { createScanner } from '../../../electron/core/repository/write/gear.ts';

const gear = deriveKeys(new Uint8Array(16).fill(1), new Uint8Array(32).fill(2)).gearKey;
const average = 1024;
const limits = cutLimits(average);

// One of each for all streams, one after the other, as the writer uses them.
const scanners = { wasm: newScanner(gear, average, 'wasm'), plain: newScanner(gear, average, 'plain') };

interface Cut {
  readonly lengths: number[];
  readonly rows: number[];
  readonly bytes: Buffer;
}

function cut(
  content: Uint8Array,
  framing: Framing,
  options: { readonly pieces?: readonly number[]; readonly scanner?: 'wasm' | 'plain'; readonly ends?: readonly number[] } = {},
): Cut {
  const scanner = scanners[options.scanner ?? 'wasm'];
  const cutter = createCutter({ average, framing, scanner: () => scanner });
  const lengths: number[] = [];
  const rows: number[] = [];
  const parts: Buffer[] = [];
  const emit = (bytes: Uint8Array, ended: number): void => {
    lengths.push(bytes.length);
    rows.push(ended);
    parts.push(Buffer.from(bytes));
  };
  let at = 0;
  const pieces = options.pieces ?? [];
  for (let i = 0; at < content.length; i += 1) {
    const length = pieces.length === 0 ? content.length : (pieces[i % pieces.length] ?? 1);
    const to = Math.min(at + length, content.length);
    const ends = options.ends?.filter((end) => end > at && end <= to).map((end) => end - at);
    cutter.push(content.slice(at, to), emit, ends === undefined ? undefined : Uint32Array.from(ends));
    at = to;
  }
  cutter.finish(emit);
  return { lengths, rows, bytes: Buffer.concat(parts) };
}

/** Bytes with structure: noise, runs of one byte, text lines. */
function content(seed: number, length: number): Buffer {
  let state = seed >>> 0 || 1;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
  const out = Buffer.alloc(length);
  let at = 0;
  while (at < length) {
    const kind = next() % 3;
    const run = 1 + (next() % 3000);
    if (kind === 0) for (let i = at; i < Math.min(at + run, length); i += 1) out[i] = next() & 255;
    if (kind === 1) out.fill(next() & 255, at, Math.min(at + run, length));
    if (kind === 2) out.write(`${next()} row ${next()}\n`.repeat(20), at);
    at += run;
  }
  return out;
}

const contents = fc.tuple(fc.integer(), fc.integer({ min: 0, max: 60_000 })).map(([seed, length]) => content(seed, length));
const pieces = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 6 });
const framings = fc.constantFrom<Framing>('none', 'lines', 'pages');

function documents(lengths: readonly number[]): { readonly bytes: Buffer; readonly ends: number[] } {
  const parts = lengths.map((length, i) => {
    const document = content(i + 1, length);
    document.writeInt32LE(length, 0);
    return document;
  });
  let end = 0;
  return { bytes: Buffer.concat(parts), ends: lengths.map((length) => (end += length)) };
}

const documentLengths = fc.array(fc.oneof(fc.integer({ min: 5, max: 400 }), fc.integer({ min: 5, max: 20_000 })), { maxLength: 60 });

describe('cutter', () => {
  it('gives back every byte, in chunks within bounds', () => {
    fc.assert(
      fc.property(contents, framings, (bytes, framing) => {
        const { lengths, bytes: joined } = cut(bytes, framing);
        expect(joined.equals(bytes)).toBe(true);
        const most = framing === 'none' ? limits.max : framing === 'pages' ? average : limits.maxWithRow;
        const least = framing === 'pages' ? average : limits.min;
        for (const [i, length] of lengths.entries()) {
          expect(length).toBeLessThanOrEqual(most);
          if (i < lengths.length - 1) expect(length).toBeGreaterThanOrEqual(least);
        }
      }),
    );
  });

  it('cuts at the same places whatever the buffers, and whichever loop runs', () => {
    fc.assert(
      fc.property(contents, pieces, framings, (bytes, split, framing) => {
        const whole = cut(bytes, framing);
        expect(cut(bytes, framing, { pieces: split })).toEqual(whole);
        expect(cut(bytes, framing, { pieces: split, scanner: 'plain' })).toEqual(whole);
      }),
    );
  });

  it('takes buffers longer than its own', () => {
    const bytes = content(5, 5 << 20);
    expect(cut(bytes, 'lines', { pieces: [3 << 20] })).toEqual(cut(bytes, 'lines', { pieces: [70_001] }));
  });

  it('an inserted piece changes only chunks near it', () => {
    const noise = (length: number, seed: number): Buffer => Buffer.from(Array.from({ length }, (_none, i) => (Math.imul(i + seed, 0x9e3779b1) >>> 13) & 255));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200_000 }), fc.integer({ min: 1, max: 500 }), (place, length) => {
        const before = noise(200_000, 3);
        const after = Buffer.concat([before.subarray(0, place), noise(length, 99), before.subarray(place)]);
        const known = new Set(chunksOf(before).map((chunk) => chunk.toString('latin1')));
        const fresh = chunksOf(after).filter((chunk) => !known.has(chunk.toString('latin1')));
        expect(fresh.length).toBeLessThanOrEqual(12);
      }),
      { numRuns: 30 },
    );
  });

  it('aims at the average', () => {
    const bytes = Buffer.from(Array.from({ length: 2_000_000 }, (_none, i) => (Math.imul(i, 0x9e3779b1) ^ Math.imul(i >>> 7, 0x85ebca6b)) >>> 17));
    const mean = bytes.length / cut(bytes, 'none').lengths.length;
    expect(mean).toBeGreaterThan(average * 0.8);
    expect(mean).toBeLessThan(average * 2);
  });
});

function chunksOf(bytes: Buffer): Buffer[] {
  const { lengths } = cut(bytes, 'none');
  let at = 0;
  return lengths.map((length) => bytes.subarray(at, (at += length)));
}

describe('rows', () => {
  it('lines: every line is counted once, where it ends; cuts stand after line ends unless a line is too long', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 100 }), fc.boolean(), pieces, (lengths, ended, split) => {
        const text = lengths.map((length, i) => content(i, length).toString('hex').slice(0, length)).join('\n') + (ended ? '\n' : '');
        const bytes = Buffer.from(text);
        const { lengths: chunks, rows } = cut(bytes, 'lines', { pieces: split });
        let at = 0;
        for (const [i, length] of chunks.entries()) {
          const chunk = bytes.subarray(at, at + length);
          at += length;
          const unfinished = at === bytes.length && chunk[length - 1] !== 10 ? 1 : 0;
          expect(rows[i]).toBe(chunk.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), unfinished));
          if (at < bytes.length) expect(chunk[length - 1]).toBe(10);
        }
      }),
    );
  });

  it('a line longer than the longest chunk is cut where its content says', () => {
    const bytes = Buffer.from(content(9, 40_000).toString('hex'));
    const { lengths, rows } = cut(bytes, 'lines');
    expect(lengths.length).toBeGreaterThan(5);
    expect(rows.reduce((sum, n) => sum + n, 0)).toBe(1);
    expect(rows.at(-1)).toBe(1);
  });

  it('bson: documents are counted where they end, and cuts stand between them where one ends near', () => {
    fc.assert(
      fc.property(documentLengths, pieces, (lengths, split) => {
        const { bytes, ends } = documents(lengths);
        checkRows(bytes, ends, cut(bytes, 'bson', { pieces: split }));
        expect(cut(bytes, 'bson', { pieces: split })).toEqual(cut(bytes, 'bson'));
      }),
    );
  });

  it('entries: the same, by ends handed over', () => {
    fc.assert(
      fc.property(documentLengths, pieces, (lengths, split) => {
        const { bytes, ends } = documents(lengths);
        checkRows(bytes, ends, cut(bytes, 'entries', { pieces: split, ends }));
      }),
    );
  });

  it('bson: an impossible length is refused', () => {
    expect(() => cut(Buffer.alloc(2000).fill(4, 0, 1), 'bson')).toThrow(/impossible length/);
  });
});

function checkRows(bytes: Buffer, ends: readonly number[], { lengths, rows, bytes: joined }: Cut): void {
  expect(joined.equals(bytes)).toBe(true);
  let at = 0;
  for (const [i, length] of lengths.entries()) {
    const start = at;
    at += length;
    expect(rows[i]).toBe(ends.filter((end) => end > start && end <= at).length);
    const near = ends.some((end) => end > start && end <= start + limits.maxWithRow && end >= at);
    if (at < bytes.length && near) expect(ends).toContain(at);
  }
}

describe('scanner', () => {
  it('both kinds count alike', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 20 }), fc.integer({ min: 0, max: 255 }), (bytes, from, value) => {
        const counts = (['wasm', 'plain'] as const).map((kind) => {
          const scanner = createScanner(gear, 512, kind);
          scanner.area.set(bytes);
          return scanner.count(Math.min(from, bytes.length), bytes.length, value);
        });
        const expected = bytes.subarray(Math.min(from, bytes.length)).filter((byte) => byte === value).length;
        expect(counts).toEqual([expected, expected]);
      }),
    );
  });
});
