import type { CommandOutput } from '../../contract/commands.ts';
import type { Source } from '../../contract/model.ts';
import type { Context } from '../context.ts';
import { filePathOf } from '../current-folder.ts';
import { chooseHeld } from '../held.ts';
import { urlFileOption, urlLines } from '../connection-url.ts';
import { addressOf, snapshotPhrase, undoLine } from '../output/views.ts';
import type { Output } from '../output/output.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

export const promote: CommandSpec = {
  name: 'promote',
  summary: 'put a held copy in its place',
  description:
    'A copy that `restore --hold` left beside its target takes its place, and what stood there is kept for `belay undo`. `belay restore --held` lists the copies.',
  arguments: [{ name: '[held]', description: 'which one (default: the only one)', complete: 'held', field: 'held' }],
  options: [
    { flags: '--no-safety-snapshot', description: 'in place: do not snapshot what will be overwritten' },
    { flags: '--confirm <name>', description: "the source's name, where it is production" },
    urlFileOption,
  ],
  examples: [{ line: 'belay promote h-81c2', what: 'it was looked at, and is good' }],
  run: async (context, input) => {
    const { id, target } = await chooseHeld(context, input.word(0));
    const confirm = await confirmed(context, target, input.text('confirm'));
    const urlFile = input.text('urlFile');
    const data = await context.call('restore.promote', {
      held: id,
      safetySnapshot: input.unlessNo('safetySnapshot'),
      ...given('confirm', confirm),
      ...given('urlFile', urlFile === undefined ? undefined : context.absolute(urlFile)),
    });
    return { data, print: (output) => printPromoted(output, data, context.now) };
  },
};

/** Asked where the target is a source that is not the developer's own; production takes its name. Returns what the contract's `confirm` takes. */
async function confirmed(context: Context, target: string, typed: string | undefined): Promise<string | undefined> {
  const { sources } = await context.call('sources.list', {});
  const source = sources.find((each) => placeOf(each) === target);
  if (source === undefined) return typed;
  if (source.environment === 'production' || typed !== undefined) return context.confirmName(source.name, typed);
  if (source.environment === 'staging') await context.confirm(`Overwrite ${source.name}?`);
  return undefined;
}

function placeOf(source: Source): string | undefined {
  return filePathOf(source) ?? addressOf(source);
}

function printPromoted(output: Output, data: CommandOutput<'restore.promote'>, now: number): void {
  output.line(`In place: ${data.target}`);
  if (data.safety !== undefined) output.line(`What was overwritten: ${snapshotPhrase(data.safety, now)}`);
  if (data.undo !== undefined) output.line(undoLine(data.undo));
  output.lines(urlLines(data));
}
