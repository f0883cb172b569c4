import { counted, isAppError } from '../../core/app/faces.ts';
import { size } from '../output/format.ts';
import type { CommandInput, CommandOutput } from '../../contract/commands.ts';
import type { Context } from '../context.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

const mebibyte = 1024 * 1024;
const REPLANS = 5;

export const collect: CommandSpec = {
  name: 'collect',
  summary: 'free the space of what was forgotten',
  description:
    'In two phases: what nothing needs goes into quarantine and is removed after later checks have passed. --purge-now removes it at once, for a full disk, after one check that passed. Refuses while anything is unreadable.',
  options: [
    { flags: '--dry-run', description: 'show the plan only' },
    { flags: '--purge-now', description: 'do not wait in quarantine' },
    { flags: '--budget <mebibytes>', description: 'rewrite at most this much', whole: { least: 1, most: 1_000_000_000 } },
  ],
  examples: [
    { line: 'belay collect --dry-run', what: 'what would be freed, now and after' },
    { line: 'belay collect --yes', what: 'in a script' },
  ],
  run: async (context, input) => {
    const budget = input.whole('budget');
    const order = { purgeNow: input.flag('purgeNow'), ...given('budget', budget === undefined ? undefined : budget * mebibyte) };
    const planned = await context.call('repository.collect', order);
    if (input.flag('dryRun')) return { data: planned, print: (output) => output.lines([...planLines(planned.plan), 'Dry run: nothing was changed.']) };
    if (!context.common.yes) {
      context.output.beside.lines(planLines(planned.plan));
      await context.confirm(order.purgeNow ? 'Free it, and remove what is in quarantine at once?' : 'Free it?');
    }
    const data = await carriedOut(context, order, planned.plan.hash);
    return {
      data,
      print: (output) => {
        if (data.done === undefined) return;
        output.line(
          `Freed ${size(data.done.freed)}; ${size(data.done.quarantined)} in quarantine; ${size(data.done.rewritten)} rewritten; ${counted(data.done.packsDropped, 'pack')} dropped.`,
        );
        output.lines(data.done.notes);
      },
    };
  },
};

/**
 * Carries the plan out. Under `--yes`, which agrees to any plan, a repository that changed since is planned anew, a few times: other commands may be writing.
 */
async function carriedOut(context: Context, order: CommandInput<'repository.collect'>, hash: string): Promise<CommandOutput<'repository.collect'>> {
  let confirm = hash;
  for (let tries = 1; ; tries += 1) {
    try {
      return await context.call('repository.collect', { ...order, confirm });
    } catch (error) {
      if (!context.common.yes || tries === REPLANS || !isAppError(error, 'input.confirmation-needed')) throw error;
      confirm = (await context.call('repository.collect', order)).plan.hash;
    }
  }
}

function planLines(plan: CommandOutput<'repository.collect'>['plan']): string[] {
  return [
    `Frees ${size(plan.freesNow)} now and ${size(plan.freesAfter)} after. ${counted(plan.packsDropped, 'pack')} dropped, ${counted(plan.packsRewritten, 'pack')} (${size(plan.bytesRewritten)}) rewritten.`,
    ...(plan.rebased > 0 ? [`${counted(plan.rebased, 'piece')} give way to newer content that changes are then stored against.`] : []),
    ...plan.skipped.map((reason) => `  left out: ${reason}`),
  ];
}
