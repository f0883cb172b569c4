import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import type { Sorting } from '../../ui/data-table.tsx';

export type ProofFilter = 'any' | 'proved' | 'complete' | 'failing';
export type Span = 'all' | '24h' | '7d' | '30d';

export interface Filter {
  readonly text: string;
  readonly source: string | undefined;
  readonly proof: ProofFilter;
  readonly span: Span;
  readonly pinned: boolean;
}

export const spans: Readonly<Record<Span, number>> = { all: Number.POSITIVE_INFINITY, '24h': 86_400_000, '7d': 7 * 86_400_000, '30d': 30 * 86_400_000 };

/** What is searched of a snapshot, once for each. */
export function searchable(snapshot: SnapshotSummary): string {
  return [snapshot.name, snapshot.note, snapshot.source, snapshot.pin?.reason, ...snapshot.tags, `#${String(snapshot.seq)}`, snapshot.id]
    .filter((text) => text !== undefined)
    .join('\n')
    .toLowerCase();
}

/** Those that the filter lets through: every word that was typed must occur. */
export function filtered(snapshots: readonly SnapshotSummary[], words: ReadonlyMap<string, string>, filter: Filter, now: number): readonly SnapshotSummary[] {
  const asked = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const from = now - spans[filter.span];
  return snapshots.filter(
    (one) =>
      (filter.source === undefined || one.source === filter.source) &&
      one.createdAt >= from &&
      (!filter.pinned || one.pin !== undefined) &&
      reaches(one, filter.proof) &&
      asked.every((word) => words.get(one.id)?.includes(word) === true),
  );
}

function reaches(one: SnapshotSummary, proof: ProofFilter): boolean {
  switch (proof) {
    case 'any':
      return true;
    case 'proved':
      return one.proved === 'proved' && !one.failing;
    case 'complete':
      return !one.failing && (one.proved === 'complete' || one.proved === 'proved');
    case 'failing':
      return one.failing;
  }
}

const orders: Readonly<Record<string, (one: SnapshotSummary) => number | string>> = {
  taken: (one) => one.createdAt,
  source: (one) => one.source.toLowerCase(),
  name: (one) => (one.name ?? '\uffff').toLowerCase(),
  size: (one) => one.bytes,
  stored: (one) => one.added,
  rows: (one) => one.rows,
};

/** In the order that was asked; among equals, and where none was asked, newest first. */
export function sorted(snapshots: readonly SnapshotSummary[], { key, down }: Sorting): readonly SnapshotSummary[] {
  const by = orders[key] ?? ((one: SnapshotSummary) => one.createdAt);
  const sign = down ? -1 : 1;
  return snapshots.toSorted((a, b) => {
    const [one, other] = [by(a), by(b)];
    if (one === other) return b.seq - a.seq;
    return one < other ? -sign : sign;
  });
}

/** For each snapshot the one of its source before it. */
export function predecessors(snapshots: readonly SnapshotSummary[]): ReadonlyMap<string, SnapshotSummary> {
  const last = new Map<string, SnapshotSummary>();
  const before = new Map<string, SnapshotSummary>();
  for (const one of snapshots.toSorted((a, b) => a.seq - b.seq)) {
    const known = last.get(one.source);
    if (known !== undefined) before.set(one.id, known);
    last.set(one.source, one);
  }
  return before;
}
