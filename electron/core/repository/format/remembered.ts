import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Random } from '../../base/ports.ts';
import { ByteReader, damaged } from './bytes.ts';
import type { KeyMaterial } from './crypto.ts';
import { asCount, asHex, asObject, asText, parseJsonObject } from './json.ts';
import { MAX_FRAME } from './limits.ts';
import { manifestOf, parseNumberedPath } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { SealedBuilder, TYPE_REMEMBERED, decodeFrameLengths, eachFrame, encodeFrameLengths, openSealed } from './sealed.ts';
import { decodeParameters } from './segment.ts';

/** A manifest as it was decoded from its file. */
export interface RememberedManifest {
  /** Name of the file: `<10 digits>-<32 hex>`. */
  readonly name: string;
  /** The file's stamp in a listing that was made before it was read. */
  readonly stamp: string;
  /** SHA-256 of the file, 64 hex digits. */
  readonly hash: string;
  /** Bytes of the file. */
  readonly bytes: number;
  readonly manifest: Manifest;
}

/** JSON of one frame: few enough that nobody waits for one to be decoded. */
const FRAME_JSON = 192 << 10;

/**
 * Manifests in one file that nobody can read or make without the repository's keys. Never part of a repository: see decision 0022. `rest` is called between
 * pieces of work of a few milliseconds.
 */
export async function sealRemembered(
  keys: KeyMaterial,
  random: Random,
  manifests: Iterable<RememberedManifest>,
  rest: () => Promise<void>,
): Promise<Uint8Array> {
  const builder = new SealedBuilder(keys, TYPE_REMEMBERED, random, 1 << 20);
  let batch: string[] = [];
  let size = 0;
  const close = (): void => {
    if (batch.length === 0) return;
    const json = Buffer.from(`{"v":1,"manifests":[${batch.join(',')}]}`, 'utf8');
    builder.append(zstdCompressSync(json, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }));
    batch = [];
    size = 0;
  };
  for (const one of manifests) {
    const json = JSON.stringify(one);
    batch.push(json);
    size += json.length;
    if (size < FRAME_JSON) continue;
    close();
    await rest();
  }
  close();
  return builder.finish(encodeFrameLengths(builder.storedLengths).finish()).bytes;
}

/** What `sealRemembered` made, a frame at a time. Throws `repository.damaged`, `repository.foreign`. */
export function* openRemembered(bytes: Uint8Array, keys: KeyMaterial): Generator<readonly RememberedManifest[]> {
  const what = 'What is remembered of manifests';
  const file = openSealed(bytes, keys, TYPE_REMEMBERED);
  const reader = new ByteReader(file.footer, what);
  const stored = decodeFrameLengths(reader, file.frames, file.body.length);
  reader.end();
  for (const frame of eachFrame(file, stored)) {
    const { v, manifests } = parseJsonObject(decompressed(frame, what), what);
    if (v !== 1 || !Array.isArray(manifests)) throw damaged(`${what} is of an unknown version.`);
    yield manifests.map((one) => rememberedOf(one, what));
  }
}

function decompressed(frame: Buffer, what: string): Buffer {
  try {
    return zstdDecompressSync(frame, { maxOutputLength: MAX_FRAME, params: decodeParameters });
  } catch (error) {
    throw damaged(`${what} does not decompress.`, undefined, error);
  }
}

function rememberedOf(value: unknown, what: string): RememberedManifest {
  const json = asObject(value, what);
  const name = asText(json['name'], what);
  const hash = asHex(json['hash'], 32, what);
  const manifest = manifestOf(asObject(json['manifest'], what));
  const numbered = parseNumberedPath(name);
  if (numbered?.seq !== manifest.seq || numbered.name !== hash.slice(0, 32)) throw damaged(`${what} does not fit the name of its file.`);
  return { name, stamp: asText(json['stamp'], what), hash, bytes: asCount(json['bytes'], what), manifest };
}
