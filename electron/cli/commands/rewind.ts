import { checkNames, checkOptions, checksOf, migrateOption, migrationsOf } from '../checks.ts';
import { chooseSource } from '../current-folder.ts';
import { blocked, confirmOverwrite, sourceNamed } from '../danger.ts';
import { exitCodeOf, exits } from '../exit-codes.ts';
import { duration } from '../output/format.ts';
import { preflightLines, snapshotPhrase, undoLine, verificationLines, warningLines } from '../output/views.ts';
import { snapshotRef } from '../refs.ts';
import { acceptOption, choiceNames, choiceOptions, choicesOf } from '../restore-choices.ts';
import { refuseTogether } from '../together.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

export const rewind: CommandSpec = {
  name: 'rewind',
  summary: 'put a source back to a snapshot or checkpoint',
  description:
    'The copy is made beside the source, compared with the snapshot, and only then swapped in; the old one is kept for `belay undo`.\nA production source asks for its name. A dry run with something in the way exits as the rewind would.',
  arguments: [{ name: '[source]', description: 'name of the source (default: the one of the current folder)', complete: 'source' }],
  options: [
    { flags: '--to <snapshot>', description: 'snapshot to go back to (default: the newest of the source)', complete: 'snapshot' },
    { flags: '--checkpoint <id>', description: 'checkpoint to go back to' },
    { flags: '--in-place', description: 'write into the live file, which its users keep open; a safety snapshot comes first' },
    acceptOption,
    migrateOption,
    ...choiceOptions,
    ...checkOptions,
    { flags: '--dry-run', description: 'the whole preflight, nothing written' },
    { flags: '--confirm <name>', description: "the source's name, where it is production" },
  ],
  examples: [
    { line: 'belay rewind shop', what: 'to its newest snapshot' },
    { line: 'belay rewind shop --to before-migration', what: 'to one by name' },
    { line: 'belay rewind shop --migrate "npm run migrate"', what: 'and bring it to the present schema before it is put in place' },
    { line: 'belay rewind shop --check-query "select count(*) from orders == 812"', what: 'only where this is so in the copy' },
    { line: 'belay rewind shop --in-place', what: 'while the development server has the file open' },
    { line: 'belay rewind shop --dry-run', what: 'what would happen' },
  ],
  run: async (context, input) => {
    const source = await chooseSource(context, input.word(0), false);
    refuseTogether(input, 'checkpoint', ['to', 'inPlace', 'acceptInconclusive', 'migrate', ...checkNames, ...choiceNames]);
    const to = input.text('to');
    const order = {
      source,
      ...given('to', to === undefined ? undefined : snapshotRef(to)),
      ...given('checkpoint', input.text('checkpoint')),
      inPlace: input.flag('inPlace'),
      acceptInconclusive: input.flag('acceptInconclusive'),
      checks: await checksOf(context, input),
      migrate: migrationsOf(context, input),
      ...choicesOf(input),
    };
    if (input.flag('dryRun')) {
      const data = await context.call('rewind', { ...order, dryRun: true });
      const stop = blocked(data.preflight);
      return {
        data,
        exitCode: stop === undefined ? exits.ok : exitCodeOf(stop.code),
        print: (output) => {
          output.line(`Rewind of ${source} (${data.target})${data.snapshot === undefined ? '' : ` to ${snapshotPhrase(data.snapshot, context.now)}`}:`);
          output.lines(preflightLines(data.preflight));
          output.line('Dry run: nothing was written.');
        },
      };
    }
    const confirm = await confirmOverwrite(
      context,
      await sourceNamed(context, source),
      input.text('confirm'),
      async () => (await context.call('rewind', { ...order, dryRun: true })).preflight,
    );
    const data = await context.call('rewind', { ...order, ...given('confirm', confirm) });
    return {
      data,
      print: (output) => {
        output.line(
          `${source} is back at ${data.snapshot === undefined ? `checkpoint ${input.text('checkpoint') ?? ''}` : `snapshot ${snapshotPhrase(data.snapshot, context.now)}`}, in ${duration(data.durationMs)}.`,
        );
        if (data.verification !== undefined) output.lines(verificationLines(data.verification));
        output.lines(warningLines(data.preflight.warnings));
        if (data.safety !== undefined) output.line(`What was overwritten: ${snapshotPhrase(data.safety, context.now)}`);
        if (data.undo !== undefined) output.line(undoLine(data.undo));
      },
    };
  },
};
