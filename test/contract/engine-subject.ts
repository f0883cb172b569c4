import type { Engine, EngineSource, RestoredCopy, RestoreTarget, SourceLocation, UndoRecord } from '../../electron/core/engines/engine.ts';

/**
 * A real server (or file) with known content, and ways to change and judge it that share no code with the engine under test.
 * The content obeys laws that every committed state keeps. Made anew for each test.
 */
export interface EngineSubject extends AsyncDisposable {
  readonly engine: Engine;
  readonly source: EngineSource;
  /** A table or collection of the source and how many rows it has. */
  readonly table: { readonly name: string; readonly rows: number; readonly column: string };
  /** Begins to commit changes beside, without a pause. `stop` resolves with the number of commits. */
  startWriter(): Promise<{ stop(): Promise<number> }>;
  /** Laws that the content at a location breaks; none for a state that was committed. */
  brokenLaws(location: SourceLocation): Promise<readonly string[]>;
  /** Everything at a location in one word, by code of its own. */
  digest(location: SourceLocation): Promise<string>;
  /** One committed change. */
  change(location: SourceLocation): Promise<void>;
  /** Changes one thing and returns the words by which a difference must name it. */
  readonly plant: { readonly [K in 'row' | 'column' | 'index']: (location: SourceLocation) => Promise<readonly string[]> };
  /** A place where nothing is yet. */
  newLocation(): Promise<SourceLocation>;
  /** The same, shaped like `like`. */
  newLocationLike(like: SourceLocation): Promise<SourceLocation>;
  /** Sources with the same content under names that are hostile to shells, SQL, paths and displays. */
  hostile(): Promise<readonly EngineSource[]>;
  /** What lies about in all places of the subject beside the sources themselves: files, databases, locks, processes. */
  residue(): Promise<readonly string[]>;
  /** What of a throw-away copy shows as residue while it stands; nothing where left out. */
  readonly throwAwayResidue?: (copy: RestoredCopy) => readonly string[];
  /** Content the engine must refuse, with the code it must give. */
  refused(): Promise<readonly { readonly source: EngineSource; readonly code: string }[]>;
  /** Where a native export may be written; nothing is there. */
  newFile(): Promise<string>;
  /** The files of one export as a source again. */
  exported(files: readonly string[]): Promise<EngineSource>;
  /** Runs an operation in a process of its own that is killed before its `step`th change. */
  runKilled(operation: KilledOperation, step: number): Promise<KilledRun>;
}

export type KilledOperation =
  | { readonly kind: 'promote'; readonly copy: RestoredCopy; readonly target: RestoreTarget }
  | { readonly kind: 'undo'; readonly undo: UndoRecord };

export interface KilledRun {
  readonly killed: boolean;
  /** The record as the intent made it durable; undefined where it had not come so far. */
  readonly undo: UndoRecord | undefined;
}
