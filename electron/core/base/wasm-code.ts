/** Bytes of a WebAssembly module: instructions, or a part of its binary form (https://webassembly.github.io/spec/core/binary/). */
export type Code = readonly number[];

/** An unsigned number as LEB128. */
export function unsigned(value: number): Code {
  const out: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    out.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return out;
}

/** How many, then each. */
export function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

/** A section of a module: its number, its length, its content. */
export function section(id: number, content: Code): Code {
  return [id, ...unsigned(content.length), ...content];
}

/** A name in ASCII. */
export function name(text: string): Code {
  return vector(Array.from(text, (c) => [c.charCodeAt(0)]));
}

/** A function's body: groups of locals, code, end. */
export function body(locals: readonly Code[], code: Code): Code {
  const content = [...vector(locals), ...code, 0x0b];
  return [...unsigned(content.length), ...content];
}

/** A signed 64-bit constant as LEB128. */
export function signed(value: bigint): Code {
  const out: number[] = [];
  let rest = BigInt.asIntN(64, value);
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40)) return [...out, low];
    out.push(low | 0x80);
  }
}
