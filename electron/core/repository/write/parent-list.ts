import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import { fromHex } from '../format/bytes.ts';
import { CHUNK_TABLE } from '../format/crypto.ts';
import { ID_BYTES } from '../format/limits.ts';
import { isLeaf } from '../format/list.ts';
import type { ListTotals } from '../format/list.ts';
import { TableParser } from '../format/table.ts';
import { NONE } from '../index-table.ts';
import { breathe } from '../read/breathe.ts';
import type { ChunkSource } from '../read/chunk-source.ts';
import type { FrameRuns } from '../read/frame-runs.ts';
import { listTotals, readNode } from '../read/lists.ts';
import { streamRange } from '../read/stream.ts';

/** The chunks of one stream of the parent snapshot, as entries of the index, and the leaves of its list. */
export interface ParentList {
  /** Id of the root, 16 bytes. */
  readonly root: Uint8Array;
  /** Entry of each chunk, in order. */
  readonly chunks: Uint32Array;
  /** Per leaf: its own entry, and the number of its first chunk. */
  readonly leaves: readonly { readonly entry: number; readonly first: number }[];
}

/**
 * Loads the list with this root: 4 bytes a chunk. Undefined where any of it cannot be read or is not in the index: the stream is
 * then stored as if it had no parent.
 */
export async function loadParentList(source: ChunkSource, root: Uint8Array, signal: AbortSignal): Promise<ParentList | undefined> {
  try {
    const totals = await listTotals(source, root);
    const chunks = new Uint32Array(totals.chunks);
    const leaves: { readonly entry: number; readonly first: number }[] = [];
    await fill(source, source.runs(), root, undefined, { chunks, leaves, filled: 0, signal });
    return { root, chunks, leaves };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return undefined;
  }
}

interface Filling {
  readonly chunks: Uint32Array;
  readonly leaves: { readonly entry: number; readonly first: number }[];
  filled: number;
  readonly signal: AbortSignal;
}

async function fill(
  source: ChunkSource,
  runs: FrameRuns,
  id: Uint8Array,
  expected: { readonly level: number; readonly totals: ListTotals } | undefined,
  into: Filling,
): Promise<void> {
  throwIfCancelled(into.signal);
  const node = await readNode(source, id, runs, expected);
  if (isLeaf(node)) {
    into.leaves.push({ entry: source.entryOf(id), first: into.filled });
    for (const entry of node.entries) into.chunks[into.filled++] = source.table.intern(entry.id);
    await breathe();
    return;
  }
  for (const child of node.children) await fill(source, runs, child.id, { level: node.level - 1, totals: child }, into);
}

/** Roots of the parent's groups by name, from its object table. What cannot be read is not there. */
export async function parentGroups(source: ChunkSource, tableList: string, signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>> {
  const groups = new Map<string, Uint8Array>();
  try {
    const root = fromHex(tableList, ID_BYTES, 'The list of the table');
    const { bytes } = await listTotals(source, root);
    const parser = new TableParser();
    for await (const block of streamRange(source, root, { kind: CHUNK_TABLE, from: 0, to: bytes, signal })) {
      for (const row of parser.push(block)) {
        // Groups come before objects: nothing more of use follows.
        if ('object' in row) return groups;
        groups.set(row.group.g, fromHex(row.group.list, ID_BYTES, 'The list of a group'));
      }
    }
  } catch (error) {
    if (!isAppError(error)) throw error;
  }
  return groups;
}

/** Where chunks stand in the parent's list: shared by all streams, so a place is a hint until the list confirms it. */
export class Places {
  #places = new Uint32Array(0);

  note(list: ParentList): void {
    for (const [place, entry] of list.chunks.entries()) {
      if (entry >= this.#places.length) {
        const larger = new Uint32Array(Math.max(entry + 1, this.#places.length * 2, 4096));
        larger.set(this.#places);
        this.#places = larger;
      }
      this.#places[entry] = place;
    }
  }

  /** A place in the list where the entry stands, or `NONE`. */
  find(list: ParentList, entry: number): number {
    const place = this.#places[entry];
    return place !== undefined && list.chunks[place] === entry ? place : NONE;
  }
}
