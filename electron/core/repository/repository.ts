import type { Task } from '../base/ports.ts';

/**
 * The repository's face to the rest of the core. It knows bytes, groups, objects, manifests and journal records;
 * it knows nothing of databases. Implemented by `open.ts` over a `BlobStore`.
 */
export interface Repository {
  readonly info: RepositoryInfo;

  /**
   * Every snapshot that is not forgotten, in order of `seq`, with the journal's facts (pins, later tags, proofs) applied.
   * Damaged manifests do not stop the rest: they are listed in `problems`.
   */
  snapshots(): Promise<{ readonly snapshots: readonly SnapshotRecord[]; readonly problems: readonly Problem[] }>;

  /** The object table of a snapshot, in name order. */
  objects(snapshotId: string, signal?: AbortSignal): AsyncIterable<StoredObject>;

  /** Bytes of one object, in order; every chunk is verified against its id before it is yielded. Buffers are fresh copies. */
  read(snapshotId: string, objectName: string, options?: ReadOptions): AsyncIterable<Uint8Array>;

  /** Takes the writer lock, loads the index, starts the writer thread. One at a time in a process. */
  begin(options: BeginOptions, task: Task): Promise<SnapshotWriter>;

  /** Appends facts to the repository's journal, durably, in one batch. */
  record(facts: readonly Fact[]): Promise<void>;

  /** Every fact, oldest first, after verifying the hash chain. Throws `journal.damaged` naming the file. */
  facts(): Promise<readonly RecordedFact[]>;

  /** Reads and authenticates; `decoded` also decodes and hashes every chunk. One file's fault never stops the rest. */
  check(options: CheckOptions, task: Task): Promise<CheckReport>;

  /** What `forget` would do and free. Throws `snapshot.unknown`, `snapshot.pinned`. */
  planForget(snapshotIds: readonly string[], task: Task): Promise<ForgetPlan>;
  forget(plan: ForgetPlan, task: Task): Promise<void>;

  planCollect(options: CollectOptions, task: Task): Promise<CollectPlan>;
  /** Executes exactly the plan; throws `input.confirmation-needed` where the repository changed since it was made. */
  collect(plan: CollectPlan, task: Task): Promise<CollectReport>;

  /** Writes beside, never deletes: copies from second copies and quarantine, rebuilds index files. */
  repair(options: { readonly dryRun: boolean }, task: Task): Promise<RepairReport>;

  /** What of the repository's own record is lost for good: see `LossPlan`. */
  planAcceptLoss(task: Task): Promise<LossPlan>;
  /** Accepts exactly the plan; throws `input.confirmation-needed` where other things are lost by now. */
  acceptLoss(plan: LossPlan, task: Task): Promise<void>;

  readonly keys: KeyRing;
  /** Bytes by kind of file as they lie on disk. */
  usage(): Promise<RepositoryUsage>;
  locks(): Promise<readonly LockInfo[]>;
  /** Removes a lock of another machine that the user has confirmed dead. */
  breakLock(instance: string): Promise<void>;
  /** Releases locks, threads and handles. Safe to call twice. */
  close(): Promise<void>;
}

export interface RepositoryInfo {
  readonly id: string;
  readonly format: 1;
  readonly createdAt: number;
  readonly protection: 'none' | 'keys';
  /** Average chunk, bytes. */
  readonly chunkAverage: number;
  readonly location: string;
  readonly readOnly: boolean;
}

export interface SnapshotRecord {
  /** 32 hex digits: the manifest's name. */
  readonly id: string;
  readonly seq: number;
  readonly createdAt: number;
  readonly source: string;
  readonly engine: string;
  readonly name?: string;
  readonly note?: string;
  readonly tags: readonly string[];
  readonly pin?: { readonly reason: string; readonly at: number };
  readonly parent?: string;
  readonly totals: SnapshotTotals;
  readonly proofs: readonly ProofFact[];
  /** What the writer of the manifest put in, JSON: server, tool, consistency, end proofs, memo, location. */
  readonly capture: Readonly<Record<string, unknown>>;
}

export interface SnapshotTotals {
  readonly objects: number;
  /** Bytes of all groups as the source gave them. */
  readonly bytes: number;
  /** Bytes that this snapshot added to packs, metadata and index. */
  readonly added: number;
  readonly chunks: number;
  readonly newChunks: number;
  readonly rows: number;
}

export interface StoredObject {
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly at: number;
  readonly length: number;
  readonly rows?: number;
  readonly fingerprint?: string;
  readonly meta?: Readonly<Record<string, unknown>>;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Byte range within the object. */
  readonly from?: number;
  readonly to?: number;
}

export interface BeginOptions {
  /** Snapshot whose groups serve as delta bases; any choice is correct. */
  readonly parent?: string;
}

export interface SnapshotWriter {
  /** At most four groups open at once; a fifth waits. */
  group(name: string, framing: 'none' | 'pages' | 'lines' | 'bson' | 'entries'): Promise<GroupWriter>;
  object(row: {
    readonly name: string;
    readonly kind: string;
    readonly group?: string;
    readonly at?: number;
    readonly length?: number;
    readonly rows?: number;
    readonly fingerprint?: string;
    readonly meta?: Readonly<Record<string, unknown>>;
  }): Promise<void>;
  /**
   * Publishes packs, index, metadata, manifest, in this order, each durable before the next.
   * Resolves after the last fsync: only then is the snapshot acknowledged.
   */
  commit(manifest: ManifestFields): Promise<SnapshotRecord>;
  /** Ends the writer and removes its temporary files; published packs are left for `collect`. Safe after a failure. */
  abort(): Promise<void>;
  /** Bytes taken in and bytes stored so far. */
  progress(): { readonly bytesIn: number; readonly bytesStored: number; readonly chunks: number; readonly newChunks: number };
}

export interface GroupWriter {
  /**
   * Takes ownership of the buffer (transferred). `rowEnds`, for `entries` only: ascending offsets within `bytes`, each just
   * past the last byte of an entry.
   */
  write(bytes: Uint8Array, rowEnds?: Uint32Array): Promise<void>;
  end(): Promise<{ readonly bytes: number; readonly chunks: number; readonly digest: string; readonly sameAsParent: boolean }>;
}

export interface ManifestFields {
  readonly source: string;
  readonly engine: string;
  readonly name?: string;
  readonly note?: string;
  readonly tags: readonly string[];
  readonly createdAt: number;
  readonly capture: Readonly<Record<string, unknown>>;
}

export type ProofLevel = 'captured' | 'intact' | 'complete' | 'proved';

export interface ProofFact {
  readonly level: ProofLevel;
  readonly result: 'passed' | 'failed' | 'inconclusive';
  readonly at: number;
  /** What was seen, JSON, at most 16 KiB. */
  readonly evidence: Readonly<Record<string, unknown>>;
}

export type Fact =
  | { readonly kind: 'pin'; readonly snapshot: string; readonly reason: string | null }
  | { readonly kind: 'tags'; readonly snapshot: string; readonly add: readonly string[]; readonly remove: readonly string[] }
  | { readonly kind: 'note'; readonly snapshot: string; readonly note: string }
  | { readonly kind: 'proof'; readonly snapshot: string; readonly proof: ProofFact }
  | { readonly kind: 'forgotten'; readonly snapshot: string; readonly seq: number; readonly fileHash: string }
  | { readonly kind: 'check'; readonly level: 'authenticated' | 'decoded'; readonly passed: boolean; readonly epoch: number }
  /** What a check found that opens from no copy. `whole`: every byte was looked at, so that what is not named is sound again. */
  | { readonly kind: 'damage'; readonly level: CheckOptions['level']; readonly whole: boolean; readonly packs: readonly DamagedPack[] }
  /** What these files said is lost, and somebody accepted that: they are missed no more. Paths as a problem names them. */
  | { readonly kind: 'loss'; readonly files: readonly string[] }
  | { readonly kind: 'operation'; readonly what: string; readonly details: Readonly<Record<string, unknown>> };

export interface RecordedFact {
  readonly at: number;
  readonly fact: Fact;
}

/** Segments of a pack that open from no copy, by the number of their frame; without `frames`, every one. */
export interface DamagedPack {
  /** 32 hex digits. */
  readonly pack: string;
  readonly frames?: readonly number[];
}

/** Something found wrong, with everything that depends on it. */
export interface Problem {
  readonly file: string;
  readonly kind: 'missing' | 'damaged' | 'foreign' | 'misplaced' | 'rolled-back' | 'unreadable';
  readonly statement: string;
  /** Affected objects, by snapshot; empty where nothing that is kept depends on it. */
  readonly affects: readonly { readonly snapshot: string; readonly seq: number; readonly objects: readonly string[] }[];
  /** True where a second copy or a rebuild makes up for it. */
  readonly repairable: boolean;
}

export interface CheckOptions {
  readonly level: 'structure' | 'authenticated' | 'decoded';
  /** Only what these snapshots need; everything when left out. */
  readonly snapshots?: readonly string[];
}

export interface CheckReport {
  readonly level: CheckOptions['level'];
  readonly passed: boolean;
  readonly problems: readonly Problem[];
  readonly files: number;
  readonly bytesRead: number;
  readonly chunks: number;
  readonly snapshots: number;
  /** Snapshots with no problem at this level. */
  readonly sound: readonly string[];
  /** Segments that open from no copy, or do not decode to what they should. */
  readonly damaged: readonly DamagedPack[];
  readonly durationMs: number;
}

export interface ForgetPlan {
  readonly snapshots: readonly SnapshotRecord[];
  readonly freesNow: number;
  readonly freesAfter: number;
  readonly hash: string;
}

export interface CollectOptions {
  /** Purge quarantine at once instead of after two later checks. Needs one check that passed. */
  readonly purgeNow: boolean;
  /** Most bytes to rewrite in this run. */
  readonly budget?: number;
}

export interface CollectPlan {
  /** Unlinked at once by this run. */
  readonly freesNow: number;
  /** Freed when quarantine is purged and bases are rewritten. */
  readonly freesAfter: number;
  readonly packsDropped: number;
  readonly packsRewritten: number;
  readonly bytesRewritten: number;
  /** Pieces that others are stored as differences to, and that give way to newer ones. */
  readonly rebased: number;
  readonly skipped: readonly string[];
  readonly purgeNow: boolean;
  readonly budget?: number;
  readonly hash: string;
}

export interface CollectReport {
  readonly freed: number;
  readonly quarantined: number;
  readonly rewritten: number;
  readonly packsDropped: number;
  readonly notes: readonly string[];
}

export interface RepairReport {
  readonly mended: readonly { readonly file: string; readonly how: string }[];
  readonly beyondRepair: readonly Problem[];
}

/**
 * Losses of the record that nothing mends and that stop forget and collect until somebody accepts them: journal files (what they said
 * of pins, tags, notes, proofs and forgotten snapshots is not known any more) and snapshots that were taken away.
 */
export interface LossPlan {
  readonly losses: readonly Problem[];
  /** Stands for exactly these. */
  readonly hash: string;
}

export interface RepositoryUsage {
  readonly packs: number;
  readonly metadata: number;
  readonly index: number;
  readonly snapshots: number;
  readonly journal: number;
  readonly quarantine: number;
  readonly other: number;
  readonly total: number;
  readonly free?: number;
}

export interface KeySlot {
  readonly slot: string;
  readonly kind: 'passphrase' | 'keyfile' | 'recovery';
  readonly createdAt: number;
}

export interface KeyRing {
  list(): Promise<readonly KeySlot[]>;
  addPassphrase(passphrase: string): Promise<KeySlot>;
  /** Returns the 32 random bytes to be kept outside, once. */
  addKeyFile(): Promise<{ readonly slot: KeySlot; readonly key: Uint8Array }>;
  /** Returns the printable recovery key, once. */
  addRecovery(): Promise<{ readonly slot: KeySlot; readonly key: string }>;
  /** Throws `repository.key-slot-last` rather than leave fewer than two slots. Does not change the master key. */
  remove(slot: string): Promise<void>;
  /** Writes the new slot durably, then removes the old one. */
  changePassphrase(slot: string, passphrase: string): Promise<KeySlot>;
}

export type Unlock =
  | { readonly kind: 'none' }
  | { readonly kind: 'passphrase'; readonly passphrase: string }
  | { readonly kind: 'keyfile'; readonly key: Uint8Array }
  | { readonly kind: 'recovery'; readonly key: string };

export interface LockInfo {
  readonly instance: string;
  readonly mode: 'writer' | 'exclusive' | 'reader';
  readonly host: string;
  readonly pid: number;
  readonly createdAt: number;
  readonly heartbeatAt: number;
  /** Why it is or is not stale, in words. */
  readonly state: 'ours' | 'alive' | 'stale' | 'unknown';
  readonly why: string;
}
