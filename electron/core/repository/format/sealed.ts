import { AppError } from '../../base/errors.ts';
import type { Random } from '../../base/ports.ts';
import { ByteReader, ByteWriter, asBuffer, damaged, sameBytes, toHex } from './bytes.ts';
import { FOOTER_FRAME, FrameCipher, fileKey, fileName } from './crypto.ts';
import type { KeyMaterial } from './crypto.ts';
import { FORMAT_VERSION, MAX_FILE, MAX_FOOTER, MAX_FRAME, MAX_FRAMES, TAG_BYTES } from './limits.ts';

/** Types of sealed file; part of the key derivation, so that no file passes for one of another type. */
export const TYPE_PACK = 1;
export const TYPE_METADATA = 2;
export const TYPE_INDEX = 3;
export const TYPE_MANIFEST = 4;
export const TYPE_JOURNAL = 5;
/** What a client remembers of manifests, outside of any repository. */
export const TYPE_REMEMBERED = 6;
export type FileType = 1 | 2 | 3 | 4 | 5 | 6;

export const HEADER_BYTES = 64;
export const TRAILER_BYTES = 16;
const MAGIC = Buffer.from('BELAY\0\0', 'latin1');
const END = Buffer.from('BELAYEND', 'latin1');

function encodeHeader(type: FileType, repository: Uint8Array, salt: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.set(MAGIC, 0);
  header.writeUInt8(FORMAT_VERSION, 7);
  header.writeUInt8(type, 8);
  header.set(repository, 16);
  header.set(salt, 32);
  return header;
}

/**
 * Checks the 64 header bytes of a file and prepares its key. Throws `repository.damaged` (not a sealed file, another type or
 * version), `repository.foreign` (another repository's file). The header itself is authenticated by the
 * first frame that is opened.
 */
export function openHeader(header: Uint8Array, keys: KeyMaterial, type: FileType): FrameCipher {
  if (header.length !== HEADER_BYTES || !sameBytes(header.subarray(0, 7), MAGIC)) throw damaged('Not a sealed file of Belay.');
  const version = header[7] ?? 0;
  // Only the config says what format a repository is of: one changed byte of a file must not make it look newer than it is.
  if (version !== FORMAT_VERSION) throw damaged(`The file claims to be of format ${String(version)}, in a repository of format ${String(FORMAT_VERSION)}.`);
  if (!sameBytes(header.subarray(16, 32), keys.repository)) {
    throw new AppError('repository.foreign', 'The file belongs to another repository.', {
      hint: 'Move it out of the repository.',
      details: { repository: toHex(header, 16, 32) },
    });
  }
  if (header[8] !== type) throw damaged(`The file is of type ${String(header[8])} where type ${String(type)} belongs.`);
  const copy = new Uint8Array(header);
  return new FrameCipher(fileKey(keys, copy.subarray(32, 64), type), copy);
}

/** Builds one sealed file in memory, frame by frame. Frames can be opened again before the file is finished (decode-back). */
export class SealedBuilder {
  private readonly cipher: FrameCipher;
  private buffer: Buffer;
  private at = HEADER_BYTES;
  private readonly stored: number[] = [];
  private finished = false;

  /** `memory`: to build in, or only a first size of it; grows as needed. The salt is drawn here: one builder, one file. */
  constructor(keys: KeyMaterial, type: FileType, random: Random, memory: number | Buffer = 64 << 10) {
    const header = encodeHeader(type, keys.repository, random.bytes(32));
    this.cipher = openHeader(header, keys, type);
    this.buffer = typeof memory === 'number' ? Buffer.allocUnsafe(Math.max(memory, HEADER_BYTES + TRAILER_BYTES)) : memory;
    this.buffer.set(header, 0);
  }

  /** Bytes of header and frames so far. */
  get bytes(): number {
    return this.at;
  }

  get frames(): number {
    return this.stored.length;
  }

  /** Stored lengths of the frames so far, tags included, in order. */
  get storedLengths(): readonly number[] {
    return this.stored;
  }

  private room(length: number): void {
    if (this.at + length <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(Math.floor(this.buffer.length * 1.5), this.at + length));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }

  /** Seals the next frame. Returns its number, where it lies in the file and its stored length. */
  append(plain: Uint8Array): { readonly frame: number; readonly offset: number; readonly stored: number } {
    if (this.finished) throw new RangeError('The sealed file is finished.');
    if (plain.length > MAX_FRAME || this.stored.length >= MAX_FRAMES) throw new RangeError('Too much for a sealed file.');
    this.room(plain.length + TAG_BYTES);
    const frame = this.stored.length;
    const offset = this.at;
    const stored = this.cipher.sealInto(frame, plain, this.buffer, offset);
    this.at += stored;
    this.stored.push(stored);
    return { frame, offset, stored };
  }

  /** Opens a frame from the bytes that will be written; throws `repository.damaged` where they do not authenticate. */
  reopen(frame: number, offset: number, stored: number): Buffer {
    const plain = this.cipher.open(frame, this.buffer.subarray(offset, offset + stored));
    if (plain === undefined) throw damaged('A frame that was just sealed does not open.');
    return plain;
  }

  /** Seals the footer and closes the file. `bytes` is a view of the builder's buffer, to be published as it is. */
  finish(footer: Uint8Array): { readonly bytes: Uint8Array; readonly name: string } {
    if (this.finished) throw new RangeError('The sealed file is finished.');
    if (footer.length > MAX_FOOTER) throw new RangeError('The footer is too large.');
    this.finished = true;
    this.room(footer.length + TAG_BYTES + TRAILER_BYTES);
    const stored = this.cipher.sealInto(FOOTER_FRAME, footer, this.buffer, this.at);
    this.at += stored;
    this.buffer.writeUInt32LE(stored, this.at);
    this.buffer.writeUInt32LE(this.stored.length, this.at + 4);
    this.buffer.set(END, this.at + 8);
    this.at += TRAILER_BYTES;
    const bytes = this.buffer.subarray(0, this.at);
    return { bytes, name: fileName(bytes) };
  }
}

/** Checks the 16 closing bytes of a file of `size` bytes. Throws `repository.damaged`. */
export function openTrailer(trailer: Uint8Array, size: number): { readonly footerStored: number; readonly frames: number } {
  const reader = new ByteReader(trailer, 'The end of the file');
  const footerStored = reader.u32();
  const frames = reader.u32();
  if (!sameBytes(reader.view(8), END)) throw damaged('The file is cut short or has bytes after its end.');
  reader.end();
  const fits = footerStored >= TAG_BYTES && footerStored <= MAX_FOOTER + TAG_BYTES && footerStored <= size - HEADER_BYTES - TRAILER_BYTES;
  if (!fits || frames > MAX_FRAMES || size > MAX_FILE) throw damaged('The closing bytes of the file claim impossible lengths.');
  return { footerStored, frames };
}

/** Opens the footer's frame. Throws `repository.damaged`. */
export function openFooter(cipher: FrameCipher, sealed: Uint8Array): Buffer {
  const footer = cipher.open(FOOTER_FRAME, sealed);
  if (footer === undefined) throw damaged('The footer of the file does not authenticate: it was changed or the key is another.');
  return footer;
}

/** Opens frame `frame` of a file. Throws `repository.damaged` with the frame's number in its details. */
export function openFrame(cipher: FrameCipher, frame: number, sealed: Uint8Array): Buffer {
  const plain = cipher.open(frame, sealed);
  if (plain === undefined) throw damaged(`Frame ${String(frame)} does not authenticate.`, { frame });
  return plain;
}

/** A whole sealed file in memory, its header, footer and closing bytes checked. Frames open one by one. */
export interface SealedFile {
  readonly cipher: FrameCipher;
  readonly footer: Buffer;
  /** Number of frames as the closing bytes tell it; the footer's own count must equal it. */
  readonly frames: number;
  /** Bytes between header and footer: the stored frames. */
  readonly body: Uint8Array;
}

/** Opens a whole file. Throws as `openHeader`, `openTrailer` and `openFooter` do. */
export function openSealed(bytes: Uint8Array, keys: KeyMaterial, type: FileType): SealedFile {
  if (bytes.length < HEADER_BYTES + TAG_BYTES + TRAILER_BYTES) throw damaged('The file is too short.');
  const cipher = openHeader(bytes.subarray(0, HEADER_BYTES), keys, type);
  const footerEnd = bytes.length - TRAILER_BYTES;
  const { footerStored, frames } = openTrailer(bytes.subarray(footerEnd), bytes.length);
  const footer = openFooter(cipher, bytes.subarray(footerEnd - footerStored, footerEnd));
  return { cipher, footer, frames, body: bytes.subarray(HEADER_BYTES, footerEnd - footerStored) };
}

/** The footer of files that are not packs: `u32 count, count x u32 stored`. */
export function encodeFrameLengths(stored: readonly number[], out = new ByteWriter()): ByteWriter {
  out.u32(stored.length);
  for (const length of stored) out.u32(length);
  return out;
}

/**
 * Reads `u32 count, count x u32 stored` and checks it against the file: count equals the closing bytes' count, every length is
 * that of a frame, the sum is the body's length. Throws `repository.damaged`.
 */
export function decodeFrameLengths(reader: ByteReader, frames: number, bodyBytes: number): number[] {
  const count = reader.u32();
  if (count !== frames || count * 4 > reader.left) throw damaged('The footer counts other frames than the file has.');
  const stored: number[] = [];
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const length = reader.u32();
    if (length < TAG_BYTES || length > MAX_FRAME + TAG_BYTES) throw damaged('The footer names a frame of an impossible length.');
    stored.push(length);
    sum += length;
  }
  if (sum !== bodyBytes) throw damaged('The lengths of the frames do not add up to the file.');
  return stored;
}

/** Every frame of an opened file, in order; frames are opened one by one as they are asked for. */
export function* eachFrame(file: SealedFile, stored: readonly number[]): Generator<Buffer> {
  let at = 0;
  for (const [frame, length] of stored.entries()) {
    yield openFrame(file.cipher, frame, asBuffer(file.body).subarray(at, at + length));
    at += length;
  }
}
