/** A name as SQL text that can only be a name. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
