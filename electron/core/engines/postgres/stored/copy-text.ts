/**
 * The text of COPY: one line a row, ended by LF; fields apart by a tab; `\N` for NULL; a backslash before what would be taken for one of these.
 * Every encoding that a database may have keeps ASCII for ASCII, so lines and fields are cut byte by byte, whatever the encoding.
 */

const [backspace, tab, newline, verticalTab, formFeed, carriageReturn, backslash] = [8, 9, 10, 11, 12, 13, 92];

const letters: Readonly<Record<number, number>> = { 98: backspace, 102: formFeed, 110: newline, 114: carriageReturn, 116: tab, 118: verticalTab };

/** The fields of a line without its end, as bytes; null for NULL. A line of no columns has none. */
export function fieldsOf(line: Uint8Array, columns: number): readonly (Uint8Array | null)[] {
  if (columns === 0 && line.length === 0) return [];
  const fields: (Uint8Array | null)[] = [];
  for (let from = 0; from <= line.length;) {
    const found = line.indexOf(tab, from);
    const to = found === -1 ? line.length : found;
    fields.push(valueOf(line.subarray(from, to)));
    from = to + 1;
  }
  return fields;
}

function valueOf(field: Uint8Array): Uint8Array | null {
  const first = field.indexOf(backslash);
  if (first === -1) return field;
  if (field.length === 2 && first === 0 && field[1] === 78) return null;
  const out = new Uint8Array(field.length);
  out.set(field.subarray(0, first));
  let length = first;
  for (let at = first; at < field.length;) {
    const byte = field[at] ?? 0;
    if (byte !== backslash || at + 1 === field.length) {
      out[length] = byte;
      at += 1;
    } else {
      const [value, taken] = escapeAt(field, at + 1);
      out[length] = value;
      at += 1 + taken;
    }
    length += 1;
  }
  return out.subarray(0, length);
}

/** What stands after a backslash, and how many bytes it takes: a letter, up to three octal digits, `x` and up to two hexadecimal ones, or itself. */
function escapeAt(field: Uint8Array, at: number): readonly [number, number] {
  const byte = field[at] ?? 0;
  const octal = digitsAt(field, at, 3, 8);
  if (octal > 0) return [Number.parseInt(textAt(field, at, octal), 8) & 0xff, octal];
  if (byte === 120) {
    const hexadecimal = digitsAt(field, at + 1, 2, 16);
    if (hexadecimal > 0) return [Number.parseInt(textAt(field, at + 1, hexadecimal), 16), 1 + hexadecimal];
  }
  return [letters[byte] ?? byte, 1];
}

function digitsAt(field: Uint8Array, at: number, most: number, base: 8 | 16): number {
  let count = 0;
  while (count < most && (base === 8 ? /[0-7]/ : /[0-9A-Fa-f]/).test(textAt(field, at + count, 1))) count += 1;
  return count;
}

function textAt(field: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...field.subarray(at, at + length));
}
