import type { EngineContext, EngineSource, SnapshotContent, UndoRecord } from './engine.ts';

export interface MergeRequest {
  /** Patterns of tables, as the engine has them; each must match. */
  readonly tables: readonly string[];
  /** What becomes of rows that are there under the same key with other values. */
  readonly differing: 'keep' | 'replace';
}

export interface MergedTable {
  readonly name: string;
  /** The columns by which rows are the same. */
  readonly key: readonly string[];
  /** Rows of the snapshot that are not there. */
  readonly missing: number;
  readonly differing: number;
  readonly same: number;
  /** Rows that are there and not in the snapshot: they stay. */
  readonly onlyThere: number;
  /** Some of the rows that differ, one statement each. */
  readonly examples: readonly string[];
}

export interface MergePlan {
  readonly tables: readonly MergedTable[];
  /** What people should know: triggers that will run, foreign keys, sequences. */
  readonly notes: readonly string[];
}

/** Rows of a snapshot put into tables that are there, by key. */
export interface MergeVerbs {
  /** What a merge would do. Nothing of it stays. Throws `input.invalid` for a table without a key, `target.missing` for one that is not there. */
  plan(snapshot: SnapshotContent, target: EngineSource, request: MergeRequest, context: EngineContext): Promise<MergePlan>;
  /**
   * Puts in what is missing, and with `replace` what differs, in one transaction; other rows are not touched. `intent` is called with the undo
   * record before that transaction is committed; `undo`, `recover` and `discardUndo` of the engine take the record.
   */
  run(
    snapshot: SnapshotContent,
    target: EngineSource,
    request: MergeRequest,
    context: EngineContext,
    intent: (undo: UndoRecord) => Promise<void>,
  ): Promise<{ readonly plan: MergePlan; readonly undo: UndoRecord }>;
}
