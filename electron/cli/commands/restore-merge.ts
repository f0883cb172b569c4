import { AppError, counted } from '../../core/app/faces.ts';
import type { CommandOutput } from '../../contract/commands.ts';
import { checkNames } from '../checks.ts';
import type { Context } from '../context.ts';
import { sourceNamed } from '../danger.ts';
import { duration } from '../output/format.ts';
import type { Output } from '../output/output.ts';
import { snapshotPhrase, undoLine } from '../output/views.ts';
import { snapshotRef } from '../refs.ts';
import { choiceNames } from '../restore-choices.ts';
import { refuseTogether } from '../together.ts';
import { given, type Given, type OptionSpec, type Result } from '../spec.ts';

export const mergeOptions: readonly OptionSpec[] = [
  { flags: '--merge', description: 'PostgreSQL: put rows of --table that are missing back into the live table, by key; others stay' },
  { flags: '--differing <what>', description: 'with --merge: rows that are there with other values (default: keep)', choices: ['keep', 'replace'] },
];

const notBeside: readonly string[] = [
  'file',
  'inPlace',
  'throwAway',
  'hold',
  'acceptInconclusive',
  ...checkNames,
  ...choiceNames.filter((one) => one !== 'table'),
];

/** Throws for what means something for a merge only. */
export function refuseAlone(input: Given): void {
  if (input.has('differing')) throw new AppError('input.invalid', '--differing is for --merge.', { hint: 'Leave it out, or add --merge.' });
}

/** `restore <snapshot> --table app.orders --merge`: a plan first, what is asked for in proportion, then one transaction that can be undone. */
export async function mergeRows(context: Context, input: Given): Promise<Result> {
  refuseTogether(input, 'merge', notBeside);
  const word = input.word(0);
  const tables = [...input.list('table')];
  if (word === undefined || tables.length === 0)
    throw new AppError('input.invalid', 'A merge takes a snapshot and --table.', { hint: 'For example: belay restore latest:shop --table app.orders --merge' });
  const snapshot = snapshotRef(word);
  const order = {
    snapshot,
    tables,
    ...given('source', input.text('to')),
    ...given('differing', input.text('differing') === 'replace' ? ('replace' as const) : undefined),
    safetySnapshot: input.unlessNo('safetySnapshot'),
  };
  const plan = () => context.call('restore.merge', { ...order, dryRun: true });
  if (input.flag('dryRun')) {
    const data = await plan();
    return { data, print: (output) => printMerge(output, data, 'Dry run: nothing was written.', context.now) };
  }
  const source = await sourceNamed(context, order.source ?? (await context.call('snapshot.show', { snapshot })).snapshot.source);
  let confirm = input.text('confirm');
  if (source?.environment === 'production' || (source !== undefined && confirm !== undefined)) confirm = await context.confirmName(source.name, confirm);
  else if (source?.environment === 'staging') await context.confirm(`Merge rows into ${source.name}?`);
  const data = await context.call('restore.merge', { ...order, ...given('confirm', confirm) });
  const end = data.undo === undefined ? 'Nothing was missing: nothing was written.' : `Merged in ${duration(data.durationMs)}.`;
  return { data, print: (output) => printMerge(output, data, end, context.now) };
}

function printMerge(output: Output, data: CommandOutput<'restore.merge'>, end: string, now: number): void {
  output.line(`Merge into ${data.target}:`);
  for (const one of data.tables) {
    output.line(
      `${one.name} by ${one.key.join(', ')}: ${counted(one.missing, 'row')} missing, ${one.differing} with other values, ${one.same} the same, ${one.onlyThere} only there, which stay`,
    );
    output.lines(one.examples.map((text) => `  ${text}`));
  }
  output.lines(data.notes);
  output.line(end);
  if (data.safety !== undefined) output.line(`As it was before: ${snapshotPhrase(data.safety, now)}`);
  if (data.undo !== undefined) output.line(undoLine(data.undo));
}
