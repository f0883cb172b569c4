import { createHash } from 'node:crypto';
import type { Random } from '../../../electron/core/base/ports.ts';
import { systemRandom } from '../../../electron/core/base/system.ts';
import type { BlobStore } from '../../../electron/core/repository/blob-store.ts';
import { encodeConfig } from '../../../electron/core/repository/format/config.ts';
import type { Config } from '../../../electron/core/repository/format/config.ts';
import { toHex } from '../../../electron/core/repository/format/bytes.ts';
import { CHUNK_DATA, CHUNK_LIST, CHUNK_TABLE, ChunkIds, deriveKeys, sha256, sha256Hex } from '../../../electron/core/repository/format/crypto.ts';
import type { ChunkKind, KeyMaterial } from '../../../electron/core/repository/format/crypto.ts';
import { encodeIndexFile } from '../../../electron/core/repository/format/index-file.ts';
import type { PackEntry } from '../../../electron/core/repository/format/index-file.ts';
import { ListBuilder } from '../../../electron/core/repository/format/list.ts';
import { encodeManifest, numberedPath } from '../../../electron/core/repository/format/manifest.ts';
import type { Manifest } from '../../../electron/core/repository/format/manifest.ts';
import { CODEC_STORED, CODEC_ZSTD, SEGMENT_DELTA, SEGMENT_PADDING, SEGMENT_PLAIN, encodePackFooter } from '../../../electron/core/repository/format/pack.ts';
import type { SegmentRecord } from '../../../electron/core/repository/format/pack.ts';
import { SealedBuilder, TYPE_METADATA, TYPE_PACK } from '../../../electron/core/repository/format/sealed.ts';
import { compressSegmentSync, makeDictionary, plainEncoding } from '../../../electron/core/repository/format/segment.ts';
import { compareNames, encodeGroupRow, encodeObjectRow } from '../../../electron/core/repository/format/table.ts';
import type { Framing, GroupRow, ObjectRow } from '../../../electron/core/repository/format/table.ts';

/** One group of a tiny snapshot; a chunk with a `base` is stored as a delta of that (plain, earlier) chunk. */
export interface TinyGroup {
  readonly name: string;
  readonly framing?: Framing;
  readonly chunks: readonly (Uint8Array | { readonly bytes: Uint8Array; readonly bases: readonly Uint8Array[] })[];
}

export interface TinySnapshot {
  readonly groups: readonly TinyGroup[];
  readonly objects: readonly ObjectRow[];
  readonly name?: string;
}

interface Fresh {
  readonly kind: ChunkKind;
  readonly id: Buffer;
  readonly bytes: Uint8Array;
  readonly bases: readonly Uint8Array[];
}

/**
 * Builds small repositories straight from the codecs, chunk by chunk as a test says: no cutter, no writer. What it writes is
 * format 1, so that readers and checks can be tried on shapes that the writer would never choose.
 */
export class TinyRepository {
  readonly store: BlobStore;
  readonly keys: KeyMaterial;
  readonly config: Config;
  readonly random: Random;
  /** Raw bytes a plain segment gathers. */
  segmentBytes = 64 << 10;
  /** Bytes after which a pack is closed. */
  packBytes = 1 << 20;
  readonly manifests: { readonly id: string; readonly manifest: Manifest; readonly path: string }[] = [];
  private readonly ids: ChunkIds;
  private readonly known = new Set<string>();
  private previous: string | null = null;

  constructor(store: BlobStore, keys?: KeyMaterial, random: Random = systemRandom) {
    this.store = store;
    this.random = random;
    this.keys = keys ?? deriveKeys(random.bytes(16), random.bytes(32));
    this.ids = new ChunkIds(this.keys.idKey);
    this.config = {
      belay: 1,
      repository: toHex(this.keys.repository),
      created: 1_700_000_000_000,
      chunkAverage: 16_384,
      hash: 'sha256',
      protection: 'none',
      master: toHex(this.keys.master),
      requires: [],
    };
  }

  async writeConfig(): Promise<void> {
    const bytes = encodeConfig(this.config, this.keys);
    for (const path of ['config', 'config.copy']) await this.store.publish(path, [bytes], { ifExists: 'replace' });
  }

  idOf(kind: ChunkKind, bytes: Uint8Array): Buffer {
    return this.ids.of(kind, bytes);
  }

  /** Publishes packs, index, metadata, index, manifest and its copy. Returns the snapshot's id. */
  async snapshot(wanted: TinySnapshot): Promise<string> {
    const data: Fresh[] = [];
    const meta: Fresh[] = [];
    const rows: GroupRow[] = [];
    for (const group of wanted.groups) rows.push(await this.group(group, data, meta));
    const lines = [
      ...rows.toSorted((a, b) => compareNames(a.g, b.g)).map((row) => encodeGroupRow(row)),
      ...wanted.objects.toSorted((a, b) => compareNames(a.n, b.n)).map((row) => encodeObjectRow(row)),
    ];
    const table = await this.list(
      portions(lines, 4096).map((bytes) => ({ bytes, bases: [] })),
      CHUNK_TABLE,
      meta,
      meta,
    );
    await this.publishPacks(TYPE_PACK, data);
    await this.publishPacks(TYPE_METADATA, meta);
    const manifest: Manifest = {
      v: 1,
      seq: this.manifests.length + 1,
      previous: this.previous,
      source: 'tiny',
      engine: 'none',
      tags: [],
      created: 1_700_000_000_000,
      capture: {},
      table: { list: table.list, digest: table.digest, objects: wanted.objects.length },
      totals: { objects: wanted.objects.length, bytes: rows.reduce((sum, row) => sum + row.bytes, 0), added: 0, chunks: 0, newChunks: 0, rows: 0 },
      ...(wanted.name === undefined ? {} : { name: wanted.name }),
    };
    const file = encodeManifest(this.keys, this.random, manifest);
    this.previous = sha256Hex(file.bytes);
    for (const folder of ['snapshots', 'snapshots.copy']) {
      await this.store.publish(numberedPath(folder, manifest.seq, file.name), [file.bytes], { ifExists: 'refuse' });
    }
    this.manifests.push({ id: file.name, manifest, path: numberedPath('snapshots', manifest.seq, file.name) });
    return file.name;
  }

  private async group(group: TinyGroup, data: Fresh[], meta: Fresh[]): Promise<GroupRow> {
    const chunks = group.chunks.map((chunk) => ('bytes' in chunk ? chunk : { bytes: chunk, bases: [] }));
    const listed = await this.list(chunks, CHUNK_DATA, data, meta);
    return { g: group.name, framing: group.framing ?? 'none', ...listed };
  }

  private async list(
    chunks: readonly { readonly bytes: Uint8Array; readonly bases: readonly Uint8Array[] }[],
    kind: ChunkKind,
    into: Fresh[],
    meta: Fresh[],
  ): Promise<{ readonly list: string; readonly digest: string; readonly bytes: number; readonly chunks: number }> {
    const builder = new ListBuilder((list) => Promise.resolve(this.fresh(CHUNK_LIST, list, [], meta)));
    const digest = createHash('sha256');
    for (const { bytes, bases } of chunks) {
      digest.update(sha256(bytes));
      await builder.add({ id: this.fresh(kind, bytes, bases, into), length: bytes.length, rows: 0 });
    }
    const { root, bytes } = await builder.finish();
    return { list: toHex(root), digest: digest.digest('hex'), bytes, chunks: chunks.length };
  }

  private fresh(kind: ChunkKind, bytes: Uint8Array, bases: readonly Uint8Array[], into: Fresh[]): Buffer {
    const id = this.ids.of(kind, bytes);
    const key = id.toString('hex');
    if (!this.known.has(key)) into.push({ kind, id, bytes, bases });
    this.known.add(key);
    return id;
  }

  private async publishPacks(type: typeof TYPE_PACK | typeof TYPE_METADATA, fresh: readonly Fresh[]): Promise<void> {
    const entries: PackEntry[] = [];
    let rest = segmentsOf(fresh, this.segmentBytes);
    while (rest.length > 0) {
      const { entry, taken } = await this.publishPack(type, rest);
      entries.push(entry);
      rest = rest.slice(taken);
    }
    if (entries.length > 0) await this.publishIndex(entries, []);
  }

  async publishIndex(entries: readonly PackEntry[], supersedes: readonly string[]): Promise<string> {
    const index = encodeIndexFile(this.keys, this.random, entries, supersedes);
    await this.store.publish(`index/${index.name}`, [index.bytes], { ifExists: 'refuse' });
    return index.name;
  }

  /** Publishes one pack of as many of the segments as fit; returns what an index file says of it. */
  async publishPack(
    type: typeof TYPE_PACK | typeof TYPE_METADATA,
    segments: readonly (readonly Fresh[])[],
  ): Promise<{ readonly entry: PackEntry; readonly taken: number }> {
    const builder = new SealedBuilder(this.keys, type, this.random);
    const baseIds: Buffer[] = [];
    const records: SegmentRecord[] = [];
    let taken = 0;
    for (const segment of segments) {
      if (taken > 0 && builder.bytes >= this.packBytes) break;
      records.push(this.seal(builder, segment, baseIds));
      taken++;
    }
    const padding = builder.append(new Uint8Array(100));
    records.push({ kind: SEGMENT_PADDING, codec: CODEC_STORED, stored: padding.stored, raw: 100, ids: new Uint8Array(0), lengths: [], bases: [] });
    const footer = { baseIds: new Uint8Array(Buffer.concat(baseIds)), records };
    const file = builder.finish(encodePackFooter(footer).finish());
    const paths = type === TYPE_PACK ? [`packs/${file.name.slice(0, 2)}/${file.name}`] : [`meta/${file.name}`, `meta.copy/${file.name}`];
    for (const path of paths) await this.store.publish(path, [file.bytes], { ifExists: 'refuse' });
    return { entry: { name: file.name, type, bytes: file.bytes.length, footer }, taken };
  }

  /**
   * Publishes a pack, with its index, that says of `bytes` that they are the chunk `claimed`: what authenticates and is wrong all the
   * same. With a base, as a delta. Returns the pack's path.
   */
  async lie(claimed: Uint8Array, bytes: Uint8Array, base?: Uint8Array): Promise<string> {
    const wrong: Fresh = { kind: CHUNK_DATA, id: this.ids.of(CHUNK_DATA, claimed), bytes, bases: base === undefined ? [] : [base] };
    const { entry } = await this.publishPack(TYPE_PACK, [[wrong]]);
    await this.publishIndex([entry], []);
    return `packs/${entry.name.slice(0, 2)}/${entry.name}`;
  }

  private seal(builder: SealedBuilder, segment: readonly Fresh[], baseIds: Buffer[]): SegmentRecord {
    const raw = Buffer.concat(segment.map((chunk) => chunk.bytes));
    const bases = segment[0]?.bases ?? [];
    const common = {
      raw: raw.length,
      ids: new Uint8Array(Buffer.concat(segment.map((chunk) => chunk.id))),
      lengths: segment.map((chunk) => chunk.bytes.length),
    };
    if (bases.length === 0) {
      const { codec, bytes } = plainEncoding(raw, compressSegmentSync(raw));
      return { kind: SEGMENT_PLAIN, codec, stored: builder.append(bytes).stored, bases: [], ...common };
    }
    const kind = segment[0]?.kind ?? CHUNK_DATA;
    const indices = bases.map((base) => {
      const id = this.ids.of(kind, base);
      const at = baseIds.findIndex((known) => known.equals(id));
      return at === -1 ? baseIds.push(id) - 1 : at;
    });
    const bytes = compressSegmentSync(raw, makeDictionary(bases));
    return { kind: SEGMENT_DELTA, codec: CODEC_ZSTD, stored: builder.append(bytes).stored, bases: indices, ...common };
  }
}

/** Neighbours without bases share a segment; a chunk with bases stands alone. */
function segmentsOf(fresh: readonly Fresh[], limit: number): Fresh[][] {
  const segments: Fresh[][] = [];
  let bytes = 0;
  for (const chunk of fresh) {
    const last = segments.at(-1);
    const joins = last !== undefined && chunk.bases.length === 0 && last[0]?.bases.length === 0 && bytes + chunk.bytes.length <= limit;
    if (joins) last.push(chunk);
    else segments.push([chunk]);
    bytes = joins ? bytes + chunk.bytes.length : chunk.bytes.length;
  }
  return segments;
}

function portions(lines: readonly Uint8Array[], size: number): Uint8Array[] {
  const all = Buffer.concat(lines);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < all.length; at += size) parts.push(all.subarray(at, at + size));
  return parts;
}

/** Bytes that compress a little and never repeat: text of a seeded generator. */
export function sampleBytes(length: number, seed: number): Buffer {
  const out = Buffer.alloc(length);
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    out[i] = 97 + ((state >>> 24) % 26);
  }
  return out;
}
