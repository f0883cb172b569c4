import type { SmokeCheck, Verification } from '../../contract/model.ts';
import { AppError, isAppError } from '../base/errors.ts';
import { counted, cut, ended } from '../base/words.ts';
import type { Engine, EngineContext, Fingerprint, SourceLocation, ThrowAwayKind } from '../engines/engine.ts';
import type { CheckReport, ProofFact, ProofLevel, Repository, SnapshotRecord } from '../repository/repository.ts';
import { openContent, storedFingerprint } from '../snapshot/content.ts';
import { completeness } from './complete.ts';
import { shortChecks, shortDifferences } from './drill-record.ts';
import { drill } from './drill.ts';
import { proofLevels } from './state.ts';

export interface ProveRequest {
  readonly record: SnapshotRecord;
  /** Levels are run from `intact` up to this one, stopping at the first that does not pass. */
  readonly level: ProofLevel;
  readonly parent: SnapshotRecord | undefined;
  readonly checks: readonly SmokeCheck[];
  /** Where the copy is restored to; the engine's choice where missing. */
  readonly place?: ThrowAwayKind;
  /** How its source is reached now; as the snapshot says where missing. */
  readonly location?: SourceLocation;
  /** Told of each level as it ends, by its own account. */
  readonly onLevel?: (outcome: Verification) => void;
}

/**
 * Runs the levels of proof and records each in the repository's journal as it ends, dated and with its evidence.
 * Returns the outcome of the last level that ran, with what every one of them warned of.
 */
export async function prove(repository: Repository, engine: Engine, request: ProveRequest, context: EngineContext): Promise<Verification> {
  let last: Verification = capturedOutcome(request.record);
  const warnings: string[] = [];
  for (const level of proofLevels.slice(1, proofLevels.indexOf(request.level) + 1)) {
    const started = context.clock.monotonic();
    context.progress({ stage: `proving: ${level}` });
    const { outcome, evidence } = await runLevel(level, repository, engine, request, context).catch((error: unknown) => unreadable(level, error));
    warnings.push(...outcome.warnings);
    last = { ...outcome, warnings: [...warnings], durationMs: Math.round(context.clock.monotonic() - started) };
    const proof: ProofFact = {
      level,
      result: last.result,
      at: context.clock.now(),
      evidence: { statement: cut(last.statement, longestStatement), durationMs: last.durationMs, ...evidence },
    };
    const unkept = await recorded(repository, request.record.id, proof);
    if (unkept !== undefined && !warnings.includes(unkept)) warnings.push(unkept);
    last = { ...last, warnings: [...warnings] };
    request.onLevel?.({ ...last, warnings: outcome.warnings });
    if (last.result !== 'passed') return last;
  }
  return last;
}

/** What was shown stands whether or not it can be written down: on a medium that is read-only a snapshot is verified all the same, and that is said. */
async function recorded(repository: Repository, snapshot: string, proof: ProofFact): Promise<string | undefined> {
  try {
    await repository.record([{ kind: 'proof', snapshot, proof }]);
    return undefined;
  } catch (error) {
    if (!isAppError(error, 'repository.read-only')) throw error;
    return 'This is not recorded: the repository can only be read.';
  }
}

interface LevelOutcome {
  readonly outcome: Verification;
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** A snapshot whose bytes cannot be had fails the level that needed them. Everything else is not about the snapshot. */
function unreadable(level: ProofLevel, error: unknown): LevelOutcome {
  if (!isAppError(error, 'repository.damaged') && !isAppError(error, 'repository.chunk-missing')) throw error;
  return { outcome: outcomeOf(level, 'failed', error.message, 0, 0), evidence: { code: error.code } };
}

function runLevel(level: ProofLevel, repository: Repository, engine: Engine, request: ProveRequest, context: EngineContext): Promise<LevelOutcome> {
  switch (level) {
    case 'captured':
      return Promise.resolve({ outcome: capturedOutcome(request.record), evidence: {} });
    case 'intact':
      return intact(repository, request.record, context);
    case 'complete':
      return complete(repository, request, context);
    case 'proved':
      return proved(repository, engine, request, context);
  }
}

function capturedOutcome(record: SnapshotRecord): Verification {
  return outcomeOf('captured', 'passed', 'Every stream of the capture was seen to end.', 0, record.totals.rows);
}

async function intact(repository: Repository, record: SnapshotRecord, context: EngineContext): Promise<LevelOutcome> {
  const report = await repository.check({ level: 'authenticated', snapshots: [record.id] }, context);
  const hurt = report.problems.filter((problem) => problem.affects.some((one) => one.snapshot === record.id) && !problem.repairable);
  const passed = hurt.length === 0;
  const statement = passed ? 'Every stored byte of it was read and authenticated.' : (hurt[0]?.statement ?? '');
  return { outcome: outcomeOf('intact', passed ? 'passed' : 'failed', statement, 0, 0), evidence: checkEvidence(report) };
}

function checkEvidence(report: CheckReport): Readonly<Record<string, unknown>> {
  return {
    bytesRead: report.bytesRead,
    files: report.files,
    chunks: report.chunks,
    problems: report.problems.slice(0, 10).map((problem) => problem.statement),
  };
}

async function complete(repository: Repository, request: ProveRequest, context: EngineContext): Promise<LevelOutcome> {
  const { record, parent } = request;
  const fingerprint = await storedFingerprint(repository, record.id, context.signal);
  const earlier = parent === undefined ? undefined : await fingerprintIfReadable(repository, parent, context);
  const before = parent === undefined || earlier === undefined ? undefined : { fingerprint: earlier, bytes: parent.totals.bytes };
  const found = await completeness(repository.objects(record.id, context.signal), { fingerprint, bytes: record.totals.bytes }, before);
  const statement = found.passed
    ? `All objects are there: ${counted(found.items, 'item')}, ${counted(found.rows, 'row')}.`
    : ended(`Not complete: ${found.findings[0] ?? ''}`);
  return {
    outcome: { ...outcomeOf('complete', found.passed ? 'passed' : 'failed', statement, found.items, found.rows), warnings: shortened(found.warnings) },
    evidence: {
      findings: found.findings.slice(0, told).map((one) => one.slice(0, longestFinding)),
      warnings: shortened(found.warnings),
      deviations: found.deviations.slice(0, told),
      bytes: found.bytes,
      comparedWith: before === undefined ? null : (parent?.id ?? null),
    },
  };
}

/** Evidence has 16 KiB in all. */
const told = 20;
const longestFinding = 300;
const longestStatement = 1000;

function shortened(warnings: readonly string[]): string[] {
  return warnings.length <= told ? [...warnings] : [...warnings.slice(0, told - 1), `and ${warnings.length - told + 1} more of this kind`];
}

/** A damaged parent says nothing about this snapshot: it is compared with nothing then. */
async function fingerprintIfReadable(repository: Repository, parent: SnapshotRecord, context: EngineContext): Promise<Fingerprint | undefined> {
  try {
    return await storedFingerprint(repository, parent.id, context.signal);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    context.log.warn('the parent snapshot cannot be compared with', { parent: parent.id, code: error.code });
    return undefined;
  }
}

async function proved(repository: Repository, engine: Engine, request: ProveRequest, context: EngineContext): Promise<LevelOutcome> {
  const stored = await openContent(repository, engine, request.record, context.signal);
  const content = request.location === undefined ? stored : { ...stored, location: request.location };
  const outcome = await drill(engine, content, request.checks, context, request.place);
  return {
    outcome,
    evidence: {
      differences: shortDifferences(outcome.differences.slice(0, 10), longestFinding),
      checks: shortChecks(outcome.checks.slice(0, told), longestFinding),
      items: outcome.items,
      rows: outcome.rows,
      ...(outcome.place === undefined ? {} : { place: outcome.place }),
    },
  };
}

function outcomeOf(level: ProofLevel, result: Verification['result'], statement: string, items: number, rows: number): Verification {
  return { level, result, statement, differences: [], checks: [], warnings: [], items, rows, durationMs: 0 };
}
