import type { CellValue } from '../../engine.ts';
import { pageOfRows, type DifferingRow, type RowDiff, type RowDiffRequest } from '../../row-diff.ts';
import { exactPair } from './browse.ts';
import { cellOf, textEncoding, type TextEncoding } from './cells.ts';
import { pragmaText, type Connection } from './connection.ts';
import { cutterOf, type Cut, type Cutter } from './cuts.ts';
import { runHasher, type Turn } from './hash-table.ts';
import type { OpenFile } from './hold.ts';
import { lanesOf, storedColumns, type LanedColumn } from './lanes.ts';
import { findObject } from './objects.ts';
import { readTable, tableSql, type Table } from './schema.ts';

export interface Side {
  readonly db: Connection;
  readonly table: Table;
  readonly encoding: TextEncoding;
}

const rowsARun = 256;

/** A table that is in both as it lies on one side. */
export function sideOf(files: readonly OpenFile[], object: string): Side {
  const { file, name } = findObject(files, object);
  return { db: file.db, table: readTable(file.db, name), encoding: textEncoding(pragmaText(file.db, 'encoding')) };
}

export interface Paired {
  readonly key: readonly string[];
  readonly rows: () => AsyncGenerator<DifferingRow>;
}

/** The rows of a table that differ, paired by its key, in runs of the key's order; undefined where both sides have no key in common. */
export function pairedRows(before: Side, after: Side, turn: Turn): Paired | undefined {
  const sameKey = JSON.stringify(keyNames(before.table)) === JSON.stringify(keyNames(after.table));
  const cutter = sameKey ? cutterOf(before.db, before.table, true) : undefined;
  return cutter === undefined ? undefined : { key: keyNames(before.table), rows: () => differingRows(before, after, cutter, turn) };
}

/** One page of them. */
export async function rowDiff(before: readonly OpenFile[], after: readonly OpenFile[], request: RowDiffRequest, turn: Turn): Promise<RowDiff> {
  const paired = pairedRows(sideOf(before, request.object), sideOf(after, request.object), turn);
  if (paired === undefined) return { key: [], rows: [], more: false, why: 'The two have no key in common by which rows could be told apart.' };
  return pageOfRows(paired.key, paired.rows(), request);
}

async function* differingRows(before: Side, after: Side, cutter: Cutter, turn: Turn): AsyncGenerator<DifferingRow> {
  const columns = commonColumns(before.table, after.table);
  const equal = runsEqual(before, after);
  for (let cut = cutter.next(rowsARun, 0); cut !== undefined; cut = cutter.next(rowsARun, rowsARun)) {
    await turn(rowsARun);
    if (!equal(cut)) yield* runDiff(before, after, columns, cut);
  }
}

/** Tells quickly whether a run of rows is the same on both sides; false where it cannot be told. */
function runsEqual(before: Side, after: Side): (cut: Cut) => boolean {
  const [wanted, have] = [lanesOn(before), lanesOn(after)];
  if (JSON.stringify(wanted) !== JSON.stringify(have) || before.encoding !== after.encoding) return () => false;
  const wide = before.encoding !== 'UTF-8';
  const hashBefore = runHasher(before.db, before.table, wanted, wide);
  const hashAfter = runHasher(after.db, after.table, have, wide);
  return (cut) => hashBefore(cut).hash === hashAfter(cut).hash;
}

function lanesOn({ db, table, encoding }: Side): readonly LanedColumn[] {
  return lanesOf(db, storedColumns(table), encoding !== 'UTF-8', tableSql(table.name));
}

function keyNames({ key }: Table): readonly string[] {
  if (key.kind === 'rowid') return [key.name];
  return key.kind === 'primary-key' ? key.columns : [];
}

function commonColumns(before: Table, after: Table): readonly string[] {
  const there = new Set(storedColumns(after).map((column) => column.name));
  return storedColumns(before)
    .map((column) => column.name)
    .filter((name) => there.has(name));
}

interface Row {
  readonly key: readonly CellValue[];
  readonly cells: readonly CellValue[];
}

function* runDiff(before: Side, after: Side, columns: readonly string[], cut: Cut): Generator<DifferingRow> {
  const wanted = new Map([...readRun(before, columns, cut)].map((row) => [JSON.stringify(row.key), row]));
  for (const row of readRun(after, columns, cut)) {
    const name = JSON.stringify(row.key);
    const was = wanted.get(name);
    wanted.delete(name);
    if (was === undefined) {
      yield { what: 'added', key: row.key, cells: columns.map((column, i) => ({ column, after: row.cells[i] ?? null })) };
      continue;
    }
    const cells = columns.flatMap((column, i) => {
      const [one, other] = [was.cells[i] ?? null, row.cells[i] ?? null];
      return JSON.stringify(one) === JSON.stringify(other) ? [] : [{ column, before: one, after: other }];
    });
    if (cells.length > 0) yield { what: 'changed', key: row.key, cells };
  }
  for (const row of wanted.values()) yield { what: 'removed', key: row.key, cells: columns.map((column, i) => ({ column, before: row.cells[i] ?? null })) };
}

function* readRun(side: Side, columns: readonly string[], cut: Cut): Generator<Row> {
  const keys = keyNames(side.table);
  const select = [...keys, ...columns].map(exactPair).join();
  const rows = side.db.prepare<unknown[], unknown[]>(`SELECT ${select} FROM ${cut.from}${cut.order}`).raw().safeIntegers();
  for (const row of rows.iterate(...cut.params)) {
    const cells = [...keys, ...columns].map((_, i) => cellOf(row[i * 2] ?? null, row[i * 2 + 1] === 1n, side.encoding));
    yield { key: cells.slice(0, keys.length), cells: cells.slice(keys.length) };
  }
}
