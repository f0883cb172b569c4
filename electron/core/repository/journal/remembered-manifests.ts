import { isAppError } from '../../base/errors.ts';
import type { Random } from '../../base/ports.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import { openRemembered, sealRemembered } from '../format/remembered.ts';
import type { RememberedManifest } from '../format/remembered.ts';
import { breathe } from '../read/breathe.ts';
import type { ManifestEntry } from './manifest-files.ts';

/** Where it is kept what was decoded of a repository's manifests: outside of it, one piece of bytes for each. It may be lost or old at any time. */
export interface ManifestMemory {
  /** What was kept last; undefined where there is nothing, or nothing that can be read. */
  read(repository: string): Promise<Uint8Array | undefined>;
  /** Keeps it in the place of what was there, where that can be done; else nothing happens. */
  write(repository: string, bytes: Uint8Array): Promise<void>;
}

/**
 * Manifests that this machine decoded before. One is only taken where a file of its very name lies in the repository and was not written, replaced or
 * changed since, as far as a listing can tell; of all others, and where anything is wrong with what was kept, it is as if there were nothing.
 */
export class RememberedManifests {
  readonly #memory: ManifestMemory;
  readonly #repository: string;
  readonly #keys: KeyMaterial;
  readonly #random: Random;

  constructor(parts: { readonly memory: ManifestMemory; readonly repository: string; readonly keys: KeyMaterial; readonly random: Random }) {
    this.#memory = parts.memory;
    this.#repository = parts.repository;
    this.#keys = parts.keys;
    this.#random = parts.random;
  }

  /**
   * Hands on what is remembered of files that still bear their stamp. `stamps`: by name, as they are now. False where something is wrong with what was kept, so that
   * it should be kept anew.
   */
  async recall(stamps: ReadonlyMap<string, string>, take: (name: string, entry: ManifestEntry) => void): Promise<boolean> {
    const bytes = await this.#memory.read(this.#repository);
    if (bytes === undefined) return true;
    try {
      for (const batch of openRemembered(bytes, this.#keys)) {
        for (const { name, stamp, hash, bytes: size, manifest } of batch) {
          if (stamps.get(name) === stamp) take(name, { id: hash.slice(0, 32), seq: manifest.seq, hash, bytes: size, manifest });
        }
        await breathe();
      }
      return true;
    } catch (error) {
      if (!isAppError(error)) throw error;
      return false;
    }
  }

  /** Keeps these in the place of all that was remembered. `stamps`: by name, from a listing that was made before any of them was read. */
  async keep(entries: Iterable<readonly [string, ManifestEntry]>, stamps: ReadonlyMap<string, string>): Promise<void> {
    await this.#memory.write(this.#repository, await sealRemembered(this.#keys, this.#random, remembered(entries, stamps), breathe));
  }
}

function* remembered(entries: Iterable<readonly [string, ManifestEntry]>, stamps: ReadonlyMap<string, string>): Generator<RememberedManifest> {
  for (const [name, { hash, bytes, manifest }] of entries) {
    const stamp = stamps.get(name);
    if (stamp !== undefined) yield { name, stamp, hash, bytes, manifest };
  }
}
