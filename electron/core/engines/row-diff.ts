import type { CellValue } from './browsing.ts';

export interface RowDiffRequest {
  readonly object: string;
  /** Differing rows that are passed over. */
  readonly offset: number;
  readonly limit: number;
  /** Reads both to the end, so that `counts` can be told. */
  readonly count: boolean;
}

/** A row that is not the same on both sides. */
export interface DifferingRow {
  readonly what: 'added' | 'removed' | 'changed';
  /** Values of the key; all values where there is none. */
  readonly key: readonly CellValue[];
  /** Of a row that changed the columns that did; of another one all columns, on the side where it is. */
  readonly cells: readonly { readonly column: string; readonly before?: CellValue; readonly after?: CellValue }[];
}

export interface RowDiff {
  /** The columns by which rows are the same; empty where there is no key, and a row that changed is one removed and one added. */
  readonly key: readonly string[];
  readonly rows: readonly DifferingRow[];
  readonly more: boolean;
  readonly counts?: { readonly added: number; readonly removed: number; readonly changed: number };
  /** Why rows cannot be told apart one by one; `rows` is empty then. */
  readonly why?: string;
}

/** Rows of a page together; a page ends early rather than hold more. */
const pageBytes = 4 << 20;

/** One page of what differs, from all of it in order. Reads no further than the page, unless it is to be counted. */
export async function pageOfRows(
  key: readonly string[],
  differing: AsyncIterable<DifferingRow>,
  { offset, limit, count }: Pick<RowDiffRequest, 'offset' | 'limit' | 'count'>,
): Promise<RowDiff> {
  const counts = { added: 0, removed: 0, changed: 0 };
  const rows: DifferingRow[] = [];
  let seen = 0;
  let bytes = 0;
  let more = false;
  for await (const row of differing) {
    counts[row.what] += 1;
    if (seen >= offset && !more) {
      more = rows.length === limit || bytes > pageBytes;
      if (more && !count) break;
      if (!more) {
        rows.push(row);
        bytes += row.cells.reduce((sum, cell) => sum + sizeOf(cell.before) + sizeOf(cell.after), 0);
      }
    }
    seen += 1;
  }
  return { key, rows, more, ...(count ? { counts } : {}) };
}

function sizeOf(cell: CellValue | undefined): number {
  if (typeof cell === 'string') return cell.length;
  return typeof cell === 'object' && cell !== null ? cell.v.length : 8;
}
