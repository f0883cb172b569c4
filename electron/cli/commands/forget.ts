import { counted } from '../../core/app/faces.ts';
import { size } from '../output/format.ts';
import type { Output } from '../output/output.ts';
import { snapshotTable } from '../output/views.ts';
import { snapshotRef } from '../refs.ts';
import type { CommandOutput } from '../../contract/commands.ts';
import type { CommandSpec } from '../spec.ts';

export const forget: CommandSpec = {
  name: 'forget',
  summary: 'forget snapshots',
  description: 'The plan is shown and confirmed. Pinned snapshots are refused. Space is freed by `belay collect` afterwards.',
  arguments: [{ name: '<snapshots...>', description: 'ids, numbers or names', complete: 'snapshot' }],
  options: [{ flags: '--dry-run', description: 'show the plan only' }],
  examples: [
    { line: 'belay forget 3 4 5', what: 'three of them, asked once' },
    { line: 'belay forget 4f2a91c0 --yes', what: 'in a script' },
  ],
  run: async (context, input) => {
    const snapshots = input.words(0).map(snapshotRef);
    const planned = await context.call('snapshot.forget', { snapshots });
    const showPlan = (output: Output) => {
      snapshotTable(output, planned.plan.snapshots, context.now);
      output.line(planText(planned.plan));
    };
    if (input.flag('dryRun'))
      return {
        data: planned,
        print: (output) => {
          showPlan(output);
          output.line('Dry run: nothing was forgotten.');
        },
      };
    if (!context.common.yes) {
      showPlan(context.output.beside);
      await context.confirm(`Forget ${counted(planned.plan.snapshots.length, 'snapshot')}?`);
    }
    const data = await context.call('snapshot.forget', { snapshots, confirm: planned.plan.hash });
    return { data, print: (output) => output.line(`Forgotten: ${counted(data.plan.snapshots.length, 'snapshot')}. ${planText(data.plan)}`) };
  },
};

function planText(plan: CommandOutput<'snapshot.forget'>['plan']): string {
  return `The next collect frees ${size(plan.freesNow)} at once and ${size(plan.freesAfter)} after.`;
}
