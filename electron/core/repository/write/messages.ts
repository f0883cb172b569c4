import type { WireError } from '../../../contract/errors.ts';
import type { StoreDescription } from '../blob-store.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import type { Framing } from '../format/table.ts';
import type { DamagedPack, ManifestFields, SnapshotRecord } from '../repository.ts';

/** Groups that may be open at once; each holds a few MiB. */
export const OPEN_GROUPS = 4;

/** What the writer's thread is started with. */
export interface WorkerStart {
  readonly store: StoreDescription;
  readonly keys: KeyMaterial;
  readonly chunkAverage: number;
  /** Round the last data pack up, so that its size does not tell how much was added. */
  readonly pad: boolean;
  readonly parent?: ParentSnapshot;
  /** What a check found: chunks in these are stored anew. */
  readonly damaged?: readonly DamagedPack[];
}

/** Where a snapshot that serves as parent has its object table. Any choice is correct; what cannot be read is not used. */
export interface ParentSnapshot {
  /** 32 hex digits: the manifest's name. */
  readonly id: string;
  /** Root of the table's list, 32 hex digits. */
  readonly tableList: string;
}

export interface ObjectFields {
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly at?: number;
  readonly length?: number;
  readonly rows?: number;
  readonly fingerprint?: string;
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** To the thread. `call` is answered by `done` or `failed` with the same number. */
export type ToWorker =
  | { readonly type: 'open'; readonly call: number; readonly group: number; readonly name: string; readonly framing: Framing }
  | { readonly type: 'data'; readonly call: number; readonly group: number; readonly bytes: Uint8Array; readonly rowEnds?: Uint32Array }
  | { readonly type: 'end'; readonly call: number; readonly group: number }
  | { readonly type: 'object'; readonly call: number; readonly row: ObjectFields }
  | { readonly type: 'commit'; readonly call: number; readonly fields: ManifestFields }
  | { readonly type: 'abort' }
  | { readonly type: 'answer'; readonly question: number; readonly value?: Link; readonly error?: WireError };

/** The place of a new manifest in the chain. */
export interface Link {
  readonly seq: number;
  /** SHA-256 of the manifest file with `seq - 1`, 64 hex digits; null for the first. */
  readonly previous: string | null;
}

export interface WriterCounts {
  /** Bytes taken in. */
  readonly bytesIn: number;
  /** Bytes published so far, second copies included. */
  readonly bytesStored: number;
  readonly chunks: number;
  readonly newChunks: number;
}

export interface GroupEnd {
  readonly bytes: number;
  readonly chunks: number;
  readonly digest: string;
  readonly sameAsParent: boolean;
}

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly call: number; readonly value?: GroupEnd | SnapshotRecord; readonly counts: WriterCounts }
  | { readonly type: 'failed'; readonly call: number; readonly error: WireError }
  /** `held`: may this still publish? `link`: where does the new manifest stand? */
  | { readonly type: 'ask'; readonly question: number; readonly what: 'held' | 'link' }
  /** The snapshot cannot go on. Every later call fails with the same error. */
  | { readonly type: 'broken'; readonly error: WireError };
