import { AppError } from '../../../electron/core/base/errors.ts';
import type { BlobEntry, BlobStore, StoreDescription } from '../../../electron/core/repository/blob-store.ts';
import { sha256Hex } from '../../../electron/core/repository/format/crypto.ts';

/** A blob store over a map that a test may change behind the reader's back. Counts the bytes read of each file. */
export class OpenStore implements BlobStore {
  readonly location = 'memory';
  readonly readOnly = false;
  readonly files = new Map<string, Uint8Array>();
  readonly reads: { readonly path: string; readonly length: number }[] = [];

  list(folder: string): Promise<readonly BlobEntry[]> {
    const found = [...this.files].filter(([path]) => path.startsWith(`${folder}/`));
    return Promise.resolve(
      found.map(([path, bytes]) => ({ path, bytes: bytes.length, modifiedAt: 0, stamp: sha256Hex(bytes) })).toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    );
  }

  size(path: string): Promise<number | undefined> {
    return Promise.resolve(this.files.get(path)?.length);
  }

  async read(path: string, range?: { readonly from: number; readonly length: number }): Promise<Uint8Array> {
    await Promise.resolve();
    const bytes = this.files.get(path);
    if (bytes === undefined) throw new AppError('repository.missing', `${path} is not there.`);
    const { from, length } = range ?? { from: 0, length: bytes.length };
    if (from + length > bytes.length) throw new AppError('repository.damaged', `${path} is too short.`);
    this.reads.push({ path, length });
    return new Uint8Array(bytes.subarray(from, from + length));
  }

  publish(path: string, parts: readonly Uint8Array[], options: { readonly ifExists: 'same' | 'refuse' | 'replace' }): Promise<void> {
    if (this.files.has(path) && options.ifExists === 'refuse') throw new AppError('repository.exists', `${path} is there.`);
    this.files.set(path, new Uint8Array(Buffer.concat(parts)));
    return Promise.resolve();
  }

  move(from: string, to: string): Promise<void> {
    const bytes = this.files.get(from);
    if (bytes !== undefined) this.files.set(to, bytes);
    this.files.delete(from);
    return Promise.resolve();
  }

  remove(path: string): Promise<void> {
    this.files.delete(path);
    return Promise.resolve();
  }

  free(): Promise<number | undefined> {
    return Promise.resolve(undefined);
  }

  describe(): StoreDescription {
    return { kind: 'local-folder', path: '/nowhere' };
  }

  paths(folder: string): Promise<readonly string[]> {
    return Promise.resolve(this.below(folder));
  }

  /** Paths below a folder, in order. */
  below(folder: string): string[] {
    return [...this.files.keys()].filter((path) => path.startsWith(`${folder}/`)).toSorted();
  }

  /** Changes one byte of a file. */
  flip(path: string, at: number, bits = 1): void {
    const bytes = new Uint8Array(this.files.get(path) ?? new Uint8Array(0));
    bytes[at] = (bytes[at] ?? 0) ^ bits;
    this.files.set(path, bytes);
  }

  /** The same files once more, for a test that spoils one. */
  copy(): OpenStore {
    const other = new OpenStore();
    for (const [path, bytes] of this.files) other.files.set(path, bytes);
    return other;
  }
}
