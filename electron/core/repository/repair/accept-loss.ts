import { AppError } from '../../base/errors.ts';
import type { Task } from '../../base/ports.ts';
import { changed } from '../collect/collect.ts';
import { currentEpoch, quarantined } from '../collect/epochs.ts';
import { sha256Hex } from '../format/crypto.ts';
import { canonicalJson } from '../format/json.ts';
import type { Ground, Standing } from '../journal/ground.ts';
import { JOURNAL } from '../journal/journal.ts';
import type { LossPlan, Problem } from '../repository.ts';

/** Files of one fact: what a journal file surely holds, with room for their names. */
const MOST_FILES = 1000;

/**
 * What is lost of the repository's record for good, as far as nothing mends it: journal files that are damaged or gone, and
 * snapshots that were taken away without a word. Nothing else can be accepted: a snapshot that does not open is forgotten instead.
 */
export async function planAcceptLoss(ground: Ground, task: Task): Promise<LossPlan> {
  return planOf(await ground.readAnew(task.signal));
}

/**
 * Makes it known in the journal that exactly the planned losses are accepted; files that do not open are renamed into quarantine
 * first. Forget and collect work again afterwards, and checks no longer speak of them. Interrupted in between, the loss is still
 * told and can be accepted again. Throws `input.confirmation-needed` where the losses are other ones by now, `input.invalid` where
 * there is none, `repository.locked`.
 */
export async function acceptLoss(ground: Ground, plan: LossPlan, task: Task): Promise<void> {
  const lock = await ground.headroom.spend(() => ground.locks.take('exclusive', task.signal));
  try {
    const standing = await ground.readAnew(task.signal);
    const { losses, hash } = planOf(standing);
    if (hash !== plan.hash) throw changed();
    if (losses.length === 0) throw new AppError('input.invalid', 'There is no loss to accept.', { hint: 'Nothing needs to be done.' });
    const epoch = currentEpoch(await ground.store.list('quarantine'), standing.journal.facts) + 1;
    for (const { file } of losses) {
      if (!file.startsWith(`${JOURNAL}/`) || (await ground.store.size(file)) === undefined) continue;
      await lock.assertHeld();
      await ground.store.move(file, quarantined(epoch, file));
    }
    await lock.assertHeld();
    await ground.headroom.spend(() => ground.record([{ kind: 'loss', files: losses.map((one) => one.file) }]));
    await ground.acceptMark();
  } finally {
    await lock.release();
  }
}

function planOf({ problems }: Standing): LossPlan {
  const losses = problems.filter(isOfRecord).slice(0, MOST_FILES);
  return { losses, hash: sha256Hex(Buffer.from(canonicalJson(losses.map((one) => one.file)), 'utf8')) };
}

/** What `planAcceptLoss` can plan for. A file that cannot be read for the moment is not lost. */
export function isOfRecord({ file, kind }: Problem): boolean {
  if (kind === 'unreadable') return false;
  return kind === 'rolled-back' || file.startsWith(`${JOURNAL}/`);
}
