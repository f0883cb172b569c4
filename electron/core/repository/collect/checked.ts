import { isAppError } from '../../base/errors.ts';
import type { Task } from '../../base/ports.ts';
import { checkRepository } from '../check/check.ts';
import { damageFact, damageOf } from '../journal/damage.ts';
import type { Damage } from '../journal/damage.ts';
import type { Ground } from '../journal/ground.ts';
import type { CheckOptions, CheckReport, Fact } from '../repository.ts';
import { currentEpoch } from './epochs.ts';

const TRIES = 3;

/**
 * Checks, and records a check of the whole at a level that reads every byte: what collect counts before it deletes anything. The
 * fact speaks for what was in quarantine when the check began. What is found damaged is recorded at any level, of a part too. A check that failed while files were moved around it is made again.
 */
export async function checkAndRecord(ground: Ground, options: CheckOptions, task: Task): Promise<CheckReport> {
  const { store, keys, ports } = ground;
  for (let tries = 1; ; tries += 1) {
    const before = await moved(ground, task);
    const report = await checkRepository({ store, keys, ports, mark: await ground.mark() }, options, task);
    if (!report.passed && tries < TRIES && (await moved(ground, task)).what !== before.what) continue;
    if (!store.readOnly) await recordCheck(ground, options, report, before);
    return report;
  }
}

interface Before {
  /** Up to which a check that begins now speaks. */
  readonly epoch: number;
  /** Shows, when it is another, that files were moved meanwhile. */
  readonly what: string;
  readonly damage: Damage;
}

async function moved(ground: Ground, task: Task): Promise<Before> {
  const quarantine = await ground.store.list('quarantine');
  const index = await ground.store.list('index');
  const { facts } = await ground.journal.read(task.signal);
  return { epoch: currentEpoch(quarantine, facts), what: [...quarantine, ...index].map((entry) => entry.path).join(' '), damage: damageOf(facts) };
}

/** What a check adds to the record. A report is worth having on a disk that is full, too: then the check simply does not count. */
async function recordCheck(ground: Ground, options: CheckOptions, report: CheckReport, before: Before): Promise<void> {
  const { level } = options;
  const facts: Fact[] = [];
  const damage = damageFact(before.damage, options, report.damaged);
  if (damage !== undefined) facts.push(damage);
  if (level !== 'structure' && options.snapshots === undefined) facts.push({ kind: 'check', level, passed: report.passed, epoch: before.epoch });
  if (facts.length === 0) return;
  try {
    await ground.headroom.spend(() => ground.record(facts));
  } catch (error) {
    if (!isAppError(error)) throw error;
    ground.ports.log.warn('a check could not be recorded', { error });
  }
}
