import type { EngineContext, EngineSource, Preflight, RestoredCopy, UndoRecord } from './engine.ts';

/** Instant copies in the source's own place, for the dev loop; not a backup. */
export interface CheckpointVerbs {
  create(source: EngineSource, id: string, context: EngineContext): Promise<CheckpointInfo>;
  list(source: EngineSource, context: EngineContext): Promise<readonly CheckpointInfo[]>;
  /** What stands in the way of `rewind`, and what would happen. Writes nothing. Throws `checkpoint.unknown`. */
  preflight(source: EngineSource, id: string, context: EngineContext): Promise<Preflight>;
  /** Swaps the checkpoint's content in, keeping the old one for undo, as `promote` does. */
  rewind(source: EngineSource, id: string, context: EngineContext, intents: RewindIntents): Promise<UndoRecord>;
  drop(source: EngineSource, id: string, context: EngineContext): Promise<void>;
  /** What one more would take up. Missing where `create` itself finds out before it writes. */
  room?(source: EngineSource, context: EngineContext): Promise<CheckpointRoom>;
  /**
   * Makes what the next `rewind` to it is quick by, which the last one used up; one that is there is success. On failure and cancel nothing of it
   * is left, and a rewind makes it first. Missing where a rewind uses nothing up.
   */
  prepare?(source: EngineSource, id: string, context: EngineContext): Promise<void>;
}

/** What a rewind has put on record before it goes on. */
export interface RewindIntents {
  /** The copy that it is about to make of the checkpoint, for `discard`, if a crash leaves it. Not called where the engine finds such a copy again by its name. */
  readonly building: (copy: RestoredCopy) => Promise<void>;
  /** The swap that it is about to make, for `recover`. */
  readonly swapping: (undo: UndoRecord) => Promise<void>;
}

export interface CheckpointRoom {
  /** Bytes of one more, and of all that are there. */
  readonly needed: number;
  readonly held: number;
  /** Bytes free where they lie; left out where that cannot be known. */
  readonly free?: number;
}

export interface CheckpointInfo {
  readonly id: string;
  readonly createdAt: number;
  readonly bytes: number;
  readonly method: 'reflink' | 'copy' | 'template';
  /** False where a rewind to it has to copy first. */
  readonly ready?: boolean;
}
