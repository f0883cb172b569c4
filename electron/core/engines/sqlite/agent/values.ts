/** A letter for the type, then the number itself or the length of the bytes that follow. */
export const headBytes = 9;

const letters = { null: 0x6e, integer: 0x69, real: 0x72, text: 0x74, blob: 0x62 } as const;

/**
 * Writes the head of one value at `at`; together with the bytes of text or blob after it, no other value has the same.
 * `value` as better-sqlite3 gives it with safe integers: null, bigint, number, or the bytes of text or blob.
 */
export function writeHead(to: Buffer, at: number, value: unknown, isText: boolean): void {
  if (typeof value === 'number') {
    to[at] = letters.real;
    to.writeDoubleBE(value, at + 1);
    return;
  }
  to[at] = letterOf(value, isText);
  to.writeBigInt64BE(numberOf(value), at + 1);
}

function letterOf(value: unknown, isText: boolean): number {
  if (value === null) return letters.null;
  if (typeof value === 'bigint') return letters.integer;
  return isText ? letters.text : letters.blob;
}

function numberOf(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  return Buffer.isBuffer(value) ? BigInt(value.length) : 0n;
}
