import { commandLine } from '../../core/app/faces.ts';
import { size } from '../output/format.ts';
import { styled } from '../output/style.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

export const discover: CommandSpec = {
  name: 'discover',
  summary: 'find databases near a folder',
  description: 'Opens nothing for writing and adds nothing: it prints the line that would add what it found.',
  arguments: [{ name: '[folder]', description: 'where to look (default: the current folder)', complete: 'folder' }],
  options: [{ flags: '--depth <levels>', description: 'deepest level below the folder, 0 to 12 (default: 4)', whole: { least: 0, most: 12 } }],
  examples: [
    { line: 'belay discover', what: 'in the current folder' },
    { line: 'belay discover ~/projects --depth 6', what: 'wider and deeper' },
  ],
  run: async (context, input) => {
    const folder = context.absolute(input.word(0) ?? '.');
    const data = await context.call('discover', { folder, ...given('depth', input.whole('depth')) });
    return {
      data,
      print: (output) => {
        if (data.found.length === 0) {
          output.line(`No database found below ${folder}.`);
          return;
        }
        output.table(
          [{ title: 'engine' }, { title: 'what', least: 16 }, { title: 'size', align: 'right' }, { title: 'source', least: 8 }],
          data.found.map((found) => [
            found.engine,
            found.description,
            found.bytes === undefined ? '' : size(found.bytes),
            found.source ?? styled('look', 'not protected'),
          ]),
        );
        const unprotected = data.found.filter((found) => found.source === undefined);
        if (unprotected.length > 0) output.line();
        for (const found of unprotected) {
          const { path } = found.location;
          if (typeof path === 'string') output.line(`To protect it: ${styled('act', commandLine('source add', [path], [['--name', found.suggestedName]]))}`);
        }
      },
    };
  },
};
