import { snapshotPhrase } from '../output/views.ts';
import { snapshotRef } from '../refs.ts';
import type { CommandSpec } from '../spec.ts';

export const pin: CommandSpec = {
  name: 'pin',
  summary: 'hold a snapshot for ever, with a reason',
  arguments: [
    { name: '<snapshot>', description: 'id, number, name, or latest:<source>', complete: 'snapshot' },
    { name: '<reason>', description: 'why it is held' },
  ],
  examples: [{ line: 'belay pin before-migration "fixture of the order tests"', what: 'neither retention nor forget removes it' }],
  run: async (context, input) => {
    const data = await context.call('snapshot.pin', { snapshot: snapshotRef(input.required(0)), reason: input.required(1) });
    return {
      data,
      print: (output) =>
        output.line(
          `Pinned: ${snapshotPhrase(data.snapshot, context.now)}. Reason: ${data.snapshot.pin?.reason ?? ''}${data.before === undefined ? '' : ` (before: ${data.before.reason})`}`,
        ),
    };
  },
};
