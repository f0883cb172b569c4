/** Whole numbers with thousands apart: `1,234,567`. */
export function count(value: number): string {
  return Math.trunc(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 row`, `2 rows`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** At most so many characters, the last one a mark where some were cut off; never half a character. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = /[\uD800-\uDBFF]/.test(text.charAt(most - 2)) ? most - 2 : most - 1;
  return `${text.slice(0, end)}…`;
}

/** A statement of any origin as the end of a sentence: with one full stop, whether or not it brought its own. */
export function ended(statement: string): string {
  return /[.!?…]\s*$/.test(statement) ? statement.trimEnd() : `${statement.trimEnd()}.`;
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes in binary units, at most three figures and one decimal: `512 B`, `1.5 MiB`. */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const figure = unit === 0 || Math.abs(value) >= 99.95 ? value.toFixed(0) : value.toFixed(1);
  return `${figure} ${units[unit] ?? 'B'}`;
}
