import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Random } from '../../base/ports.ts';
import { ByteReader, damaged } from './bytes.ts';
import type { KeyMaterial } from './crypto.ts';
import { canonicalJson, parseJsonObject } from './json.ts';
import type { JsonObject } from './json.ts';
import { SealedBuilder, decodeFrameLengths, encodeFrameLengths, openFrame, openSealed } from './sealed.ts';
import type { FileType } from './sealed.ts';
import { decodeParameters } from './segment.ts';

/** What a document takes as a rule: zlib sets this much memory aside for each, and there may be ten thousand to open. */
const DOCUMENT_BYTES = 8 << 10;

/** One JSON document as a sealed file: a single frame, zstd of canonical JSON. Throws RangeError above `max` bytes of JSON. */
export function sealDocument(
  keys: KeyMaterial,
  random: Random,
  type: FileType,
  value: JsonObject,
  max: number,
): { readonly bytes: Uint8Array; readonly name: string } {
  const json = Buffer.from(canonicalJson(value), 'utf8');
  if (json.length > max) throw new RangeError(`The document is longer than ${String(max)} bytes.`);
  const builder = new SealedBuilder(keys, type, random, 4096);
  builder.append(zstdCompressSync(json, { params: { [constants.ZSTD_c_compressionLevel]: 3 } }));
  return builder.finish(encodeFrameLengths(builder.storedLengths).finish());
}

/** The JSON object of a file made by `sealDocument`. Throws as `openSealed` does. */
export function openDocument(bytes: Uint8Array, keys: KeyMaterial, type: FileType, max: number, what: string): JsonObject {
  const file = openSealed(bytes, keys, type);
  const reader = new ByteReader(file.footer, `The footer of ${what}`);
  const stored = decodeFrameLengths(reader, file.frames, file.body.length);
  reader.end();
  if (stored.length !== 1) throw damaged(`${what} has ${String(stored.length)} frames instead of one.`);
  const frame = openFrame(file.cipher, 0, file.body);
  let json: Buffer;
  try {
    json = zstdDecompressSync(frame, { maxOutputLength: max, chunkSize: DOCUMENT_BYTES, params: decodeParameters });
  } catch (error) {
    throw damaged(`${what} does not decompress.`, undefined, error);
  }
  return parseJsonObject(json, what);
}
