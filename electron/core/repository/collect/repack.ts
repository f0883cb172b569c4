import { BugError, isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { AppError } from '../../base/errors.ts';
import type { Task } from '../../base/ports.ts';
import { damaged } from '../format/bytes.ts';
import { sha256 } from '../format/crypto.ts';
import { openIndexFile } from '../format/index-file.ts';
import type { PackEntry } from '../format/index-file.ts';
import { ID_BYTES } from '../format/limits.ts';
import { SEGMENT_DELTA, SEGMENT_PADDING, openPackFooter } from '../format/pack.ts';
import type { PackFooter, SegmentRecord } from '../format/pack.ts';
import { HEADER_BYTES, TYPE_METADATA, TYPE_PACK, openFrame, openSealed } from '../format/sealed.ts';
import { decodeSegment, makeDictionary } from '../format/segment.ts';
import { NONE } from '../index-table.ts';
import type { SegmentPlace } from '../index-table.ts';
import type { Ground } from '../journal/ground.ts';
import { ownBase } from '../own-base.ts';
import { breathe } from '../read/breathe.ts';
import type { NewChunk } from '../write/draft.ts';
import type { Census } from './census.ts';
import { DeltaGatherer, PlainGatherer, ProvedChunks, idAt } from './gather.ts';
import type { Bases } from './gather.ts';
import { standingPaths } from './inventory.ts';
import type { Inventory } from './inventory.ts';
import { PackWriter } from './pack-writer.ts';
import type { PublishPack } from './pack-writer.ts';
import { LEAST_SEGMENT } from './plan.ts';
import type { Rebase } from './rebase.ts';

const FRAMES_A_BREATH = 32;
const CHUNKS_A_BREATH = 64;
/** A delta is kept below this share of what its chunks take plain. Half of a list is ids that nothing compresses. */
const KEEP = { [TYPE_PACK]: 0.6, [TYPE_METADATA]: 0.8 };

/** What is copied, and what gives way on the way. */
export interface RepackWork {
  readonly inventory: Inventory;
  readonly census: Census;
  readonly rebase: Rebase | undefined;
}

/** Where one old segment stands. */
interface OldSegment {
  readonly number: number;
  readonly record: SegmentRecord;
  readonly baseIds: Uint8Array;
  readonly plain: Buffer;
}

interface OldChunk extends NewChunk {
  /** Where it begins in its segment, and its number there. */
  readonly at: number;
  readonly number: number;
}

/**
 * Copies what is needed of old packs into new ones: segments as they are; mostly dead ones, and those of which a base gives way, coded anew with what is
 * needed of them.
 */
export class Repacker {
  readonly #ground: Ground;
  readonly #inventory: Inventory;
  readonly #census: Census;
  readonly #rebase: Rebase | undefined;
  readonly #type: PackEntry['type'];
  readonly #chunks: ProvedChunks;
  readonly #writer: PackWriter;
  readonly #plain: PlainGatherer;
  readonly #deltas: DeltaGatherer;
  readonly #first: Uint32Array;

  constructor(ground: Ground, work: RepackWork, type: PackEntry['type'], publish: PublishPack) {
    this.#ground = ground;
    this.#inventory = work.inventory;
    this.#census = work.census;
    this.#rebase = work.rebase;
    this.#type = type;
    this.#first = firstSegments(work.inventory);
    this.#chunks = new ProvedChunks(work.inventory.reader);
    this.#writer = new PackWriter(ground.keys, ground.ports.random, type, publish);
    this.#plain = new PlainGatherer(this.#writer);
    this.#deltas = new DeltaGatherer(this.#writer, this.#plain, this.#bases(), KEEP[type]);
  }

  /** Stores the heirs of what gives way plain and publishes them: before anything is built on them. */
  async promote(task: Task): Promise<void> {
    const { table } = this.#inventory;
    const roots = this.#rebase?.roots ?? [];
    for (const [i, root] of roots.entries()) {
      const heir = this.#instead(root);
      if (i % CHUNKS_A_BREATH === 0) {
        throwIfCancelled(task.signal);
        task.progress({ stage: `storing new bases: ${i} of ${roots.length}` });
        await breathe();
      }
      if (heir === NONE) continue;
      const copy = this.#census.copyOf(heir);
      if (table.pack(table.segmentPlace(copy.segment).pack).type !== this.#type) continue;
      await this.#plain.add({ entry: heir, id: table.idOf(heir), bytes: await this.#chunks.from(heir, copy) });
    }
    await this.finish();
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
    await this.#deltas.flush();
    await this.#plain.flush();
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
    const baseIds = record.bases.map((base) => idAt(segment.baseIds, base));
    if (used >= LEAST_SEGMENT * record.raw && this.#rebase?.isAffected(number) !== true) {
      const { kind, codec, raw, ids, lengths } = record;
      await this.#writer.add({ kind, codec, plain, raw, ids, lengths, bases: baseIds });
      return;
    }
    if (record.kind === SEGMENT_DELTA) await this.#takeDelta(segment, baseIds);
    else for (const chunk of this.#neededChunks(segment, await decodeSegment(plain, record))) await this.#takePlain(chunk);
  }

  /** A chunk that lay plain: as it is, or as a difference to its heir. */
  async #takePlain(chunk: OldChunk): Promise<void> {
    const heir = this.#instead(chunk.entry);
    if (heir === chunk.entry) await this.#plain.add(chunk);
    else await this.#deltas.add(chunk, { own: heir, near: [] });
  }

  /** The needed chunks of a delta, built anew on the bases that they were made from, or on what takes their place. */
  async #takeDelta(segment: OldSegment, baseIds: readonly Uint8Array[]): Promise<void> {
    const { number, record, plain } = segment;
    const { table } = this.#inventory;
    const old = baseIds.map((id) => table.lookup(id));
    const dictionary = makeDictionary(await Promise.all(old.map((base) => this.#chunks.from(base, this.#census.base(base)))));
    const raw = await decodeSegment(plain, record, dictionary);
    const near = old.slice(record.lengths.length);
    const share = near.length / record.lengths.length;
    for (const chunk of this.#neededChunks(segment, raw)) {
      const own = this.#instead(ownBase(table, number, chunk.at));
      const beside = near.slice(Math.floor(chunk.number * share), Math.ceil((chunk.number + 1) * share));
      await this.#deltas.add(chunk, { own, near: beside.map((base) => this.#instead(base)).filter((base) => base !== chunk.entry) });
    }
  }

  #instead(base: number): number {
    return this.#rebase === undefined ? base : this.#rebase.inPlaceOf(base);
  }

  /** The chunks of a segment that are relied on, each compared with its id; heirs apart, which are stored already. */
  #neededChunks({ number, record }: OldSegment, raw: Buffer): readonly OldChunk[] {
    const { table, reader } = this.#inventory;
    const chunks: OldChunk[] = [];
    let at = 0;
    for (const [i, length] of record.lengths.entries()) {
      const entry = table.lookup(record.ids, i * ID_BYTES);
      const copy = { segment: number, at, length };
      at += length;
      if (entry < 0 || !this.#census.relies(entry, copy) || this.#rebase?.isHeir(entry) === true) continue;
      const bytes = new Uint8Array(raw.subarray(copy.at, at));
      if (!reader.source.isAnyKind(entry, copy, sha256(bytes))) throw damaged('A chunk decodes to other bytes than its id names.');
      chunks.push({ entry, id: idAt(record.ids, i), bytes, at: copy.at, number: i });
    }
    return chunks;
  }

  #bases(): Bases {
    const { table } = this.#inventory;
    return {
      lengthOf: (entry) => table.lengthOf(entry),
      idOf: (entry) => table.idOf(entry),
      bytes: (entries) => Promise.all(entries.map((entry) => this.#chunks.from(entry, this.#census.base(entry)))),
    };
  }
}

/** By pack: its first segment. Segments of a pack are numbered one after the other, in the order of its frames. */
function firstSegments({ table }: Inventory): Uint32Array {
  const first = new Uint32Array(table.packCount);
  for (let segment = table.segments - 1; segment >= 0; segment -= 1) first[table.segmentPlace(segment).pack] = segment;
  return first;
}
