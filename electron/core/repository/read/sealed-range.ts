import type { BlobStore } from '../blob-store.ts';
import { damaged, inFile } from '../format/bytes.ts';
import type { FrameCipher, KeyMaterial } from '../format/crypto.ts';
import { MAX_FILE, TAG_BYTES } from '../format/limits.ts';
import { HEADER_BYTES, TRAILER_BYTES, openFooter, openHeader, openTrailer } from '../format/sealed.ts';
import type { FileType } from '../format/sealed.ts';

/** What a first read of a file's end takes: the footer of most packs fits in it. */
const TAIL_BYTES = 32 << 10;

export interface SealedEnds {
  readonly cipher: FrameCipher;
  readonly footer: Buffer;
  readonly frames: number;
  /** Bytes between header and footer. */
  readonly bodyBytes: number;
}

/**
 * Header and footer of a sealed file of `size` bytes, by two reads of ranges (three where the footer is long). Throws what
 * `openHeader` and `openFooter` throw and what the store throws, each with the path in its details.
 */
export async function openSealedEnds(store: BlobStore, path: string, size: number, keys: KeyMaterial, type: FileType): Promise<SealedEnds> {
  try {
    if (size < HEADER_BYTES + TAG_BYTES + TRAILER_BYTES || size > MAX_FILE) throw damaged('The file has an impossible length.');
    const cipher = openHeader(await store.read(path, { from: 0, length: HEADER_BYTES }), keys, type);
    const tailFrom = Math.max(HEADER_BYTES, size - TAIL_BYTES);
    const tail = await store.read(path, { from: tailFrom, length: size - tailFrom });
    const { footerStored, frames } = openTrailer(tail.subarray(tail.length - TRAILER_BYTES), size);
    const footerFrom = size - TRAILER_BYTES - footerStored;
    const sealed =
      footerFrom >= tailFrom
        ? tail.subarray(footerFrom - tailFrom, footerFrom - tailFrom + footerStored)
        : await store.read(path, { from: footerFrom, length: footerStored });
    return { cipher, footer: openFooter(cipher, sealed), frames, bodyBytes: footerFrom - HEADER_BYTES };
  } catch (error) {
    throw inFile(path, error);
  }
}
