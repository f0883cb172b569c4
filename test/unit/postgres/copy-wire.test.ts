import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CopyWire } from '../../../electron/core/engines/postgres/copy/copy-wire.ts';
import { rowSum } from '../../../electron/core/engines/postgres/copy/row-sum.ts';

interface Message {
  readonly kind: string;
  readonly body: Buffer;
}

function framed({ kind, body }: Message): Buffer {
  const header = Buffer.alloc(5);
  header.write(kind, 'latin1');
  header.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

/** Bytes cut at these places, whatever they are. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

function takenApart(
  pieces: readonly Buffer[],
  overAt?: string,
): { readonly rows: Buffer; readonly others: Buffer; readonly hash: string; readonly count: number } {
  const rows: Buffer[] = [];
  const others: Buffer[] = [];
  const sum = rowSum();
  const wire = new CopyWire(sum, {
    rows: (bytes) => rows.push(Buffer.from(bytes)),
    others: (bytes) => {
      others.push(bytes);
      if (overAt !== undefined && Buffer.concat(others).includes(overAt)) wire.over();
    },
  });
  for (const piece of pieces) {
    const theirs = Buffer.from(piece);
    wire.take(theirs);
    // The socket reads the next bytes into the same memory.
    theirs.fill(0x64);
  }
  const total = sum.end();
  return { rows: Buffer.concat(rows), others: Buffer.concat(others), hash: total.hash, count: total.rows };
}

const line = fc.uint8Array({ maxLength: 70 }).map((bytes) => Buffer.from([...bytes.filter((byte) => byte !== 10), 10]));
const rowMessage = fc.record({ kind: fc.constant('d'), body: fc.oneof(line, fc.constant(Buffer.alloc(0))) });
const otherMessage = fc.record({ kind: fc.constantFrom('H', 'N', 'S', 'c', 'C'), body: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)) });
const messages = fc.array(fc.oneof({ weight: 6, arbitrary: rowMessage }, { weight: 1, arbitrary: otherMessage }), { maxLength: 60 });

test('rows and all other messages come out whole, however the bytes are cut', () => {
  fc.assert(
    fc.property(messages, fc.array(fc.nat(5000), { maxLength: 40 }), (all, places) => {
      const rows = Buffer.concat(all.filter((one) => one.kind === 'd').map((one) => one.body));
      const whole = rowSum();
      whole.update(rows);
      const found = takenApart(cut(Buffer.concat(all.map(framed)), places));
      expect(found.rows.equals(rows)).toBe(true);
      expect(found.others.equals(Buffer.concat(all.filter((one) => one.kind !== 'd').map(framed)))).toBe(true);
      expect({ hash: found.hash, rows: found.count }).toEqual(whole.end());
    }),
    { numRuns: 300 },
  );
});

test('rows longer than every room, and a piece of two megabytes', () => {
  const long = Buffer.concat([Buffer.alloc(3 << 20, 'x'), Buffer.from('\n')]);
  const short = Array.from({ length: 30_000 }, (_none, i) => Buffer.from(`${i}\trow\n`));
  const all = [...short, long, ...short].map((body) => ({ kind: 'd', body }));
  const rows = Buffer.concat(all.map((one) => one.body));
  const wire = Buffer.concat(all.map(framed));
  for (const size of [wire.length, 2 << 20, 65_537]) {
    const found = takenApart(
      cut(
        wire,
        Array.from({ length: Math.floor(wire.length / size) }, (_none, i) => (i + 1) * size),
      ),
    );
    expect(found.rows.equals(rows)).toBe(true);
    expect(found.count).toBe(60_001);
  }
});

test('after the end everything is given on as it came, headers in parts too', () => {
  const end = framed({ kind: 'Z', body: Buffer.from('I!') });
  const next = Buffer.concat([framed({ kind: 'd', body: Buffer.from('of somebody else\n') }), end]);
  const wire = Buffer.concat([framed({ kind: 'd', body: Buffer.from('mine\n') }), end, next]);
  for (let at = 0; at <= wire.length; at += 1) {
    const found = takenApart(cut(wire, [at]), 'I!');
    expect(found.rows.toString()).toBe('mine\n');
    expect(found.others.equals(Buffer.concat([end, next]))).toBe(true);
  }
});
