import { body, name, section, signed, unsigned, vector } from '../../../base/wasm-code.ts';
import type { Code } from '../../../base/wasm-code.ts';
import {
  ADD,
  AND,
  BLOCK,
  BR,
  BR_IF,
  CALL,
  CONST,
  CTZ,
  EMPTY,
  END,
  EQ,
  GE,
  GET,
  GLOBAL_GET,
  GLOBAL_SET,
  GT,
  I32,
  I64,
  I64_ADD,
  I64_AND,
  I64_BELOW,
  I64_CONST,
  I64_LOAD,
  I64_OR,
  I64_SHL,
  I64_SUB,
  IF,
  LOAD_BYTE,
  LOOP,
  NE,
  OR,
  RETURN,
  ROTL,
  SET,
  SHL,
  SUB,
  TEE,
  V128,
  V_BITMASK,
  V_EQ,
  V_LOAD,
  V_SPLAT,
  V_STORE,
  WIDEN,
  XOR,
} from '../../../base/wasm-opcodes.ts';

/**
 * SipHash-2-4 with 128 bits of output over each line of a buffer, and the sum of the hashes modulo 2^128, as a WebAssembly module,
 * assembled here (about 900 bytes). Text form:
 *
 *   (memory (export "memory") PAGES PAGES)
 *   (global $k0 $k1: the key; $v0 to $v3: state of a line that is longer than a buffer; (export "low" "high" "rows"): the sums)
 *   (func (export "init") (param k0 k1: i64))                      ;; the key; state and sums as at the beginning
 *   (func (export "find") (param p end) (result i32))              ;; place of the next LF, or end
 *   (func (export "absorb") (param p end))                         ;; whole words of a line that goes on after end
 *   (func (export "finish") (param p end length))                  ;; the rest of a line of `length` bytes: hashed, added, counted
 *   (func (export "lines") (param p end) (result i32))             ;; every whole line; returns where the unfinished one begins
 *   (func (export "unframe") (param p end to) (result i32))        ;; contents of the CopyData messages from p on, one after the other at `to`
 *
 * `unframe` returns where it stopped: at a message of another kind, at a header that is not whole, or at `end`. Then `placed` is where what it wrote ends,
 * `rest` how many bytes of the last message are still to come. What it reads and where it writes must not overlap.
 *
 * Reads up to 16 bytes beyond `end`, whose values do not matter; `unframe` writes as many beyond `placed`.
 */
export function lineSumModule(pages: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(
      1,
      vector([
        signature([I64, I64], []),
        signature([I32, I32], [I32]),
        signature([I32, I32], []),
        signature([I32, I32, I32], []),
        signature([I32, I32, I32], [I32]),
      ]),
    ),
    ...section(3, vector([[0], [1], [2], [3], [1], [4]])),
    ...section(5, vector([[0x01, ...unsigned(pages), ...unsigned(pages)]])),
    ...section(6, vector(Array.from({ length: GLOBALS }, () => [I64, 0x01, I64_CONST, 0, END]))),
    ...section(
      7,
      vector([
        [...name('memory'), 0x02, 0],
        [...name('low'), 0x03, LOW],
        [...name('high'), 0x03, HIGH],
        [...name('rows'), 0x03, ROWS],
        [...name('rest'), 0x03, REST],
        [...name('placed'), 0x03, PLACED],
        ...['init', 'find', 'absorb', 'finish', 'lines', 'unframe'].map((each, index) => [...name(each), 0x00, index]),
      ]),
    ),
    ...section(
      10,
      vector([
        body([], initCode()),
        body(
          [
            [1, V128],
            [1, I32],
          ],
          findCode(),
        ),
        body([[5, I64]], absorbCode()),
        body([[6, I64]], finishCode()),
        body([[1, I32]], linesCode()),
        body([[3, I32]], unframeCode()),
      ]),
    ),
  ]);
}

const [K0, K1, V0, LOW, HIGH, ROWS, REST, PLACED, GLOBALS] = [0, 1, 2, 6, 7, 8, 9, 10, 11] as const;
const [FIND, FINISH] = [1, 3] as const;
const [P, STOP] = [0, 1] as const;
const LF = 10;
/** `d`, and its header: the kind and a length of four bytes (https://www.postgresql.org/docs/current/protocol-message-formats.html). */
export const COPY_DATA = 100n;
export const COPY_HEADER = 5;

/** What the key is combined with (the name of the function's first draft), and the marks of the longer output. */
const START = [0x736f6d6570736575n, 0x646f72616e646f6dn ^ 0xeen, 0x6c7967656e657261n, 0x7465646279746573n] as const;

function signature(parameters: Code, results: Code): Code {
  return [0x60, ...unsigned(parameters.length), ...parameters, ...unsigned(results.length), ...results];
}

function constant(value: bigint): Code {
  return [I64_CONST, ...signed(value)];
}

/** The state as it is before a line's first byte. */
function reset(): Code {
  return START.flatMap((start, i) => [GLOBAL_GET, i % 2 === 0 ? K0 : K1, ...constant(start), XOR, GLOBAL_SET, V0 + i]);
}

function initCode(): Code {
  return [...[GET, 0, GLOBAL_SET, K0, GET, 1, GLOBAL_SET, K1], ...[LOW, HIGH, ROWS].flatMap((sum) => [...constant(0n), GLOBAL_SET, sum]), ...reset()];
}

function findCode(): Code {
  const [needle, mask] = [2, 3];
  const hit = [GET, P, ...V_LOAD, 0, 0, GET, needle, ...V_EQ, ...V_BITMASK, TEE, mask, IF, EMPTY, GET, P, GET, mask, CTZ, ADD, RETURN, END];
  const one = [GET, P, LOAD_BYTE, 0, 0, CONST, LF, EQ, IF, EMPTY, GET, P, RETURN, END];
  return [CONST, LF, ...V_SPLAT, SET, needle, ...whileRoom(16, hit), ...whileRoom(1, one), GET, STOP];
}

/** while (p + width <= end) { code; p += width } */
function whileRoom(width: number, code: Code): Code {
  const leave = width === 1 ? [GET, P, GET, STOP, GE] : [GET, P, CONST, width, ADD, GET, STOP, GT];
  return [BLOCK, EMPTY, LOOP, EMPTY, ...leave, BR_IF, 1, ...code, GET, P, CONST, width, ADD, SET, P, BR, 0, END, END];
}

/** One round over the four locals from `v` on. */
function round(v: number): Code {
  const [a, b, c, d] = [v, v + 1, v + 2, v + 3];
  const add = (to: number, of: number): Code => [GET, to, GET, of, I64_ADD, SET, to];
  const turn = (which: number, by: bigint): Code => [GET, which, ...constant(by), ROTL, SET, which];
  const mix = (to: number, of: number): Code => [GET, to, GET, of, XOR, SET, to];
  return [
    ...[...add(a, b), ...turn(b, 13n), ...mix(b, a), ...turn(a, 32n)],
    ...[...add(c, d), ...turn(d, 16n), ...mix(d, c)],
    ...[...add(a, d), ...turn(d, 21n), ...mix(d, a)],
    ...[...add(c, b), ...turn(b, 17n), ...mix(b, c), ...turn(c, 32n)],
  ];
}

/** Takes the word in local `m` into the state. */
function compress(v: number, m: number): Code {
  return [GET, v + 3, GET, m, XOR, SET, v + 3, ...round(v), ...round(v), GET, v, GET, m, XOR, SET, v];
}

function loadState(v: number): Code {
  return [0, 1, 2, 3].flatMap((i) => [GLOBAL_GET, V0 + i, SET, v + i]);
}

function words(v: number, m: number): Code {
  return whileRoom(8, [GET, P, I64_LOAD, 0, 0, SET, m, ...compress(v, m)]);
}

function absorbCode(): Code {
  const [v, m] = [2, 6];
  return [...loadState(v), ...words(v, m), ...[0, 1, 2, 3].flatMap((i) => [GET, v + i, GLOBAL_SET, V0 + i])];
}

function finishCode(): Code {
  const [length, v, m, half] = [2, 3, 7, 8];
  /** Rounds of the end, and the two halves of the state folded into `half`. */
  const fold = [...round(v), ...round(v), ...round(v), ...round(v), GET, v, GET, v + 1, XOR, GET, v + 2, XOR, GET, v + 3, XOR, SET, half];
  const mark = (which: number, by: bigint): Code => [GET, which, ...constant(by), XOR, SET, which];
  return [
    ...loadState(v),
    ...words(v, m),
    // The last bytes below, the length above them.
    ...[GET, P, I64_LOAD, 0, 0, ...constant(1n), GET, STOP, GET, P, SUB, CONST, 3, SHL, WIDEN, I64_SHL, ...constant(1n), I64_SUB, I64_AND],
    ...[GET, length, CONST, ...signed(255n), AND, WIDEN, ...constant(56n), I64_SHL, I64_OR, SET, m],
    ...compress(v, m),
    ...mark(v + 2, 0xeen),
    ...fold,
    ...[GLOBAL_GET, LOW, GET, half, I64_ADD, GLOBAL_SET, LOW],
    // The carry: a sum that is below what was added went round.
    ...[GLOBAL_GET, HIGH, GLOBAL_GET, LOW, GET, half, I64_BELOW, WIDEN, I64_ADD, GLOBAL_SET, HIGH],
    ...mark(v + 1, 0xddn),
    ...fold,
    ...[GLOBAL_GET, HIGH, GET, half, I64_ADD, GLOBAL_SET, HIGH],
    ...[GLOBAL_GET, ROWS, ...constant(1n), I64_ADD, GLOBAL_SET, ROWS],
    ...reset(),
  ];
}

function linesCode(): Code {
  const at = 2;
  return [
    ...[BLOCK, EMPTY, LOOP, EMPTY],
    ...[GET, P, GET, STOP, CALL, FIND, TEE, at, GET, STOP, EQ, BR_IF, 1],
    ...[GET, P, GET, at, GET, at, GET, P, SUB, CALL, FINISH],
    ...[GET, at, CONST, 1, ADD, SET, P, BR, 0],
    ...[END, END, GET, P],
  ];
}

/** Copies 16 bytes at a time: rows are short, and a call for each would cost more. */
function unframeCode(): Code {
  const [to, length, stop, room] = [2, 3, 4, 5];
  const byte = (at: number, shift: number): Code => [GET, P, LOAD_BYTE, 0, at, CONST, shift, SHL];
  return [
    ...[...constant(0n), GLOBAL_SET, REST],
    ...[BLOCK, EMPTY, LOOP, EMPTY],
    ...[GET, P, CONST, COPY_HEADER, ADD, GET, STOP, GT, BR_IF, 1],
    ...[GET, P, LOAD_BYTE, 0, 0, CONST, ...signed(COPY_DATA), NE, BR_IF, 1],
    // The length, most significant byte first, counts itself.
    ...[...byte(1, 24), ...byte(2, 16), OR, ...byte(3, 8), OR, ...byte(4, 0), OR, CONST, 4, SUB, SET, length],
    ...[GET, P, CONST, COPY_HEADER, ADD, SET, P],
    ...[GET, length, GET, STOP, GET, P, SUB, TEE, room, GT, IF, EMPTY],
    ...[GET, length, GET, room, SUB, WIDEN, GLOBAL_SET, REST, GET, room, SET, length, END],
    ...[GET, P, GET, length, ADD, SET, stop],
    ...[BLOCK, EMPTY, LOOP, EMPTY, GET, P, GET, stop, GE, BR_IF, 1],
    ...[GET, to, GET, P, ...V_LOAD, 0, 0, ...V_STORE, 0, 0],
    ...[GET, P, CONST, 16, ADD, SET, P, GET, to, CONST, 16, ADD, SET, to, BR, 0, END, END],
    ...[GET, to, GET, P, GET, stop, SUB, SUB, SET, to, GET, stop, SET, P],
    ...[BR, 0, END, END],
    ...[GET, to, WIDEN, GLOBAL_SET, PLACED, GET, P],
  ];
}
