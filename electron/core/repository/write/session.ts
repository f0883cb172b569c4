import { availableParallelism } from 'node:os';
import { AppError, BugError } from '../../base/errors.ts';
import type { Random } from '../../base/ports.ts';
import type { BlobStore } from '../blob-store.ts';
import { toHex } from '../format/bytes.ts';
import { CHUNK_DATA, CHUNK_TABLE, ChunkIds } from '../format/crypto.ts';
import { decodeManifest, encodeManifest } from '../format/manifest.ts';
import type { Manifest } from '../format/manifest.ts';
import { TYPE_METADATA, TYPE_PACK } from '../format/sealed.ts';
import type { Framing } from '../format/table.ts';
import { Damage } from '../journal/damage.ts';
import { ChunkSource } from '../read/chunk-source.ts';
import { loadIndex } from '../read/load-index.ts';
import type { ManifestFields, SnapshotRecord } from '../repository.ts';
import { BaseSource } from './base-source.ts';
import { ChunkStream } from './chunk-stream.ts';
import { Encoder } from './encoder.ts';
import { Gate } from './gate.ts';
import { Known } from './known.ts';
import { Lane } from './lane.ts';
import { MemoryPool } from './memory-pool.ts';
import { OPEN_GROUPS } from './messages.ts';
import type { GroupEnd, Link, ObjectFields, WorkerStart, WriterCounts } from './messages.ts';
import { PlainCompressor } from './plain-compressor.ts';
import { PackSink } from './pack-sink.ts';
import { Places, loadParentList, parentGroups } from './parent-list.ts';
import { Publisher } from './publisher.ts';
import { Scanners } from './scanners.ts';
import { TableRows } from './table-writer.ts';

/** Decoded segments of bases that are kept: they come in order, and more has no more hits. */
const BASE_CACHE_BYTES = 16 << 20;
/** Decoded segments kept while lists and tables of the parent are read. */
const LIST_CACHE_BYTES = 4 << 20;
const MOST_CODING = 4;

export interface SessionPorts {
  readonly store: BlobStore;
  readonly random: Random;
  /** Throws unless the repository's lock is still held. */
  readonly assertHeld: () => Promise<void>;
  /** Where the new manifest stands. Asked once, just before it is written. */
  readonly link: () => Promise<Link>;
  /** Ends long reads. */
  readonly signal: AbortSignal;
}

interface OpenGroup {
  readonly name: string;
  readonly framing: Framing;
  readonly stream: ChunkStream;
  readonly lane: Lane;
  readonly parentRoot: Uint8Array | undefined;
}

/** One snapshot being written. Runs wholly in the writer's thread; knows nothing of messages. */
export class Session {
  readonly #start: WorkerStart;
  readonly #ports: SessionPorts;
  readonly #ids: ChunkIds;
  readonly #known: Known;
  readonly #source: ChunkSource;
  readonly #publisher: Publisher;
  readonly #dataPacks: PackSink;
  readonly #metaPacks: PackSink;
  readonly #data: Encoder;
  readonly #meta: Encoder;
  readonly #compressors: readonly PlainCompressor[];
  readonly #freeLanes: Lane[];
  readonly #metaLane: Lane;
  readonly #places = new Places();
  readonly #scanners: Scanners;
  readonly #parentGroups: ReadonlyMap<string, Uint8Array>;
  readonly #groups = new Map<number, OpenGroup>();
  readonly #names = new Set<string>();
  readonly #rows = new TableRows();
  #stopped: { readonly error: unknown } | undefined;
  #bytesIn = 0;
  #bytesEnded = 0;
  #chunksEnded = 0;
  #newChunksEnded = 0;

  /** Loads the index and the parent's groups. */
  static async begin(start: WorkerStart, ports: SessionPorts): Promise<Session> {
    const { signal } = ports;
    const { table } = await loadIndex(ports.store, start.keys, { signal, unindexed: 'ignore', absent: 'skip', damage: Damage.of(start.damaged ?? []) });
    const source = new ChunkSource(ports.store, start.keys, table, LIST_CACHE_BYTES);
    const groups = start.parent === undefined ? new Map<string, Uint8Array>() : await parentGroups(source, start.parent.tableList, signal);
    return new Session(start, ports, source, groups);
  }

  private constructor(start: WorkerStart, ports: SessionPorts, source: ChunkSource, groups: ReadonlyMap<string, Uint8Array>) {
    const { keys } = start;
    const { store, random, assertHeld } = ports;
    const { table } = source;
    this.#start = start;
    this.#ports = ports;
    this.#source = source;
    this.#parentGroups = groups;
    this.#ids = new ChunkIds(keys.idKey);
    this.#scanners = new Scanners(keys.gearKey, start.chunkAverage);
    this.#known = new Known(table);
    this.#publisher = new Publisher({ store, keys, random, assertHeld });
    const publisher = this.#publisher;
    this.#compressors = Array.from({ length: Math.min(availableParallelism(), MOST_CODING) }, () => new PlainCompressor());
    const gate = new Gate(this.#compressors);
    const pool = new MemoryPool();
    this.#dataPacks = new PackSink({ keys, random, table, publisher, pool, type: TYPE_PACK });
    this.#metaPacks = new PackSink({ keys, random, table, publisher, pool, type: TYPE_METADATA });
    const onFailure = (error: unknown): void => {
      this.stop(error);
    };
    const bases = new BaseSource({ store, packs: source.packs, table, ids: this.#ids, limit: BASE_CACHE_BYTES });
    const shared = { bases, known: this.#known, gate, pool, onFailure };
    this.#data = new Encoder({ ...shared, packs: this.#dataPacks, content: 'data' });
    this.#meta = new Encoder({ ...shared, packs: this.#metaPacks, content: 'metadata' });
    this.#freeLanes = Array.from({ length: OPEN_GROUPS }, () => new Lane(this.#data));
    this.#metaLane = new Lane(this.#meta);
  }

  counts(): WriterCounts {
    const open = [...this.#groups.values()];
    return {
      bytesIn: this.#bytesIn,
      bytesStored: this.#publisher.bytes,
      chunks: open.reduce((sum, { stream }) => sum + stream.chunks, this.#chunksEnded),
      newChunks: open.reduce((sum, { stream }) => sum + stream.newChunks, this.#newChunksEnded),
    };
  }

  /** Opens a group under a number of the caller's choice. At most `OPEN_GROUPS` at once. */
  async open(number: number, name: string, framing: Framing): Promise<void> {
    this.#mustGoOn();
    if (this.#names.has(name)) throw new AppError('input.invalid', 'Two groups of the snapshot have the same name.', { details: { group: name } });
    const lane = this.#freeLanes.pop();
    if (lane === undefined) throw new BugError('More groups are open than may be.');
    this.#names.add(name);
    const parentRoot = this.#parentGroups.get(name);
    const parent = parentRoot === undefined ? undefined : await loadParentList(this.#source, parentRoot, this.#ports.signal);
    const stream = new ChunkStream({ ...this.#streamParts(framing), kind: CHUNK_DATA, lane, parent });
    this.#groups.set(number, { name, framing, stream, lane, parentRoot });
  }

  /** Takes bytes of a group; resolves when they are free again and more are welcome. Calls for one group must not overlap. */
  async write(number: number, bytes: Uint8Array, rowEnds?: Uint32Array): Promise<void> {
    this.#mustGoOn();
    await this.#group(number).stream.push(bytes, rowEnds);
    this.#bytesIn += bytes.length;
    await this.#data.room();
    await this.#meta.room();
  }

  async end(number: number): Promise<GroupEnd> {
    this.#mustGoOn();
    const { name, framing, stream, lane, parentRoot } = this.#group(number);
    const ended = await stream.end();
    this.#groups.delete(number);
    this.#freeLanes.push(lane);
    this.#bytesEnded += ended.bytes;
    this.#chunksEnded += ended.chunks;
    this.#newChunksEnded += ended.newChunks;
    const { bytes, chunks, digest, sameAsParent } = ended;
    const list = toHex(ended.root);
    // Where nothing changed the hint is left out too, so that the row is the same as before and is not stored again.
    const parent = parentRoot === undefined || sameAsParent ? {} : { parent: toHex(parentRoot) };
    this.#rows.group({ g: name, framing, list, digest, bytes, chunks, ...parent });
    return { bytes, chunks, digest, sameAsParent };
  }

  object(row: ObjectFields): void {
    this.#mustGoOn();
    this.#rows.object(row);
  }

  /**
   * Publishes, each durable before the next: packs of data; the packs of metadata, twice; an index over them; the manifest, which
   * is the moment when the snapshot exists; the manifest's copy.
   */
  async commit(fields: ManifestFields): Promise<SnapshotRecord> {
    this.#mustGoOn();
    if (this.#groups.size > 0) throw new BugError('A group is still open.');
    await settle(this.#freeLanes, this.#data);
    await this.#dataPacks.close(this.#start.pad);
    const table = await this.#writeTable();
    await settle([this.#metaLane], this.#meta);
    await this.#metaPacks.close(false);
    await this.#publisher.index();
    return this.#writeManifest(fields, table);
  }

  /** No step begins after this but those of a manifest already under way; what waits ends with `error`. */
  stop(error: unknown): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = { error };
    this.#data.stop(error);
    this.#meta.stop(error);
    this.#publisher.stop(error);
  }

  /** Frees what is not memory of the thread's own. Nothing may be under way. */
  close(): void {
    for (const compressor of this.#compressors) compressor.close();
  }

  async #writeTable(): Promise<Manifest['table']> {
    const { parent } = this.#start;
    const parentList = parent === undefined ? undefined : await loadParentList(this.#source, Buffer.from(parent.tableList, 'hex'), this.#ports.signal);
    const stream = new ChunkStream({ ...this.#streamParts('lines'), kind: CHUNK_TABLE, lane: this.#metaLane, parent: parentList });
    for (const block of this.#rows.blocks()) {
      await stream.push(block);
      await this.#meta.room();
    }
    const { root, digest } = await stream.end();
    return { list: toHex(root), digest, objects: this.#rows.objects };
  }

  async #writeManifest(fields: ManifestFields, table: Manifest['table']): Promise<SnapshotRecord> {
    const { keys, parent } = this.#start;
    const { seq, previous } = await this.#ports.link();
    const { chunks, newChunks } = this.counts();
    const totals = { objects: table.objects, bytes: this.#bytesEnded, added: this.#publisher.bytes, chunks, newChunks, rows: this.#rows.rows };
    const { source, engine, name, note, tags, capture, createdAt } = fields;
    const shared = { source, engine, tags, capture, totals, ...(name === undefined ? {} : { name }), ...(note === undefined ? {} : { note }) };
    const manifest: Manifest = { v: 1, seq, previous, ...shared, created: createdAt, table, ...(parent === undefined ? {} : { parent: parent.id }) };
    const file = encodeManifest(keys, this.#ports.random, manifest);
    refuseUnreadable(file.bytes, keys);
    await this.#publisher.manifest(seq, file.name, file.bytes);
    return { id: file.name, seq, createdAt, ...shared, proofs: [], ...(parent === undefined ? {} : { parent: parent.id }) };
  }

  #streamParts(framing: Framing) {
    const shared = { average: this.#start.chunkAverage, scanners: this.#scanners, ids: this.#ids, known: this.#known, places: this.#places };
    return { ...shared, framing, listLane: this.#metaLane };
  }

  #group(number: number): OpenGroup {
    const group = this.#groups.get(number);
    if (group === undefined) throw new BugError('The group is not open.');
    return group;
  }

  #mustGoOn(): void {
    if (this.#stopped !== undefined) throw this.#stopped.error;
  }
}

/** Nothing is published that no reader takes: neither check nor repair could make a snapshot of it again. */
function refuseUnreadable(bytes: Uint8Array, keys: WorkerStart['keys']): void {
  try {
    decodeManifest(bytes, keys);
  } catch (error) {
    throw new BugError('The manifest that was made cannot be read.', { cause: error });
  }
}

/** Everything gathered goes into packs: first the deltas, because some of them turn out to be better stored plain. */
async function settle(lanes: readonly Lane[], encoder: Encoder): Promise<void> {
  for (const lane of lanes) lane.flushDelta();
  await encoder.drain();
  for (const lane of lanes) lane.flushPlain();
  await encoder.drain();
}
