import type { Task } from '../../base/ports.ts';
import type { BlobStore } from '../blob-store.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import type { IndexTable } from '../index-table.ts';
import type { ChunkSource } from '../read/chunk-source.ts';
import type { SegmentContents } from './contents.ts';
import type { Findings } from './findings.ts';
import type { Losses } from './losses.ts';

/** What the parts of one check share. */
export interface CheckContext {
  readonly store: BlobStore;
  readonly keys: KeyMaterial;
  readonly table: IndexTable;
  readonly source: ChunkSource;
  readonly contents: SegmentContents;
  readonly findings: Findings;
  readonly losses: Losses;
  /** 1 for each segment that is to be read; undefined: all. */
  readonly wanted: Uint8Array | undefined;
  readonly task: Task;
  readonly count: CheckCount;
}

/** What was done so far; grows as the check goes on. */
export interface CheckCount {
  files: number;
  bytesRead: number;
  bytesTotal: number;
  chunks: number;
}

export function isWanted(context: CheckContext, segment: number): boolean {
  return context.wanted === undefined || context.wanted[segment] === 1;
}

export function tell(context: CheckContext, stage: string): void {
  const { bytesRead, bytesTotal } = context.count;
  context.task.progress({ stage, bytesDone: Math.min(bytesRead, bytesTotal), bytesTotal });
}
