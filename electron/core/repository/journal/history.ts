import { numberedPath } from '../format/manifest.ts';
import type { Fact, Problem, ProofFact, RecordedFact, SnapshotRecord } from '../repository.ts';
import { acceptedLosses, rolledBackJournal } from './journal.ts';
import type { JournalState } from './journal.ts';
import { SNAPSHOTS } from './manifest-files.ts';
import type { ManifestEntry } from './manifest-files.ts';
import type { LostManifest, ManifestState } from './manifests.ts';

export type Tombstone = Extract<Fact, { readonly kind: 'forgotten' }>;

/** The newest snapshot and journal files that were seen: kept outside the repository, by whoever opens it. */
export interface HighWaterMark {
  /** Number and SHA-256 (64 hex digits) of the manifest with the highest number, kept or forgotten; 0 and empty where there was none. */
  readonly seq: number;
  readonly hash: string;
  /** When it was seen, milliseconds since 1970. */
  readonly at: number;
  /** Links to the journal files that no other named. */
  readonly journal?: readonly string[] | undefined;
}

/** A repository of which a million numbers are gone needs no list of them. */
const MOST_PROBLEMS = 1000;

/** What the chain of manifests and tombstones adds up to. */
export interface History {
  /** Not forgotten, in order of `seq`, with the journal's facts applied. */
  readonly snapshots: readonly SnapshotRecord[];
  /** Their manifests, by id. */
  readonly kept: ReadonlyMap<string, ManifestEntry>;
  readonly tombstones: readonly Tombstone[];
  /** Paths of manifests that lie there although a tombstone stands for them: a forget that was interrupted. */
  readonly leftovers: readonly string[];
  /** Manifests of which no copy opens and that were not forgotten. */
  readonly lost: readonly LostManifest[];
  /** Manifests that are damaged or lost, links that do not fit, numbers that nothing stands for, and what a high-water mark misses. */
  readonly problems: readonly Problem[];
  /**
   * The highest number and the hash that the next manifest names as `previous`. Of a manifest that opens from no copy only the
   * 32 digits of its name are known; zeros stand for the rest, and the chain is followed by its name.
   */
  readonly newest: { readonly seq: number; readonly hash: string } | undefined;
}

/** Merges manifests with journal facts and follows the chain of `previous` over manifests and tombstones. */
export function historyOf(state: ManifestState, journal: JournalState, mark: HighWaterMark | undefined): History {
  const tombstones = journal.facts.map((record) => record.fact).filter((fact) => fact.kind === 'forgotten');
  const forgotten = new Set(tombstones.map((fact) => nameOf(fact.fileHash)));
  const facts = factsBySnapshot(journal.facts);
  const kept = state.manifests.filter((entry) => !forgotten.has(entry.id));
  const standing = [
    ...state.lost.map(({ seq, id }) => ({ seq, hash: id.padEnd(64, '0') })),
    ...tombstones.map(({ seq, fileHash }) => ({ seq, hash: fileHash })),
    ...state.manifests.map(({ seq, hash }) => ({ seq, hash })),
  ];
  const accepted = acceptedLosses(journal.facts);
  const takenAway = [...chainProblems(state, tombstones, mark), ...rolledBackJournal(journal, mark?.journal ?? [])];
  const newest = standing.toSorted((a, b) => a.seq - b.seq).at(-1);
  return {
    snapshots: kept.map((entry) => recordOf(entry, facts.get(entry.id) ?? [])),
    kept: new Map(kept.map((entry) => [entry.id, entry])),
    tombstones,
    leftovers: state.paths.filter((path) => forgotten.has(path.slice(-32))),
    lost: state.lost.filter((entry) => !forgotten.has(entry.id)),
    problems: [...standingProblems(state, forgotten), ...takenAway.filter((problem) => !accepted.has(problem.file))],
    newest,
  };
}

/** What is said of a manifest that was forgotten while it was read, or is on its way to quarantine, is of no interest. */
function standingProblems(state: ManifestState, forgotten: ReadonlySet<string>): readonly Problem[] {
  return state.problems.filter((problem) => !forgotten.has(problem.file.slice(-32)));
}

function chainProblems(state: ManifestState, tombstones: readonly Tombstone[], mark: HighWaterMark | undefined): readonly Problem[] {
  const names = new Map<number, Set<string>>();
  const known = (seq: number, name: string): void => void names.set(seq, (names.get(seq) ?? new Set()).add(name));
  for (const { seq, id } of [...state.manifests, ...state.lost]) known(seq, id);
  for (const { seq, fileHash } of tombstones) known(seq, nameOf(fileHash));
  const stands = (seq: number, hash: string): boolean => names.get(seq)?.has(nameOf(hash)) === true;
  const taken = new Map<number, string>();
  for (const { seq, manifest } of state.manifests) {
    if (manifest.previous !== null && !stands(seq - 1, manifest.previous)) taken.set(seq - 1, manifest.previous);
  }
  if (mark !== undefined && mark.seq > 0 && !stands(mark.seq, mark.hash)) taken.set(mark.seq, mark.hash);
  const problems: Problem[] = [...taken].map(([seq, hash]) => goneWithoutWord(numberedPath(SNAPSHOTS, seq, nameOf(hash)), seq, nameOf(hash)));
  for (const { seq, id, manifest } of state.manifests) if (manifest.previous === null && seq > 1) problems.push(withoutPredecessor(seq, id));
  const standing = new Set([...names.keys(), ...taken.keys()]);
  const highest = [...standing].reduce((high, seq) => Math.max(high, seq), 0);
  for (let seq = 1; seq <= highest && problems.length < MOST_PROBLEMS; seq += 1) {
    if (!standing.has(seq)) problems.push(goneWithoutWord(`${SNAPSHOTS}/${String(seq).padStart(10, '0')}-`, seq, undefined));
  }
  return problems.toSorted((a, b) => (a.file < b.file ? -1 : 1));
}

/** A file's name, from its hash: what a file that no longer opens is still known by. */
function nameOf(hash: string): string {
  return hash.slice(0, 32);
}

function withoutPredecessor(seq: number, id: string): Problem {
  const statement = `Snapshot ${seq} names no snapshot before it, although it is not the first.`;
  return { file: numberedPath(SNAPSHOTS, seq, id), kind: 'misplaced', statement, affects: [], repairable: false };
}

function goneWithoutWord(file: string, seq: number, snapshot: string | undefined): Problem {
  return {
    file,
    kind: 'rolled-back',
    statement: `Snapshot ${seq} was taken away, or an older state of the repository was put in its place: nothing says that it was forgotten.`,
    affects: snapshot === undefined ? [] : [{ snapshot, seq, objects: [] }],
    repairable: false,
  };
}

function factsBySnapshot(records: readonly RecordedFact[]): ReadonlyMap<string, readonly RecordedFact[]> {
  const bySnapshot = new Map<string, RecordedFact[]>();
  for (const record of records) {
    if (!('snapshot' in record.fact)) continue;
    const list = bySnapshot.get(record.fact.snapshot) ?? [];
    list.push(record);
    bySnapshot.set(record.fact.snapshot, list);
  }
  return bySnapshot;
}

/** A manifest with the facts about it applied, oldest first. */
export function recordOf(entry: ManifestEntry, facts: readonly RecordedFact[]): SnapshotRecord {
  const { manifest } = entry;
  const tags = new Set(manifest.tags);
  const proofs: ProofFact[] = [];
  let note = manifest.note;
  let pin: SnapshotRecord['pin'];
  for (const { at, fact } of facts) {
    if (fact.kind === 'pin') pin = fact.reason === null ? undefined : { reason: fact.reason, at };
    else if (fact.kind === 'note') note = fact.note;
    else if (fact.kind === 'proof') proofs.push(fact.proof);
    else if (fact.kind === 'tags') {
      for (const tag of fact.remove) tags.delete(tag);
      for (const tag of fact.add) tags.add(tag);
    }
  }
  const { source, engine, name, parent, created, capture, totals } = manifest;
  return {
    id: entry.id,
    seq: entry.seq,
    createdAt: created,
    source,
    engine,
    ...(name === undefined ? {} : { name }),
    ...(note === undefined || note === '' ? {} : { note }),
    tags: [...tags],
    ...(pin === undefined ? {} : { pin }),
    ...(parent === undefined ? {} : { parent }),
    totals,
    proofs,
    capture,
  };
}
