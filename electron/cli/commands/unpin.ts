import { snapshotPhrase } from '../output/views.ts';
import { snapshotRef } from '../refs.ts';
import type { CommandSpec } from '../spec.ts';

export const unpin: CommandSpec = {
  name: 'unpin',
  summary: 'release a pinned snapshot',
  arguments: [{ name: '<snapshot>', description: 'id, number, name, or latest:<source>', complete: 'snapshot' }],
  examples: [{ line: 'belay unpin before-migration', what: 'from now on it can be forgotten' }],
  run: async (context, input) => {
    const data = await context.call('snapshot.pin', { snapshot: snapshotRef(input.required(0)), reason: null });
    return {
      data,
      print: (output) => output.line(`${data.before === undefined ? 'Was not pinned' : 'Not pinned any more'}: ${snapshotPhrase(data.snapshot, context.now)}`),
    };
  },
};
