import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hash, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { release } from '../../base/memory.ts';
import { ID_BYTES, TAG_BYTES } from './limits.ts';

/**
 * Keys of one repository, all derived from its master key. Plain bytes, so that the value can be posted to a worker thread.
 * Never logged, never written but as `master` in the config of an unprotected repository.
 */
export interface KeyMaterial {
  /** The repository's id, 16 bytes. Not secret; salt of every derivation. */
  readonly repository: Uint8Array;
  /** 32 random bytes. */
  readonly master: Uint8Array;
  /** 32 bytes: keys the ids of chunks. */
  readonly idKey: Uint8Array;
  /** 1024 bytes: 256 little-endian i32, the gear table of the cutter. */
  readonly gearKey: Uint8Array;
  /** 32 bytes: authenticates `config`. */
  readonly configKey: Uint8Array;
}

/** What a chunk is made of; the first byte under the id's HMAC. */
export const CHUNK_DATA = 0;
export const CHUNK_LIST = 1;
export const CHUNK_TABLE = 2;
export type ChunkKind = 0 | 1 | 2;

export function hkdf(key: Uint8Array, salt: Uint8Array, info: string | Uint8Array, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, salt, info, length));
}

/** Derives every repository-wide key from the master key. */
export function deriveKeys(repository: Uint8Array, master: Uint8Array): KeyMaterial {
  return {
    repository,
    master,
    idKey: hkdf(master, repository, 'belay/1 id', 32),
    gearKey: hkdf(master, repository, 'belay/1 gear', 1024),
    configKey: hkdf(master, repository, 'belay/1 config', 32),
  };
}

const FILE_INFO = Buffer.from('belay/1 file', 'latin1');

/** The 32-byte key of one sealed file; `salt` is the file's own 32 random bytes. */
export function fileKey(keys: KeyMaterial, salt: Uint8Array, type: number): Uint8Array {
  const info = Buffer.concat([FILE_INFO, Uint8Array.of(type), keys.repository]);
  return new Uint8Array(hkdfSync('sha256', masterObject(keys.master), salt, info, 32));
}

/** A key object is made once for each master: making it anew costs more than deriving a key from it, and every small file derives one. */
const masters = new WeakMap<Uint8Array, KeyObject>();

function masterObject(master: Uint8Array): KeyObject {
  const known = masters.get(master);
  if (known !== undefined) return known;
  const made = createSecretKey(master);
  masters.set(master, made);
  return made;
}

/** SHA-256, 32 bytes. */
export function sha256(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer');
}

export function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(bytes).digest();
}

/** The name under which a sealed file lies: the first 16 bytes of the SHA-256 of the whole file, as 32 hex digits. */
export function fileName(bytes: Uint8Array): string {
  return sha256Hex(bytes).slice(0, 2 * ID_BYTES);
}

const BLOCK = 64;

/**
 * Makes ids: the first 16 bytes of HMAC-SHA-256(idKey, kind u8 | SHA-256(chunk)). HMAC by two one-shot hashes over prepared
 * pads (RFC 2104 with its key of one block), because a `createHmac` per chunk costs ten times as much. Not for two threads at once.
 */
export class ChunkIds {
  private readonly inner = Buffer.alloc(BLOCK + 1 + 32);
  private readonly outer = Buffer.alloc(BLOCK + 32);

  constructor(idKey: Uint8Array) {
    this.inner.fill(0x36, 0, BLOCK);
    this.outer.fill(0x5c, 0, BLOCK);
    idKey.forEach((byte, i) => {
      this.inner.writeUInt8(byte ^ 0x36, i);
      this.outer.writeUInt8(byte ^ 0x5c, i);
    });
  }

  /** The id of a chunk whose SHA-256 is `digest`: a view of 16 fresh bytes. */
  fromDigest(kind: ChunkKind, digest: Uint8Array): Buffer {
    this.inner[BLOCK] = kind;
    this.inner.set(digest, BLOCK + 1);
    this.outer.set(hash('sha256', this.inner, 'buffer'), BLOCK);
    return hash('sha256', this.outer, 'buffer').subarray(0, ID_BYTES);
  }

  of(kind: ChunkKind, chunk: Uint8Array): Buffer {
    return this.fromDigest(kind, sha256(chunk));
  }

  /** Whether `chunk` is what the id at `ids[at .. at + 16)` names. */
  matches(kind: ChunkKind, chunk: Uint8Array, ids: Uint8Array, at = 0): boolean {
    return this.of(kind, chunk).compare(ids, at, at + ID_BYTES) === 0;
  }
}

/** Frame number of a footer. */
export const FOOTER_FRAME = 0xffffffff;

/**
 * Seals and opens the frames of one file: AES-256-GCM, nonce = frame number u32 | 8 zero bytes, additional data = the file's
 * 64 header bytes. A file key is used for one file, written once, so no (key, nonce) pair ever seals two plaintexts.
 */
export class FrameCipher {
  /** A key object: bytes would be turned into one for each frame, which costs more than sealing a small one. */
  private readonly key: KeyObject;
  private readonly header: Uint8Array;
  private readonly nonce = Buffer.alloc(12);

  constructor(key: Uint8Array, header: Uint8Array) {
    this.key = createSecretKey(key);
    this.header = header;
  }

  /** Writes ciphertext | tag at `out[at ..]` and returns the bytes written: `plain.length + 16`. */
  sealInto(frame: number, plain: Uint8Array, out: Uint8Array, at: number): number {
    this.nonce.writeUInt32LE(frame, 0);
    const cipher = createCipheriv('aes-256-gcm', this.key, this.nonce);
    cipher.setAAD(this.header);
    const sealed = cipher.update(plain);
    out.set(sealed, at);
    release(sealed);
    cipher.final();
    out.set(cipher.getAuthTag(), at + plain.length);
    return plain.length + TAG_BYTES;
  }

  /** The frame's plaintext, or undefined where its tag does not fit. */
  open(frame: number, sealed: Uint8Array): Buffer | undefined {
    if (sealed.length < TAG_BYTES) return undefined;
    this.nonce.writeUInt32LE(frame, 0);
    const decipher = createDecipheriv('aes-256-gcm', this.key, this.nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(this.header);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return plain;
  }
}
