import { ByteReader, ByteWriter, damaged } from './bytes.ts';
import { ID_BYTES, LIST_MAX_ENTRIES, LIST_MIN_ENTRIES, MAX_FRAME, MAX_LIST_LEVEL } from './limits.ts';

/** A chunk as a list names it. */
export interface LeafEntry {
  /** 16 bytes. */
  readonly id: Uint8Array;
  readonly length: number;
  /** Rows that end in this chunk; 0 where rows are not counted. */
  readonly rows: number;
}

/** A list one level down, with the sums over all that lies below it. */
export interface NodeEntry {
  readonly id: Uint8Array;
  readonly chunks: number;
  readonly bytes: number;
  readonly rows: number;
}

export interface ListTotals {
  readonly chunks: number;
  readonly bytes: number;
  readonly rows: number;
}

export type ListNode = { readonly level: 0; readonly entries: readonly LeafEntry[] } | { readonly level: number; readonly children: readonly NodeEntry[] };

export function isLeaf(node: ListNode): node is { readonly level: 0; readonly entries: readonly LeafEntry[] } {
  return 'entries' in node;
}

const LEAF_ENTRY = ID_BYTES + 6;
const NODE_ENTRY = ID_BYTES + 16;

/** Whether a list node ends after its `count`th entry, whose id stands at `ids[at ..]`: the same rule on every level. */
export function endsNode(count: number, ids: Uint8Array, at = 0): boolean {
  return count >= LIST_MAX_ENTRIES || (count >= LIST_MIN_ENTRIES && ids[at + ID_BYTES - 1] === 0);
}

/** Encodes a leaf. Throws RangeError for more entries than a node holds or values out of range. */
export function encodeLeaf(entries: readonly LeafEntry[]): Uint8Array {
  const out = head(0, entries.length, LEAF_ENTRY);
  for (const entry of entries) {
    out.bytes(entry.id);
    out.u24(entry.length);
    out.u24(entry.rows);
  }
  return out.finish();
}

/** Encodes a node of level 1 or higher over lists that are one level down. */
export function encodeNode(level: number, children: readonly NodeEntry[]): Uint8Array {
  if (level < 1 || level > MAX_LIST_LEVEL) throw new RangeError('A list is at most eight levels deep.');
  const out = head(level, children.length, NODE_ENTRY);
  for (const child of children) {
    out.bytes(child.id);
    out.u32(child.chunks);
    out.u48(child.bytes);
    out.u48(child.rows);
  }
  return out.finish();
}

function head(level: number, count: number, entryBytes: number): ByteWriter {
  if (count > LIST_MAX_ENTRIES) throw new RangeError('Too many entries for one list node.');
  const out = new ByteWriter(4 + count * entryBytes);
  out.u8(level);
  out.u8(0);
  out.u16(count);
  return out;
}

/** Decodes one list chunk. Throws `repository.damaged`; no allocation exceeds what `bytes` holds. */
export function decodeList(bytes: Uint8Array): ListNode {
  const reader = new ByteReader(bytes, 'A chunk list');
  const level = reader.u8();
  const zero = reader.u8();
  const count = reader.u16();
  const entryBytes = level === 0 ? LEAF_ENTRY : NODE_ENTRY;
  if (zero !== 0 || level > MAX_LIST_LEVEL || count > LIST_MAX_ENTRIES || count * entryBytes !== reader.left) {
    throw damaged('A chunk list has an impossible shape.');
  }
  if (level === 0) {
    const entries: LeafEntry[] = [];
    for (let i = 0; i < count; i++) entries.push(decodeEntry(reader));
    return { level: 0, entries };
  }
  if (count === 0) throw damaged('A chunk list has an impossible shape.');
  const children: NodeEntry[] = [];
  for (let i = 0; i < count; i++) {
    const child = { id: new Uint8Array(reader.view(ID_BYTES)), chunks: reader.u32(), bytes: reader.u48(), rows: reader.u48() };
    // Eight levels of a thousand lists of nothing would be gone through for ever.
    if (child.chunks === 0 || child.bytes < child.chunks) throw damaged('A chunk list names a list of nothing.');
    children.push(child);
  }
  return { level, children };
}

function decodeEntry(reader: ByteReader): LeafEntry {
  const entry = { id: new Uint8Array(reader.view(ID_BYTES)), length: reader.u24(), rows: reader.u24() };
  if (entry.length === 0 || entry.length > MAX_FRAME) throw damaged('A chunk list names a chunk of an impossible length.');
  return entry;
}

/** Sums over a node: what its parent says of it. */
export function totalsOf(node: ListNode): ListTotals {
  let chunks = 0;
  let bytes = 0;
  let rows = 0;
  if (isLeaf(node)) {
    chunks = node.entries.length;
    for (const entry of node.entries) {
      bytes += entry.length;
      rows += entry.rows;
    }
  } else {
    for (const child of node.children) {
      chunks += child.chunks;
      bytes += child.bytes;
      rows += child.rows;
    }
  }
  return { chunks, bytes, rows };
}

/** Stores one list chunk (kind 1) and returns its id. */
export type StoreList = (chunk: Uint8Array) => Promise<Uint8Array>;

/**
 * Grows the list tree of one stream, flushing each node as soon as the split rule ends it: memory is one node a level.
 * The same entries always give the same nodes and the same root.
 */
export class ListBuilder {
  private readonly store: StoreList;
  private leaf: LeafEntry[] = [];
  /** `levels[n]` gathers children of the open node of level n + 1. */
  private readonly levels: NodeEntry[][] = [];

  constructor(store: StoreList) {
    this.store = store;
  }

  async add(entry: LeafEntry): Promise<void> {
    this.leaf.push(entry);
    if (endsNode(this.leaf.length, entry.id)) await this.flushLeaf();
  }

  private async flushLeaf(): Promise<void> {
    const entries = this.leaf;
    this.leaf = [];
    const id = await this.store(encodeLeaf(entries));
    await this.addChild(0, { id, ...totalsOf({ level: 0, entries }) });
  }

  private async addChild(at: number, child: NodeEntry): Promise<void> {
    const open = (this.levels[at] ??= []);
    open.push(child);
    if (endsNode(open.length, child.id)) await this.flushLevel(at);
  }

  private async flushLevel(at: number): Promise<void> {
    const children = this.levels[at] ?? [];
    this.levels[at] = [];
    const id = await this.store(encodeNode(at + 1, children));
    await this.addChild(at + 1, { id, ...totalsOf({ level: at + 1, children }) });
  }

  /** Flushes what is open and returns the root. A stream without chunks has a root too: a leaf of no entries. */
  async finish(): Promise<{ readonly root: Uint8Array } & ListTotals> {
    if (this.leaf.length > 0 || this.levels.length === 0) await this.flushLeaf();
    for (let at = 0; ; at++) {
      const open = this.levels[at] ?? [];
      const top = at === this.levels.length - 1;
      const [only] = open;
      if (top && open.length === 1 && only !== undefined) {
        return { root: only.id, chunks: only.chunks, bytes: only.bytes, rows: only.rows };
      }
      if (open.length > 0) await this.flushLevel(at);
    }
  }
}
