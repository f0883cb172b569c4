import { counted } from '../../core/app/faces.ts';
import { size } from '../output/format.ts';
import type { CommandOutput } from '../../contract/commands.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

const mebibyte = 1024 * 1024;

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
    const data = await context.call('repository.collect', { ...order, confirm: planned.plan.hash });
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

function planLines(plan: CommandOutput<'repository.collect'>['plan']): string[] {
  return [
    `Frees ${size(plan.freesNow)} now and ${size(plan.freesAfter)} after. ${counted(plan.packsDropped, 'pack')} dropped, ${counted(plan.packsRewritten, 'pack')} (${size(plan.bytesRewritten)}) rewritten.`,
    ...(plan.rebased > 0 ? [`${counted(plan.rebased, 'piece')} give way to newer content that changes are then stored against.`] : []),
    ...plan.skipped.map((reason) => `  left out: ${reason}`),
  ];
}
