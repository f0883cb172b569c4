import { createContext, use } from 'react';
import type { Typed } from './place.ts';
import type { SnapshotSummary, Source, UndoEntry } from '../../../electron/contract/model.ts';

/** What can be done from any page. Each opens its surface, or starts its job and tells how it ended. */
export interface Acts {
  /** One click: a snapshot of the source, now. */
  snap(source: string): void;
  /** Asks for source, name and note first. */
  snapWith(source?: string): void;
  rewind(source: Source, snapshot: SnapshotSummary): void;
  prove(snapshot: SnapshotSummary): void;
  undo(entry: UndoEntry): void;
  /** Opens what a source is held against. */
  configure(source: string): void;
  exportTo(snapshot: SnapshotSummary): void;
  pin(snapshot: SnapshotSummary): void;
  unpin(snapshot: SnapshotSummary): void;
  /** Makes the demo's source; with `thenSnap` it is snapshotted too. */
  makeDemo(): void;
  damageDemo(): void;
  /** Opens what adds a source by hand; what is known of it already stands there. */
  addSource(start?: Partial<Typed>): void;
  /** Adds what discovery found as a source and snapshots it. */
  protect(found: Found): void;
  /** Asks for what is missing before there is a repository that can be used; tells whether there is one now. */
  ready(): Promise<boolean>;
  /** Makes the repository where there is none, unlocks it where it is locked. */
  openRepository(): void;
  /** Opens the list of everything that can be found and done. */
  find(): void;
}

export interface Found {
  readonly name: string;
  readonly engine: Source['engine'];
  readonly location: Source['location'];
  readonly baseFolder: string;
  /** What is typed already where it turns out that it asks for a login. */
  readonly typed: Partial<Typed>;
}

export const ActsContext = createContext<Acts | undefined>(undefined);

export function useActs(): Acts {
  const acts = use(ActsContext);
  if (acts === undefined) throw new Error('There are no acts above this part of the page.');
  return acts;
}
