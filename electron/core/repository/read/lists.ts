import { throwIfCancelled } from '../../base/errors.ts';
import { damaged } from '../format/bytes.ts';
import { CHUNK_LIST } from '../format/crypto.ts';
import { decodeList, isLeaf, totalsOf } from '../format/list.ts';
import { MAX_TABLE_BYTES, MAX_TABLE_CHUNKS } from '../format/limits.ts';
import type { LeafEntry, ListNode, ListTotals, NodeEntry } from '../format/list.ts';
import type { ChunkSource } from './chunk-source.ts';
import type { FrameRuns } from './frame-runs.ts';

/** One leaf of a list, and where its first chunk begins in the stream. */
export interface Leaf {
  readonly at: number;
  readonly entries: readonly LeafEntry[];
}

/** Reads one list node and checks it against what its parent says. Throws `repository.damaged`, `repository.chunk-missing`. */
export async function readNode(
  source: ChunkSource,
  id: Uint8Array,
  runs: FrameRuns,
  expected?: { readonly level: number; readonly totals: ListTotals },
): Promise<ListNode> {
  const { bytes } = await source.chunk(CHUNK_LIST, source.entryOf(id), runs);
  const node = decodeList(bytes);
  if (expected !== undefined) {
    const sums = totalsOf(node);
    const { chunks, bytes: length, rows } = expected.totals;
    const fits = node.level === expected.level && sums.chunks === chunks && sums.bytes === length && sums.rows === rows;
    if (!fits) throw damaged('A chunk list is not what the list above it says.');
  }
  return node;
}

/** Sums over a whole list, from its root alone. */
export async function listTotals(source: ChunkSource, root: Uint8Array): Promise<ListTotals> {
  return totalsOf(await readNode(source, root, source.runs()));
}

/** Sums over the list of an object table. Throws `repository.damaged` where they are beyond what one may have: few bytes may stand for terabytes. */
export async function tableTotals(source: ChunkSource, root: Uint8Array): Promise<ListTotals> {
  const totals = await listTotals(source, root);
  if (totals.bytes > MAX_TABLE_BYTES || totals.chunks > MAX_TABLE_CHUNKS) throw damaged('The object table claims to be longer than one may be.');
  return totals;
}

/**
 * The leaves of a list that hold bytes of `[from, to)`, left to right; the next node is fetched while one is used. Memory: one
 * node a level and one ahead.
 */
export async function* walkLeaves(source: ChunkSource, root: Uint8Array, from: number, to: number, signal?: AbortSignal): AsyncGenerator<Leaf> {
  const runs = source.runs();
  yield* below(await readNode(source, root, runs), 0);

  async function* below(node: ListNode, at: number): AsyncGenerator<Leaf> {
    throwIfCancelled(signal);
    if (isLeaf(node)) {
      yield { at, entries: node.entries };
      return;
    }
    const wanted = inRange(node.children, at);
    let next = fetch(node, wanted, 0);
    for (const [i, child] of wanted.entries()) {
      const current = next;
      next = fetch(node, wanted, i + 1);
      const loaded = await current;
      if (loaded !== undefined) yield* below(loaded, child.at);
    }
  }

  function inRange(children: readonly NodeEntry[], at: number): { readonly at: number; readonly child: NodeEntry }[] {
    const wanted: { readonly at: number; readonly child: NodeEntry }[] = [];
    for (const child of children) {
      if (at < to && at + child.bytes > from) wanted.push({ at, child });
      at += child.bytes;
    }
    return wanted;
  }

  function fetch(parent: ListNode, wanted: readonly { readonly child: NodeEntry }[], i: number): Promise<ListNode> | undefined {
    const child = wanted[i]?.child;
    if (child === undefined) return undefined;
    const loading = readNode(source, child.id, runs, { level: parent.level - 1, totals: child });
    // A reader that stops early never awaits this one; whoever awaits it still gets the error.
    loading.catch(() => undefined);
    return loading;
  }
}
