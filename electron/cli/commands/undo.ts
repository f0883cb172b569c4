import { AppError } from '../../core/app/faces.ts';
import type { UndoEntry } from '../../contract/model.ts';
import type { Context } from '../context.ts';
import { sourceNamed } from '../danger.ts';
import { ago, exact, size, when } from '../output/format.ts';
import type { Output } from '../output/output.ts';
import { snapshotPhrase } from '../output/views.ts';
import { refuseTogether } from '../together.ts';
import { chooseUndo } from '../undo-choice.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

export const undo: CommandSpec = {
  name: 'undo',
  summary: 'take back the newest rewind or restore',
  description:
    'Without an id or a source: the newest one where all are of one target, or the newest of the only target of the current folder; else it asks, or names them and exits with 2. The old copies of the newest three swaps of each target are kept, for 24 hours at least (`undoKeepHours` of the settings): the first host that opens or is open well after that removes them. Where no snapshot of the source is older than the swap, no time takes the copy away.',
  arguments: [{ name: '[id-or-source]', description: 'which one, or the newest of a source; `list` lists them', complete: 'source' }],
  options: [
    { flags: '--list', description: 'what can be taken back' },
    { flags: '--force', description: 'even where the target was written since; what was written is snapshotted first' },
    { flags: '--no-safety-snapshot', description: 'with --force: do not snapshot what was written since' },
    { flags: '--confirm <name>', description: "the source's name, where it is production" },
    { flags: '--keep', description: 'keep the old copy of <id> until it is undone or discarded' },
    { flags: '--discard', description: 'remove the kept old copy of <id> for good instead' },
  ],
  examples: [
    { line: 'belay undo', what: 'the newest one' },
    { line: 'belay undo shop', what: 'the newest one of a source' },
    { line: 'belay undo --list', what: 'what can be taken back' },
    { line: 'belay undo u-3f19 --keep', what: 'neither time nor newer ones take it away' },
    { line: 'belay undo u-3f19 --discard', what: 'free the space of a kept copy' },
  ],
  run: async (context, input) => {
    refuseTogether(input, 'list', ['force', 'confirm', 'discard', 'keep']);
    refuseTogether(input, 'keep', ['force', 'confirm', 'discard']);
    refuseTogether(input, 'discard', ['force', 'confirm']);
    const id = input.word(0);
    if (input.flag('list') || id === 'list') {
      const data = await context.call('undo.list', {});
      return { data, print: (output) => printList(output, data.undo, context.now) };
    }
    if (input.flag('keep')) {
      if (id === undefined) throw new AppError('input.invalid', '--keep needs to be told which one.', { hint: 'See: belay undo --list' });
      const data = await context.call('undo.keep', { id });
      return { data, print: (output) => output.line(`Kept until it is undone or discarded: ${data.kept.kept}`) };
    }
    if (input.flag('discard')) {
      if (id === undefined) throw new AppError('input.invalid', '--discard needs to be told which one.', { hint: 'See: belay undo --list' });
      const entry = (await context.call('undo.list', {})).undo.find((each) => each.id === id);
      if (entry === undefined) throw new AppError('undo.nothing', `No kept copy is named ${id}.`, { hint: 'See: belay undo --list' });
      await context.confirm(`Remove the kept copy of ${entry.target}, from ${when(entry.at, context.now)}, for good?`);
      const data = await context.call('undo.discard', { id, confirm: true });
      return { data, print: (output) => output.line(`Removed: ${data.discarded.kept}`) };
    }
    const entry = await chooseUndo(context, id);
    const overwritten = input.unlessNo('safetySnapshot') ? 'What was written since is snapshotted, then overwritten.' : 'What was written since is lost.';
    const confirm = await confirmUndo(context, entry, input.flag('force') ? overwritten : undefined, input.text('confirm'));
    const data = await context.call('undo.run', {
      id: entry.id,
      ...given('confirm', confirm),
      force: input.flag('force'),
      safetySnapshot: input.unlessNo('safetySnapshot'),
    });
    return {
      data,
      print: (output) => {
        output.line(`${data.undone.source ?? data.undone.target} is as it was before the ${data.undone.what} of ${exact(data.undone.at)}.`);
        if (data.safety !== undefined) output.line(`What was overwritten: ${snapshotPhrase(data.safety, context.now)}`);
      },
    };
  },
};

/**
 * Asked where writes since would be lost, and where the source is not one of the developer's own; production takes its name, as
 * any other overwriting does. Returns what the contract's `confirm` takes.
 */
async function confirmUndo(context: Context, entry: UndoEntry, overwritten: string | undefined, typed: string | undefined): Promise<string | undefined> {
  const source = entry.source === undefined ? undefined : await sourceNamed(context, entry.source);
  if (source !== undefined && typed !== undefined) await context.confirmName(source.name, typed);
  const asked = `Take back the ${entry.what} of ${entry.target}, ${when(entry.at, context.now)}?`;
  const what = overwritten === undefined ? asked : `${asked} ${overwritten}`;
  if (source?.environment === 'production') {
    if (context.prompter.possible && typed === undefined) context.output.beside.line(what);
    return context.confirmName(source.name, typed);
  }
  if (overwritten !== undefined || source?.environment === 'staging') await context.confirm(what);
  return typed;
}

function printList(output: Output, entries: readonly UndoEntry[], now: number): void {
  if (entries.length === 0) {
    output.line('Nothing can be taken back.');
    return;
  }
  output.table(
    [
      { title: 'id' },
      { title: 'what' },
      { title: 'source', least: 8 },
      { title: 'made' },
      { title: 'at' },
      { title: 'kept until' },
      { title: 'target', least: 12 },
      { title: 'size', align: 'right' },
      { title: 'old copy', least: 12 },
    ],
    entries.map((entry) => [
      entry.id,
      entry.what,
      entry.source ?? '',
      ago(entry.at, now),
      exact(entry.at),
      untilText(entry),
      entry.target,
      entry.bytes === undefined ? '' : size(entry.bytes),
      entry.kept,
    ]),
  );
}

function untilText(entry: UndoEntry): string {
  if (entry.keep === true) return 'asked to keep';
  return entry.keptUntil === undefined ? 'no time' : exact(entry.keptUntil);
}
