import { promisify } from 'node:util';
import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import { isAppError, systemCode } from '../../base/errors.ts';
import { damaged } from './bytes.ts';
import { CODEC_STORED, CODEC_ZSTD } from './pack.ts';
import type { Codec } from './pack.ts';
import { MAX_FRAME } from './limits.ts';

const compressAsync = promisify(zstdCompress);
const decompressAsync = promisify(zstdDecompress);

/** Zero bytes before the chunks of a dictionary: without them zstd would parse a chunk that begins with 37 A4 30 EC as a trained dictionary. */
export const DICTIONARY_PREFIX = 8;

/** Level 1 without bases, 3 with them: with a dictionary, 1 makes deltas four times as large. Neither is Node's default (-1 means 3). */
const plainOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const deltaOptions = (dictionary: Uint8Array) => ({ params: { [constants.ZSTD_c_compressionLevel]: 3 }, dictionary });

/** The dictionary of a delta: 8 zero bytes, then the bases' bytes in the order of the record. Throws RangeError above 1 MiB. */
export function makeDictionary(bases: readonly Uint8Array[]): Uint8Array {
  const length = bases.reduce((sum, base) => sum + base.length, DICTIONARY_PREFIX);
  if (length > MAX_FRAME) throw new RangeError('A dictionary is at most 1 MiB.');
  const dictionary = new Uint8Array(length);
  let at = DICTIONARY_PREFIX;
  for (const base of bases) {
    dictionary.set(base, at);
    at += base.length;
  }
  return dictionary;
}

/** zstd of a segment's raw bytes in the thread pool; with a dictionary for a delta. */
export function compressSegment(raw: Uint8Array, dictionary?: Uint8Array): Promise<Buffer> {
  return compressAsync(raw, dictionary === undefined ? plainOptions : deltaOptions(dictionary));
}

export function compressSegmentSync(raw: Uint8Array, dictionary?: Uint8Array): Buffer {
  return zstdCompressSync(raw, dictionary === undefined ? plainOptions : deltaOptions(dictionary));
}

/** What to store for a plain segment: the compressed bytes where they are smaller, else the raw ones. */
export function plainEncoding(raw: Uint8Array, compressed: Uint8Array): { readonly codec: Codec; readonly bytes: Uint8Array } {
  return compressed.length < raw.length ? { codec: CODEC_ZSTD, bytes: compressed } : { codec: CODEC_STORED, bytes: raw };
}

export interface SegmentForm {
  readonly codec: Codec;
  readonly raw: number;
}

function decodeOptions(form: SegmentForm, dictionary: Uint8Array | undefined): { maxOutputLength: number; dictionary?: Uint8Array } {
  const maxOutputLength = Math.max(form.raw, 1);
  return dictionary === undefined ? { maxOutputLength } : { maxOutputLength, dictionary };
}

/**
 * The raw bytes of a segment from its frame's plaintext, in the thread pool; never more than `form.raw` bytes are produced.
 * The right length does not prove the right bytes (a wrong dictionary gives others without an error): the caller compares
 * each chunk with its id. Throws `repository.damaged`.
 */
export async function decodeSegment(plain: Uint8Array, form: SegmentForm, dictionary?: Uint8Array): Promise<Buffer> {
  if (form.codec === CODEC_STORED) return produced(Buffer.from(plain.buffer, plain.byteOffset, plain.length), form);
  try {
    return produced(await decompressAsync(plain, decodeOptions(form, dictionary)), form);
  } catch (error) {
    throw undecodable(error);
  }
}

/** `decodeSegment` on the calling thread: for worker threads and small segments. */
export function decodeSegmentSync(plain: Uint8Array, form: SegmentForm, dictionary?: Uint8Array): Buffer {
  if (form.codec === CODEC_STORED) return produced(Buffer.from(plain.buffer, plain.byteOffset, plain.length), form);
  try {
    return produced(zstdDecompressSync(plain, decodeOptions(form, dictionary)), form);
  } catch (error) {
    throw undecodable(error);
  }
}

function produced(raw: Buffer, form: SegmentForm): Buffer {
  if (raw.length !== form.raw) throw damaged('A segment decodes to another length than its record says.');
  return raw;
}

/** zlib's own refusals become `repository.damaged`; anything without a system code (ours, a bug) passes. */
function undecodable(error: unknown): unknown {
  return isAppError(error) || systemCode(error) === undefined ? error : damaged('A segment does not decompress.', undefined, error);
}
