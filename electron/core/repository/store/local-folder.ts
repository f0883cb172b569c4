import { constants } from 'node:fs';
import { access, lstat, realpath, rename, statfs } from 'node:fs/promises';
import path from 'node:path';
import { AppError, systemCode } from '../../base/errors.ts';
import { makeFolders, syncFolder, unlinkIfThere, writeNewFile } from '../../base/durable-file.ts';
import type { Random } from '../../base/ports.ts';
import type { BlobEntry, BlobStore, StoreDescription } from '../blob-store.ts';
import { absent, exists, removeEmptyFolder, renameNew } from './renaming.ts';
import { listFiles, listPaths } from './listing.ts';
import { pathParts } from './paths.ts';
import { readFileRange } from './reading.ts';
import { storeError } from './store-errors.ts';

const TEMPORARY = 'tmp';

/**
 * A repository's files in a local folder. The folder must exist. Links inside it are never followed, names that a repository
 * does not use are ignored. Safe for use by several processes at once.
 */
export async function openLocalFolder(location: string, ports: { readonly random: Random }): Promise<BlobStore> {
  const asked = path.resolve(location);
  try {
    const folder = await realpath(asked);
    const found = await lstat(folder);
    if (!found.isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
    return new LocalFolder(folder, found.dev, !(await isWritable(folder)), ports.random);
  } catch (error) {
    throw storeError(error, 'Opening', asked);
  }
}

/**
 * Makes the folder (and what is missing above it, each durable) or takes an empty or existing one as it is, then opens it.
 * Throws `repository.denied` where another user could replace the folder: its parent is writable by all, without the sticky bit.
 */
export async function makeLocalFolder(location: string, ports: { readonly random: Random }): Promise<BlobStore> {
  const folder = path.resolve(location);
  try {
    await makeFolders(folder);
    await refuseOpenParent(folder);
  } catch (error) {
    if (systemCode(error) !== 'ENOTDIR' || !(await leadsToFolder(folder))) throw storeError(error, 'Making the folder', folder);
  }
  return openLocalFolder(folder, ports);
}

async function leadsToFolder(folder: string): Promise<boolean> {
  try {
    return (await lstat(await realpath(folder))).isDirectory();
  } catch (error) {
    throw storeError(error, 'Making the folder', folder);
  }
}

async function refuseOpenParent(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const parent = path.dirname(folder);
  const { mode } = await lstat(parent);
  if ((mode & 0o002) === 0 || (mode & 0o1000) !== 0) return;
  throw new AppError('repository.denied', `Every user of this machine may replace folders in ${parent}.`, {
    hint: `Choose another place, or take the right to write from others: chmod o-w ${parent}`,
    details: { path: parent },
  });
}

async function isWritable(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK);
    return true;
  } catch (error) {
    if (['EROFS', 'EACCES', 'EPERM'].includes(systemCode(error) ?? '')) return false;
    throw error;
  }
}

class LocalFolder implements BlobStore {
  readonly location: string;
  readonly readOnly: boolean;
  readonly #device: number;
  readonly #random: Random;
  readonly #known = new Set<string>();
  readonly #synced = new Set<string>();
  /** Published here, but an error came after the rename: on the disk they may be anything. */
  readonly #doubtful = new Set<string>();

  constructor(folder: string, device: number, readOnly: boolean, random: Random) {
    this.location = folder;
    this.readOnly = readOnly;
    this.#device = device;
    this.#random = random;
  }

  describe(): StoreDescription {
    return { kind: 'local-folder', path: this.location };
  }

  list(folder: string): Promise<readonly BlobEntry[]> {
    return this.#listing(folder, listFiles);
  }

  paths(folder: string): Promise<readonly string[]> {
    return this.#listing(folder, listPaths);
  }

  async #listing<T>(folder: string, find: (root: string, folder: string) => Promise<T>): Promise<T> {
    pathParts(folder);
    try {
      await this.#sameDisk();
      const found = await find(this.location, folder);
      await this.#sameDisk();
      return found;
    } catch (error) {
      throw storeError(error, 'Listing', this.#at(folder));
    }
  }

  async size(file: string): Promise<number | undefined> {
    try {
      const found = await lstat(this.#at(file));
      return found.isFile() ? found.size : undefined;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') {
        await this.#sameDisk().catch((gone: unknown) => {
          throw storeError(gone, 'Looking for', this.#at(file));
        });
        return undefined;
      }
      throw storeError(error, 'Looking for', this.#at(file));
    }
  }

  async read(file: string, range?: { readonly from: number; readonly length: number }): Promise<Uint8Array> {
    const at = this.#at(file);
    try {
      await this.#noLinksAbove(file);
      return await readFileRange(at, range);
    } catch (error) {
      // One EIO may be a passing fault of a cable or a controller; the second one is an answer.
      if (systemCode(error) !== 'EIO') throw storeError(error, 'Reading', at);
    }
    try {
      return await readFileRange(at, range);
    } catch (error) {
      throw storeError(error, 'Reading', at);
    }
  }

  async publish(file: string, parts: readonly Uint8Array[], options: { readonly ifExists: 'same' | 'refuse' | 'replace' }): Promise<void> {
    const at = this.#at(file);
    this.#mustWrite(at);
    try {
      if (options.ifExists === 'refuse' && (await this.size(file)) !== undefined) throw exists(at);
      if (options.ifExists === 'same' && (await this.#alreadyThere(file, parts))) return;
      const temporary = await this.#temporary(parts);
      try {
        await this.#inFolder(file, () => (options.ifExists === 'refuse' ? renameNew(temporary, at) : rename(temporary, at)));
      } catch (error) {
        await unlinkIfThere(temporary);
        throw error;
      }
      await this.#settle(file);
    } catch (error) {
      throw storeError(error, 'Writing', at);
    }
  }

  async move(from: string, to: string): Promise<void> {
    const [source, target] = [this.#at(from), this.#at(to)];
    this.#mustWrite(target);
    try {
      const [sourceSize, targetSize] = [await this.size(from), await this.size(to)];
      if (targetSize !== undefined && sourceSize !== undefined && sourceSize !== targetSize) throw exists(target);
      if (sourceSize === undefined && targetSize === undefined) {
        throw new AppError('repository.missing', `Moving ${source}: it is not there.`, {
          hint: 'Something else took it away. Run `belay check`, then the command again.',
          details: { path: source },
        });
      }
      if (sourceSize !== undefined) await this.#inFolder(to, () => rename(source, target));
      await syncFolder(path.dirname(target));
      await syncIfThere(path.dirname(source));
      await this.#pruneAbove(from);
    } catch (error) {
      throw storeError(error, 'Moving', source);
    }
  }

  async remove(file: string): Promise<void> {
    const at = this.#at(file);
    this.#mustWrite(at);
    try {
      await unlinkIfThere(at);
      this.#doubtful.delete(file);
      await syncIfThere(path.dirname(at));
      await this.#pruneAbove(file);
    } catch (error) {
      throw storeError(error, 'Removing', at);
    }
  }

  async free(): Promise<number | undefined> {
    try {
      const { bavail, bsize } = await statfs(this.location);
      return bavail * bsize;
    } catch (error) {
      if (systemCode(error) === 'ENOSYS') return undefined;
      throw storeError(error, 'Asking for free space of', this.location);
    }
  }

  #at(file: string): string {
    return path.join(this.location, ...pathParts(file));
  }

  #mustWrite(at: string): void {
    if (!this.readOnly) return;
    throw new AppError('repository.read-only', `Writing ${at}: the repository's folder cannot be written here.`, {
      hint: 'Mount it for writing, or give this user the right to write. Listing, restoring and checking work as it is.',
      details: { path: at },
    });
  }

  /** An unmounted disk leaves an empty folder, or none: that is not an empty repository. */
  async #sameDisk(): Promise<void> {
    const now = await lstat(this.location);
    if (now.dev === this.#device || process.platform === 'win32') return;
    throw new AppError('repository.missing', `${this.location} is no longer the disk that was opened.`, {
      hint: 'Mount the disk again and start over.',
      details: { path: this.location },
    });
  }

  async #alreadyThere(file: string, parts: readonly Uint8Array[]): Promise<boolean> {
    if (this.#doubtful.has(file)) return false;
    const size = await this.size(file);
    if (size !== parts.reduce((sum, part) => sum + part.length, 0)) return false;
    await this.#settle(file);
    return true;
  }

  async #temporary(parts: readonly Uint8Array[]): Promise<string> {
    const name = `${TEMPORARY}/${Buffer.from(this.#random.bytes(16)).toString('hex')}`;
    await this.#inFolder(name, () => writeNewFile(this.#at(name), parts));
    return this.#at(name);
  }

  /** True where every folder above `file` is a folder and no link; false where one is missing. */
  async #noLinksAbove(file: string): Promise<boolean> {
    let folder = this.location;
    for (const part of pathParts(file).slice(0, -1)) {
      folder = path.join(folder, part);
      if (this.#known.has(folder)) continue;
      const found = await lstat(folder).catch(absent);
      if (found === undefined) return false;
      if (found.isSymbolicLink()) throw Object.assign(new Error(`${folder} is a link`), { code: 'ELOOP' });
      this.#known.add(folder);
    }
    return true;
  }

  /** Another process may have made a folder and died before its name was durable: once for each folder and handle. */
  async #syncAbove(file: string): Promise<void> {
    let folder = this.location;
    for (const part of pathParts(file).slice(0, -1)) {
      const parent = folder;
      folder = path.join(folder, part);
      if (this.#synced.has(folder)) continue;
      await syncFolder(parent);
      this.#synced.add(folder);
    }
  }

  /** Runs `action` with the folder of `file` there; once more where another process took the empty folder away meanwhile. */
  async #inFolder(file: string, action: () => Promise<void>): Promise<void> {
    const folder = path.dirname(this.#at(file));
    if (!(await this.#noLinksAbove(file))) {
      await this.#sameDisk();
      await makeFolders(folder);
    }
    await this.#syncAbove(file);
    try {
      await action();
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      await this.#sameDisk();
      await makeFolders(folder);
      await action();
    }
  }

  /** The name itself becomes durable; where that fails, nobody may take the file for published. */
  async #settle(file: string): Promise<void> {
    try {
      await syncFolder(path.dirname(this.#at(file)));
      this.#doubtful.delete(file);
    } catch (error) {
      this.#doubtful.add(file);
      throw error;
    }
  }

  /** Takes away folders that became empty, never one of the first level. */
  async #pruneAbove(file: string): Promise<void> {
    const parts = pathParts(file);
    for (let depth = parts.length - 1; depth >= 2; depth -= 1) {
      const folder = path.join(this.location, ...parts.slice(0, depth));
      if (!(await removeEmptyFolder(folder))) return;
      this.#known.delete(folder);
      this.#synced.delete(folder);
    }
  }
}

async function syncIfThere(folder: string): Promise<void> {
  try {
    await syncFolder(folder);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
