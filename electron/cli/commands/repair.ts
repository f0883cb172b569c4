import { exits } from '../exit-codes.ts';
import { counted } from '../output/format.ts';
import { problemLines } from '../output/views.ts';
import type { CommandSpec } from '../spec.ts';

export const repair: CommandSpec = {
  name: 'repair',
  summary: 'mend what can be mended, beside what is there',
  description: 'Deletes nothing: what is mended is written beside what was found. Exits with 6 where something cannot be mended.',
  options: [{ flags: '--dry-run', description: 'say what would be mended' }],
  examples: [{ line: 'belay repair --dry-run', what: 'look first' }],
  run: async (context, input) => {
    const data = await context.call('repository.repair', { dryRun: input.flag('dryRun') });
    return {
      data,
      exitCode: data.beyondRepair.length === 0 ? exits.ok : exits.damaged,
      print: (output) => {
        for (const mended of data.mended) output.line(`${input.flag('dryRun') ? 'can be mended' : 'mended'}  ${mended.file}: ${mended.how}`);
        output.lines(problemLines(data.beyondRepair));
        output.line(
          data.mended.length === 0 && data.beyondRepair.length === 0
            ? 'Nothing needs mending.'
            : `${counted(data.mended.length, 'file')} ${input.flag('dryRun') ? 'can be mended' : 'mended'}, ${counted(data.beyondRepair.length, 'problem')} beyond repair.`,
        );
      },
    };
  },
};
