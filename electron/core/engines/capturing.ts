import type { Consistency, Fingerprint } from './engine.ts';

export interface CaptureOptions {
  /** Engine-owned data of the parent snapshot's manifest (`CaptureReport.memo`), a hint for skipping known work. */
  readonly previous?: Readonly<Record<string, unknown>>;
  /** The parent snapshot's fingerprint; may be reused only where the content is shown to be byte-equal. */
  readonly previousFingerprint?: Fingerprint;
  /** Longest time that writers of the source may be made to wait, milliseconds. */
  readonly maxWriterWait: number;
}

/** `none`: unknown bytes; `pages`: pages that keep their places from one snapshot to the next (SQLite); `lines`: rows end at LF; `bson`: length-prefixed documents; `entries`: boundaries handed over. */
export type Framing = 'none' | 'pages' | 'lines' | 'bson' | 'entries';

export interface CaptureSink {
  /**
   * Opens one stream. At most four are open at once. `name` is unique in the snapshot and stable between snapshots
   * of a source: the parent's group of the same name is what it is compressed against.
   */
  group(name: string, framing: Framing): Promise<GroupStream>;
  /** Names one object. Objects without `group` (a table inside a file) carry facts only. */
  object(row: ObjectRow): Promise<void>;
}

export interface GroupStream {
  /**
   * Takes ownership of `bytes` (its ArrayBuffer is transferred and must not be used again). Resolves when more may be
   * written. Best in buffers of 1 MiB. `rowEnds`, for `entries` only: ascending offsets within `bytes`, each just past the
   * last byte of an entry.
   */
  write(bytes: Uint8Array, rowEnds?: Uint32Array): Promise<void>;
  end(): Promise<GroupEnd>;
}

export interface GroupEnd {
  readonly group: string;
  readonly bytes: number;
  /** True where every byte equals the parent snapshot's group of this name. */
  readonly sameAsParent: boolean;
}

/** One object of a snapshot, as it stands in the object table. */
export interface ObjectRow {
  readonly name: string;
  /** `file`, `table`, `collection`, `rdb`, `schema`, ... */
  readonly kind: string;
  readonly group?: string;
  /** Byte range within the group; the whole group when left out. */
  readonly at?: number;
  readonly length?: number;
  readonly rows?: number;
  readonly fingerprint?: string;
  readonly meta?: Readonly<Record<string, unknown>>;
}

export interface CaptureReport {
  readonly consistency: Consistency;
  readonly serverVersion: string;
  readonly tool: string;
  readonly fingerprint: Fingerprint;
  /** One line a stream: how its end was seen (page count reached, terminator read, ...). */
  readonly endProofs: readonly { readonly stream: string; readonly proof: string }[];
  readonly warnings: readonly string[];
  /** Where the snapshot is of a part of its source: what was chosen, one statement each. Never left out for a part. */
  readonly part?: readonly string[];
  /** JSON, at most 4 KiB, kept in the manifest and handed to the next capture as `previous`. */
  readonly memo: Readonly<Record<string, unknown>>;
}
