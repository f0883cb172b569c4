import { mutateJson } from './mutate-json.ts';
import type { Choices } from './random.ts';
import type { FuzzTarget } from './target.ts';

/** Numbers at which bounds lie: of types, of the format, and one beside each. */
const numbers = [
  0,
  1,
  2,
  3,
  7,
  8,
  15,
  16,
  17,
  63,
  64,
  65,
  127,
  128,
  255,
  256,
  512,
  1023,
  1024,
  1025,
  4095,
  4096,
  32767,
  32768,
  65534,
  65535,
  65536,
  131071,
  131072,
  131073,
  1048512,
  1048513,
  1048575,
  1048576,
  1048577,
  1048592,
  16777215,
  16777216,
  67108864,
  67108865,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 40,
  2 ** 47,
  2 ** 48 - 1,
];
const widths = [1, 2, 3, 4, 6] as const;
/** Beginnings that make parsers think of something else. */
const magics = [
  'BELAY\0\0\u0001',
  'BELAYEND',
  '\u0028\u00b5\u002f\u00fd',
  '\u0037\u00a4\u0030\u00ec',
  'PGDMP',
  'SQLite format 3\0',
  '\u001f\u008b\u0008',
  'ustar\0',
];

type Edit = (bytes: Buffer, choices: Choices, other: Buffer) => Buffer;

const flip: Edit = (bytes, choices) => {
  const at = choices.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << choices.below(8));
  return bytes;
};
const anyByte: Edit = (bytes, choices) => {
  bytes[choices.below(bytes.length)] = choices.word() & 255;
  return bytes;
};
const number: Edit = (bytes, choices) => {
  const width = choices.of(widths);
  if (bytes.length < width) return bytes;
  // Near the ends stand counts and lengths.
  const room = bytes.length - width + 1;
  const at = choices.once(3) ? choices.below(Math.min(room, 24)) : choices.once(3) ? room - 1 - choices.below(Math.min(room, 24)) : choices.below(room);
  const value = (numbers[choices.below(numbers.length)] ?? 0) % 2 ** (8 * width);
  if (choices.once(3)) bytes.writeUIntBE(value, at, width);
  else bytes.writeUIntLE(value, at, width);
  return bytes;
};
const step: Edit = (bytes, choices) => {
  const width = choices.of(widths);
  if (bytes.length < width) return bytes;
  const at = choices.below(bytes.length - width + 1);
  const by = choices.of([1, -1, 2, -2, 16, -16, 17, -17]);
  const most = 2 ** (8 * width);
  const value = choices.once(3) ? bytes.readUIntBE(at, width) : bytes.readUIntLE(at, width);
  bytes.writeUIntLE((value + by + most) % most, at, width);
  return bytes;
};
const cut: Edit = (bytes, choices) => bytes.subarray(0, choices.below(bytes.length));
const behead: Edit = (bytes, choices) => bytes.subarray(choices.below(Math.min(bytes.length, 64)));
const takeOut: Edit = (bytes, choices) => {
  const from = choices.below(bytes.length);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + choices.below(Math.min(64, bytes.length - from)))]);
};
const twice: Edit = (bytes, choices) => {
  const from = choices.below(bytes.length);
  const piece = bytes.subarray(from, from + 1 + choices.below(Math.min(256, bytes.length - from)));
  const times = choices.once(20) ? 64 : 1 + choices.below(3);
  return Buffer.concat([bytes.subarray(0, from), ...Array.from({ length: times }, () => piece), bytes.subarray(from)]);
};
const splice: Edit = (bytes, choices, other) => Buffer.concat([bytes.subarray(0, choices.below(bytes.length)), other.subarray(choices.below(other.length))]);
const graft: Edit = (bytes, choices, other) => {
  const from = choices.below(other.length);
  const piece = other.subarray(from, from + 1 + choices.below(Math.min(128, other.length - from)));
  const at = choices.below(bytes.length);
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(choices.once(2) ? at : at + piece.length)]);
};
const insert: Edit = (bytes, choices) => {
  const at = choices.below(bytes.length + 1);
  const piece = choices.once(3) ? Buffer.from(choices.of(magics) ?? '', 'latin1') : Buffer.from(choices.bytes(1 + choices.below(16)));
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
};
const fill: Edit = (bytes, choices) => {
  const from = choices.below(bytes.length);
  bytes.fill(choices.of([0, 255, 10, 32, 91]), from, from + 1 + choices.below(Math.min(256, bytes.length - from)));
  return bytes;
};

const edits: readonly [Edit, ...Edit[]] = [flip, flip, anyByte, number, number, number, step, step, cut, behead, takeOut, twice, splice, graft, insert, fill];

/** A new input from an old one: a few changes of bytes, of words or of JSON values, as its target is. `other` is one to take parts from. */
export function mutate(target: Pick<FuzzTarget, 'form' | 'words' | 'largest'>, input: Uint8Array, other: Uint8Array, choices: Choices): Uint8Array {
  if (target.form === 'json' && !choices.once(4)) {
    const changed = mutateJson(Buffer.from(input).toString('utf8'), choices);
    if (changed !== undefined) return bounded(Buffer.from(changed, 'utf8'), target, choices);
  }
  let bytes: Buffer = Buffer.from(input);
  for (let left = 1 + choices.below(choices.once(4) ? 12 : 3); left > 0; left -= 1) {
    const { words } = target;
    const change = bytes.length === 0 ? insert : choices.of(edits);
    bytes = words !== undefined && choices.once(3) ? word(bytes, words, choices) : Buffer.from(change(bytes, choices, Buffer.from(other)));
  }
  return bounded(bytes, target, choices);
}

function word(bytes: Buffer, words: readonly string[], choices: Choices): Buffer {
  const at = choices.below(bytes.length + 1);
  const piece = Buffer.from(choices.of(words) ?? '', 'latin1');
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(choices.once(2) ? at : at + choices.below(32))]);
}

/** Longer ones are rare: each costs the time of many. */
function bounded(bytes: Buffer, { largest = 64 << 10 }: Pick<FuzzTarget, 'largest'>, choices: Choices): Uint8Array {
  return bytes.length > largest && !choices.once(20) ? bytes.subarray(0, largest) : bytes;
}
