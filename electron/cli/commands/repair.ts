import { counted } from '../../core/app/faces.ts';
import { exits } from '../exit-codes.ts';
import { problemLines } from '../output/views.ts';
import type { Context } from '../context.ts';
import type { CommandSpec, Result } from '../spec.ts';

export const repair: CommandSpec = {
  name: 'repair',
  summary: 'mend what can be mended, beside what is there',
  description:
    'Deletes nothing: what is mended is written beside what was found. Exits with 6 where something cannot be mended.\n' +
    "Where a part of the repository's own journal is lost and no copy of it is left, nothing is forgotten or collected any more until " +
    'somebody looks and accepts the loss: --accept-loss shows what is lost and asks. Pins, tags, notes and proofs that stood in the lost ' +
    'files are gone then; snapshots that open are kept.',
  options: [
    { flags: '--dry-run', description: 'say what would be mended' },
    { flags: '--accept-loss', description: 'accept what is lost of the journal for good, and go on without it' },
  ],
  examples: [
    { line: 'belay repair --dry-run', what: 'look first' },
    { line: 'belay repair --accept-loss', what: 'the journal has a hole that nothing fills' },
  ],
  run: (context, input) => (input.flag('acceptLoss') ? acceptLoss(context, input.flag('dryRun')) : mend(context, input.flag('dryRun'))),
};

async function mend(context: Context, dryRun: boolean): Promise<Result> {
  const data = await context.call('repository.repair', { dryRun });
  return {
    data,
    exitCode: data.beyondRepair.length === 0 ? exits.ok : exits.damaged,
    print: (output) => {
      for (const mended of data.mended) output.line(`${dryRun ? 'can be mended' : 'mended'}  ${mended.file}: ${mended.how}`);
      output.lines(problemLines(data.beyondRepair));
      output.line(
        data.mended.length === 0 && data.beyondRepair.length === 0
          ? 'Nothing needs mending.'
          : `${counted(data.mended.length, 'file')} ${dryRun ? 'can be mended' : 'mended'}, ${counted(data.beyondRepair.length, 'problem')} beyond repair.`,
      );
      if (data.acceptable.length > 0) output.line('Where no copy of the lost journal or snapshot files is left: belay repair --accept-loss');
    },
  };
}

async function acceptLoss(context: Context, dryRun: boolean): Promise<Result> {
  const planned = await context.call('repository.accept-loss', {});
  if (planned.losses.length === 0) return { data: planned, print: (output) => output.line('Nothing is lost: there is nothing to accept.') };
  if (dryRun) {
    return {
      data: planned,
      print: (output) => output.lines([...problemLines(planned.losses), 'Dry run: nothing was changed.']),
    };
  }
  if (!context.common.yes) {
    context.output.beside.lines(problemLines(planned.losses));
    context.output.beside.line('Look for a copy of these files first: a mirror, another disk. What they said cannot be had again otherwise.');
    await context.confirm(`Accept that ${planned.losses.length === 1 ? 'this is' : `these ${String(planned.losses.length)} are`} lost?`);
  }
  const data = await context.call('repository.accept-loss', { confirm: planned.hash });
  return {
    data,
    print: (output) => {
      output.lines(data.losses.map((one) => `accepted  ${one.file}`));
      output.line('Forget and collect work again. Look at what is pinned: belay list');
    },
  };
}
