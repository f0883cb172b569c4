import { promisify } from 'node:util';
import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import type { ZstdOptions } from 'node:zlib';
import { isAppError, systemCode } from '../../base/errors.ts';
import { damaged } from './bytes.ts';
import { CODEC_STORED, CODEC_ZSTD } from './pack.ts';
import type { Codec } from './pack.ts';
import { MAX_FRAME } from './limits.ts';

const compressAsync = promisify(zstdCompress);
const decompressAsync = promisify(zstdDecompress);

/** Zero bytes before the chunks of a dictionary: without them zstd would parse a chunk that begins with 37 A4 30 EC as a trained dictionary. */
export const DICTIONARY_PREFIX = 8;

/** The fastest strategy, with the window that covers the usual segment: what the longer reach finds pays for the coarser search. */
export const plainParameters: Readonly<Record<number, number>> = {
  [constants.ZSTD_c_compressionLevel]: 1,
  [constants.ZSTD_c_minMatch]: 7,
  [constants.ZSTD_c_hashLog]: 17,
  [constants.ZSTD_c_targetLength]: 2,
  [constants.ZSTD_c_windowLog]: 20,
};

/**
 * Levels of deltas. Of pages, loading the dictionary is most of the work, so that 6 costs no more than 3 and finds more; of text in rows, 6 takes two and a
 * half times as long as 3 and saves a seventh (docs/decisions/0012).
 */
export const DELTA_LEVEL = { pages: 6, rows: 3 } as const;

/** Output in one piece: zlib takes a turn of the thread pool for each piece of `chunkSize`. */
const plainOptions = (raw: Uint8Array) => ({
  params: plainParameters,
  pledgedSrcSize: raw.length,
  chunkSize: raw.length + (raw.length >> 7) + 128,
});
const deltaOptions = (raw: Uint8Array, dictionary: Uint8Array, level: number) => ({
  params: { [constants.ZSTD_c_compressionLevel]: level },
  pledgedSrcSize: raw.length,
  dictionary,
});

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

/** zstd of a segment's raw bytes in the thread pool; with a dictionary for a delta, of that level. */
export function compressSegment(raw: Uint8Array, dictionary?: Uint8Array, level: number = DELTA_LEVEL.pages): Promise<Buffer> {
  return compressAsync(raw, dictionary === undefined ? plainOptions(raw) : deltaOptions(raw, dictionary, level));
}

export function compressSegmentSync(raw: Uint8Array, dictionary?: Uint8Array, level: number = DELTA_LEVEL.pages): Buffer {
  return zstdCompressSync(raw, dictionary === undefined ? plainOptions(raw) : deltaOptions(raw, dictionary, level));
}

/** What to store for a plain segment: the compressed bytes where they are smaller, else the raw ones. */
export function plainEncoding(raw: Uint8Array, compressed: Uint8Array): { readonly codec: Codec; readonly bytes: Uint8Array } {
  return compressed.length < raw.length ? { codec: CODEC_ZSTD, bytes: compressed } : { codec: CODEC_STORED, bytes: raw };
}

export interface SegmentForm {
  readonly codec: Codec;
  readonly raw: number;
}

/** No frame has content beyond 1 MiB: one that asks for a window above 8 MiB only wants memory. */
export const decodeParameters: Readonly<Record<number, number>> = { [constants.ZSTD_d_windowLogMax]: 23 };

/** One byte of room beyond `raw`: zlib sees that the output ended without a second piece (twice as fast as pieces of 16 KiB). */
function decodeOptions(form: SegmentForm, dictionary: Uint8Array | undefined): ZstdOptions {
  const options = { maxOutputLength: Math.max(form.raw, 1), chunkSize: Math.max(form.raw + 1, 64), params: decodeParameters };
  return dictionary === undefined ? options : { ...options, dictionary };
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
