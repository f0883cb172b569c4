import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { AppError } from '../../base/errors.ts';
import { damaged } from '../format/bytes.ts';
import { CHUNK_TABLE } from '../format/crypto.ts';
import { MAX_TABLE_ROW } from '../format/limits.ts';
import { isLeaf } from '../format/list.ts';
import type { ListTotals } from '../format/list.ts';
import { TableOrder, decodeRow } from '../format/table.ts';
import type { TableRow } from '../format/table.ts';
import { breathe } from './breathe.ts';
import type { ChunkSource } from './chunk-source.ts';
import type { FrameRuns } from './frame-runs.ts';
import { readNode, tableTotals } from './lists.ts';

/** Told of every part of a table that could not be read. */
export type OnFault = (error: AppError) => void;

/**
 * Every row of an object table that can be read, in order: a bad list node, chunk or row is told to `onFault` and passed over.
 * Throws nothing but cancellation and bugs.
 */
export async function* tolerantRows(source: ChunkSource, root: Uint8Array, onFault: OnFault, signal?: AbortSignal): AsyncGenerator<TableRow> {
  const runs = source.runs();
  if ((await tolerateAsync(() => tableTotals(source, root), onFault)) === undefined) return;
  const order = new TableOrder();
  let rest: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of tolerantChunks(source, root, undefined, runs, onFault)) {
    throwIfCancelled(signal);
    if (chunk === undefined) {
      rest = undefined;
      continue;
    }
    // After a gap, whatever comes before the next line end is the tail of a row that is lost.
    const data: Buffer = rest === undefined ? Buffer.from(chunk.subarray(chunk.indexOf(10) + 1)) : Buffer.concat([rest, chunk]);
    if (rest === undefined && chunk.indexOf(10) === -1) continue;
    let from = 0;
    for (let end = data.indexOf(10); end !== -1; end = data.indexOf(10, from)) {
      const row = tolerate(() => decodeRow(data.subarray(from, end)), onFault);
      if (row !== undefined) {
        tolerate(() => order.take(row), onFault);
        yield row;
      }
      from = end + 1;
    }
    const isTooLong = data.length - from > MAX_TABLE_ROW;
    if (isTooLong) onFault(damaged('A row of the object table is too long.'));
    rest = isTooLong ? undefined : data.subarray(from);
    await breathe();
  }
}

function tolerate<T>(work: () => T, onFault: OnFault): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!isAppError(error)) throw error;
    onFault(error);
    return undefined;
  }
}

async function tolerateAsync<T>(work: () => Promise<T>, onFault: OnFault): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isAppError(error)) throw error;
    onFault(error);
    return undefined;
  }
}

/** Chunks of a table in order; undefined stands for a gap. */
async function* tolerantChunks(
  source: ChunkSource,
  id: Uint8Array,
  expected: { readonly level: number; readonly totals: ListTotals } | undefined,
  runs: FrameRuns,
  onFault: OnFault,
): AsyncGenerator<Buffer | undefined> {
  const node = await tolerateAsync(() => readNode(source, id, runs, expected), onFault);
  if (node === undefined) {
    yield undefined;
  } else if (isLeaf(node)) {
    for (const entry of node.entries) {
      const chunk = await tolerateAsync(() => source.chunk(CHUNK_TABLE, source.entryOf(entry.id), runs), onFault);
      yield chunk === undefined ? undefined : Buffer.from(chunk.bytes);
    }
  } else {
    for (const child of node.children) yield* tolerantChunks(source, child.id, { level: node.level - 1, totals: child }, runs, onFault);
  }
}
