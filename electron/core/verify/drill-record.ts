import { z } from 'zod';
import { drill as drillSchema, drillRemark } from '../../contract/drills.ts';
import type { Drill, DrillStep } from '../../contract/drills.ts';
import type { Verification } from '../../contract/model.ts';
import { AppError } from '../base/errors.ts';
import { cut } from '../base/words.ts';
import type { Fact, RecordedFact } from '../repository/repository.ts';

const DRILL = 'drill';
const REMARK = 'drill-remark';

const remarkFact = z.object({ drill: z.string(), notes: z.array(drillRemark), blockers: z.array(drillRemark) });

/** Characters of one text of a record, whatever a definition or a row is long: a fact of the journal has a largest size. */
const longestText = 1000;
const longestName = 300;

/** The record with its texts cut where they are long: names, values and definitions are the database's own, and of any length. */
export function shortened(drill: Drill): Drill {
  return {
    ...drill,
    statement: cut(drill.statement, longestText),
    steps: drill.steps.map((step) => ({ ...step, statement: cut(step.statement, longestText) })),
    differences: shortDifferences(drill.differences, longestText),
    ...(drill.warnings === undefined ? {} : { warnings: drill.warnings.map((one) => cut(one, longestText)) }),
    checks: shortChecks(drill.checks, longestText),
  };
}

/** Differences with no text longer than so many characters. */
export function shortDifferences(differences: Drill['differences'], most: number): Drill['differences'] {
  return differences.map(({ name, statement, expected, found, ...rest }) => ({
    ...rest,
    name: cut(name, longestName),
    statement: cut(statement, most),
    ...(expected === undefined ? {} : { expected: cut(expected, most) }),
    ...(found === undefined ? {} : { found: cut(found, most) }),
  }));
}

/** Results of checks with no text longer than so many characters. */
export function shortChecks(checks: Drill['checks'], most: number): Drill['checks'] {
  return checks.map((check) => ({ ...check, name: cut(check.name, longestName), statement: cut(check.statement, most) }));
}

/** A drill as a fact of the repository's journal: hash-chained there, and with the repository wherever it goes. */
export function drillFact(drill: Drill): Fact {
  return { kind: 'operation', what: DRILL, details: { ...drill } };
}

export function remarkFactOf(drill: string, said: Pick<Drill, 'notes' | 'blockers'>): Fact {
  return { kind: 'operation', what: REMARK, details: { drill, notes: said.notes, blockers: said.blockers } };
}

/** Every drill with what was said of it since, oldest first. A record that a later version wrote otherwise is left out. */
export function drillsOf(facts: readonly RecordedFact[]): readonly Drill[] {
  const drills = new Map<string, Drill>();
  for (const { fact } of facts) {
    if (fact.kind !== 'operation') continue;
    if (fact.what === DRILL) {
      const read = drillSchema.safeParse(fact.details);
      if (read.success) drills.set(read.data.id, read.data);
    } else if (fact.what === REMARK) {
      const read = remarkFact.safeParse(fact.details);
      const of = read.success ? drills.get(read.data.drill) : undefined;
      if (read.success && of !== undefined)
        drills.set(of.id, { ...of, notes: [...of.notes, ...read.data.notes], blockers: [...of.blockers, ...read.data.blockers] });
    }
  }
  return [...drills.values()];
}

/** The drill of that id, the beginning of it, or `latest`. Throws `drill.unknown`, `input.ambiguous`. */
export function drillNamed(drills: readonly Drill[], name: string): Drill {
  const found = name === 'latest' ? drills.slice(-1) : drills.filter((one) => one.id === name || one.id.startsWith(name));
  const [first, second] = found;
  if (first === undefined)
    throw new AppError('drill.unknown', `There is no drill ${name}.`, { hint: drills.length === 0 ? 'Run one: belay drill' : 'See: belay drill list' });
  if (second !== undefined) throw new AppError('input.ambiguous', `${name} stands for several drills.`, { hint: 'Give more of its id: belay drill list' });
  return first;
}

/** What the steps add up to. A drill proves a snapshot, so steps beside the restore never make it less, nor more. */
export function resultOf(steps: readonly DrillStep[], last: Verification | undefined): Pick<Drill, 'result' | 'statement'> {
  if (last === undefined) {
    const reason = steps.find((step) => step.result === 'failed' || step.result === 'inconclusive');
    return { result: 'not-run', statement: reason?.statement ?? 'Nothing was restored.' };
  }
  if (last.result === 'passed' && last.level === 'proved') return { result: 'proved', statement: last.statement };
  return { result: last.result === 'inconclusive' ? 'inconclusive' : 'failed', statement: last.statement };
}
