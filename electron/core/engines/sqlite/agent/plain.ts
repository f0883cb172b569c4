import { quoteName } from './identifiers.ts';
import type { LanedColumn } from './lanes.ts';
import type { Table } from './schema.ts';

/** SQLite takes at most 1000 arguments to a function; terms of one sum count against its expression depth. */
const argumentsAtOnce = 500;
const termsAtOnce = 100;

/** One row's plain columns as the text of JSON arrays: types and lengths can be told apart, text keeps its bytes. */
export function jsonOfRow(table: Table, lanes: readonly LanedColumn[], wide: boolean): string {
  const rowid = table.key.kind === 'rowid' && table.key.kept ? [quoteName(table.key.name)] : [];
  const values = [...rowid, ...lanes.filter((column) => column.lane === 'plain').map((column) => plainValue(column, wide))];
  const arrays: string[] = [];
  for (let at = 0; at < values.length || at === 0; at += argumentsAtOnce) arrays.push(`json_array(${values.slice(at, at + argumentsAtOnce).join()})`);
  return arrays.join('||');
}

/** UTF-16 text goes out as the digits of its own bytes: turned into UTF-8, what is not valid would be lost. */
function plainValue(column: LanedColumn, wide: boolean): string {
  const name = quoteName(column.name);
  return wide ? `iif(typeof(${name})='text',hex(CAST(${name} AS BLOB)),${name})` : name;
}

export interface PlainColumns {
  /** How many answers the aggregates give. */
  readonly width: number;
  /** Row count, the rows' JSON as bytes, then the guards. */
  aggregates(order: string): readonly string[];
  /** Types of the guards' sums: `integer` or `null` where no real was among the values. */
  guards(row: readonly unknown[]): readonly unknown[];
}

/** What one statement asks of the plain columns of a run of rows. */
export function plainColumns(table: Table, lanes: readonly LanedColumn[], wide: boolean, guarded: boolean): PlainColumns {
  const json = jsonOfRow(table, lanes, wide);
  const rowid = table.key.kind === 'rowid' ? table.key.name : undefined;
  // A column of TEXT affinity turns numbers into text; the rowid is an integer.
  const doubtful = guarded ? lanes.filter((column) => column.lane === 'plain' && column.affinity !== 'text' && column.name !== rowid) : [];
  const guards: string[] = [];
  for (let at = 0; at < doubtful.length; at += termsAtOnce) {
    const terms = doubtful.slice(at, at + termsAtOnce).map((column) => `ifnull(${quoteName(column.name)},0)`);
    // A sum is an integer only where no value was a real.
    guards.push(`typeof(sum(${terms.join('+')}))`);
  }
  return {
    width: 2 + guards.length,
    aggregates: (order) => ['count(*)', `CAST(group_concat(${json},''${order}) AS BLOB)`, ...guards],
    guards: (row) => row.slice(2, 2 + guards.length),
  };
}
