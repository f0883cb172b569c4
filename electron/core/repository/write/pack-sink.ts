import { BugError } from '../../base/errors.ts';
import type { Random } from '../../base/ports.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import type { PackEntry } from '../format/index-file.ts';
import { ID_BYTES, MAX_FOOTER, MAX_FRAMES, MAX_PACK_BASES, PACK_BYTES, TAG_BYTES } from '../format/limits.ts';
import { CODEC_STORED, SEGMENT_DELTA, SEGMENT_PADDING, SEGMENT_PLAIN, encodePackFooter, recordBytes } from '../format/pack.ts';
import type { Codec, SegmentRecord } from '../format/pack.ts';
import { SealedBuilder, TRAILER_BYTES } from '../format/sealed.ts';
import type { TYPE_METADATA, TYPE_PACK } from '../format/sealed.ts';
import type { IndexTable } from '../index-table.ts';
import type { Draft } from './draft.ts';
import { PACK_MEMORY, type MemoryPool } from './memory-pool.ts';
import type { Publisher } from './publisher.ts';

/** The last pack of a snapshot is rounded up to a multiple of this. */
const PAD_BYTES = 64 << 10;

export interface EncodedSegment {
  readonly codec: Codec;
  readonly bytes: Uint8Array;
  /** Entries of the bases in the order of the dictionary. */
  readonly bases: readonly number[];
}

/** A frame in a pack that is not published yet. */
export interface PlacedFrame {
  /** The frame's plaintext, opened from the bytes that will be written. */
  reopen(): Uint8Array;
  /** The frame decodes to what it was made from. */
  passed(): void;
}

export interface PackSinkParts {
  readonly keys: KeyMaterial;
  readonly random: Random;
  readonly table: IndexTable;
  readonly publisher: Publisher;
  readonly pool: MemoryPool;
  readonly type: typeof TYPE_PACK | typeof TYPE_METADATA;
}

/** Gathers frames into packs of about 16 MiB and publishes them, one at a time, while the next one fills. */
export class PackSink {
  readonly #parts: PackSinkParts;
  #open: OpenPack | undefined;
  #publishing: Promise<void> = Promise.resolve();

  constructor(parts: PackSinkParts) {
    this.#parts = parts;
  }

  /** Seals one segment into the open pack. Calls must not overlap. Waits while a full pack and one being published are at hand. */
  async append(draft: Draft, segment: EncodedSegment): Promise<PlacedFrame> {
    if (this.#open?.hasRoom(draft, segment) === false) await this.#closeOpen(false);
    this.#open ??= new OpenPack(this.#parts);
    return this.#open.append(draft, segment);
  }

  /** Publishes what is open and resolves when every pack is durable. `pad`: round the last one up. */
  async close(pad: boolean): Promise<void> {
    await this.#closeOpen(pad);
    await this.#publishing;
  }

  async #closeOpen(pad: boolean): Promise<void> {
    const pack = this.#open;
    this.#open = undefined;
    await this.#publishing;
    if (pack === undefined) return;
    this.#publishing = pack.publish(pad);
    // Whoever appends or closes next awaits it and sees its error.
    this.#publishing.catch(() => undefined);
  }
}

class OpenPack {
  readonly #parts: PackSinkParts;
  readonly #memory: Buffer;
  readonly #builder: SealedBuilder;
  readonly #number: number;
  readonly #records: SegmentRecord[] = [];
  readonly #bases = new Map<number, number>();
  #footerBytes = 6;
  #unproved = 0;
  #proved: (() => void) | undefined;

  constructor(parts: PackSinkParts) {
    this.#parts = parts;
    this.#memory = parts.pool.take(PACK_MEMORY);
    this.#builder = new SealedBuilder(parts.keys, parts.type, parts.random, this.#memory);
    this.#number = parts.table.addPack({ name: '', type: parts.type, bytes: 0 });
  }

  hasRoom(draft: Draft, segment: EncodedSegment): boolean {
    if (this.#records.length === 0) return true;
    const footer = this.#footerBytes + recordBytes(draft.lengths.length, segment.bases.length) + segment.bases.length * ID_BYTES;
    const bytes = this.#builder.bytes + segment.bytes.length + TAG_BYTES;
    const lists = this.#bases.size + segment.bases.length <= MAX_PACK_BASES && this.#records.length + 2 < MAX_FRAMES;
    return bytes <= PACK_BYTES && footer <= MAX_FOOTER - recordBytes(0, 0) && lists;
  }

  append(draft: Draft, { codec, bytes, bases }: EncodedSegment): PlacedFrame {
    const { table } = this.#parts;
    const { frame, offset, stored } = this.#builder.append(bytes);
    const ids = Uint8Array.from(draft.ids);
    this.#record({
      kind: bases.length > 0 ? SEGMENT_DELTA : SEGMENT_PLAIN,
      codec,
      stored,
      raw: draft.length,
      ids,
      lengths: draft.lengths,
      bases: bases.map((base) => this.#baseIndex(base)),
    });
    const segment = table.addSegment({ pack: this.#number, frame, offset, stored, raw: draft.length, codec }, bases);
    let at = 0;
    for (const [i, entry] of draft.entries.entries()) {
      table.place(entry, segment, at, draft.lengths[i] ?? 0);
      at += draft.lengths[i] ?? 0;
    }
    this.#unproved += 1;
    return {
      reopen: () => this.#builder.reopen(frame, offset, stored),
      passed: () => {
        this.#unproved -= 1;
        if (this.#unproved === 0) this.#proved?.();
      },
    };
  }

  #record(record: SegmentRecord): void {
    this.#records.push(record);
    this.#footerBytes += recordBytes(record.lengths.length, record.bases.length);
  }

  #baseIndex(entry: number): number {
    const known = this.#bases.get(entry);
    if (known !== undefined) return known;
    const index = this.#bases.size;
    this.#bases.set(entry, index);
    this.#footerBytes += ID_BYTES;
    return index;
  }

  /** Waits until every frame has passed, then seals the footer and publishes. */
  async publish(pad: boolean): Promise<void> {
    const { table, publisher, type } = this.#parts;
    if (this.#unproved > 0) {
      await publisher.orStopped(
        new Promise<void>((resolve) => {
          this.#proved = resolve;
        }),
      );
    }
    if (pad) this.#pad();
    const baseIds = Buffer.concat([...this.#bases.keys()].map((entry) => table.idOf(entry)));
    const footer = { baseIds, records: this.#records };
    const encoded = encodePackFooter(footer);
    if (encoded.length !== this.#footerBytes) throw new BugError('The length of a footer was reckoned wrongly.');
    const { bytes, name } = this.#builder.finish(encoded.finish());
    const entry: PackEntry = { name, type, bytes: bytes.length, footer };
    await publisher.pack(entry, bytes);
    table.namePack(this.#number, name, bytes.length);
    this.#parts.pool.give(this.#memory);
  }

  #pad(): void {
    const rest = this.#builder.bytes + this.#footerBytes + recordBytes(0, 0) + 2 * TAG_BYTES + TRAILER_BYTES;
    const raw = (PAD_BYTES - (rest % PAD_BYTES)) % PAD_BYTES;
    const { stored } = this.#builder.append(new Uint8Array(raw));
    this.#record({ kind: SEGMENT_PADDING, codec: CODEC_STORED, stored, raw, ids: new Uint8Array(0), lengths: [], bases: [] });
  }
}
