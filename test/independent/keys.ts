import { createDecipheriv, createHmac, hkdfSync, scryptSync, timingSafeEqual } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { NewerFormat, Refusal, canonical, hexOf, listOf, messageOf, must, objectOf, parseObject, sha256, textOf, wholeOf } from './bytes.ts';
import type { JsonObject } from './bytes.ts';

/** What opens a repository whose protection is "keys": the text of a passphrase, the bytes of a key file, or a printed recovery key. */
export interface Secret {
  readonly kind: 'passphrase' | 'keyfile' | 'recovery';
  readonly value: string | Buffer;
}

export interface Keys {
  readonly repository: Buffer;
  readonly master: Buffer;
  readonly idKey: Buffer;
}

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

export function hkdf(key: Uint8Array, salt: Uint8Array, info: string | Uint8Array, length = 32): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, info, length));
}

export function fileKey(keys: Keys, salt: Uint8Array, type: number): Buffer {
  return hkdf(keys.master, salt, Buffer.concat([Buffer.from('belay/1 file'), Buffer.of(type), keys.repository]));
}

/** The id of a chunk as hex; kind 0 data, 1 list, 2 table. */
export function chunkId(keys: Keys, kind: 0 | 1 | 2, chunk: Uint8Array): string {
  return createHmac('sha256', keys.idKey).update(Buffer.of(kind)).update(sha256(chunk)).digest().toString('hex', 0, 16);
}

/** AES-256-GCM of `sealed` = ciphertext | tag 16; refused in the name of `what` where the tag does not fit. */
export function unseal(key: Buffer, nonce: Buffer, additional: Buffer, sealed: Buffer, what: string): Buffer {
  must(sealed.length >= 16, `${what}: shorter than a tag`);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  decipher.setAAD(additional);
  decipher.setAuthTag(sealed.subarray(sealed.length - 16));
  const open = decipher.update(sealed.subarray(0, sealed.length - 16));
  try {
    return Buffer.concat([open, decipher.final()]);
  } catch (error) {
    throw new Refusal(`${what}: its tag does not fit`, { cause: error });
  }
}

/** The 32 bytes of a printed recovery key; its check bytes must fit. */
export function recoveryBytes(printed: string): Buffer {
  const digits = printed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  must(digits.length === 56, `recovery key: ${digits.length} characters instead of 56`);
  let bits = 0n;
  for (const digit of digits) {
    const value = crockford.indexOf(digit);
    must(value >= 0, 'recovery key: a character that does not belong to it');
    bits = bits * 32n + BigInt(value);
  }
  const bytes = Buffer.from(bits.toString(16).padStart(70, '0'), 'hex');
  const key = bytes.subarray(0, 32);
  must(sha256(Buffer.from('belay recovery'), key).subarray(0, 3).equals(bytes.subarray(32)), 'recovery key: its check does not fit');
  return key;
}

/** The 32 bytes that a key file holds: 64 hex digits with an optional line end, as a rule below a first line; or as they are. */
export function keyFileBytes(file: Buffer): Buffer {
  if (file.length === 32) return file;
  const text = file
    .toString('latin1')
    .replace(/^belay key file v1\n/, '')
    .replace(/\r?\n$/, '');
  must(/^[0-9a-fA-F]{64}$/.test(text), 'key file: neither 32 bytes nor 64 hex digits');
  return Buffer.from(text, 'hex');
}

/** master | repository id, out of one key slot. Refused: other secrets, changed slots, parameters that format 1 does not allow. */
export function openSlot(file: Buffer, secret: Secret, what: string): { slot: string; master: Buffer; repository: Buffer } {
  const slot = parseObject(file, 4096, what);
  must(slot['v'] === 1, `${what}: not a slot of version 1`);
  must(slot['kind'] === secret.kind, `${what}: opens by another kind of secret`);
  const key = slotKey(objectOf(slot['kdf'], `${what} kdf`), secret, what);
  const nonce = hexOf(slot['nonce'], 12, `${what} nonce`);
  const open = unseal(key, nonce, Buffer.from(canonical(slot, 'wrapped')), hexOf(slot['wrapped'], 64, `${what} wrapped`), what);
  return { slot: textOf(slot['slot'], `${what} slot`), master: open.subarray(0, 32), repository: open.subarray(32) };
}

function slotKey(kdf: JsonObject, secret: Secret, what: string): Buffer {
  const salt = hexOf(kdf['salt'], 32, `${what} salt`);
  if (secret.kind !== 'passphrase') {
    must(kdf['name'] === 'hkdf', `${what}: not derived by hkdf`);
    const bytes = secret.kind === 'recovery' ? recoveryBytes(String(secret.value)) : keyFileBytes(Buffer.from(secret.value));
    return hkdf(bytes, salt, 'belay/1 slot');
  }
  const n = wholeOf(kdf['n'], `${what} n`);
  must(kdf['name'] === 'scrypt' && kdf['r'] === 8 && kdf['p'] === 1, `${what}: not scrypt with r 8 and p 1`);
  must(n >= 2 ** 15 && n <= 2 ** 20 && Number.isInteger(Math.log2(n)), `${what}: n is no power of two from 2^15 to 2^20`);
  return scryptSync(String(secret.value).normalize('NFC'), salt, 32, { N: n, r: 8, p: 1, maxmem: 128 * 8 * (n + 2) + 2 ** 20 });
}

/** Opens the folder's config, else its copy; and with it all keys. */
export function openKeys(folder: string, secret: Secret | undefined): Keys {
  return firstThatOpens(
    ['config', 'config.copy'].map((name) => () => keysFromConfig(folder, readSmall(join(folder, name), 65_536), name, secret)),
    'no config opens',
  );
}

function keysFromConfig(folder: string, file: Buffer, what: string, secret: Secret | undefined): Keys {
  const config = parseObject(file, 65_536, what);
  const version = wholeOf(config['belay'], `${what} belay`);
  if (version > 1) throw new NewerFormat(`${what}: repository format ${version}; this reader knows format 1`);
  must(version === 1, `${what}: not format 1`);
  const abilities = listOf(config['requires'], `${what} requires`).map((name) => textOf(name, `${what} requires`));
  if (abilities.length > 0) throw new NewerFormat(`${what}: requires ${abilities.join(', ')}, which this reader does not know`);
  must(config['hash'] === 'sha256', `${what}: a hash other than sha256`);
  const repository = hexOf(config['repository'], 16, `${what} repository`);
  const master = masterOf(folder, config, repository, what, secret);
  const mac = createHmac('sha256', hkdf(master, repository, 'belay/1 config'))
    .update(canonical(config, 'mac'))
    .digest();
  must(timingSafeEqual(mac, hexOf(config['mac'], 32, `${what} mac`)), `${what}: its mac does not fit`);
  return { repository, master, idKey: hkdf(master, repository, 'belay/1 id') };
}

function masterOf(folder: string, config: JsonObject, repository: Buffer, what: string, secret: Secret | undefined): Buffer {
  if (config['protection'] === 'none') {
    must(secret === undefined, `${what}: says that no secret is needed, although one was given`);
    must(slotsOf(folder).length === 0, `${what}: says that no secret is needed, although there are key slots`);
    return hexOf(config['master'], 32, `${what} master`);
  }
  must(config['protection'] === 'keys', `${what}: a protection that format 1 does not know`);
  must(secret !== undefined, `${what}: needs a passphrase, key file or recovery key`);
  if (secret.kind === 'recovery') recoveryBytes(String(secret.value));
  const attempts = slotsOf(folder).map((path) => () => {
    const open = openSlot(readSmall(join(folder, path), 4096), secret, path);
    must(open.slot === basename(path), `${path}: is slot ${open.slot}`);
    must(open.repository.equals(repository), `${path}: belongs to another repository`);
    return open.master;
  });
  return firstThatOpens(attempts, 'no key slot opens');
}

function slotsOf(folder: string): string[] {
  return ['keys', 'keys.copy'].flatMap((place) => namesIn(join(folder, place)).map((name) => `${place}/${name}`));
}

/** The first result; where all fail a `Refusal` that says why each did. A newer format is said at once. */
export function firstThatOpens<T>(attempts: readonly (() => T)[], what: string): T {
  const reasons: string[] = [];
  for (const attempt of attempts) {
    try {
      return attempt();
    } catch (error) {
      if (error instanceof NewerFormat) throw error;
      reasons.push(messageOf(error));
    }
  }
  throw new Refusal(reasons.length === 0 ? `${what}: there is none` : `${what} (${reasons.join('; ')})`);
}

/** The names in a folder, in order; none where the folder is missing. */
export function namesIn(folder: string): string[] {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found?.isDirectory() === true ? readdirSync(folder).toSorted() : [];
}

/** A whole file; refused where it is missing or has more than `limit` bytes. */
export function readSmall(path: string, limit: number): Buffer {
  const found = statSync(path, { throwIfNoEntry: false });
  must(found?.isFile() === true, `${path}: is missing`);
  must(found.size <= limit, `${path}: more than ${limit} bytes`);
  return readFileSync(path);
}
