/** A name as SQL text that can only be a name. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Text as a SQL string literal. Not for text with NUL, which no literal can hold. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
