import { AppError } from '../../../electron/core/base/errors.ts';
import type { BlobEntry, BlobStore, StoreDescription } from '../../../electron/core/repository/blob-store.ts';
import { sha256Hex } from '../../../electron/core/repository/format/crypto.ts';

/**
 * A blob store in memory, as unkind as the port allows: `gate` is awaited before and within each operation, so that a test
 * chooses the order of events; a listing leaves out whatever was replaced or removed while it ran, and of what was made meanwhile
 * it shows only the newest, as a folder may that is read while it grows.
 */
export class MemoryStore implements BlobStore {
  readonly location = 'memory';
  readonly readOnly = false;
  readonly files = new Map<string, { readonly bytes: Uint8Array; readonly version: number }>();
  readonly #gate: (operation: string) => Promise<void>;
  #version = 0;

  constructor(gate: (operation: string) => Promise<void> = () => Promise.resolve()) {
    this.#gate = gate;
  }

  async list(folder: string): Promise<readonly BlobEntry[]> {
    await this.#gate(`list ${folder}`);
    const before = new Map(this.files);
    await this.#gate(`list ${folder} ends`);
    const below = [...this.files].filter(([path]) => path.startsWith(`${folder}/`));
    const stood = below.filter(([path, file]) => before.get(path)?.version === file.version);
    const made = below
      .filter(([path]) => !before.has(path))
      .toSorted(([, a], [, b]) => a.version - b.version)
      .slice(-1);
    return [...stood, ...made]
      .map(([path, file]) => ({ path, bytes: file.bytes.length, modifiedAt: 0, stamp: sha256Hex(file.bytes) }))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  async paths(folder: string): Promise<readonly string[]> {
    return (await this.list(folder)).map((entry) => entry.path);
  }

  async size(path: string): Promise<number | undefined> {
    await this.#gate(`size ${path}`);
    return this.files.get(path)?.bytes.length;
  }

  async read(path: string, range?: { readonly from: number; readonly length: number }): Promise<Uint8Array> {
    await this.#gate(`read ${path}`);
    const file = this.files.get(path);
    if (file === undefined) throw new AppError('repository.missing', `${path} is not there.`);
    const { from, length } = range ?? { from: 0, length: file.bytes.length };
    if (from + length > file.bytes.length) throw new AppError('repository.damaged', `${path} is too short.`);
    return file.bytes.slice(from, from + length);
  }

  async publish(path: string, parts: readonly Uint8Array[], options: { readonly ifExists: 'same' | 'refuse' | 'replace' }): Promise<void> {
    await this.#gate(`publish ${path}`);
    const bytes = new Uint8Array(Buffer.concat(parts));
    const held = this.files.get(path);
    if (held !== undefined && options.ifExists === 'refuse') throw new AppError('repository.exists', `${path} exists.`);
    if (held !== undefined && options.ifExists === 'same' && held.bytes.length === bytes.length) return;
    this.#version += 1;
    this.files.set(path, { bytes, version: this.#version });
    await this.#gate(`publish ${path} ends`);
  }

  async move(from: string, to: string): Promise<void> {
    await this.#gate(`move ${from}`);
    const file = this.files.get(from);
    if (file === undefined && this.files.has(to)) return;
    if (file === undefined) throw new AppError('repository.missing', `${from} is not there.`);
    if ((this.files.get(to)?.bytes.length ?? file.bytes.length) !== file.bytes.length) throw new AppError('repository.exists', `${to} exists.`);
    this.files.delete(from);
    this.files.set(to, file);
  }

  async remove(path: string): Promise<void> {
    await this.#gate(`remove ${path}`);
    this.files.delete(path);
  }

  free(): Promise<number | undefined> {
    return Promise.resolve(undefined);
  }

  describe(): StoreDescription {
    return { kind: 'local-folder', path: '/nowhere' };
  }
}
