/**
 * Names and texts as SQL that is pure ASCII, so that a statement means the same whatever the session's `client_encoding` is:
 * rows travel in the database's own encoding.
 */

export function quoteName(name: string): string {
  return isAscii(name) ? `"${name.replaceAll('"', '""')}"` : `U&"${escaped(name).replaceAll('"', '""')}"`;
}

/** Needs `standard_conforming_strings = on`, which every session of ours sets. */
export function quoteText(text: string): string {
  return isAscii(text) ? `'${text.replaceAll("'", "''")}'` : `U&'${escaped(text).replaceAll("'", "''")}'`;
}

export function qualified(schema: string, name: string): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}

/** A relation as a value: text in which names are quoted plainly, since escapes of SQL mean nothing within it. */
export function regclass(schema: string, name: string): string {
  return `${quoteText([schema, name].map((one) => `"${one.replaceAll('"', '""')}"`).join('.'))}::pg_catalog.regclass`;
}

/**
 * A name as people read it and as objects are called: quoted only where it is not plain small letters, by a rule of our own, since the
 * server's depends on its list of keywords.
 */
export function plainName(schema: string, name: string): string {
  return `${plain(schema)}.${plain(name)}`;
}

function plain(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function isAscii(text: string): boolean {
  return !/[^\u0001-\u007f]/.test(text);
}

function escaped(text: string): string {
  let out = '';
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (character === '\\') out += '\\\\';
    else if (point < 0x80) out += character;
    else out += point > 0xffff ? `\\+${point.toString(16).padStart(6, '0')}` : `\\${point.toString(16).padStart(4, '0')}`;
  }
  return out;
}
