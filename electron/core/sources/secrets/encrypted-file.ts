import { createCipheriv, createDecipheriv, hkdf, scrypt, timingSafeEqual } from 'node:crypto';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { READ_FLAGS, replaceFile } from '../../base/durable-file.ts';
import { AppError, systemCode } from '../../base/errors.ts';
import type { Random } from '../../base/ports.ts';
import type { SecretStore } from '../../base/secrets.ts';
import { checkHandle } from './handles.ts';

/** Cost of one guess: 128 MiB of memory. A file that states less was tampered with. */
const COST = 2 ** 17;
const MOST_COST = 2 ** 20;
const LARGEST = 2 ** 22;
const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${String(bytes * 2)}}$`));

const headerSchema = z.strictObject({
  version: z.literal(1),
  kdf: z.strictObject({ name: z.literal('scrypt'), n: z.number().int().min(COST).max(MOST_COST), r: z.literal(8), p: z.literal(1), salt: hex(32) }),
  /** Tells a wrong passphrase from a damaged file. */
  check: hex(16),
});
const fileSchema = headerSchema.extend({ salt: hex(32), data: z.base64() });
const contentSchema = z.record(z.string(), z.string());

type Header = z.infer<typeof headerSchema>;

/**
 * Secrets in one file, readable with a passphrase only: scrypt (N 2^17, r 8, p 1) gives a key; each writing takes a fresh salt of
 * 256 bits, HKDF-SHA256 of both gives the key of that one AES-256-GCM message, whose additional data is the header. Made at the
 * first `set` where it is missing. Throws `secret.denied` for a wrong passphrase or a file that was tampered with.
 */
export async function openEncryptedFile(file: string, passphrase: string, ports: { readonly random: Random }): Promise<SecretStore> {
  const stored = await readStored(file);
  const header: Header =
    stored === undefined
      ? { version: 1, kdf: { name: 'scrypt', n: COST, r: 8, p: 1, salt: toHex(ports.random.bytes(32)) }, check: '' }
      : { version: stored.version, kdf: stored.kdf, check: stored.check };
  const key = await derive(passphrase, header.kdf);
  const check = await expand(key, header.kdf.salt, 'belay secrets 1 check', 16);
  if (stored !== undefined && !timingSafeEqual(check, Buffer.from(stored.check, 'hex'))) {
    throw new AppError('secret.denied', 'The passphrase does not open the file of secrets.', {
      hint: 'Try again, or remove the file to begin a new one.',
      details: { file },
    });
  }
  const full: Header = { ...header, check: check.toString('hex') };
  let secrets = stored === undefined ? new Map<string, string>() : await unseal(file, key, full, stored);

  let last: Promise<unknown> = Promise.resolve();
  /** One after the other; what is in memory changes only when the file has. */
  const change = (apply: (next: Map<string, string>) => void): Promise<void> => {
    const run = last.then(async () => {
      const next = new Map(secrets);
      apply(next);
      await replaceFile(file, Buffer.from(await seal(key, full, next, ports.random)), ports);
      secrets = next;
    });
    last = run.catch(() => undefined);
    return run.catch((error: unknown) => {
      throw new AppError('secret.store-unavailable', `The file of secrets cannot be written: ${file}`, {
        hint: 'Make room on its disk, or give it back its rights.',
        details: { file },
        cause: error,
        retryable: true,
      });
    });
  };
  return {
    kind: 'encrypted-file',
    description: `an encrypted file, opened by its passphrase: ${file}`,
    lasting: true,
    async get(handle) {
      checkHandle(handle);
      return secrets.get(handle);
    },
    async set(handle, secret) {
      checkHandle(handle);
      await change((next) => next.set(handle, secret));
    },
    async remove(handle) {
      checkHandle(handle);
      if (secrets.has(handle)) await change((next) => next.delete(handle));
    },
  };
}

async function seal(key: Buffer, header: Header, secrets: ReadonlyMap<string, string>, random: Random): Promise<string> {
  const salt = toHex(random.bytes(32));
  const cipher = createCipheriv('aes-256-gcm', await expand(key, salt, 'belay secrets 1 data', 32), Buffer.alloc(12));
  cipher.setAAD(Buffer.from(JSON.stringify(header)));
  const body = Buffer.concat([cipher.update(JSON.stringify(Object.fromEntries(secrets)), 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${JSON.stringify({ ...header, salt, data: body.toString('base64') }, null, 1)}\n`;
}

async function unseal(file: string, key: Buffer, header: Header, stored: z.infer<typeof fileSchema>): Promise<Map<string, string>> {
  const body = Buffer.from(stored.data, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', await expand(key, stored.salt, 'belay secrets 1 data', 32), Buffer.alloc(12));
  try {
    decipher.setAAD(Buffer.from(JSON.stringify(header)));
    decipher.setAuthTag(body.subarray(-16));
    const text = Buffer.concat([decipher.update(body.subarray(0, -16)), decipher.final()]).toString('utf8');
    return new Map(Object.entries(contentSchema.parse(JSON.parse(text))));
  } catch (error) {
    throw tampered(file, error);
  }
}

async function derive(passphrase: string, kdf: Header['kdf']): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // NFC: the same passphrase typed on two systems is the same.
    const options = { N: kdf.n, r: kdf.r, p: kdf.p, maxmem: 128 * kdf.n * kdf.r * 2 };
    scrypt(passphrase.normalize('NFC'), Buffer.from(kdf.salt, 'hex'), 32, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}

const hkdfAsync = promisify(hkdf);

async function expand(key: Buffer, salt: string, info: string, length: number): Promise<Buffer> {
  return Buffer.from(await hkdfAsync('sha256', key, Buffer.from(salt, 'hex'), info, length));
}

async function readStored(file: string): Promise<z.infer<typeof fileSchema> | undefined> {
  let text: string;
  try {
    const handle = await open(file, READ_FLAGS);
    try {
      if ((await handle.stat()).size > LARGEST) throw tampered(file, new Error('too large'));
      text = await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    if (error instanceof AppError) throw error;
    throw new AppError('secret.store-unavailable', `The file of secrets cannot be read: ${file}`, {
      hint: 'Check the rights of the file.',
      details: { file },
      cause: error,
    });
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (error) {
    throw tampered(file, error);
  }
}

function tampered(file: string, cause: unknown): AppError {
  return new AppError('secret.denied', `The file of secrets is damaged or was changed: ${file}`, {
    hint: 'Put back a copy of it, or remove it to begin a new one.',
    details: { file },
    cause,
  });
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
