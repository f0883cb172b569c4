import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { sha256Hex } from '../../../electron/core/repository/format/crypto.ts';

/** What is looked at in a sealed file or a key slot: which key and nonce sealed it, and what came of it. */
interface Sealing {
  readonly where: string;
  /** A file's type and salt, or a slot's salt and nonce: with one of these, only one content may ever be sealed. */
  readonly key: string;
  readonly content: string;
}

const magic = Buffer.from('BELAY\0\0', 'latin1');

/**
 * Whether anything was sealed twice under one key and nonce: each sealed file has a key of its own from its salt and type, and counts its frames from 0, so that two
 * files of one salt and type and another content are what may never be. Takes in what a test tells it of, also of several repositories and of files that never got
 * their place.
 */
export class Nonces {
  readonly #seen = new Map<string, Sealing>();
  readonly #twice: string[] = [];
  #files = 0;

  /** Every sealed file and key slot below a folder, wherever it lies, but what is in `without`. Files with the same bytes are one. */
  folder(folder: string, without?: string): this {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = path.join(entry.parentPath, entry.name);
      const where = path.relative(folder, file);
      if (without === undefined || !where.startsWith(`${without}${path.sep}`)) this.bytes(where, readFileSync(file));
    }
    return this;
  }

  /** One file, as it was written or should have been. */
  bytes(where: string, bytes: Uint8Array): this {
    const key = sealingOf(where, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    if (key === undefined) return this;
    this.#files += 1;
    const content = sha256Hex(bytes);
    const known = this.#seen.get(key);
    if (known === undefined) this.#seen.set(key, { where, key, content });
    else if (known.content !== content) this.#twice.push(`${known.where} and ${where}`);
    return this;
  }

  /** Files of different content, two by two, that were sealed under one key and nonce. */
  get twice(): readonly string[] {
    return this.#twice;
  }

  /** Different keys that were seen, and files that were looked at. */
  get counts(): { readonly keys: number; readonly files: number } {
    return { keys: this.#seen.size, files: this.#files };
  }
}

function sealingOf(where: string, bytes: Buffer): string | undefined {
  if (bytes.length >= 64 && bytes.subarray(0, 7).equals(magic)) return `file ${bytes.toString('hex', 8, 9)} ${bytes.toString('hex', 16, 64)}`;
  if (!/(?:^|\/)keys(?:\.copy)?\//.test(where.replaceAll('\\', '/'))) return undefined;
  const slot = JSON.parse(bytes.toString('utf8')) as { readonly nonce: string; readonly kdf: { readonly salt: string } };
  return `slot ${slot.kdf.salt} ${slot.nonce}`;
}
