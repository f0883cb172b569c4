import { createHash } from 'node:crypto';
import { sameBytes, toHex } from '../format/bytes.ts';
import { sha256 } from '../format/crypto.ts';
import type { ChunkIds, ChunkKind } from '../format/crypto.ts';
import type { Framing } from '../format/table.ts';
import { ContentCursor, GridCursor, noCursor, type Cursor } from './cursor.ts';
import { createCutter, type Cutter } from './cutter.ts';
import type { GearScanner } from './gear.ts';
import type { Known } from './known.ts';
import type { Lane } from './lane.ts';
import { ListWriter, type ListedChunk } from './list-writer.ts';
import type { ParentList, Places } from './parent-list.ts';
import type { Scanners } from './scanners.ts';

export interface ChunkStreamParts {
  readonly kind: ChunkKind;
  readonly framing: Framing;
  readonly average: number;
  readonly scanners: Scanners;
  readonly ids: ChunkIds;
  readonly known: Known;
  readonly places: Places;
  /** Where chunks go, and where list nodes go. */
  readonly lane: Lane;
  readonly listLane: Lane;
  readonly parent: ParentList | undefined;
}

export interface StreamEnd {
  /** Id of the root of the list, 16 bytes. */
  readonly root: Uint8Array;
  readonly bytes: number;
  readonly chunks: number;
  readonly newChunks: number;
  readonly rows: number;
  /** SHA-256 over the chunks' SHA-256 digests, in order, hex. */
  readonly digest: string;
  readonly sameAsParent: boolean;
}

/** One stream on its way in: bytes to chunks, new chunks to a lane, every chunk to the list and to the digest. */
export class ChunkStream {
  readonly #parts: ChunkStreamParts;
  readonly #cutter: Cutter;
  #scanner: GearScanner | undefined;
  readonly #cursor: Cursor;
  readonly #list: ListWriter;
  readonly #digest = createHash('sha256');
  #cut: ListedChunk[] = [];
  #chunks = 0;
  #newChunks = 0;

  constructor(parts: ChunkStreamParts) {
    this.#parts = parts;
    const { average, framing, ids, known, listLane, parent } = parts;
    this.#cutter = createCutter({ average, framing, scanner: () => (this.#scanner ??= parts.scanners.take()) });
    this.#cursor = cursorFor(parts);
    this.#list = new ListWriter({ ids, known, lane: listLane, parent });
  }

  get chunks(): number {
    return this.#chunks;
  }

  get newChunks(): number {
    return this.#newChunks;
  }

  /** Takes bytes; they may be used again when this resolves. Calls must not overlap. */
  async push(bytes: Uint8Array, rowEnds?: Uint32Array): Promise<void> {
    this.#cutter.push(bytes, this.#onChunk, rowEnds);
    await this.#listCut();
  }

  async end(): Promise<StreamEnd> {
    this.#cutter.finish(this.#onChunk);
    if (this.#scanner !== undefined) this.#parts.scanners.give(this.#scanner);
    await this.#listCut();
    const { root, bytes, chunks, rows } = await this.#list.finish();
    const { parent } = this.#parts;
    return {
      root,
      bytes,
      chunks,
      rows,
      newChunks: this.#newChunks,
      digest: toHex(this.#digest.digest()),
      sameAsParent: parent !== undefined && sameBytes(parent.root, root),
    };
  }

  readonly #onChunk = (bytes: Uint8Array, rows: number): void => {
    const { ids, kind, known, lane } = this.#parts;
    const digest = sha256(bytes);
    this.#digest.update(digest);
    const id = ids.fromDigest(kind, digest);
    const entry = known.table.intern(id);
    const claim = known.claim(entry);
    let place = -1;
    if (claim === 'stored') place = this.#cursor.stored(entry);
    else {
      this.#newChunks += 1;
      const bases = this.#cursor.fresh();
      if (claim === 'new') lane.add({ entry, id, bytes }, bases);
      else lane.addPlain({ entry, id, bytes });
    }
    this.#chunks += 1;
    this.#cut.push({ id, length: bytes.length, rows, place });
  };

  async #listCut(): Promise<void> {
    const cut = this.#cut;
    this.#cut = [];
    for (const chunk of cut) await this.#list.add(chunk);
  }
}

function cursorFor({ parent, framing, places, known }: ChunkStreamParts): Cursor {
  if (parent === undefined) return noCursor;
  if (framing === 'pages') return new GridCursor(parent, known);
  places.note(parent);
  return new ContentCursor(parent, places, known);
}
