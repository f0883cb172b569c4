import { isAppError } from '../../base/errors.ts';
import type { Task } from '../../base/ports.ts';
import { checkRepository } from '../check/check.ts';
import type { Ground } from '../journal/ground.ts';
import type { CheckOptions, CheckReport } from '../repository.ts';
import { currentEpoch } from './epochs.ts';

const TRIES = 3;

/**
 * Checks, and records a check of the whole at a level that reads every byte: what collect counts before it deletes anything. The
 * fact speaks for what was in quarantine when the check began. A check that failed while files were moved around it is made again.
 */
export async function checkAndRecord(ground: Ground, options: CheckOptions, task: Task): Promise<CheckReport> {
  const { store, keys, ports } = ground;
  for (let tries = 1; ; tries += 1) {
    const before = await moved(ground, task);
    const report = await checkRepository({ store, keys, ports, mark: await ground.mark() }, options, task);
    if (!report.passed && tries < TRIES && (await moved(ground, task)).what !== before.what) continue;
    if (options.level !== 'structure' && options.snapshots === undefined && !store.readOnly)
      await recordCheck(ground, options.level, report.passed, before.epoch);
    return report;
  }
}

/** The epoch up to which a check speaks, and what shows that files were moved. */
async function moved(ground: Ground, task: Task): Promise<{ readonly epoch: number; readonly what: string }> {
  const quarantine = await ground.store.list('quarantine');
  const index = await ground.store.list('index');
  const { facts } = await ground.journal.read(task.signal);
  return { epoch: currentEpoch(quarantine, facts), what: [...quarantine, ...index].map((entry) => entry.path).join(' ') };
}

/** A report is worth having on a disk that is full, too: then the check simply does not count. */
async function recordCheck(ground: Ground, level: 'authenticated' | 'decoded', passed: boolean, epoch: number): Promise<void> {
  try {
    await ground.headroom.spend(() => ground.record([{ kind: 'check', level, passed, epoch }]));
  } catch (error) {
    if (!isAppError(error)) throw error;
    ground.ports.log.warn('a check could not be recorded', { error });
  }
}
