import { createHash } from 'node:crypto';
import { Cursor, must, sha256 } from './bytes.ts';
import type { Chunks } from './packs.ts';

interface Sums {
  readonly chunks: number;
  readonly bytes: number;
  readonly rows: number;
}

interface Entry extends Sums {
  readonly id: string;
}

interface Node extends Sums {
  readonly level: number;
  readonly entries: readonly Entry[];
}

/** What is known of a stream before it is read: a group's row, or a manifest's `table` (which names no sums). */
export interface StreamHead {
  readonly list: string;
  readonly digest: Buffer;
  readonly bytes?: number;
  readonly chunks?: number;
}

/** A node of a list (section 8). */
export function parseNode(bytes: Buffer, what: string): Node {
  const cursor = new Cursor(bytes, what);
  const [level, zero, count] = [cursor.number(1), cursor.number(1), cursor.number(2)];
  must(level <= 8 && zero === 0 && count <= 1024, `${what}: not a node`);
  must(level === 0 || count > 0, `${what}: an inner node without entries`);
  const entries = Array.from({ length: count }, (): Entry => {
    const id = cursor.hex(16);
    if (level > 0) {
      const list = { id, chunks: cursor.number(4), bytes: cursor.number(6), rows: cursor.number(6) };
      must(list.chunks > 0 && list.bytes >= list.chunks, `${what}: a list of nothing`);
      return list;
    }
    const entry = { id, chunks: 1, bytes: cursor.number(3), rows: cursor.number(3) };
    must(entry.bytes > 0 && entry.bytes <= 1_048_576, `${what}: a chunk of ${entry.bytes} bytes`);
    return entry;
  });
  cursor.end();
  const sum = (of: keyof Sums) => entries.reduce((total, entry) => total + entry[of], 0);
  must(Number.isSafeInteger(sum('bytes')), `${what}: sums that cannot be`);
  return { level, entries, chunks: sum('chunks'), bytes: sum('bytes'), rows: sum('rows') };
}

/**
 * The bytes `[from, to)` of a stream, a chunk's worth at a time; `to` undefined is its end. Subtrees outside are not read. Every
 * chunk is compared with its id and length, every node with what its parent says, and the digest where the range is the whole stream:
 * then a wrong digest is thrown behind the last bytes.
 */
export function* readStream(chunks: Chunks, head: StreamHead, kind: 0 | 2, from = 0, to?: number): Generator<Buffer> {
  const what = `list ${head.list}`;
  const root = fetchNode(chunks, head.list);
  must(head.bytes === undefined || root.bytes === head.bytes, `${what}: ${root.bytes} bytes where ${head.bytes} belong`);
  must(head.chunks === undefined || root.chunks === head.chunks, `${what}: ${root.chunks} chunks where ${head.chunks} belong`);
  const end = to ?? root.bytes;
  must(from <= end && end <= root.bytes, `${what}: a range beyond its end`);
  const whole = from === 0 && end === root.bytes ? createHash('sha256') : undefined;
  for (const { id, at, length } of leaves(chunks, root, 0, from, end)) {
    const chunk = chunks.fetch(id, kind, length);
    whole?.update(sha256(chunk));
    yield chunk.subarray(Math.max(0, from - at), Math.min(length, end - at));
  }
  must(whole === undefined || whole.digest().equals(head.digest), `${what}: its digest does not fit`);
}

function fetchNode(chunks: Chunks, id: string): Node {
  return parseNode(chunks.fetch(id, 1), `list node ${id}`);
}

function* leaves(chunks: Chunks, node: Node, start: number, from: number, to: number): Generator<{ id: string; at: number; length: number }> {
  let at = start;
  for (const entry of node.entries) {
    const next = at + entry.bytes;
    if (next > from && at < to) {
      if (node.level === 0) yield { id: entry.id, at, length: entry.bytes };
      else {
        const child = fetchNode(chunks, entry.id);
        must(child.level === node.level - 1, `list node ${entry.id}: level ${child.level} below level ${node.level}`);
        must(
          child.chunks === entry.chunks && child.bytes === entry.bytes && child.rows === entry.rows,
          `list node ${entry.id}: other sums than its parent names`,
        );
        yield* leaves(chunks, child, at, from, to);
      }
    }
    at = next;
  }
}
