import { BugError, isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { AppError } from '../../base/errors.ts';
import type { Task } from '../../base/ports.ts';
import { damaged } from '../format/bytes.ts';
import { sha256 } from '../format/crypto.ts';
import { openIndexFile } from '../format/index-file.ts';
import type { PackEntry } from '../format/index-file.ts';
import { ID_BYTES, PLAIN_SEGMENT_BYTES } from '../format/limits.ts';
import { SEGMENT_DELTA, SEGMENT_PADDING, SEGMENT_PLAIN, openPackFooter } from '../format/pack.ts';
import type { PackFooter, SegmentRecord } from '../format/pack.ts';
import { HEADER_BYTES, openFrame, openSealed } from '../format/sealed.ts';
import { compressSegment, decodeSegment, makeDictionary, plainEncoding } from '../format/segment.ts';
import type { SegmentPlace } from '../index-table.ts';
import type { Ground } from '../journal/ground.ts';
import { breathe } from '../read/breathe.ts';
import type { FrameRuns } from '../read/frame-runs.ts';
import type { Census } from './census.ts';
import { standingPaths } from './inventory.ts';
import type { Inventory } from './inventory.ts';
import { PackWriter } from './pack-writer.ts';
import type { PublishPack } from './pack-writer.ts';
import { LEAST_SEGMENT } from './plan.ts';

const FRAMES_A_BREATH = 32;

/** Where one old segment stands. */
interface OldSegment {
  readonly number: number;
  readonly record: SegmentRecord;
  readonly baseIds: Uint8Array;
  readonly plain: Buffer;
}

/** Copies what is needed of old packs into new ones: segments as they are, mostly dead ones coded anew with what is needed of them. */
export class Repacker {
  readonly #ground: Ground;
  readonly #inventory: Inventory;
  readonly #census: Census;
  readonly #runs: FrameRuns;
  readonly #writer: PackWriter;
  readonly #first: Uint32Array;
  #loose: { readonly id: Uint8Array; readonly bytes: Uint8Array }[] = [];
  #looseBytes = 0;

  constructor(ground: Ground, inventory: Inventory, census: Census, type: PackEntry['type'], publish: PublishPack) {
    this.#ground = ground;
    this.#inventory = inventory;
    this.#census = census;
    this.#first = firstSegments(inventory);
    this.#runs = inventory.reader.source.runs();
    this.#writer = new PackWriter(ground.keys, ground.ports.random, type, publish);
  }

  /** Copies the needed segments of one pack. Throws `repository.damaged` where one of them opens from no copy of the pack. */
  async copy(pack: number, task: Task): Promise<void> {
    for (const segment of await this.#open(pack)) {
      throwIfCancelled(task.signal);
      await this.#take(segment);
      await breathe();
    }
  }

  async finish(): Promise<void> {
    await this.#flushLoose();
    await this.#writer.finish();
  }

  /** The needed segments of a pack, their frames opened: all of them before the first is copied. */
  async #open(pack: number): Promise<readonly OldSegment[]> {
    const { table, reader } = this.#inventory;
    const { store, keys } = this.#ground;
    let first: AppError | undefined;
    for (const path of standingPaths(this.#inventory, pack, 'any')) {
      try {
        const file = openSealed(await store.read(path), keys, table.pack(pack).type);
        const footer = openPackFooter(file.footer, file.frames, file.body.length);
        return await this.#needed(pack, footer, ({ frame, offset, stored }) => {
          const at = offset - HEADER_BYTES;
          return openFrame(file.cipher, frame, file.body.subarray(at, at + stored));
        });
      } catch (error) {
        if (!isAppError(error)) throw error;
        first ??= error;
      }
    }
    // No copy is sound as a whole: its footer as the index has it, and each frame from whichever copy it opens from.
    const footer = await this.#footerOfIndex(pack);
    if (footer === undefined) throw first ?? new BugError('A pack that stands nowhere was to be copied.');
    return this.#needed(pack, footer, (place) => reader.source.packs.frame(table.pack(pack), place));
  }

  async #footerOfIndex(pack: number): Promise<PackFooter | undefined> {
    const { table, index } = this.#inventory;
    const { name } = table.pack(pack);
    for (const file of index.files) {
      for (const entry of openIndexFile(await this.#ground.store.read(`index/${file}`), this.#ground.keys).packs) if (entry.name === name) return entry.footer;
    }
    return undefined;
  }

  async #needed(pack: number, footer: PackFooter, open: (place: SegmentPlace) => Buffer | Promise<Buffer>): Promise<readonly OldSegment[]> {
    const { table } = this.#inventory;
    const segments: OldSegment[] = [];
    let number = this.#first[pack] ?? 0;
    for (const [frame, record] of footer.records.entries()) {
      if (record.kind === SEGMENT_PADDING) continue;
      if (frame % FRAMES_A_BREATH === 0) await breathe();
      const place = table.segmentPlace(number);
      if (place.frame !== frame || place.stored !== record.stored || place.raw !== record.raw) throw damaged('Its footer is not the one that the index holds.');
      if ((this.#census.used[number] ?? 0) > 0) segments.push({ number, record, baseIds: footer.baseIds, plain: await open(place) });
      number += 1;
    }
    return segments;
  }

  async #take(segment: OldSegment): Promise<void> {
    const { number, record, plain } = segment;
    const used = this.#census.used[number] ?? 0;
    const bases = record.bases.map((base) => segment.baseIds.slice(base * ID_BYTES, (base + 1) * ID_BYTES));
    if (used >= LEAST_SEGMENT * record.raw) {
      const { kind, codec, raw, ids, lengths } = record;
      await this.#writer.add({ kind, codec, plain, raw, ids, lengths, bases });
      return;
    }
    const dictionary = record.kind === SEGMENT_DELTA ? await this.#dictionary(bases) : undefined;
    const raw = await decodeSegment(plain, record, dictionary);
    const chunks = this.#neededChunks(segment, raw);
    if (dictionary === undefined) for (const chunk of chunks) await this.#addLoose(chunk.id, chunk.bytes);
    else await this.#addDelta(chunks, bases, dictionary);
  }

  /** The chunks of a segment that are relied on, each compared with its id. */
  #neededChunks({ number, record }: OldSegment, raw: Buffer): readonly { readonly id: Uint8Array; readonly bytes: Uint8Array }[] {
    const { table, reader } = this.#inventory;
    const chunks: { readonly id: Uint8Array; readonly bytes: Uint8Array }[] = [];
    let at = 0;
    for (const [i, length] of record.lengths.entries()) {
      const entry = table.lookup(record.ids, i * ID_BYTES);
      const copy = { segment: number, at, length };
      at += length;
      if (entry < 0 || !this.#census.relies(entry, copy)) continue;
      const bytes = Uint8Array.from(raw.subarray(copy.at, at));
      if (!reader.source.isAnyKind(entry, copy, sha256(bytes))) throw damaged('A chunk decodes to other bytes than its id names.');
      chunks.push({ id: record.ids.slice(i * ID_BYTES, (i + 1) * ID_BYTES), bytes });
    }
    return chunks;
  }

  async #addDelta(
    chunks: readonly { readonly id: Uint8Array; readonly bytes: Uint8Array }[],
    bases: readonly Uint8Array[],
    dictionary: Uint8Array,
  ): Promise<void> {
    const raw = Buffer.concat(chunks.map((chunk) => chunk.bytes));
    const plain = await compressSegment(raw, dictionary);
    await this.#writer.add({ kind: SEGMENT_DELTA, codec: 32, plain, raw: raw.length, ...named(chunks), bases, decodesTo: { raw, dictionary } });
  }

  async #dictionary(bases: readonly Uint8Array[]): Promise<Uint8Array> {
    const { table, reader } = this.#inventory;
    const chunks: Uint8Array[] = [];
    for (const id of bases) {
      const entry = table.lookup(id);
      const copy = this.#census.base(entry);
      const raw = await reader.source.cache.get(copy.segment, this.#runs);
      const bytes = raw.subarray(copy.at, copy.at + copy.length);
      if (!reader.source.isAnyKind(entry, copy, sha256(bytes))) throw damaged('The base of a delta decodes to other bytes than its id names.');
      chunks.push(bytes);
    }
    return makeDictionary(chunks);
  }

  async #addLoose(id: Uint8Array, bytes: Uint8Array): Promise<void> {
    if (this.#looseBytes + bytes.length > PLAIN_SEGMENT_BYTES) await this.#flushLoose();
    this.#loose.push({ id, bytes });
    this.#looseBytes += bytes.length;
  }

  async #flushLoose(): Promise<void> {
    const chunks = this.#loose;
    this.#loose = [];
    this.#looseBytes = 0;
    if (chunks.length === 0) return;
    const raw = Buffer.concat(chunks.map((chunk) => chunk.bytes));
    const { codec, bytes } = plainEncoding(raw, await compressSegment(raw));
    await this.#writer.add({
      kind: SEGMENT_PLAIN,
      codec,
      plain: bytes,
      raw: raw.length,
      ...named(chunks),
      bases: [],
      decodesTo: { raw, dictionary: undefined },
    });
  }
}

function named(chunks: readonly { readonly id: Uint8Array; readonly bytes: Uint8Array }[]): { readonly ids: Uint8Array; readonly lengths: readonly number[] } {
  return { ids: new Uint8Array(Buffer.concat(chunks.map((chunk) => chunk.id))), lengths: chunks.map((chunk) => chunk.bytes.length) };
}

/** By pack: its first segment. Segments of a pack are numbered one after the other, in the order of its frames. */
function firstSegments({ table }: Inventory): Uint32Array {
  const first = new Uint32Array(table.packCount);
  for (let segment = table.segments - 1; segment >= 0; segment -= 1) first[table.segmentPlace(segment).pack] = segment;
  return first;
}
