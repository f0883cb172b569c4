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

/** A statement of any origin as the end of a sentence: with one full stop, whether or not it brought its own. */
export function ended(statement: string): string {
  return /[.!?…]\s*$/.test(statement) ? statement.trimEnd() : `${statement.trimEnd()}.`;
}
