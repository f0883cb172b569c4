import type { Clock, Log, OnProgress, Random } from '../base/ports.ts';
import type { BrowsePage, BrowseRequest } from './browsing.ts';
import type { CaptureOptions, CaptureReport, CaptureSink, ObjectRow } from './capturing.ts';
import type { CheckpointVerbs } from './checkpoint-verbs.ts';
import type { Discovered, DiscoverScope, GivenFrom } from './discovering.ts';
import type { MergeVerbs } from './merging.ts';
import type { RowDiff, RowDiffRequest } from './row-diff.ts';
import type { Expectation, RestoreChoices } from './choices.ts';
import type { ExportRequest, ExportResult, LoadedNative, NativeFile } from './native-file.ts';
import type { EngineState, Patience } from '../containers/engine.ts';

export type { BrowsePage, BrowseRequest, CellValue } from './browsing.ts';
export type { CaptureOptions, CaptureReport, CaptureSink, GroupEnd, GroupStream, ObjectRow } from './capturing.ts';
export type { CheckpointInfo, CheckpointRoom, CheckpointVerbs, RewindIntents } from './checkpoint-verbs.ts';
export type { Expectation, RestoreChoices } from './choices.ts';
export type { Discovered, DiscoverScope, GivenFrom } from './discovering.ts';
export type { ExportRequest, ExportResult, LoadedNative, NativeFile } from './native-file.ts';

/**
 * The engine port. Every engine implements it and passes `test/contract/engine-suite.ts` against a real server. It knows nothing of chunks
 * or snapshots: it writes named streams into a sink and reads them back. What it cannot do it declares in `capabilities`.
 */
export interface Engine {
  readonly kind: EngineKind;
  /** Name as people write it: `SQLite`, `PostgreSQL`. */
  readonly title: string;
  readonly capabilities: EngineCapabilities;

  /** What of this engine's can be seen from a folder and from this machine, without secrets. Never opens a connection that writes. */
  discover(where: DiscoverScope, context: EngineContext): Promise<readonly Discovered[]>;

  /**
   * Fills in what a person left out from where it is to be found: a container's own settings, the variables of the one who asks, files that
   * they name. What comes may hold secrets, for `separateSecrets`. Missing where nothing is ever filled in.
   */
  complete?(input: SourceLocation, from: GivenFrom, context: EngineContext): Promise<SourceLocation>;

  /**
   * Takes secrets out of what a person gave (the password in a URL): `secrets` go under handles whose names `location.secrets` holds.
   * Missing where no location of this engine has one.
   */
  separateSecrets?(input: SourceLocation): { readonly input: SourceLocation; readonly secrets: Readonly<Record<string, string>> };

  /** The location as a source profile keeps it: checked for form, made absolute, nothing opened. Throws `input.invalid` naming the field. */
  normaliseLocation(input: Readonly<Record<string, unknown>>, baseFolder: string): SourceLocation;

  /**
   * What a person typed as a restore target as a location shaped like `like` (attached files and all). Where it lies on the server of that, or of one of the
   * `others` that are known, it is reached as that one is. Opens nothing. Throws `input.invalid`.
   */
  targetLocation(to: string, like: SourceLocation, baseFolder: string, others?: readonly SourceLocation[]): SourceLocation;

  /** A location for a throw-away restore of something shaped like `like`, private to `folder`. Opens nothing. */
  throwAwayLocation(like: SourceLocation, folder: string): SourceLocation;

  /** All of the place, where a location can mean a part of it. */
  wholeLocation?(location: SourceLocation): SourceLocation;

  /** The location in words for people, e.g. the file's path; never a secret. */
  describeLocation(location: SourceLocation): string;

  /** Connects, and says what is there. Throws `source.*` where it cannot be read; writes nothing. */
  probe(source: EngineSource, context: EngineContext): Promise<Probe>;

  /** Databases, tables, indexes with counts and sizes. */
  inventory(source: EngineSource, context: EngineContext): Promise<Inventory>;

  /**
   * Writes every object into `sink` from one consistent point and reports how it ended.
   * Resolves only after every stream was ended and the source's own locks are released; on cancel or failure it has
   * released everything before it rejects. `previous` is the report data of the parent snapshot, a hint only.
   */
  capture(source: EngineSource, options: CaptureOptions, sink: CaptureSink, context: EngineContext): Promise<CaptureReport>;

  /**
   * What stands in the way of restoring into `target`, and what would happen. Writes nothing.
   * Blockers make `restore` and `promote` refuse.
   */
  preflight(snapshot: SnapshotContent, target: RestoreTarget, context: EngineContext): Promise<Preflight>;

  /**
   * Restores into a new place that did not exist before. Never touches what exists; removes its own leftovers on failure.
   * `intent` is called with the copy as it will be before its first byte is written: once it resolves the copy is on record, so
   * that after a crash `discard` takes whatever of it is there.
   */
  restore(snapshot: SnapshotContent, target: RestoreTarget, context: EngineContext, intent: (copy: RestoredCopy) => Promise<void>): Promise<RestoredCopy>;

  /** The same word for two sources that are asked at one time where they are one place by two names, and only then; undefined where it does not answer in a few seconds. */
  identity?(source: EngineSource, context: EngineContext): Promise<string | undefined>;

  /** Fingerprint of a live source, a restored copy, or a loose native file: the same definition as at capture. */
  fingerprint(of: FingerprintTarget, context: EngineContext): Promise<Fingerprint>;

  /**
   * What `found`, the fingerprint of a copy, must be equal to where choices made it another than the snapshot's. Everything that does not
   * follow from a choice stays as the snapshot has it, and so counts as a difference. Missing where an engine knows no choices.
   */
  expected?(snapshot: SnapshotContent, copy: RestoredCopy, found: Fingerprint, context: EngineContext): Promise<Expectation>;

  /** For two fingerprints that differ: what differs, as deep as can be found (rows, columns). At most `limit` rows of detail. */
  explain(
    expected: FingerprintTarget,
    found: FingerprintTarget,
    differences: readonly Difference[],
    limit: number,
    context: EngineContext,
  ): Promise<readonly Difference[]>;

  /**
   * One page of the rows of a table, in both, that differ, paired by its key, cell by cell: what became of `before`. In the order of the key, the
   * same at each call while neither changes. Missing where rows have no names.
   */
  rowDiff?(before: FingerprintTarget, after: FingerprintTarget, request: RowDiffRequest, context: EngineContext): Promise<RowDiff>;

  /** Integrity checks of the engine's own on a restored copy or loose file (e.g. `integrity_check`, foreign keys). */
  selfCheck(of: FingerprintTarget, context: EngineContext): Promise<readonly SelfCheck[]>;

  /**
   * How programs of the user's reach a place. Opens nothing. What it returns holds a password: it goes into the environment of a program that
   * the user asked for, or into a file that the user named, and nowhere else. Missing where a place is a file. Throws `engine.unsupported` where
   * the engine itself reaches the place, and no other program does.
   */
  connection?(at: SourceLocation, context: EngineContext): Promise<Connection>;

  /**
   * To be called when a program of the user's was meant to change a copy: the copy as it is promoted, whose content is now `fingerprint`. Whatever
   * such a program left open in it is settled.
   */
  changed(copy: RestoredCopy, fingerprint: Fingerprint, context: EngineContext): Promise<RestoredCopy>;

  /**
   * Puts a restored copy in the place of `target` as atomically as the system can; keeps the old one.
   * `intent` is called with the full undo record before the first step that changes anything: once it resolves the record is
   * durable, so that a crash at any later step can be completed or undone by `recover`.
   */
  promote(copy: RestoredCopy, target: RestoreTarget, context: EngineContext, intent: (undo: UndoRecord) => Promise<void>): Promise<UndoRecord>;

  /** After a crash: brings a promote or undo that had begun to one of its two ends. Returns which one. */
  recover(undo: UndoRecord, context: EngineContext): Promise<'promoted' | 'rolled-back'>;

  /** Puts the kept one back. Throws `undo.target-changed` where the target was written since, unless `force`. */
  undo(undo: UndoRecord, context: EngineContext, options: { readonly force: boolean }): Promise<void>;

  /**
   * To be called before Belay writes into the live target of a kept record: the record with the content that it left, where nobody wrote
   * since. A later `undo` then knows that content again in a file that was written and put back. Else the record as it is.
   */
  anchor(undo: UndoRecord, context: EngineContext): Promise<UndoRecord>;

  /** Bytes that a kept old copy takes up. */
  keptBytes(undo: UndoRecord): Promise<number>;

  /** Removes a kept old copy for good. */
  discardUndo(undo: UndoRecord, context: EngineContext): Promise<void>;

  /** Removes a restored copy that will not be promoted, whole or in part; one that is not there is success. */
  discard(copy: RestoredCopy, context: EngineContext): Promise<void>;

  /** One page of rows of a table/collection of a restored copy or loose file, read-only. */
  browse(of: FingerprintTarget, request: BrowseRequest, context: EngineContext): Promise<BrowsePage>;

  /**
   * One page of a stored table straight from the snapshot's bytes: nothing is restored and no server is asked, in bounded memory. Undefined for
   * what the snapshot names and stores no rows of, which `browse` shows of a restored copy. Throws `object.unknown`. Missing where tables are not stored one by one.
   */
  browseStored?(snapshot: SnapshotContent, request: BrowseRequest, context: EngineContext): Promise<BrowsePage | undefined>;

  /** Runs one read-only query of the user's (a smoke check). Times out by the context's signal. */
  query(of: FingerprintTarget, sql: string, context: EngineContext): Promise<BrowsePage>;

  /** Writes the snapshot (or one object) to a native file. Never overwrites. What it began of one that fails it removes where it can; its own error is what it throws. */
  exportNative(snapshot: SnapshotContent, request: ExportRequest, context: EngineContext): Promise<ExportResult>;

  /** Looks at a loose file: is it a native dump of this engine, which form, which version, when was it made. */
  recogniseNative(path: string, context: EngineContext): Promise<NativeFile | undefined>;

  /**
   * Where native files are no databases that can be read as they lie: loads one into a scratch database on `server`, in a way that what the file says to run reaches nothing else,
   * and runs `work` on it as on a source. The scratch database is gone when this resolves or rejects. Throws `source.damaged` for a file that ends too early,
   * `source.unsupported` for one that needs more rights than it is given. Where it is there, `nativeSource` and `nativeContent` are not called.
   */
  loadNative?<T>(file: NativeFile, server: EngineSource, context: EngineContext, work: (loaded: LoadedNative) => Promise<T>): Promise<T>;

  /** A pseudo source that captures a loose native file exactly as it lies. */
  nativeSource(file: NativeFile): EngineSource;

  /** A loose native file as if it were stored. `fingerprint` is the file's own; `folder` (not there yet) may be used to unpack into. */
  nativeContent(file: NativeFile, fingerprint: Fingerprint, folder: string): SnapshotContent;

  readonly checkpoints?: CheckpointVerbs;
  readonly merge?: MergeVerbs;
}

export type EngineKind = 'sqlite' | 'postgres' | 'mongodb' | 'redis' | 'files';

export interface EngineCapabilities {
  /** Ways in which a capture can be consistent, best first. */
  readonly consistency: readonly Consistency[];
  readonly checkpoint: boolean;
  readonly browse: boolean;
  readonly query: boolean;
  /** In-place restore into a running target (no swap). */
  readonly inPlace: boolean;
  /** Native formats given out and taken in, by file ending, e.g. `.sqlite`. */
  readonly exportFormats: readonly string[];
  /** Those of them that hold one table. */
  readonly tableFormats?: readonly string[];
  readonly importFormats: readonly string[];
  /** Choices that a restore takes. */
  readonly choices: readonly (keyof RestoreChoices)[];
  /** Where a drill may run without being told. */
  readonly drill: readonly ThrowAwayKind[];
}

/** Kinds of places for throw-away copies; `scratch-database` is one on the source's own server. */
export type ThrowAwayKind = 'temporary-file' | 'container' | 'scratch-database' | 'local-process';

/** Where a throw-away copy stands, for the record of a drill. */
export interface ThrowAwayPlace {
  readonly kind: ThrowAwayKind;
  /** Where, and why not elsewhere, for people. */
  readonly statement: string;
  readonly image?: string;
  readonly serverVersion?: string;
  /** What went into starting a server for the copy alone: no part of a recovery. */
  readonly startMs: number;
  readonly warnings: readonly string[];
}

/** `transaction`: one snapshot; `file`: one locked file state; `set-file`: each file of a set by itself; `none`: said plainly. */
export type Consistency = 'transaction' | 'oplog' | 'fork' | 'file' | 'none';

/** All that a verb gets of the world. */
export interface EngineContext {
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  /** A private folder (0700) of this operation, removed afterwards by the caller. On the data directory's file system. */
  readonly temporaryFolder: string;
  /** Reads a secret by its handle; undefined where none is stored. */
  readonly secret: (handle: string) => Promise<string | undefined>;
  /** The container engine of this machine, looked for at each call, for longer where work needs it; missing where none is wanted. */
  readonly containerEngine?: (signal: AbortSignal, patience?: Patience) => Promise<EngineState>;
}

export type SourceLocation = Readonly<Record<string, unknown>>;

export interface EngineSource {
  readonly name: string;
  readonly engine: EngineKind;
  readonly location: SourceLocation;
}

export interface Probe {
  readonly serverVersion: string;
  /** Facts for people, in order: name and value. */
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  readonly bytes: number;
  readonly tools: readonly { readonly tool: string; readonly version: string; readonly origin: string }[];
  readonly warnings: readonly string[];
  readonly consistency: Consistency;
  /** Why the role that restores, where it is another than the one that reads, is not let in: no capture needs it, and every restore does. */
  readonly restoreRefused?: { readonly statement: string; readonly hint: string };
}

export interface InventoryItem {
  readonly name: string;
  readonly kind: string;
  readonly rows?: number;
  readonly bytes?: number;
}
export interface Inventory {
  readonly items: readonly InventoryItem[];
}

/** Content of a database, free of how it is stored. Items are sorted by kind, then name (code units). */
export interface Fingerprint {
  readonly version: 1;
  readonly items: readonly FingerprintItem[];
}

export interface FingerprintItem {
  readonly name: string;
  /** `table`, `index`, `view`, `trigger`, `setting`, `collection`, ... */
  readonly kind: string;
  readonly rows?: number;
  /** Hash of the content, hex; for definitions, of the normalised definition. */
  readonly hash: string;
  /** Small facts that let a difference be named: column names and types, the definition's text. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

export interface Difference {
  readonly name: string;
  readonly kind: string;
  readonly what: 'missing' | 'unexpected' | 'row-count' | 'content' | 'definition';
  readonly expected?: string;
  readonly found?: string;
  /** One statement for people that names the row, column or index. */
  readonly statement: string;
}

export interface SelfCheck {
  readonly name: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  readonly findings: readonly string[];
}

/** Content of a stored snapshot, as an engine sees it. */
export interface SnapshotContent {
  readonly engine: EngineKind;
  readonly snapshotId: string;
  readonly location: SourceLocation;
  readonly fingerprint: Fingerprint;
  /** Where it is of a part of its source: what was chosen, one statement each. */
  readonly part?: readonly string[];
  objects(): AsyncIterable<ObjectRow>;
  /** The bytes of an object from `from` on (0 where left out), every one of them verified before it is handed out. Each part is the reader's own, to keep or to give back. */
  read(objectName: string, signal: AbortSignal, from?: number): AsyncIterable<Uint8Array>;
}

export interface RestoreTarget {
  /** Where the restored data will stand in the end. */
  readonly location: SourceLocation;
  readonly mode: 'new' | 'replace' | 'in-place' | 'throw-away';
  /** Of a throw-away: where it is asked to be, one of `capabilities.drill`; `restore` throws where it cannot be there. The engine's choice where missing. */
  readonly throwAway?: ThrowAwayKind;
  readonly choices?: RestoreChoices;
}

export interface Preflight {
  readonly blockers: readonly {
    readonly code: 'target.exists' | 'target.busy' | 'target.denied' | 'target.missing' | 'target.no-space' | 'engine.unsupported' | 'checkpoint.unknown';
    readonly statement: string;
    readonly hint: string;
  }[];
  readonly warnings: readonly string[];
  /** What will happen, one statement a step. */
  readonly steps: readonly string[];
  readonly bytesNeeded: number;
  readonly bytesFree?: number;
}

/** A restored, not yet promoted copy. JSON only, so that it can be journalled and cleaned up after a crash. */
export interface RestoredCopy {
  readonly engine: EngineKind;
  readonly location: SourceLocation;
  readonly data: Readonly<Record<string, unknown>>;
  /** Of a throw-away whose engine has a choice of places. */
  readonly stands?: ThrowAwayPlace;
}

export interface Connection {
  /** As an application takes it, without the password. */
  readonly url: string;
  /** The same with it, where one is known. */
  readonly secretUrl: string;
  /** For the environment of a program; what is undefined must not be passed on to it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What must be shown to nobody. */
  readonly secrets: readonly string[];
}

export type FingerprintTarget = { readonly kind: 'source'; readonly source: EngineSource } | { readonly kind: 'copy'; readonly copy: RestoredCopy };

/** Everything needed to undo a promote, JSON only. */
export interface UndoRecord {
  readonly engine: EngineKind;
  readonly target: SourceLocation;
  /** Where the old one is kept, for people. */
  readonly kept: string;
  readonly data: Readonly<Record<string, unknown>>;
}
