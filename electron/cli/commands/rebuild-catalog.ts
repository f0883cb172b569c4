import { counted } from '../../core/app/faces.ts';
import { exits } from '../exit-codes.ts';
import { duration } from '../output/format.ts';
import { problemLines } from '../output/views.ts';
import type { CommandSpec } from '../spec.ts';

export const rebuildCatalog: CommandSpec = {
  name: 'rebuild-catalog',
  summary: 'rebuild the catalog from the repository',
  description: 'The catalog is a cache: nothing is lost. Exits with 6 where some manifest could not be read; the rest is there.',
  examples: [{ line: 'belay rebuild-catalog', what: 'after the catalog was lost or damaged' }],
  run: async (context) => {
    const data = await context.call('catalog.rebuild', {});
    return {
      data,
      exitCode: data.problems.length === 0 ? exits.ok : exits.damaged,
      print: (output) => {
        output.lines(problemLines(data.problems));
        output.line(`Rebuilt: ${counted(data.snapshots, 'snapshot')}, ${counted(data.objects, 'object')}, in ${duration(data.durationMs)}.`);
      },
    };
  },
};
