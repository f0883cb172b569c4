import type { SmokeCheck, SmokeResult, Verification } from '../../contract/model.ts';
import { AppError } from '../base/errors.ts';
import { counted, ended } from '../base/words.ts';
import type {
  Difference,
  Engine,
  EngineContext,
  Fingerprint,
  FingerprintTarget,
  RestoredCopy,
  SelfCheck,
  SnapshotContent,
  ThrowAwayKind,
  ThrowAwayPlace,
} from '../engines/engine.ts';
import { compareFingerprints, notCompared, rowsIn, withRowsTotal } from '../engines/fingerprint.ts';
import { runSmokeChecks } from './smoke.ts';
import { uncancelled } from '../engines/uncancelled.ts';

/** At most this many differences are listed; all are counted. */
const listed = 50;

/**
 * A drill: restores into a throw-away place (where `asked` says, else the engine's choice), compares the fingerprint taken at capture
 * with the copy's, runs the engine's and the user's checks, and throws the copy away. Restored and equal is `proved`;
 * a drill that could not run, or not to its end, is `inconclusive`, never passed.
 */
export async function drill(
  engine: Engine,
  content: SnapshotContent,
  checks: readonly SmokeCheck[],
  context: EngineContext,
  asked?: ThrowAwayKind,
): Promise<Verification> {
  const started = context.clock.monotonic();
  const location = engine.throwAwayLocation(content.location, context.temporaryFolder);
  const target = { location, mode: 'throw-away' as const, ...(asked === undefined ? {} : { throwAway: asked }) };
  let copy: RestoredCopy | undefined;
  let outcome: Verification;
  let stands: ThrowAwayPlace | undefined;
  try {
    copy = await engine.restore(content, target, context, (building) => {
      ({ stands } = building);
      return Promise.resolve();
    });
    ({ stands } = copy);
    const compared = await verifyCopy(engine, copy, content, checks, context, started);
    outcome = { ...compared, recoveryMs: compared.durationMs - (stands?.startMs ?? 0) };
  } catch (error) {
    if (copy !== undefined) await throwAway(engine, copy, context);
    copy = undefined;
    outcome = notRestored(error, elapsed(context, started));
  }
  const left = copy === undefined ? [] : await throwAway(engine, copy, context);
  return { ...outcome, ...placeOf(stands, [...outcome.warnings, ...left]) };
}

/** What a drill found is not lost where its copy cannot be thrown away: what is left is a warning. */
async function throwAway(engine: Engine, copy: RestoredCopy, context: EngineContext): Promise<readonly string[]> {
  try {
    await engine.discard(copy, uncancelled(context));
    return [];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    context.log.warn('a throw-away copy could not be removed', { code: error.code });
    return [`the throw-away copy could not be removed: ${error.message}`];
  }
}

/** For the record: where it stood, and what is to be known of that place. */
function placeOf(stands: ThrowAwayPlace | undefined, warnings: readonly string[]): Partial<Verification> & Pick<Verification, 'warnings'> {
  if (stands === undefined) return { warnings: [...warnings] };
  const { warnings: own, ...place } = stands;
  return { place, warnings: [...warnings, ...own] };
}

/** Reasons that say that the snapshot cannot be restored. */
const cannotBeRestored: ReadonlySet<string> = new Set([
  'repository.damaged',
  'repository.chunk-missing',
  'source.damaged',
  'source.not-a-database',
  'target.not-equal',
]);
/** Reasons that say nothing about the snapshot: no room, no right, no place to restore, or one that was lost on the way. */
const couldNotRun = /^(?:source|target|tool|engine|secret)\./;

function notRestored(error: unknown, durationMs: number): Verification {
  if (!(error instanceof AppError)) throw error;
  const base = { level: 'proved' as const, differences: [], checks: [], warnings: [], items: 0, rows: 0, durationMs };
  if (cannotBeRestored.has(error.code)) return { ...base, result: 'failed', statement: `Cannot be restored: ${error.message}` };
  if (couldNotRun.test(error.code)) return { ...base, result: 'inconclusive', statement: `The drill could not run: ${error.message}${lastWords(error)}` };
  throw error;
}

/** Of a tool that ended badly: the line that says why, for a record that has no details. */
function lastWords(error: AppError): string {
  const said = error.details?.['said'];
  const line = typeof said === 'string' ? said.split('\n').find((one) => one.trim() !== '') : undefined;
  return line === undefined ? '' : ` It said: ${line.trim().slice(0, 300)}`;
}

/** Compares a restored copy with what the snapshot, and choices where there were some, say that it must be, then runs the engine's and the user's checks on it. */
export async function verifyCopy(
  engine: Engine,
  copy: RestoredCopy,
  content: SnapshotContent,
  checks: readonly SmokeCheck[],
  context: EngineContext,
  started = context.clock.monotonic(),
): Promise<Verification> {
  return (await compareCopy(engine, copy, content, checks, context, started)).verification;
}

/** As `verifyCopy`, with what the copy was held against. */
export async function compareCopy(
  engine: Engine,
  copy: RestoredCopy,
  content: SnapshotContent,
  checks: readonly SmokeCheck[],
  context: EngineContext,
  started = context.clock.monotonic(),
): Promise<{ readonly verification: Verification; readonly expected: Fingerprint }> {
  const of: FingerprintTarget = { kind: 'copy', copy };
  context.progress({ stage: 'comparing' });
  const counting = withRowsTotal(context, content.fingerprint);
  // Both read a copy that nobody else uses; where one fails the other is seen to end first.
  const [fingerprinted, checked] = await Promise.allSettled([engine.fingerprint(of, counting), engine.selfCheck(of, context)]);
  if (fingerprinted.status === 'rejected') throw fingerprinted.reason;
  if (checked.status === 'rejected') throw checked.reason;
  const [found, own] = [fingerprinted.value, checked.value];
  const { fingerprint: expected, notes } = (await engine.expected?.(content, copy, found, context)) ?? { fingerprint: content.fingerprint, notes: [] };
  const before = compareFingerprints(expected, found);
  const smoke = await runSmokeChecks(checks, engine, of, engine.describeLocation(copy.location), context);
  // A program of the user's may have written to the copy: what is proved is what it left.
  const differences = checks.some((check) => check.kind === 'command') ? compareFingerprints(expected, await engine.fingerprint(of, counting)) : before;
  const verdict = judge(found, differences, own, smoke, elapsed(context, started));
  const part = content.part === undefined ? '' : ` Only a part was captured: ${content.part.join('; ')}.`;
  return { verification: { ...verdict, statement: `${verdict.statement}${part}`, warnings: [...notes] }, expected };
}

/** What a comparison and the checks add up to: only equal content with no failing check is a pass. */
export function judge(
  found: Fingerprint,
  differences: readonly Difference[],
  own: readonly SelfCheck[],
  smoke: readonly SmokeResult[],
  durationMs: number,
): Verification {
  const rows = rowsIn(found);
  const checks: SmokeResult[] = [...own.map(asResult), ...smoke];
  const failedChecks = checks.filter((check) => check.result === 'failed');
  const base = { level: 'proved' as const, differences: differences.slice(0, listed), checks, warnings: [], items: found.items.length, rows, durationMs };
  if (differences.length > 0) {
    const first = differences[0]?.statement ?? '';
    const more = differences.length > 1 ? ` and ${differences.length - 1} more` : '';
    return { ...base, result: 'failed', statement: ended(`Not equal: ${first}${more}`) };
  }
  const [failing] = failedChecks;
  if (failing !== undefined) return { ...base, result: 'failed', statement: ended(`Equal, but the check ${failing.name} failed: ${failing.statement}`) };
  const apart = notCompared(found);
  if (apart.length > 0) {
    const more = apart.length > 1 ? ` and ${apart.length - 1} more` : '';
    return { ...base, result: 'inconclusive', statement: `Equal as far as it can be read here: ${apart[0] ?? ''}${more} was not compared.` };
  }
  return { ...base, result: 'passed', statement: `Restored and found equal: ${counted(found.items.length, 'item')}, ${counted(rows, 'row')}.` };
}

function asResult(check: SelfCheck): SmokeResult {
  const result = check.result === 'skipped' ? 'not-run' : check.result;
  const statement = check.findings.length === 0 ? 'nothing found' : check.findings.slice(0, 3).join('; ');
  return { name: check.name, kind: 'engine', result, statement, durationMs: 0 };
}

function elapsed(context: EngineContext, started: number): number {
  return Math.round(context.clock.monotonic() - started);
}
