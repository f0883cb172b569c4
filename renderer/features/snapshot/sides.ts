import type { CommandOutput } from '../../../electron/contract/commands.ts';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { count, counted } from '../../ui/format.ts';

/** What a snapshot is compared with: another one, or its source as it is now. */
export type Other = { readonly kind: 'snapshot'; readonly snapshot: SnapshotSummary } | { readonly kind: 'live' };

export interface Sides {
  readonly before: SnapshotSummary;
  /** Undefined: the live source. */
  readonly after: SnapshotSummary | undefined;
}

/** A change goes from the older to the newer, and to the live source from any. */
export function sidesOf(shown: SnapshotSummary, other: Other): Sides {
  if (other.kind === 'live') return { before: shown, after: undefined };
  return isOlder(other.snapshot, shown) ? { before: other.snapshot, after: shown } : { before: shown, after: other.snapshot };
}

function isOlder(one: SnapshotSummary, other: SnapshotSummary): boolean {
  return one.createdAt === other.createdAt ? one.seq < other.seq : one.createdAt < other.createdAt;
}

export type Diff = CommandOutput<'diff.run'>;

/** What became of a table, in words. */
export function tableWords({ what, rowsBefore, rowsAfter }: Diff['tables'][number]): string {
  if (what !== 'changed') return `${what}, ${counted(rowsAfter ?? rowsBefore ?? 0, 'row')}`;
  if (rowsBefore === undefined || rowsAfter === undefined || rowsBefore === rowsAfter) return `${counted(rowsAfter ?? 0, 'row')} as before, not all the same`;
  return `${count(rowsBefore)} → ${counted(rowsAfter, 'row')}`;
}

/** The whole change as one statement. */
export function diffTitle({ definitions, tables }: Diff): string {
  if (definitions.length + tables.length === 0) return 'Nothing changed';
  const parts = [
    ...(definitions.length === 0 ? [] : [counted(definitions.length, 'definition')]),
    ...(tables.length === 0 ? [] : [counted(tables.length, 'table')]),
  ];
  return `${parts.join(' and ')} changed`;
}

/** Changes of rows, as they are counted: `1 added, 3 removed, 2 changed`. */
export function countWords({ added, removed, changed }: { readonly added: number; readonly removed: number; readonly changed: number }): string {
  const told = [
    [added, 'added'],
    [removed, 'removed'],
    [changed, 'changed'],
  ] as const;
  const words = told.filter(([many]) => many > 0).map(([many, word]) => `${count(many)} ${word}`);
  return words.length === 0 ? 'No row differs' : words.join(', ');
}
