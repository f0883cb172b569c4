import { AppError } from '../../core/app/faces.ts';
import { when } from '../output/format.ts';
import type { CommandSpec } from '../spec.ts';

export const unlock: CommandSpec = {
  name: 'unlock',
  summary: 'remove a lock that another machine left',
  description: "Shows what is known of each lock's owner. A lock whose owner is alive is never removed; one that is provably stale goes by itself.",
  arguments: [{ name: '[lock]', description: 'which one (default: the only one that can be removed)' }],
  examples: [{ line: 'belay unlock', what: 'shows them, and asks' }],
  run: async (context, input) => {
    const { locks } = await context.call('repository.locks', {});
    const removable = locks.filter((lock) => lock.state === 'stale' || lock.state === 'unknown');
    const wanted = input.word(0);
    const chosen =
      wanted === undefined ? removable : locks.filter((lock) => lock.instance === wanted || (wanted.length >= 4 && lock.instance.startsWith(wanted)));
    const beside = context.output.beside;
    const shown = locks.filter((lock) => lock.state !== 'ours' || wanted !== undefined);
    if (shown.length > 0)
      beside.table(
        [
          { title: 'lock' },
          { title: 'state' },
          { title: 'mode' },
          { title: 'machine', least: 8 },
          { title: 'pid', align: 'right' },
          { title: 'since' },
          { title: 'last sign' },
          { title: 'why' },
        ],
        shown.map((lock) => [
          lock.instance,
          lock.state,
          lock.mode,
          lock.host,
          String(lock.pid),
          when(lock.createdAt, context.now),
          when(lock.heartbeatAt, context.now),
          lock.why,
        ]),
      );
    const [lock] = chosen;
    if (lock === undefined) {
      if (wanted !== undefined) throw new AppError('repository.lock-unknown', `There is no lock ${wanted}.`, { hint: 'See: belay unlock' });
      return { data: { locks, removed: null }, print: (output) => output.line('No lock that could be removed.') };
    }
    if (chosen.length > 1)
      throw new AppError('input.ambiguous', `${chosen.length} locks could be removed.`, {
        hint: `Name one: ${chosen.map((each) => each.instance).join(', ')}.`,
      });
    if (lock.state === 'alive' || lock.state === 'ours')
      throw new AppError('repository.locked', `The lock is in use. ${lock.why}`, { hint: 'Wait for its owner, or end it.', details: { lock } });
    await context.confirm(`Is it certain that nothing on ${lock.host} uses the repository? Remove its lock?`);
    const { removed } = await context.call('repository.break-lock', { instance: lock.instance, confirm: true });
    return { data: { locks, removed }, print: (output) => output.line(`Removed: the lock of ${removed.host}, process ${removed.pid}.`) };
  },
};
