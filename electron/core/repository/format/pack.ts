import { ByteReader, ByteWriter, damaged } from './bytes.ts';
import { ID_BYTES, MAX_BASES, MAX_FOOTER, MAX_FRAME, MAX_FRAMES, MAX_PACK_BASES, TAG_BYTES } from './limits.ts';
import { HEADER_BYTES, TRAILER_BYTES } from './sealed.ts';

export const SEGMENT_PLAIN = 0;
export const SEGMENT_DELTA = 1;
/** Bytes that stand for nothing: they round a pack's size up. */
export const SEGMENT_PADDING = 2;
export type SegmentKind = 0 | 1 | 2;

/** How a segment's raw bytes became the frame's plaintext. */
export const CODEC_STORED = 16;
export const CODEC_ZSTD = 32;
export type Codec = 16 | 32;

/** One frame of a pack, as its footer describes it. */
export interface SegmentRecord {
  readonly kind: SegmentKind;
  readonly codec: Codec;
  /** Length of the frame in the file, tag included. */
  readonly stored: number;
  /** Length of the segment's bytes: the sum of `lengths`. */
  readonly raw: number;
  /** The ids of its chunks, 16 bytes each, in the order in which they lie in the segment. */
  readonly ids: Uint8Array;
  readonly lengths: readonly number[];
  /** Indices into the footer's `baseIds`; empty unless a delta. The dictionary is 8 zero bytes, then these chunks in order. */
  readonly bases: readonly number[];
}

export interface PackFooter {
  /** Distinct ids of all chunks that deltas of this pack are built on, 16 bytes each. */
  readonly baseIds: Uint8Array;
  readonly records: readonly SegmentRecord[];
}

/** Bytes that a record adds to a footer, its new base ids apart. */
export function recordBytes(chunks: number, bases: number): number {
  return 11 + chunks * (ID_BYTES + 3) + bases * 2;
}

/** Bytes of the encoded footer. */
export function footerBytes(footer: PackFooter): number {
  return footer.records.reduce((sum, record) => sum + recordBytes(record.lengths.length, record.bases.length), 6 + footer.baseIds.length);
}

/** Bytes of a pack's whole file: header, frames, the sealed footer, closing bytes. */
export function packFileBytes(footer: PackFooter): number {
  return HEADER_BYTES + footer.records.reduce((sum, record) => sum + record.stored, 0) + footerBytes(footer) + TAG_BYTES + TRAILER_BYTES;
}

/** Throws RangeError where the footer breaks a rule of the format: a writer's bug. */
export function encodePackFooter(footer: PackFooter, out: ByteWriter = new ByteWriter(footerBytes(footer))): ByteWriter {
  const bases = footer.baseIds.length / ID_BYTES;
  if (footerBytes(footer) > MAX_FOOTER || bases > MAX_PACK_BASES || footer.records.length > MAX_FRAMES) {
    throw new RangeError('Too much for the footer of one pack.');
  }
  out.u32(footer.records.length);
  out.u16(bases);
  out.bytes(footer.baseIds);
  for (const record of footer.records) {
    const broken = brokenRecord(record, bases);
    if (broken !== undefined) throw new RangeError(broken);
    out.u8(record.kind | record.codec);
    out.u24(record.stored);
    out.u24(record.raw);
    out.u16(record.lengths.length);
    out.u16(record.bases.length);
    for (const [i, length] of record.lengths.entries()) {
      out.bytes(record.ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES));
      out.u24(length);
    }
    for (const base of record.bases) out.u16(base);
  }
  return out;
}

/** Why a record is not one of format 1, else undefined. */
function brokenRecord(record: SegmentRecord, baseCount: number): string | undefined {
  if (record.stored < TAG_BYTES || record.stored > MAX_FRAME + TAG_BYTES || record.raw > MAX_FRAME) return 'A segment has an impossible length.';
  if (record.codec === CODEC_STORED && record.stored !== record.raw + TAG_BYTES) return 'A segment stored as it is has another length than its bytes.';
  if (record.kind === SEGMENT_PADDING) {
    const plain = record.lengths.length === 0 && record.bases.length === 0 && record.codec === CODEC_STORED;
    return plain ? undefined : 'Padding holds chunks.';
  }
  if (record.lengths.length === 0) return 'A segment holds no chunk.';
  let sum = 0;
  for (const length of record.lengths) {
    if (length === 0) return 'A segment holds an empty chunk.';
    sum += length;
  }
  if (sum !== record.raw) return 'The chunks of a segment do not add up to its length.';
  if (record.kind === SEGMENT_PLAIN) return record.bases.length === 0 ? undefined : 'A plain segment names bases.';
  if (record.bases.length === 0 || record.bases.length > MAX_BASES || record.codec !== CODEC_ZSTD) return 'A delta has no base, too many, or no compression.';
  return record.bases.every((base) => base < baseCount) ? undefined : 'A delta names a base that the footer does not list.';
}

/**
 * Decodes a footer from `reader`, which may hold more after it. Every count is checked against the bytes that are there before
 * anything is allocated for it. Throws `repository.damaged`.
 */
export function decodePackFooter(reader: ByteReader): PackFooter {
  const count = reader.u32();
  const bases = reader.u16();
  const baseIds = reader.view(bases * ID_BYTES);
  if (count > MAX_FRAMES || count * 11 > reader.left) throw damaged('The footer of a pack counts more segments than it describes.');
  const records: SegmentRecord[] = [];
  for (let i = 0; i < count; i++) records.push(decodeRecord(reader, bases));
  return { baseIds: new Uint8Array(baseIds), records };
}

function decodeRecord(reader: ByteReader, baseCount: number): SegmentRecord {
  const flags = reader.u8();
  const kind = flags & 15;
  const codec = flags & 240;
  const known = (kind === SEGMENT_PLAIN || kind === SEGMENT_DELTA || kind === SEGMENT_PADDING) && (codec === CODEC_STORED || codec === CODEC_ZSTD);
  if (!known) throw damaged('The footer of a pack has a segment of an unknown kind.');
  const stored = reader.u24();
  const raw = reader.u24();
  const n = reader.u16();
  const m = reader.u16();
  if (n * (ID_BYTES + 3) + m * 2 > reader.left) throw damaged('The footer of a pack ends early.');
  const ids = new Uint8Array(n * ID_BYTES);
  const lengths: number[] = [];
  for (let i = 0; i < n; i++) {
    ids.set(reader.view(ID_BYTES), i * ID_BYTES);
    lengths.push(reader.u24());
  }
  const bases: number[] = [];
  for (let i = 0; i < m; i++) bases.push(reader.u16());
  const record: SegmentRecord = { kind, codec, stored, raw, ids, lengths, bases };
  const broken = brokenRecord(record, baseCount);
  if (broken !== undefined) throw damaged(broken);
  return record;
}

/** Decodes the footer of a pack and checks it against the file: number of frames and their sum. Throws `repository.damaged`. */
export function openPackFooter(footer: Uint8Array, frames: number, bodyBytes: number): PackFooter {
  const reader = new ByteReader(footer, 'The footer of the pack');
  const decoded = decodePackFooter(reader);
  reader.end();
  const sum = decoded.records.reduce((total, record) => total + record.stored, 0);
  if (decoded.records.length !== frames || sum !== bodyBytes) throw damaged('The footer of the pack does not describe its frames.');
  return decoded;
}
