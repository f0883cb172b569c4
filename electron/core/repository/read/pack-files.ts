import { AppError, isAppError } from '../../base/errors.ts';
import type { BlobStore } from '../blob-store.ts';
import { inFile } from '../format/bytes.ts';
import type { FrameCipher, KeyMaterial } from '../format/crypto.ts';
import { HEADER_BYTES, openFrame, openHeader } from '../format/sealed.ts';
import { CONFIG } from '../keys/config-files.ts';
import { packCopyPath, packPath } from '../index-table.ts';
import type { PackPlace, SegmentPlace } from '../index-table.ts';

/** Keys of this many packs are kept: 64 header bytes need not be read again for each range. */
const OPEN_PACKS = 256;

/**
 * Reads ranges and frames of packs wherever they lie: at their place, at the second copy (metadata), in quarantine, in another
 * folder. Keeps the keys of the packs used last.
 */
export class PackFiles {
  private readonly store: BlobStore;
  private readonly keys: KeyMaterial;
  private readonly ciphers = new Map<string, Promise<FrameCipher>>();
  private strays: Promise<ReadonlyMap<string, readonly string[]>> | undefined;

  private readonly hopeless = new Set<string>();

  constructor(store: BlobStore, keys: KeyMaterial) {
    this.store = store;
    this.keys = keys;
  }

  /** Bytes `[from, from + length)` of the pack at its usual place. Throws what the store throws. */
  async range(pack: PackPlace, from: number, length: number): Promise<Uint8Array> {
    return this.store.read(packPath(pack), { from, length });
  }

  /** The plaintext of a frame whose sealed bytes were read from the pack's usual place. Throws `repository.damaged`. */
  async open(pack: PackPlace, place: SegmentPlace, sealed: Uint8Array): Promise<Buffer> {
    const path = packPath(pack);
    return this.openAt(path, pack, place.frame, sealed);
  }

  /**
   * The plaintext of a frame from any copy of the pack that yields it. Throws the first copy's error when none does:
   * `repository.damaged` for a pack that is gone, `repository.missing` where the repository itself is.
   */
  async frame(pack: PackPlace, place: SegmentPlace): Promise<Buffer> {
    let first: unknown;
    for await (const path of this.paths(pack)) {
      try {
        const sealed = await this.store.read(path, { from: place.offset, length: place.stored });
        return await this.openAt(path, pack, place.frame, sealed);
      } catch (error) {
        if (!isAppError(error)) throw error;
        first ??= inFile(path, error);
      }
    }
    throw isAppError(first, 'repository.missing') ? await this.gone(first) : first;
  }

  private async gone(missing: AppError): Promise<AppError> {
    if ((await this.store.size(CONFIG)) === undefined) return missing;
    return new AppError('repository.damaged', missing.message, {
      hint: 'Run `belay check` to see what is affected, then `belay repair`; or put the file back from a mirror.',
      details: { ...missing.details, missing: true },
      cause: missing,
    });
  }

  private async openAt(path: string, pack: PackPlace, frame: number, sealed: Uint8Array): Promise<Buffer> {
    try {
      return openFrame(await this.cipher(path, pack), frame, sealed);
    } catch (error) {
      throw inFile(path, error);
    }
  }

  private cipher(path: string, pack: PackPlace): Promise<FrameCipher> {
    const known = this.ciphers.get(path);
    if (known !== undefined) return known;
    const opening = this.store.read(path, { from: 0, length: HEADER_BYTES }).then((header) => openHeader(header, this.keys, pack.type));
    this.ciphers.set(path, opening);
    opening.catch(() => this.ciphers.delete(path));
    if (this.ciphers.size > OPEN_PACKS) {
      const [oldest] = this.ciphers.keys();
      if (oldest !== undefined) this.ciphers.delete(oldest);
    }
    return opening;
  }

  /** Where copies of a pack may lie, the usual place first; then quarantine, and wherever else a file has its name. */
  async *paths(pack: PackPlace): AsyncGenerator<string> {
    const usual = [packPath(pack), packCopyPath(pack)].filter((path) => path !== undefined);
    yield* usual;
    const tried = new Set(usual);
    for (let again = this.strays !== undefined; ; again = false) {
      this.strays ??= listStrays(this.store);
      for (const path of (await this.strays).get(pack.name) ?? []) {
        if (!tried.has(path)) yield path;
        tried.add(path);
      }
      // A collector may have moved the pack since the last listing: look once more, but not again for the same pack.
      if (!again || this.hopeless.has(pack.name)) return;
      this.hopeless.add(pack.name);
      this.strays = undefined;
    }
  }
}

const packFile = /\/([0-9a-f]{32})$/;

async function listStrays(store: BlobStore): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for (const folder of ['packs', 'meta', 'meta.copy', 'quarantine']) {
    for (const path of await store.paths(folder)) {
      const name = packFile.exec(path)?.[1];
      if (name !== undefined) found.set(name, [...(found.get(name) ?? []), path]);
    }
  }
  return found;
}
