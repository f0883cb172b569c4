import { given, type Given, type OptionSpec } from './spec.ts';

/** Options that choose what of a source is captured. */
export const partOptions: readonly OptionSpec[] = [
  { flags: '--schema <pattern>', description: 'PostgreSQL: capture only schemas of this name; may be repeated', many: true, field: 'location' },
  {
    flags: '--table <pattern>',
    description: 'PostgreSQL: capture only tables of this name, with their schema (app.*_log; * and ? as in psql); may be repeated',
    many: true,
    field: 'location',
  },
  { flags: '--exclude-table <pattern>', description: 'PostgreSQL: leave these out; may be repeated', many: true, field: 'location' },
  { flags: '--schema-only-table <pattern>', description: 'PostgreSQL: capture these without their rows; may be repeated', many: true, field: 'location' },
];

/** `{ part }` of a location where something was chosen. */
export function partOf(input: Given): { readonly part?: { readonly [field: string]: string[] } } {
  const lists = { schemas: 'schema', tables: 'table', excludeTables: 'excludeTable', schemaOnlyTables: 'schemaOnlyTable' };
  const part: Record<string, string[]> = {};
  for (const [field, option] of Object.entries(lists)) if (input.list(option).length > 0) part[field] = [...input.list(option)];
  return given('part', Object.keys(part).length === 0 ? undefined : part);
}
