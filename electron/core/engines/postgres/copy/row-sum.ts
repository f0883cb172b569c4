import { lineSumModule } from './line-sum-wasm.ts';

/**
 * The fingerprint of rows in whatever order: how many, and the sum modulo 2^128 of SipHash-2-4-128 of each line of COPY's text, under
 * a key that is the same for everybody: it tells accidents, not attackers. A sum, not XOR: under XOR two equal rows cancel out.
 */
export interface RowSum {
  /** Takes the next bytes; lines may lie across calls. The bytes stay the caller's. */
  update(bytes: Uint8Array): void;
  /**
   * Takes the next bytes from the contents of `CopyData` messages, of which the first begins with `bytes`. Stops at a message of another kind, at a header
   * that is not whole, or where its room is full. `given` gets the contents, in memory that is good until it returns. Tells how many bytes of
   * `bytes` it took, and how many of the last message are still to come.
   */
  unframe(bytes: Uint8Array, given: (contents: Uint8Array) => void): { readonly taken: number; readonly rest: number };
  /** Throws RangeError where the last line had no end. */
  end(): RowTotal;
}

export interface RowTotal {
  readonly rows: number;
  /** 32 hexadecimal digits. */
  readonly hash: string;
}

/** `belay rows v1`, padded: any other would do as well. */
const KEY: readonly [bigint, bigint] = [0x6f722079616c6562n, 0x00003176207377n];
const PAGE = 65_536;
/** Bytes of unfinished work held; a longer line is taken in parts of this. A multiple of a word. */
const ROOM = 16 * PAGE;
/** Messages as they came, before they are taken apart. One page after the room, since words may be read and written beyond its end. */
const WIRE = ROOM + PAGE;
const WIRE_ROOM = 4 * PAGE;
const PAGES = (WIRE + WIRE_ROOM) / PAGE + 1;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly low: { readonly value: bigint };
  readonly high: { readonly value: bigint };
  readonly rows: { readonly value: bigint };
  readonly rest: { readonly value: bigint };
  readonly placed: { readonly value: bigint };
  init(k0: bigint, k1: bigint): void;
  find(from: number, end: number): number;
  absorb(from: number, end: number): void;
  finish(from: number, end: number, length: number): void;
  lines(from: number, end: number): number;
  unframe(from: number, end: number, to: number): number;
}

const compiled = new WebAssembly.Module(lineSumModule(PAGES));

/** A sum of nothing yet. `key` for tests against the function's published values. */
export function rowSum(key: readonly [bigint, bigint] = KEY): RowSum {
  const code = new WebAssembly.Instance(compiled).exports as unknown as Exports;
  code.init(...key);
  const memory = new Uint8Array(code.memory.buffer);
  let filled = 0;
  /** Bytes of the present line that are in the state already: only of one that is longer than the room. */
  let absorbed = 0;

  const drain = (): void => {
    let from = 0;
    if (absorbed > 0) {
      const end = code.find(0, filled);
      if (end < filled) {
        code.finish(0, end, (absorbed + end) % 256);
        absorbed = 0;
        from = end + 1;
      }
    }
    if (absorbed === 0) from = code.lines(from, filled);
    if (from > 0) memory.copyWithin(0, from, filled);
    filled -= from;
    if (filled < ROOM) return;
    code.absorb(0, ROOM);
    absorbed += ROOM;
    filled = 0;
  };

  return {
    update: (bytes) => {
      for (let at = 0; at < bytes.length;) {
        const piece = bytes.subarray(at, at + ROOM - filled);
        memory.set(piece, filled);
        filled += piece.length;
        at += piece.length;
        drain();
      }
    },
    unframe: (bytes, given) => {
      const piece = bytes.subarray(0, Math.min(WIRE_ROOM, ROOM - filled));
      memory.set(piece, WIRE);
      const taken = code.unframe(WIRE, WIRE + piece.length, filled) - WIRE;
      const placed = Number(code.placed.value);
      given(memory.subarray(filled, placed));
      filled = placed;
      drain();
      return { taken, rest: Number(code.rest.value) };
    },
    end: () => {
      if (filled + absorbed > 0) throw new RangeError('the last row has no end');
      return { rows: Number(code.rows.value), hash: hexOf(code.low.value, code.high.value) };
    },
  };
}

function hexOf(low: bigint, high: bigint): string {
  return [high, low].map((half) => BigInt.asUintN(64, half).toString(16).padStart(16, '0')).join('');
}

/** The total of several parts of one table. */
export function addTotals(totals: readonly RowTotal[]): RowTotal {
  const sum = totals.reduce((all, { hash }) => all + BigInt(`0x${hash}`), 0n);
  return { rows: totals.reduce((all, one) => all + one.rows, 0), hash: BigInt.asUintN(128, sum).toString(16).padStart(32, '0') };
}
