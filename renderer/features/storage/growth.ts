import type { CommandOutput } from '../../../electron/contract/commands.ts';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import type { PlotPoint } from '../../ui/plot/points.ts';

export type Usage = CommandOutput<'repository.usage'>;

export interface Part {
  readonly key: string;
  readonly title: string;
  readonly text: string;
  readonly bytes: number;
  /** Of everything. */
  readonly share: number;
}

/** What takes room in the repository, largest first; what takes none is left out. */
export function partsOf(usage: Usage): readonly Part[] {
  const total = Math.max(1, usage.total);
  const kinds: readonly (readonly [key: string, title: string, text: string, bytes: number])[] = [
    ['packs', 'Content', 'rows, pages and files of all snapshots, each piece once, compressed', usage.packs],
    ['metadata', 'Lists', 'which pieces make up which object, twice', usage.metadata],
    ['index', 'Index', 'where each piece lies', usage.index],
    ['snapshots', 'Snapshots', 'what each snapshot is, twice', usage.snapshots],
    ['journal', 'Journal', 'pins, tags, proofs, drills and checks', usage.journal],
    ['quarantine', 'Quarantine', 'taken out, and kept until two later checks have passed', usage.quarantine],
    ['other', 'Other', 'keys, locks, and room kept back for a full disk', usage.other],
  ];
  return kinds
    .filter(([, , , bytes]) => bytes > 0)
    .map(([key, title, text, bytes]) => ({ key, title, text, bytes, share: bytes / total }))
    .toSorted((a, b) => b.bytes - a.bytes);
}

/** What the snapshots that are kept came to, one after another: as if each were whole, and as they are stored. */
export function growthOf(snapshots: readonly SnapshotSummary[]): readonly PlotPoint[] {
  let [whole, stored] = [0, 0];
  return inOrder(snapshots).map((one) => {
    whole += one.bytes;
    stored += one.added;
    return { key: one.id, at: one.createdAt, values: [whole, stored], name: nameOf(one) };
  });
}

/** What each of them added. */
export function addedOf(snapshots: readonly SnapshotSummary[]): readonly PlotPoint[] {
  return inOrder(snapshots).map((one) => ({ key: one.id, at: one.createdAt, values: [one.added], name: nameOf(one) }));
}

function inOrder(snapshots: readonly SnapshotSummary[]): readonly SnapshotSummary[] {
  return snapshots.toSorted((a, b) => a.createdAt - b.createdAt || a.seq - b.seq);
}

function nameOf({ seq, source, name }: SnapshotSummary): string {
  return `#${String(seq)} ${source}${name === undefined ? '' : `, ${name}`}`;
}

/** How many times smaller than the snapshots as wholes; undefined where that says nothing. */
export function timesSmaller({ logical, total }: Usage): string | undefined {
  const factor = logical / Math.max(1, total);
  if (factor < 1.1) return undefined;
  return factor >= 10 ? String(Math.round(factor)) : factor.toFixed(1);
}
