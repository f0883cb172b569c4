import { isAppError } from '../../base/errors.ts';
import { CHUNK_TABLE } from '../format/crypto.ts';
import { damaged } from '../format/bytes.ts';
import { MAX_TABLE_ROW } from '../format/limits.ts';
import { compareNames, decodeRow } from '../format/table.ts';
import type { GroupRow, ObjectRow, TableRow } from '../format/table.ts';
import type { ChunkSource } from './chunk-source.ts';
import { tableTotals } from './lists.ts';
import { streamRange } from './stream.ts';
import { tolerantRows } from './tolerant.ts';

/** Bytes read at each step of a search. */
const PROBE_BYTES = 64 << 10;

interface Block {
  /** Rows in order, from a contiguous stretch of the table. */
  readonly rows: readonly TableRow[];
}

/**
 * Finds rows of one object table by name without reading all of it: rows are sorted (groups, then objects, by name), so a few
 * probes find the place. Neighbours of the last find are at hand, so reading objects in name order costs one probe a block.
 */
export class TableSearch {
  private readonly source: ChunkSource;
  private readonly root: Uint8Array;
  private length: Promise<number> | undefined;
  private last: Block = { rows: [] };
  private lastGroup: GroupRow | undefined;

  constructor(source: ChunkSource, root: Uint8Array) {
    this.source = source;
    this.root = root;
  }

  /** The object's row; where the table is damaged, every row that can be read is looked at before the damage is thrown. */
  async object(name: string, signal?: AbortSignal): Promise<ObjectRow | undefined> {
    const row = await this.findAnyway({ group: false, name }, signal);
    return row !== undefined && 'object' in row ? row.object : undefined;
  }

  async group(name: string, signal?: AbortSignal): Promise<GroupRow | undefined> {
    if (this.lastGroup?.g === name) return this.lastGroup;
    const row = await this.findAnyway({ group: true, name }, signal);
    this.lastGroup = row !== undefined && 'group' in row ? row.group : undefined;
    return this.lastGroup;
  }

  private async findAnyway(key: Key, signal: AbortSignal | undefined): Promise<TableRow | undefined> {
    try {
      return await this.find(key, signal);
    } catch (error) {
      if (!isAppError(error)) throw error;
      for await (const row of tolerantRows(this.source, this.root, () => undefined, signal)) {
        if (compareKeys(keyOf(row), key) === 0) return row;
      }
      throw error;
    }
  }

  private async find(key: Key, signal: AbortSignal | undefined): Promise<TableRow | undefined> {
    const near = this.last.rows.find((row) => compareKeys(keyOf(row), key) === 0);
    if (near !== undefined) return near;
    this.length ??= tableTotals(this.source, this.root).then((totals) => totals.bytes);
    const length = await this.length;
    // Rows that begin before `low` are smaller than the key; a row that begins at or after `high` is greater.
    let low = 0;
    let high = length;
    while (low < high) {
      const middle = high - low <= PROBE_BYTES ? low : low + Math.floor((high - low) / 2);
      const block = await this.read(middle, low, length, signal);
      const first = block.rows[0];
      const end = block.rows.at(-1);
      if (first === undefined || end === undefined || compareKeys(keyOf(first), key) > 0) {
        if (middle === low) return undefined;
        high = middle;
        continue;
      }
      this.last = block;
      const found = block.rows.find((row) => compareKeys(keyOf(row), key) === 0);
      if (found !== undefined || compareKeys(keyOf(end), key) > 0) return found;
      low = block.next;
    }
    return undefined;
  }

  /** Rows that begin in a stretch from the first line end at or after `at`; `at` itself where it is a known row start. */
  private async read(at: number, rowStart: number, length: number, signal: AbortSignal | undefined): Promise<Block & { readonly next: number }> {
    const from = at === rowStart ? at : at - 1;
    let bytes = await this.bytes(from, Math.min(from + PROBE_BYTES, length), signal);
    let start = at === rowStart ? 0 : bytes.indexOf(10) + 1;
    let end = bytes.lastIndexOf(10);
    const enough = at === rowStart ? end >= 0 : start > 0 && end >= start;
    if (!enough) {
      bytes = await this.bytes(from, Math.min(from + 2 * MAX_TABLE_ROW, length), signal);
      start = at === rowStart ? 0 : bytes.indexOf(10) + 1;
      end = bytes.lastIndexOf(10);
      if (end < start || (start === 0 && at !== rowStart)) {
        if (from + bytes.length < length) throw damaged('The object table has a row that is too long.');
        return { rows: [], next: length };
      }
    }
    const rows: TableRow[] = [];
    for (let line = start; line <= end;) {
      const close = bytes.indexOf(10, line);
      rows.push(decodeRow(bytes.subarray(line, close)));
      line = close + 1;
    }
    return { rows, next: from + end + 1 };
  }

  private async bytes(from: number, to: number, signal: AbortSignal | undefined): Promise<Buffer> {
    const blocks: Uint8Array[] = [];
    for await (const block of streamRange(this.source, this.root, { kind: CHUNK_TABLE, from, to, signal })) blocks.push(block);
    return Buffer.concat(blocks);
  }
}

interface Key {
  readonly group: boolean;
  readonly name: string;
}

function keyOf(row: TableRow): Key {
  return 'group' in row ? { group: true, name: row.group.g } : { group: false, name: row.object.n };
}

function compareKeys(a: Key, b: Key): number {
  if (a.group !== b.group) return a.group ? -1 : 1;
  return compareNames(a.name, b.name);
}
