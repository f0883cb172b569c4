import { isAppError } from '../../base/errors.ts';
import type { Random } from '../../base/ports.ts';
import type { BlobStore } from '../blob-store.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import { encodeIndexFile } from '../format/index-file.ts';
import type { PackEntry } from '../format/index-file.ts';
import { numberedPath } from '../format/manifest.ts';
import { packCopyPath, packPath } from '../index-table.ts';
import { publishBoth } from '../store/both-or-none.ts';

/** An index file is published after this many packs, so that a capture that dies is not stored twice. */
const PACKS_AN_INDEX = 64;

export interface PublisherParts {
  readonly store: BlobStore;
  readonly keys: KeyMaterial;
  readonly random: Random;
  /** Throws unless the repository's lock is still held. */
  readonly assertHeld: () => Promise<void>;
}

/**
 * The only way from this writer to the repository's folder. Before every file it asks whether the lock still stands; every file
 * is durable when its call resolves; an index names only packs that are.
 */
export class Publisher {
  readonly #parts: PublisherParts;
  #unnamed: PackEntry[] = [];
  #bytes = 0;
  #stopped: { readonly error: unknown } | undefined;
  #onStop: ((error: unknown) => void)[] = [];

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** Bytes published, second copies included, manifests not. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Nothing more is published; waits through `orStopped` end with `error`. */
  stop(error: unknown): void {
    this.#stopped ??= { error };
    for (const reject of this.#onStop) reject(error);
    this.#onStop = [];
  }

  /** The promise, or the error that the publisher was stopped with, whichever comes first. */
  async orStopped<T>(promise: Promise<T>): Promise<T> {
    this.#mustGoOn();
    return Promise.race([
      promise,
      new Promise<never>((_resolve, reject) => {
        this.#onStop.push(reject);
      }),
    ]);
  }

  async pack(entry: PackEntry, bytes: Uint8Array): Promise<void> {
    await this.file(packPath(entry), bytes);
    this.#bytes += bytes.length;
    const copy = packCopyPath(entry);
    if (copy !== undefined) {
      await this.file(copy, bytes);
      this.#bytes += bytes.length;
    }
    this.#unnamed.push(entry);
    if (this.#unnamed.length >= PACKS_AN_INDEX) await this.index();
  }

  /** Publishes an index file over the packs that none names yet. */
  async index(): Promise<void> {
    const packs = this.#unnamed;
    if (packs.length === 0) return;
    this.#unnamed = [];
    const { keys, random } = this.#parts;
    const { bytes, name } = encodeIndexFile(keys, random, packs, []);
    await this.file(`index/${name}`, bytes);
    this.#bytes += bytes.length;
  }

  /** Publishes a manifest and its copy, or neither. After the first nothing stops it any more: the snapshot is acknowledged in all but name. */
  async manifest(seq: number, name: string, bytes: Uint8Array): Promise<void> {
    const { store } = this.#parts;
    const [first, second] = [numberedPath('snapshots', seq, name), numberedPath('snapshots.copy', seq, name)] as const;
    await publishBoth(
      store,
      [first, second],
      (path) => (path === first ? this.file(path, bytes) : store.publish(path, [bytes], { ifExists: 'same' })),
      () => this.#isHeld(),
    );
  }

  /** Whoever lost the lock takes nothing away: another writer may have built on what is there. */
  async #isHeld(): Promise<boolean> {
    try {
      await this.#parts.assertHeld();
      return true;
    } catch (error) {
      if (isAppError(error)) return false;
      throw error;
    }
  }

  /** Publishes one content-named file. */
  async file(path: string, bytes: Uint8Array): Promise<void> {
    this.#mustGoOn();
    await this.#parts.assertHeld();
    this.#mustGoOn();
    await this.#parts.store.publish(path, [bytes], { ifExists: 'same' });
  }

  #mustGoOn(): void {
    if (this.#stopped !== undefined) throw this.#stopped.error;
  }
}
