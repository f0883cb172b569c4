import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto';
import type { ScryptOptions } from 'node:crypto';
import { AppError } from '../../base/errors.ts';
import type { Random } from '../../base/ports.ts';
import type { Unlock } from '../repository.ts';
import { damaged, fromHex, toHex } from './bytes.ts';
import { hkdf } from './crypto.ts';
import { asCount, asHex, asObject, asText, canonicalJson, parseJsonObject } from './json.ts';
import { ID_BYTES, MAX_SLOT_BYTES, TAG_BYTES } from './limits.ts';
import { parseRecoveryKey } from './recovery-key.ts';

export type SlotKind = 'passphrase' | 'keyfile' | 'recovery';

export type SlotKdf =
  | { readonly name: 'scrypt'; readonly n: number; readonly r: 8; readonly p: 1; readonly salt: string }
  | { readonly name: 'hkdf'; readonly salt: string };

/** One way to the master key, as it lies in `keys/<slot>` and `keys.copy/<slot>`. */
export interface Slot {
  readonly v: 1;
  /** Name of the slot, 32 hex digits, and of its file. */
  readonly slot: string;
  readonly kind: SlotKind;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly kdf: SlotKdf;
  /** 24 hex digits. */
  readonly nonce: string;
  /** AES-256-GCM of master | repository id, with its tag: 64 bytes as hex. */
  readonly wrapped: string;
}

/** N for new passphrase slots: about 128 MiB and half a second. */
export const SCRYPT_N = 1 << 17;
const SCRYPT_MIN = 1 << 15;
const SCRYPT_MAX = 1 << 20;
const INFO = 'belay/1 slot';

function scryptKey(passphrase: string, salt: Uint8Array, n: number): Promise<Uint8Array> {
  const options: ScryptOptions = { N: n, r: 8, p: 1, maxmem: 128 * 8 * n + (1 << 20) };
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFC'), salt, 32, options, (error, key) => {
      if (error === null) resolve(new Uint8Array(key));
      else reject(error);
    });
  });
}

/** The key that wraps the master: scrypt of the passphrase's NFC UTF-8, or HKDF of 32 random bytes. */
function wrappingKey(secret: string | Uint8Array, kdf: SlotKdf): Promise<Uint8Array> {
  const salt = fromHex(kdf.salt, 32, 'The salt of a key slot');
  if (kdf.name === 'scrypt' && typeof secret === 'string') return scryptKey(secret, salt, kdf.n);
  if (kdf.name === 'hkdf' && typeof secret !== 'string') return Promise.resolve(hkdf(secret, salt, INFO, 32));
  throw new RangeError('The secret does not fit the kind of slot.');
}

function additionalData(slot: Omit<Slot, 'wrapped'>): Buffer {
  const { v, slot: name, kind, created, kdf, nonce } = slot;
  return Buffer.from(canonicalJson({ v, slot: name, kind, created, kdf, nonce }), 'utf8');
}

/** What a new slot is made from: a passphrase, or 32 bytes from the system's random source. */
export type SlotSecret =
  | { readonly kind: 'passphrase'; readonly passphrase: string; readonly n?: number }
  | { readonly kind: 'keyfile' | 'recovery'; readonly key: Uint8Array };

/** Makes a slot that wraps `master`. The parameters of scrypt are those of `SCRYPT_N` unless `n` (a power of two, 2^15 to 2^20) says otherwise. */
export async function makeSlot(secret: SlotSecret, master: Uint8Array, repository: Uint8Array, random: Random, created: number): Promise<Slot> {
  const salt = toHex(random.bytes(32));
  const kdf: SlotKdf = secret.kind === 'passphrase' ? { name: 'scrypt', n: secret.n ?? SCRYPT_N, r: 8, p: 1, salt } : { name: 'hkdf', salt };
  const open = { v: 1, slot: toHex(random.bytes(ID_BYTES)), kind: secret.kind, created, kdf, nonce: toHex(random.bytes(12)) } as const;
  const key = await wrappingKey(secret.kind === 'passphrase' ? secret.passphrase : secret.key, kdf);
  const cipher = createCipheriv('aes-256-gcm', key, Buffer.from(open.nonce, 'hex'));
  cipher.setAAD(additionalData(open));
  const wrapped = Buffer.concat([cipher.update(Buffer.concat([master, repository])), cipher.final(), cipher.getAuthTag()]);
  return { ...open, wrapped: wrapped.toString('hex') };
}

export function encodeSlot(slot: Slot): Uint8Array {
  return new Uint8Array(Buffer.from(`${canonicalJson(slot)}\n`, 'utf8'));
}

/** Reads a slot and checks every bound of its parameters before anything is computed with them. Throws `repository.damaged`. */
export function decodeSlot(bytes: Uint8Array): Slot {
  if (bytes.length > MAX_SLOT_BYTES) throw damaged('The key slot is too long.');
  const json = parseJsonObject(bytes, 'The key slot');
  if (json['v'] !== 1) throw damaged('The key slot is of an unknown version.');
  const kind = json['kind'];
  if (kind !== 'passphrase' && kind !== 'keyfile' && kind !== 'recovery') throw damaged('The key slot is of an unknown kind.');
  return {
    v: 1,
    slot: asHex(json['slot'], ID_BYTES, 'The name of the key slot'),
    kind,
    created: asCount(json['created'], 'The time of the key slot'),
    kdf: decodeKdf(json['kdf'], kind),
    nonce: asHex(json['nonce'], 12, 'The nonce of the key slot'),
    wrapped: asHex(json['wrapped'], 32 + ID_BYTES + TAG_BYTES, 'The wrapped key of the key slot'),
  };
}

function decodeKdf(value: unknown, kind: SlotKind): SlotKdf {
  const json = asObject(value, 'The key derivation of the key slot');
  const name = asText(json['name'], 'The key derivation of the key slot');
  const salt = asHex(json['salt'], 32, 'The salt of the key slot');
  if (kind !== 'passphrase') {
    if (name !== 'hkdf') throw damaged('The key slot names another key derivation than its kind has.');
    return { name, salt };
  }
  const n = asCount(json['n'], 'The cost of the key slot', SCRYPT_MAX);
  const bounded = name === 'scrypt' && json['r'] === 8 && json['p'] === 1 && n >= SCRYPT_MIN && (n & (n - 1)) === 0;
  if (!bounded) throw damaged('The key slot asks for a key derivation outside the bounds of the format.');
  return { name: 'scrypt', n, r: 8, p: 1, salt };
}

/**
 * The master key behind a slot. Throws `repository.passphrase-wrong` where the secret does not open it (or the slot was
 * changed, which cannot be told apart), `repository.foreign` where it opens but wraps the key of another repository,
 * `input.invalid` for a mistyped recovery key. Reads nothing, writes nothing.
 */
export async function openSlot(slot: Slot, unlock: Exclude<Unlock, { readonly kind: 'none' }>, repository: Uint8Array): Promise<Uint8Array> {
  const secret = unlock.kind === 'passphrase' ? unlock.passphrase : unlock.kind === 'recovery' ? parseRecoveryKey(unlock.key) : unlock.key;
  if (unlock.kind !== slot.kind) throw wrong(slot);
  const key = await wrappingKey(secret, slot.kdf);
  const wrapped = Buffer.from(slot.wrapped, 'hex');
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(slot.nonce, 'hex'), { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData(slot));
  decipher.setAuthTag(wrapped.subarray(wrapped.length - TAG_BYTES));
  const plain = decipher.update(wrapped.subarray(0, wrapped.length - TAG_BYTES));
  try {
    decipher.final();
  } catch (error) {
    throw wrong(slot, error);
  }
  if (plain.compare(repository, 0, ID_BYTES, 32) !== 0) {
    throw new AppError('repository.foreign', 'The key slot belongs to another repository.', { hint: 'Put back the key slots of this repository.' });
  }
  return Uint8Array.from(plain.subarray(0, 32));
}

function wrong(slot: Slot, cause?: unknown): AppError {
  const what = slot.kind === 'passphrase' ? 'passphrase' : slot.kind === 'keyfile' ? 'key file' : 'recovery key';
  return new AppError('repository.passphrase-wrong', `The ${what} does not open the repository.`, {
    hint: 'Try again, or use another key slot or the recovery key. Nothing was changed.',
    details: { slot: slot.slot, kind: slot.kind },
    ...(cause === undefined ? {} : { cause }),
  });
}
