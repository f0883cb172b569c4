/**
 * Where a repository's files lie. Paths are relative, forward slashes, `[a-z0-9./-]` only.
 * What a caller may rely on: a published file has its whole content or is not there, whatever happens; a listing is complete
 * or the call throws; nothing is retried silently after a failed fsync. Every implementation passes
 * `test/contract/blob-store-suite.ts`.
 */
export interface BlobStore {
  /** For people: the folder's path or the bucket's address. */
  readonly location: string;
  readonly readOnly: boolean;

  /** Every file below `folder` (recursive), in code unit order of path. A folder that does not exist is empty. */
  list(folder: string): Promise<readonly BlobEntry[]>;

  /** The paths that `list` gives, without looking at each file: what is there, where sizes are of no use. */
  paths(folder: string): Promise<readonly string[]>;

  /** Size in bytes, or undefined where there is no such file. */
  size(path: string): Promise<number | undefined>;

  /**
   * Exactly the bytes `[from, from + length)`, or the whole file. Throws `repository.damaged` where the file is shorter,
   * `repository.missing` where it is not there, `repository.io` where it cannot be read. The memory is the caller's own.
   */
  read(path: string, range?: { readonly from: number; readonly length: number }): Promise<Uint8Array>;

  /**
   * Durable: temporary name, write, fsync, rename, fsync of the folder. A file that exists with the same size is success for
   * content-named paths (`ifExists: 'same'`), an error `repository.exists` for `'refuse'`, replaced for `'replace'`.
   * Throws `repository.no-space`, `repository.read-only`, `repository.denied`, `repository.io`; nothing is left behind.
   */
  publish(path: string, parts: readonly Uint8Array[], options: { readonly ifExists: 'same' | 'refuse' | 'replace' }): Promise<void>;

  /** Durable rename within the store. The target must not exist (an equal-sized one counts as done by an earlier try). */
  move(from: string, to: string): Promise<void>;

  /** Unlinks; a missing file is success. */
  remove(path: string): Promise<void>;

  /** Free bytes for this user, where the system says. */
  free(): Promise<number | undefined>;

  /** Plain data from which `openStore` opens the same store in another thread. Holds no secret. */
  describe(): StoreDescription;
}

export interface StoreDescription {
  readonly kind: 'local-folder';
  /** Absolute. */
  readonly path: string;
}

export interface BlobEntry {
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970; for people only. */
  readonly modifiedAt: number;
  /** Another one where the file was written, replaced or changed by anybody meanwhile. What a failing disk makes of its bytes does not show. */
  readonly stamp: string;
}
