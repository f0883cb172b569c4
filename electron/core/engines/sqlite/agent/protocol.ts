import type { RowDiff } from '../../row-diff.ts';
import type { BrowsePage, Difference, Fingerprint, InventoryItem, SelfCheck } from '../../engine.ts';

/** A database file as the agent opens it. */
export interface AgentFile {
  /** `main`, or the name under which it is attached. */
  readonly name: string;
  /** What SQLite is given to open. */
  readonly path: string;
  /** Where the file truly lies, links resolved: the files beside it have their names from this. */
  readonly real: string;
  /** `write` only where SQLite itself must create and remove files beside it, or the file is our own. */
  readonly access: 'read' | 'write';
}

/** How the bytes of a held view lie on disk. */
export interface HeldView {
  readonly name: string;
  readonly journal: 'rollback' | 'wal';
  readonly pageSize: number;
  /** Pages of the view; 0 for an empty file. */
  readonly pages: number;
  /** In WAL mode: frames of the log that belong to the view, and the salts of the log's header, 16 hex digits. */
  readonly wal?: { readonly frames: number; readonly salts: string };
  /** False where the exact frames of the view could not be told: the view must then be copied by SQLite. */
  readonly pinned: boolean;
}

export interface FileFacts {
  readonly name: string;
  readonly pageSize: number;
  readonly pages: number;
  readonly freePages: number;
  readonly encoding: string;
  readonly journal: string;
  readonly userVersion: number;
  readonly applicationId: number;
  readonly autoVacuum: number;
  readonly tables: number;
}

/**
 * Absolute paths: `from` is Belay's own copy, `to` the live database, `keep` a file that will hold what was in it, `done` one that is made
 * when `to` was overwritten.
 */
export interface ReplacedFile {
  readonly from: string;
  readonly to: string;
  readonly keep: string;
  readonly done: string;
}

/** Absolute paths: `from` is kept content, `to` the live database, `content` the `contentHash` that it must still have. */
export interface PutBackFile {
  readonly from: string;
  readonly to: string;
  readonly content: string;
}

/** The agent's methods. A *set* is a group of files opened together and read at one point; at most a few exist in one agent. */
export interface SqliteCalls {
  hello: { params: null; result: { readonly sqlite: string } };
  /** Opens the files; with `hold`, begins read transactions on all of them at one instant. */
  open: {
    params: { readonly set: string; readonly files: readonly AgentFile[]; readonly busyMs: number; readonly hold: boolean };
    result: { readonly views: readonly HeldView[] };
  };
  /** Lets writers in for `gapMs`, then holds again. `unchanged` tells that nothing was written meanwhile. */
  renew: { params: { readonly set: string; readonly gapMs: number; readonly busyMs: number }; result: { readonly unchanged: boolean } };
  /** True where the transactions begun by `open` are still the same ones. */
  stillHeld: { params: { readonly set: string }; result: { readonly held: boolean } };
  close: { params: { readonly set: string }; result: null };
  facts: { params: { readonly set: string }; result: { readonly files: readonly FileFacts[] } };
  inventory: { params: { readonly set: string }; result: { readonly items: readonly InventoryItem[] } };
  /** Progress: `{ rows: number, of?: number }`, the second about how many there are. */
  fingerprint: { params: { readonly set: string }; result: { readonly fingerprint: Fingerprint; readonly warnings: readonly string[] } };
  selfCheck: { params: { readonly set: string }; result: { readonly checks: readonly SelfCheck[] } };
  browse: {
    params: { readonly set: string; readonly object: string; readonly offset: number; readonly limit: number; readonly orderBy: string | null };
    result: { readonly page: BrowsePage };
  };
  query: { params: { readonly set: string; readonly sql: string }; result: { readonly page: BrowsePage } };
  explain: {
    params: { readonly expected: string; readonly found: string; readonly tables: readonly string[]; readonly limit: number };
    result: { readonly differences: readonly Difference[] };
  };
  rowDiff: {
    params: {
      readonly before: string;
      readonly after: string;
      readonly object: string;
      readonly offset: number;
      readonly limit: number;
      readonly count: boolean;
    };
    result: { readonly diff: RowDiff };
  };
  /** Writes the database at `from` over the one at `to` as one transaction of SQLite's own. Progress: `{ bytes, of }`. */
  overwrite: { params: { readonly from: string; readonly to: string; readonly busyMs: number }; result: { readonly pages: number } };
  /** As `overwrite`, each file's old content kept in `keep` first: the very content that is replaced. Progress: `{ bytes, of }`. */
  replace: { params: { readonly files: readonly ReplacedFile[]; readonly busyMs: number }; result: { readonly pages: number } };
  /** As `overwrite`, where every target still has its content. `begun` is made before the first page. Progress: `{ rows }`, `{ bytes, of }`. */
  putBack: { params: { readonly files: readonly PutBackFile[]; readonly begun: string; readonly busyMs: number }; result: { readonly pages: number } };
  /** A file of the set, as its held transaction sees it, into a file that does not exist. */
  copyOut: { params: { readonly set: string; readonly name: string; readonly to: string }; result: { readonly pages: number } };
  /** Lets SQLite finish what a crash left open beside the file (hot journal, log): opens it for writing, reads, closes. */
  settle: { params: { readonly path: string; readonly busyMs: number }; result: { readonly journal: string } };
  /** Tries to get the file for itself alone for an instant. Changes nothing. */
  tryExclusive: { params: { readonly path: string }; result: { readonly free: boolean } };
}
