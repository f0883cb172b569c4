import { count, counted } from '../base/words.ts';
import type { Difference, EngineContext, Fingerprint, FingerprintItem } from './engine.ts';

/** How a difference is told. */
export interface Words {
  readonly gone: (what: string) => string;
  readonly came: (what: string) => string;
  readonly became: (what: string, was: string, is: string) => string;
}

/** Of what must be equal: the second against the first. */
const asExpected: Words = {
  gone: (what) => `${what} is missing`,
  came: (what) => `${what} was not there at capture`,
  became: (what, was, is) => `${what} is ${is}, expected ${was}`,
};

/** Of what may have changed: from the first to the second. */
export const asChange: Words = {
  gone: (what) => `${what} was removed`,
  came: (what) => `${what} was added`,
  became: (what, was, is) => `${what} was ${was} and is ${is}`,
};

/** By kind, then name, in the order of their code units. */
export function sortItems(items: readonly FingerprintItem[]): FingerprintItem[] {
  return items.toSorted((a, b) => compareText(a.kind, b.kind) || compareText(a.name, b.name));
}

/**
 * What differs between two fingerprints, in the order of their items; empty where the content is equal. Each difference names
 * the item and, where the facts kept with it allow, the column or definition that differs; rows are named by `Engine.explain`.
 */
export function compareFingerprints(expected: Fingerprint, found: Fingerprint, words: Words = asExpected): readonly Difference[] {
  const wanted = sortItems(expected.items);
  const have = sortItems(found.items);
  const differences: Difference[] = [];
  let i = 0;
  let j = 0;
  while (i < wanted.length || j < have.length) {
    const a = wanted[i];
    const b = have[j];
    const order = orderOf(a, b);
    if (order < 0 && a !== undefined) differences.push(missing(a, words));
    if (order > 0 && b !== undefined) differences.push(unexpected(b, words));
    if (order === 0 && a !== undefined && b !== undefined) differences.push(...changed(a, b, words));
    if (order <= 0) i += 1;
    if (order >= 0) j += 1;
  }
  return differences;
}

/** Rows of all items together. */
export function rowsIn(fingerprint: Fingerprint): number {
  return fingerprint.items.reduce((sum, item) => sum + (item.rows ?? 0), 0);
}

/** The context for fingerprinting what is expected to be `expected`: its progress says of how many rows. */
export function withRowsTotal(context: EngineContext, expected: Fingerprint): EngineContext {
  const rowsTotal = rowsIn(expected);
  return { ...context, progress: (one) => context.progress(one.rowsDone === undefined ? one : { ...one, rowsTotal }) };
}

/** What an item's hash begins with where its content could not be read: equal to itself, and no proof of anything. */
const UNREADABLE = 'unreadable:';

/** Names of the items that were not compared, because one of the two could not be read. */
export function notCompared(...fingerprints: readonly Fingerprint[]): readonly string[] {
  const items = fingerprints.flatMap((one) => one.items);
  return [...new Set(items.filter((item) => item.hash.startsWith(UNREADABLE)).map((item) => called(item)))];
}

function orderOf(a: FingerprintItem | undefined, b: FingerprintItem | undefined): number {
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return compareText(a.kind, b.kind) || compareText(a.name, b.name);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `index orders_of_customer on orders` */
function called(item: FingerprintItem): string {
  const table = item.meta?.['table'];
  const on = typeof table === 'string' && table !== item.name ? ` on ${quoted(table)}` : '';
  const kind = item.kind === 'definition' ? 'definition of table' : item.kind;
  return `${kind} ${quoted(item.name)}${on}`;
}

function missing(item: FingerprintItem, words: Words): Difference {
  return { name: item.name, kind: item.kind, what: 'missing', statement: words.gone(called(item)) };
}

function unexpected(item: FingerprintItem, words: Words): Difference {
  return { name: item.name, kind: item.kind, what: 'unexpected', statement: words.came(called(item)) };
}

function changed(expected: FingerprintItem, found: FingerprintItem, words: Words): readonly Difference[] {
  const base = { name: expected.name, kind: expected.kind };
  if (expected.rows !== found.rows && expected.rows !== undefined && found.rows !== undefined) {
    const statement = `${called(expected)} has ${counted(found.rows, 'row')}, expected ${count(expected.rows)}`;
    return [{ ...base, what: 'row-count', expected: String(expected.rows), found: String(found.rows), statement }];
  }
  if (expected.hash === found.hash) return [];
  if (expected.rows !== undefined) return [{ ...base, what: 'content', statement: `the content of ${called(expected)} differs` }];
  const columns = columnDifferences(expected, found, words);
  return columns.length > 0 ? columns : [definitionDifference(expected, found, words)];
}

function definitionDifference(expected: FingerprintItem, found: FingerprintItem, words: Words): Difference {
  const base = { name: expected.name, kind: expected.kind, what: 'definition' as const };
  const text = (item: FingerprintItem): string | undefined => {
    const value = item.meta?.['value'] ?? item.meta?.['sql'];
    return typeof value === 'string' ? value : undefined;
  };
  const [was, is] = [text(expected), text(found)];
  if (was === undefined || is === undefined) return { ...base, statement: `${called(expected)} differs` };
  return { ...base, expected: was, found: is, statement: words.became(called(expected), shortened(was), shortened(is)) };
}

interface NamedColumn {
  readonly name: string;
  readonly text: string;
}

/** The columns that are not in both, or not the same in both. */
function columnDifferences(expected: FingerprintItem, found: FingerprintItem, words: Words): readonly Difference[] {
  const base = { name: expected.name, kind: expected.kind, what: 'definition' as const };
  const [was, is] = [columnsOf(expected), columnsOf(found)];
  if (was === undefined || is === undefined) return [];
  const differences: Difference[] = [];
  for (const column of was) {
    const other = is.find((one) => one.name === column.name);
    if (other === undefined)
      differences.push({ ...base, expected: column.text, statement: words.gone(`column ${quoted(column.name)} of ${quoted(expected.name)}`) });
    else if (other.text !== column.text) {
      const statement = words.became(`column ${quoted(column.name)} of ${quoted(expected.name)}`, column.text, other.text);
      differences.push({ ...base, expected: column.text, found: other.text, statement });
    }
  }
  for (const column of is) {
    if (was.some((one) => one.name === column.name)) continue;
    differences.push({ ...base, found: column.text, statement: words.came(`column ${quoted(column.name)} of ${quoted(expected.name)}`) });
  }
  return differences;
}

function columnsOf(item: FingerprintItem): readonly NamedColumn[] | undefined {
  const columns = item.meta?.['columns'];
  if (!Array.isArray(columns)) return undefined;
  const list: readonly unknown[] = columns;
  return list.map((column) => ({ name: nameOf(column), text: wordsOf(column) }));
}

function nameOf(column: unknown): string {
  if (typeof column === 'string') return column;
  if (typeof column === 'object' && column !== null && 'name' in column && typeof column.name === 'string') return column.name;
  return 'an expression';
}

/** `REAL, not null, default 0`: the facts of a column in the order in which its engine gives them. */
function wordsOf(column: unknown): string {
  if (typeof column !== 'object' || column === null) return JSON.stringify(column);
  const parts = Object.entries(column).flatMap(([fact, value]: [string, unknown]) => {
    if (fact === 'name') return [];
    if (fact === 'type' && typeof value === 'string') return [value === '' ? 'of no type' : value];
    const words = fact.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    if (value === true) return [words];
    return [`${words} ${typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value)}`];
  });
  return parts.join(', ');
}

function quoted(name: string): string {
  return JSON.stringify(name);
}

function shortened(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
