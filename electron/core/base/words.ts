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
