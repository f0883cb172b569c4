import type { CellValue } from '../../engine.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const wideDecoders = {
  'UTF-16le': new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true }),
  'UTF-16be': new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true }),
};

/** The encoding in which a database keeps its text, as `PRAGMA encoding` names it. */
export type TextEncoding = 'UTF-8' | 'UTF-16le' | 'UTF-16be';

export function textEncoding(name: string): TextEncoding {
  return name === 'UTF-16le' || name === 'UTF-16be' ? name : 'UTF-8';
}

/**
 * A value as JSON can carry it, so that no two different values look the same. `value` as better-sqlite3 gives it with safe
 * integers, text as its bytes. `int64`: decimal digits; `real`: as JavaScript writes it, for what a JSON reader would take for an
 * integer or cannot read; `blob` and `text` (not valid in its encoding): base64 of the bytes.
 */
export function cellOf(value: unknown, isText: boolean, encoding: TextEncoding): CellValue {
  if (value === null) return null;
  if (typeof value === 'bigint') {
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : { $: 'int64', v: value.toString() };
  }
  if (typeof value === 'number') {
    if (!Number.isInteger(value) && Number.isFinite(value)) return value;
    return { $: 'real', v: Object.is(value, -0) ? '-0' : String(value) };
  }
  if (!Buffer.isBuffer(value)) throw new TypeError(`a value of type ${typeof value}`);
  if (!isText) return { $: 'blob', v: value.toString('base64') };
  return textOf(value, encoding) ?? { $: 'text', v: value.toString('base64') };
}

/** Text from its bytes, or undefined where they are not valid in the encoding. */
export function textOf(bytes: Uint8Array, encoding: TextEncoding): string | undefined {
  try {
    return encoding === 'UTF-8' ? decoder.decode(bytes) : wideDecoders[encoding].decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** For people: short, text quoted as in SQL. */
export function shownCell(cell: CellValue): string {
  if (cell === null) return 'NULL';
  if (typeof cell === 'string') return `'${shortened(cell)}'`;
  if (typeof cell !== 'object') return String(cell);
  if (cell.$ === 'blob' || cell.$ === 'text') return `${cell.$} of ${Buffer.byteLength(cell.v, 'base64')} bytes ${shortened(cell.v)}`;
  return cell.$ === 'real' && /^-?\d+$/.test(cell.v) ? `${cell.v}.0` : cell.v;
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
