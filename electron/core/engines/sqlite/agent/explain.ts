import type { CellValue, Difference } from '../../engine.ts';
import { exactPair } from './browse.ts';
import { cellOf, shownCell, textEncoding, type TextEncoding } from './cells.ts';
import { pragmaText, type Connection } from './connection.ts';
import { cutterOf, type Cut } from './cuts.ts';
import { runHasher, type Turn } from './hash-table.ts';
import type { OpenFile } from './hold.ts';
import { lanesOf, storedColumns, type LanedColumn } from './lanes.ts';
import { findObject } from './objects.ts';
import { readTable, tableSql, type Table } from './schema.ts';

interface Side {
  readonly db: Connection;
  readonly table: Table;
  readonly encoding: TextEncoding;
}

const rowsARun = 256;

/** The rows of `objects` (tables in both) that are not equal, by their keys, with the columns that differ. At most `limit`. */
export async function explainTables(
  expected: readonly OpenFile[],
  found: readonly OpenFile[],
  objects: readonly string[],
  limit: number,
  turn: Turn,
): Promise<readonly Difference[]> {
  const differences: Difference[] = [];
  for (const object of objects) {
    if (differences.length >= limit) break;
    differences.push(...(await explainTable(object, sideOf(expected, object), sideOf(found, object), limit - differences.length, turn)));
  }
  return differences;
}

function sideOf(files: readonly OpenFile[], object: string): Side {
  const { file, name } = findObject(files, object);
  return { db: file.db, table: readTable(file.db, name), encoding: textEncoding(pragmaText(file.db, 'encoding')) };
}

async function explainTable(object: string, expected: Side, found: Side, limit: number, turn: Turn): Promise<readonly Difference[]> {
  const sameKey = JSON.stringify(keyNames(expected.table)) === JSON.stringify(keyNames(found.table));
  const cutter = sameKey ? cutterOf(expected.db, expected.table, true) : undefined;
  if (cutter === undefined) return [];
  const columns = commonColumns(expected.table, found.table);
  const equal = runsEqual(expected, found);
  const differences: Difference[] = [];
  for (let cut = cutter.next(rowsARun, 0); cut !== undefined && differences.length < limit; cut = cutter.next(rowsARun, rowsARun)) {
    await turn(rowsARun);
    if (!equal(cut)) differences.push(...explainRun(object, expected, found, columns, cut, limit - differences.length));
  }
  return differences;
}

/** Tells quickly whether a run of rows is the same on both sides; false where it cannot be told. */
function runsEqual(expected: Side, found: Side): (cut: Cut) => boolean {
  const [wanted, have] = [lanesOn(expected), lanesOn(found)];
  if (JSON.stringify(wanted) !== JSON.stringify(have) || expected.encoding !== found.encoding) return () => false;
  const wide = expected.encoding !== 'UTF-8';
  const hashExpected = runHasher(expected.db, expected.table, wanted, wide);
  const hashFound = runHasher(found.db, found.table, have, wide);
  return (cut) => hashExpected(cut).hash === hashFound(cut).hash;
}

function lanesOn({ db, table, encoding }: Side): readonly LanedColumn[] {
  return lanesOf(db, storedColumns(table), encoding !== 'UTF-8', tableSql(table.name));
}

function keyNames({ key }: Table): readonly string[] {
  if (key.kind === 'rowid') return [key.name];
  return key.kind === 'primary-key' ? key.columns : [];
}

function commonColumns(expected: Table, found: Table): readonly string[] {
  const there = new Set(storedColumns(found).map((column) => column.name));
  return storedColumns(expected)
    .map((column) => column.name)
    .filter((name) => there.has(name));
}

interface Row {
  /** `id = 42`. */
  readonly label: string;
  readonly cells: readonly CellValue[];
}

function explainRun(object: string, expected: Side, found: Side, columns: readonly string[], cut: Cut, limit: number): readonly Difference[] {
  const wanted = new Map([...readRun(expected, columns, cut)].map((row) => [row.label, row]));
  const differences: Difference[] = [];
  const base = { name: object, kind: 'row' };
  for (const row of readRun(found, columns, cut)) {
    if (differences.length >= limit) return differences;
    const before = wanted.get(row.label);
    wanted.delete(row.label);
    if (before === undefined)
      differences.push({ ...base, what: 'unexpected', statement: `row ${row.label} of ${JSON.stringify(object)} was not there at capture` });
    else differences.push(...changedRow(object, columns, before, row));
  }
  const missing = [...wanted.values()].map((row): Difference => ({
    ...base,
    what: 'missing',
    statement: `row ${row.label} of ${JSON.stringify(object)} is missing`,
  }));
  return [...differences, ...missing].slice(0, limit);
}

function changedRow(object: string, columns: readonly string[], before: Row, after: Row): readonly Difference[] {
  const changed = columns.flatMap((column, i) => {
    const [was, is] = [before.cells[i] ?? null, after.cells[i] ?? null];
    return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ column, was: shownCell(was), is: shownCell(is) }];
  });
  if (changed.length === 0) return [];
  const told = changed.map(({ column, was, is }) => `${JSON.stringify(column)} is ${is}, expected ${was}`).join('; ');
  return [
    {
      name: object,
      kind: 'row',
      what: 'content',
      expected: changed.map((one) => `${one.column} = ${one.was}`).join(', '),
      found: changed.map((one) => `${one.column} = ${one.is}`).join(', '),
      statement: `row ${before.label} of ${JSON.stringify(object)}: column ${told}`,
    },
  ];
}

function* readRun(side: Side, columns: readonly string[], cut: Cut): Generator<Row> {
  const keys = keyNames(side.table);
  const select = [...keys, ...columns].map(exactPair).join();
  const rows = side.db.prepare<unknown[], unknown[]>(`SELECT ${select} FROM ${cut.from}${cut.order}`).raw().safeIntegers();
  for (const row of rows.iterate(...cut.params)) {
    const cells = [...keys, ...columns].map((_, i) => cellOf(row[i * 2] ?? null, row[i * 2 + 1] === 1n, side.encoding));
    yield { label: keys.map((key, i) => `${key} = ${shownCell(cells[i] ?? null)}`).join(', '), cells: cells.slice(keys.length) };
  }
}
