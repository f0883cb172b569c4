import type { ProofFact, ProofLevel, SnapshotRecord } from '../repository/repository.ts';

export const proofLevels: readonly ProofLevel[] = ['captured', 'intact', 'complete', 'proved'];

export interface LevelState {
  readonly level: ProofLevel;
  readonly result: ProofFact['result'] | 'not-run';
  readonly at?: number;
  readonly evidence?: Readonly<Record<string, unknown>>;
}

export interface ProofState {
  /** One row a level, lowest first: its newest run. */
  readonly levels: readonly LevelState[];
  /**
   * The highest level whose newest run passed, where no lower level has a failure that is newer than it.
   * A level is never implied by a higher one and never inherited from another snapshot.
   */
  readonly highest: ProofLevel;
  readonly highestAt: number;
  /** True where the newest run of some level failed. */
  readonly failing: boolean;
}

/**
 * What is known of a snapshot, from its manifest and the proofs in the repository's journal (oldest first).
 * `captured` needs no fact of its own: a manifest is only published after every stream was seen to end.
 */
export function proofState(record: Pick<SnapshotRecord, 'createdAt' | 'proofs' | 'capture'>): ProofState {
  const newest = new Map<ProofLevel, { readonly fact: ProofFact; readonly order: number }>();
  for (const [order, fact] of record.proofs.entries()) newest.set(fact.level, { fact, order });
  const endProofs: unknown = record.capture['endProofs'];
  const captured: LevelState = { level: 'captured', result: 'passed', at: record.createdAt, evidence: { endProofs } };

  const levels = proofLevels.map((level): LevelState => {
    const found = newest.get(level);
    if (found !== undefined) return { level, result: found.fact.result, at: found.fact.at, evidence: found.fact.evidence };
    return level === 'captured' ? captured : { level, result: 'not-run' };
  });

  let highest: ProofLevel = 'captured';
  let highestAt = record.createdAt;
  let newestFailureBelow = -1;
  for (const level of proofLevels) {
    const found = newest.get(level);
    if (found === undefined) continue;
    if (found.fact.result === 'failed') newestFailureBelow = Math.max(newestFailureBelow, found.order);
    if (found.fact.result === 'passed' && found.order > newestFailureBelow) {
      highest = level;
      highestAt = found.fact.at;
    }
  }
  return { levels, highest, highestAt, failing: levels.some((one) => one.result === 'failed') };
}
