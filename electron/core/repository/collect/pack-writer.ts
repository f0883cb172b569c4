import { BugError } from '../../base/errors.ts';
import type { Random } from '../../base/ports.ts';
import { sameBytes, toHex } from '../format/bytes.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import type { PackEntry } from '../format/index-file.ts';
import { ID_BYTES, MAX_FOOTER, MAX_FRAMES, MAX_PACK_BASES, PACK_BYTES, TAG_BYTES } from '../format/limits.ts';
import { encodePackFooter, recordBytes } from '../format/pack.ts';
import type { Codec, SegmentKind, SegmentRecord } from '../format/pack.ts';
import { SealedBuilder } from '../format/sealed.ts';
import { decodeSegment } from '../format/segment.ts';

/** A segment on its way into a new pack. */
export interface NewSegment {
  readonly kind: SegmentKind;
  readonly codec: Codec;
  /** The plaintext of its frame. */
  readonly plain: Uint8Array;
  readonly raw: number;
  readonly ids: Uint8Array;
  readonly lengths: readonly number[];
  /** Ids of its bases, 16 bytes each, in the order of the dictionary. */
  readonly bases: readonly Uint8Array[];
  /** What it must decode to, where it was coded anew. */
  readonly decodesTo?: { readonly raw: Uint8Array; readonly dictionary: Uint8Array | undefined };
}

/** Publishes a finished pack, every copy of it durable. */
export type PublishPack = (entry: PackEntry, bytes: Uint8Array) => Promise<void>;

/** Gathers segments of one type into packs of about 16 MiB, each frame opened again and compared before its pack is published. */
export class PackWriter {
  readonly #keys: KeyMaterial;
  readonly #random: Random;
  readonly #type: PackEntry['type'];
  readonly #publish: PublishPack;
  #builder: SealedBuilder | undefined;
  #records: SegmentRecord[] = [];
  #bases = new Map<string, number>();
  #footer = 0;

  constructor(keys: KeyMaterial, random: Random, type: PackEntry['type'], publish: PublishPack) {
    this.#keys = keys;
    this.#random = random;
    this.#type = type;
    this.#publish = publish;
  }

  async add(segment: NewSegment): Promise<void> {
    if (!this.#hasRoom(segment)) await this.finish();
    this.#builder ??= new SealedBuilder(this.#keys, this.#type, this.#random, PACK_BYTES);
    const { frame, offset, stored } = this.#builder.append(segment.plain);
    const plain = this.#builder.reopen(frame, offset, stored);
    if (!sameBytes(plain, segment.plain)) throw new BugError('A frame opens to other bytes than were sealed.');
    if (segment.decodesTo !== undefined) {
      const raw = await decodeSegment(plain, segment, segment.decodesTo.dictionary);
      if (!sameBytes(raw, segment.decodesTo.raw)) throw new BugError('A segment decodes to other bytes than it was made from.');
    }
    const { kind, codec, raw, ids, lengths } = segment;
    const bases = segment.bases.map((base) => this.#baseIndex(base));
    this.#footer += recordBytes(lengths.length, bases.length);
    this.#records.push({ kind, codec, stored, raw, ids, lengths, bases });
  }

  /** Publishes what is open. */
  async finish(): Promise<void> {
    const builder = this.#builder;
    if (builder === undefined) return;
    const footer = { baseIds: new Uint8Array(Buffer.from([...this.#bases.keys()].join(''), 'hex')), records: this.#records };
    const { bytes, name } = builder.finish(encodePackFooter(footer).finish());
    this.#builder = undefined;
    this.#records = [];
    this.#bases = new Map();
    this.#footer = 0;
    await this.#publish({ name, type: this.#type, bytes: bytes.length, footer }, bytes);
  }

  #hasRoom(segment: NewSegment): boolean {
    if (this.#builder === undefined) return true;
    const footer = 6 + this.#footer + recordBytes(segment.lengths.length, segment.bases.length) + (this.#bases.size + segment.bases.length) * ID_BYTES;
    if (footer > MAX_FOOTER || this.#records.length + 1 >= MAX_FRAMES || this.#bases.size + segment.bases.length > MAX_PACK_BASES) return false;
    return this.#builder.bytes + segment.plain.length + TAG_BYTES <= PACK_BYTES;
  }

  #baseIndex(id: Uint8Array): number {
    const key = toHex(id);
    const known = this.#bases.get(key);
    if (known !== undefined) return known;
    this.#bases.set(key, this.#bases.size);
    return this.#bases.size - 1;
  }
}
