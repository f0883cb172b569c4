import { body, name, section, unsigned, vector } from '../../base/wasm-code.ts';
import type { Code } from '../../base/wasm-code.ts';
import {
  ADD,
  AND,
  BLOCK,
  BR,
  BR_IF,
  CONST,
  EMPTY,
  END,
  EQ,
  EQZ,
  GE,
  GET,
  GLOBAL_GET,
  GLOBAL_SET,
  GT,
  I32,
  IF,
  LOAD,
  LOAD_BYTE,
  LOOP,
  POPCNT,
  RETURN,
  SET,
  SHL,
  TEE,
  V128,
  V_BITMASK,
  V_EQ,
  V_LOAD,
  V_SPLAT,
} from '../../base/wasm-opcodes.ts';

/**
 * The inner loops of the cutter as a WebAssembly module, assembled here instruction by instruction (about 300 bytes), so that
 * there is neither a binary in the tree nor a build step. Text form:
 *
 *   (memory (export "memory") PAGES PAGES)  (global (export "h") (mut i32) 0)        ;; table of 256 i32 at address 0
 *   (func (export "scan") (param p end mask) (result i32) (local h)                  ;; place after the hit, or 0
 *     for p < end:  h = (h << 1) + table[byte p++];  if (h & mask) == 0 return p     ;; four steps a turn, then one
 *     return 0)
 *   (func (export "count") (param p end value) (result i32) (local n v128)           ;; bytes equal to value
 *     for p + 16 <= end:  n += popcnt(bitmask(load128(p) == splat(value)));  p += 16 ;; then byte by byte
 *     return n)
 */
export function gearModule(pages: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector([[0x60, ...vector([[I32], [I32], [I32]]), ...vector([[I32]])]])),
    ...section(3, vector([[0], [0]])),
    ...section(5, vector([[0x01, ...unsigned(pages), ...unsigned(pages)]])),
    ...section(6, vector([[I32, 0x01, CONST, 0x00, END]])),
    ...section(
      7,
      vector([
        [...name('memory'), 0x02, 0],
        [...name('h'), 0x03, 0],
        [...name('scan'), 0x00, 0],
        [...name('count'), 0x00, 1],
      ]),
    ),
    ...section(
      10,
      vector([
        body([[1, I32]], scanCode()),
        body(
          [
            [1, I32],
            [1, V128],
          ],
          countCode(),
        ),
      ]),
    ),
  ]);
}

const P = 0;
const STOP = 1;
const THIRD = 2;
const ACC = 3;
const NEEDLE = 4;

/** h = (h << 1) + table[byte at p + k]; returns p + k + 1 where it hits. */
function step(k: number): Code {
  return [
    ...[GET, ACC, CONST, 1, SHL],
    ...[GET, P, LOAD_BYTE, 0, k, CONST, 2, SHL, LOAD, 2, 0],
    ...[ADD, TEE, ACC, GET, THIRD, AND, EQZ],
    ...[IF, EMPTY, GET, ACC, GLOBAL_SET, 0, GET, P, CONST, k + 1, ADD, RETURN, END],
  ];
}

function scanCode(): Code {
  return [
    ...[GLOBAL_GET, 0, SET, ACC],
    ...whileRoom(4, [...step(0), ...step(1), ...step(2), ...step(3)]),
    ...whileRoom(1, step(0)),
    ...[GET, ACC, GLOBAL_SET, 0, CONST, 0],
  ];
}

function countCode(): Code {
  return [
    ...[GET, THIRD, ...V_SPLAT, SET, NEEDLE],
    ...whileRoom(16, [GET, ACC, GET, P, ...V_LOAD, 0, 0, GET, NEEDLE, ...V_EQ, ...V_BITMASK, POPCNT, ADD, SET, ACC]),
    ...whileRoom(1, [GET, ACC, GET, P, LOAD_BYTE, 0, 0, GET, THIRD, EQ, ADD, SET, ACC]),
    ...[GET, ACC],
  ];
}

/** while (p + width <= end) { code; p += width } */
function whileRoom(width: number, code: Code): Code {
  const leave = width === 1 ? [GET, P, GET, STOP, GE] : [GET, P, CONST, width, ADD, GET, STOP, GT];
  return [BLOCK, EMPTY, LOOP, EMPTY, ...leave, BR_IF, 1, ...code, GET, P, CONST, width, ADD, SET, P, BR, 0, END, END];
}
