import { snapshotPhrase } from '../output/views.ts';
import { styled } from '../output/style.ts';
import { snapshotRef } from '../refs.ts';
import type { CommandSpec } from '../spec.ts';

export const tag: CommandSpec = {
  name: 'tag',
  summary: 'add or remove tags',
  description: 'A tag to remove that is not there is said, and changes nothing: the exit code is 0.',
  arguments: [
    { name: '<snapshot>', description: 'id, number, name, or latest:<source>', complete: 'snapshot' },
    { name: '[tags...]', description: 'tags to add', field: 'add' },
  ],
  options: [{ flags: '--remove <tag>', description: 'tag to remove; may be repeated', many: true }],
  examples: [
    { line: 'belay tag latest:shop deploy-812', what: 'which snapshot belongs to a deployment' },
    { line: 'belay tag 12 keep --remove draft', what: 'one added, one removed' },
  ],
  run: async (context, input) => {
    const data = await context.call('snapshot.tag', { snapshot: snapshotRef(input.required(0)), add: [...input.words(1)], remove: [...input.list('remove')] });
    for (const tag of data.absent) context.output.say(`${styled('look', 'warning')}  The tag ${tag} was not there.`);
    return {
      data,
      print: (output) =>
        output.line(`${snapshotPhrase(data.snapshot, context.now)}: ${data.snapshot.tags.length === 0 ? 'no tag' : data.snapshot.tags.join(', ')}`),
    };
  },
};
