import { chooseHeld } from '../held.ts';
import type { CommandSpec } from '../spec.ts';

export const discard: CommandSpec = {
  name: 'discard',
  summary: 'remove a held copy',
  description: 'The copy that `restore --hold` left beside its target goes for good; the target is not touched. Asks first.',
  arguments: [{ name: '[held]', description: 'which one (default: the only one)', complete: 'held', field: 'held' }],
  examples: [{ line: 'belay discard h-81c2', what: 'it was looked at, and is not wanted' }],
  run: async (context, input) => {
    const { id, target } = await chooseHeld(context, input.word(0));
    await context.confirm(`Remove the held copy ${id}, beside ${target}?`);
    const data = await context.call('restore.discard', { held: id });
    return { data, print: (output) => output.line(`Removed. ${data.target} was not touched.`) };
  },
};
