import type { EngineKind, EngineSource } from './engine.ts';

export interface ExportRequest {
  readonly format: string;
  /** Absolute path that must not exist. */
  readonly to: string;
  /** Where the caller puts it afterwards: what errors and progress name. `to` where it is missing. */
  readonly shownAs?: string;
  readonly object?: string;
  /** When the data was so: becomes the files' own time. */
  readonly madeAt: number;
}
export interface ExportResult {
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

export interface NativeFile {
  readonly path: string;
  readonly engine: EngineKind;
  readonly format: string;
  readonly version: string;
  readonly bytes: number;
  /** Files beside it that are part of its content: logs that were not merged. */
  readonly beside: readonly string[];
  /** When it was made, and what says so. */
  readonly madeAt: number;
  readonly madeAtFrom: 'name' | 'content' | 'file-time';
  readonly sourceName: string;
}

export interface LoadedNative {
  readonly source: EngineSource;
  /** What the file calls the database that it was taken from; empty where it does not say. */
  readonly database: string;
  /** What of the file is not there, or not as it was. */
  readonly warnings: readonly string[];
  /** What no file of this engine brings in, in words and as items of a fingerprint: a comparison with what was captured leaves it out, and says so. */
  readonly leftOut?: { readonly words: string; readonly has: (kind: string, name: string) => boolean };
}
