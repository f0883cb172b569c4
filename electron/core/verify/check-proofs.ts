import type { CheckReport, Fact, ProofFact, SnapshotRecord } from '../repository/repository.ts';
import { proofState } from './state.ts';

/**
 * What a check of the repository says of its snapshots' level `intact`, where that is news: those that it found hit and that were
 * not failing, and those that were failing and of which it has read every byte. A check that reads no bytes takes nothing back.
 */
export function proofsOfCheck(report: CheckReport, snapshots: readonly SnapshotRecord[], at: number): readonly Fact[] {
  const sound = new Set(report.sound);
  const facts: Fact[] = [];
  for (const snapshot of snapshots) {
    const failing = proofState(snapshot).levels.some((one) => one.level === 'intact' && one.result === 'failed');
    const hurt = report.problems.filter((problem) => !problem.repairable && problem.affects.some((one) => one.snapshot === snapshot.id));
    if (hurt.length > 0 && !failing)
      facts.push(
        proofFact(
          snapshot,
          report,
          'failed',
          hurt[0]?.statement ?? '',
          at,
          hurt.map((problem) => problem.statement),
        ),
      );
    else if (hurt.length === 0 && failing && report.level !== 'structure' && sound.has(snapshot.id))
      facts.push(proofFact(snapshot, report, 'passed', 'Every stored byte of it was read and authenticated.', at, []));
  }
  return facts;
}

function proofFact({ id }: SnapshotRecord, report: CheckReport, result: ProofFact['result'], statement: string, at: number, problems: readonly string[]): Fact {
  const { level, durationMs, bytesRead, files, chunks } = report;
  const evidence = { statement, durationMs, bytesRead, files, chunks, problems: problems.slice(0, 10), foundBy: `check, level ${level}` };
  return { kind: 'proof', snapshot: id, proof: { level: 'intact', result, at, evidence } };
}
